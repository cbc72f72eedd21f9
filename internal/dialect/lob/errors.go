package lob

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// fault is what a call answers instead of a result.
type fault struct {
	status int
	// kind is the error's type, and text its message.
	kind, text string
	// code makes it an answer with 200 and that code.
	code string
	// oauth is the error of the token endpoint.
	oauth      string
	retryAfter time.Duration
	// err is the cause, for operators only; known: they have been told of it already.
	err   error
	known bool
}

// Error describes the fault for operators.
func (f *fault) Error() string {
	text := f.code + f.oauth + " " + f.text
	if f.err != nil {
		text += ": " + f.err.Error()
	}
	return strings.TrimSpace(text)
}

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.err }

// What several codes are answered with.
var (
	unauthorized = fault{status: http.StatusUnauthorized, kind: "UnauthorizedException", text: "Unauthorized"}
	forbidden    = fault{status: http.StatusForbidden, kind: "AccessDeniedException", text: "User is not authorized to access this resource"}
	badRequest   = fault{status: http.StatusBadRequest, kind: "BadRequestException", text: "Bad Request"}
	broken       = fault{status: http.StatusBadGateway, kind: "InternalServerErrorException", text: "Internal server error"}
	tooLate      = fault{status: http.StatusGatewayTimeout, kind: "InternalServerErrorException", text: "Endpoint request timed out"}
	unknown      = fault{code: "13", text: "Please provide valid CII number."}
	notMapped    = fault{code: "V8", text: "No LOB Mapped with the given CII Number"}
	notVerifying = fault{code: "0", text: "Token is not valid."}
)

// replies has an answer for every code of the core.
var replies = map[signon.Code]fault{
	signon.CodeUnauthenticated:   unauthorized,
	signon.CodeForbidden:         forbidden,
	signon.CodeSubjectUnknown:    unknown,
	signon.CodeNotFound:          unknown, // members are all that is looked for
	signon.CodeInvalid:           badRequest,
	signon.CodeTargetUnsupported: badRequest,
	signon.CodeTokenInvalid:      notVerifying,
	signon.CodeSessionInvalid:    forbidden,
	signon.CodeConflict:          {status: http.StatusConflict, kind: "ConflictException", text: "It was changed in between"},
	signon.CodeLimit:             {status: http.StatusTooManyRequests, kind: "TooManyRequestsException", text: "Too Many Requests"},
	signon.CodeUnavailable:       broken,
	signon.CodeInternal:          broken,
}

// because returns the fault with its cause.
func (f fault) because(err error) *fault {
	f.err = err
	return &f
}

// invalid returns the answer to a field that is missing or unusable.
func invalid(code, text string) *fault {
	return &fault{code: code, text: text, err: &signon.Error{Code: signon.CodeInvalid, Reason: signon.ReasonArgument, Expected: text}}
}

// unreadable returns the answer to a request that can't be read.
func unreadable(text string) *fault {
	f := badRequest
	f.text = text
	return &f
}

// What HTTP itself has a status for.

func notFound() error {
	return &fault{status: http.StatusNotFound, kind: "NotFoundException", text: "Not Found"}
}

func notAllowed() error {
	return &fault{status: http.StatusMethodNotAllowed, kind: "MethodNotAllowedException", text: "Method Not Allowed"}
}

func notAcceptable(expected, received string) error {
	return &fault{
		status: http.StatusNotAcceptable, kind: "NotAcceptableException", text: "Not Acceptable",
		err: &signon.Error{Code: signon.CodeForbidden, Reason: signon.ReasonCaller, Expected: expected, Received: received},
	}
}

func tooLarge() error {
	return &fault{status: http.StatusRequestEntityTooLarge, kind: "RequestEntityTooLargeException", text: "Request Too Long"}
}

func unsupported() error {
	return &fault{status: http.StatusUnsupportedMediaType, kind: "UnsupportedMediaTypeException", text: "Unsupported Media Type"}
}

// faultOf translates what a call returned.
func (c *call) faultOf(err error) *fault {
	var f *fault
	if !errors.As(err, &f) {
		e := signon.AsError(err)
		made, ok := replies[e.Code]
		if !ok {
			made = broken
		}
		made.retryAfter = e.RetryAfter
		f = made.because(err)
	}
	if f.status == http.StatusBadGateway && errors.Is(c.context.Err(), context.DeadlineExceeded) {
		late := tooLate.because(f)
		late.known = f.known
		return late
	}
	return f
}

// refuse turns an error into an answer. What the caller could not have caused
// loses its text and is logged, once, here.
func (c *call) refuse(err error) *answer {
	f := c.faultOf(err)
	switch {
	case f.status == http.StatusUnauthorized:
		c.writer.Header().Set("WWW-Authenticate", "Bearer")
	case f.status >= http.StatusInternalServerError && !f.known:
		c.Log.Error("call failed", "dialect", Realm, "support_code", c.info.SupportCode, "status", f.status, "error", f)
	}
	inbound.SetRetryAfter(c.writer.Header(), f.retryAfter)
	a, err := says(c.document(f))
	if err != nil {
		a = &answer{body: []byte(`{}`)} // which can't be: these documents are of texts alone
	}
	if f.code == "" {
		a.status, a.kind = f.status, f.kind
	}
	return a
}

// document returns the body of a fault.
func (c *call) document(f *fault) any {
	switch {
	case f.code == notVerifying.code:
		return notVerified{result: result{c.code(0), f.text}}
	case f.code != "":
		return result{returnCode{text: f.code}, f.text}
	case f.oauth != "":
		return oauthError{f.oauth}
	}
	return message{f.text}
}
