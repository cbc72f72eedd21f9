package bluesnap

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// fault is what a call answers instead of a result.
type fault struct {
	status int
	// name, code and description are what the vendor's errors have. An error that the
	// vendor has no code for goes without.
	name, code, description string
	// property is what is wrong in the request, with its value where that is
	// repeated; or empty.
	property, value string
	retryAfter      time.Duration
	// err is the cause, for operators only.
	err error
}

// Error describes the fault for operators.
func (f *fault) Error() string {
	if f.err != nil {
		return f.name + ": " + f.err.Error()
	}
	return f.name + ": " + f.description
}

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.err }

// What several codes are answered with. Nobody learns what exists in a merchant
// that is not one's own: what can't be found is not allowed, either.
var (
	notAuthorized = fault{status: http.StatusForbidden, name: "USER_NOT_AUTHORIZED", code: "14040", description: "User is not authorized to perform this action"}
	notValid      = fault{status: http.StatusBadRequest, name: "VALIDATION_GENERAL_FAILURE", code: "10001", description: "The request is unusable"}
)

// replies has an answer for every code of the core.
var replies = map[signon.Code]fault{
	signon.CodeUnauthenticated:   {status: http.StatusUnauthorized, name: "AUTHENTICATION_FAILED", description: "User name or password is wrong"},
	signon.CodeForbidden:         notAuthorized,
	signon.CodeSubjectUnknown:    notAuthorized,
	signon.CodeNotFound:          notAuthorized,
	signon.CodeTokenInvalid:      notAuthorized,
	signon.CodeSessionInvalid:    notAuthorized,
	signon.CodeInvalid:           notValid,
	signon.CodeTargetUnsupported: notValid,
	signon.CodeConflict:          {status: http.StatusConflict, name: "REQUEST_CONFLICT", description: "It was changed in between"},
	signon.CodeLimit:             {status: http.StatusTooManyRequests, name: "REQUEST_RATE_TOO_HIGH", description: "Client request rate is too high"},
	signon.CodeUnavailable:       {status: http.StatusServiceUnavailable, name: "SERVICE_UNAVAILABLE", description: "Service is temporarily unavailable"},
	signon.CodeInternal:          {status: http.StatusInternalServerError, name: "INTERNAL_SERVER_ERROR", description: "Something went wrong here; please quote the support code"},
}

// inProgress is how a call is answered whose key belongs to one under way.
const inProgress = "A request with the same Idempotency-Key is in progress"

// What HTTP itself has a status for.

func notFound() error {
	return &fault{status: http.StatusNotFound, name: "RESOURCE_NOT_FOUND", description: "There is nothing here"}
}

func notAllowed(allow string) error {
	return &fault{status: http.StatusMethodNotAllowed, name: "METHOD_NOT_ALLOWED", description: "Only " + allow + " can be used here"}
}

func tooLarge() error {
	return &fault{status: http.StatusRequestEntityTooLarge, name: "REQUEST_TOO_LARGE", description: "The body must have at most 16 KiB"}
}

func unsupported(description string) error {
	return &fault{status: http.StatusUnsupportedMediaType, name: "MEDIA_TYPE_UNSUPPORTED", description: description}
}

// words are this dialect's names of arguments that others have names for.
var words = map[string]string{
	signon.ArgAddr: wRequesterIP, signon.ArgTTL: wMinutes, signon.ArgOnce: wOnce, signon.ArgTarget: "merchant",
	directory.FieldShopperID: wShopperID, directory.FieldPassword: wPassword,
}

func init() {
	for _, t := range userTexts {
		words[t.field] = t.names[0]
	}
}

// word returns the name of an argument.
func word(argument string) string {
	if w, ok := words[argument]; ok {
		return w
	}
	return argument
}

// sentence says what is wrong with an argument.
func sentence(e *signon.Error) string {
	if e.Argument == "" || e.Rule == "" {
		return e.Rule
	}
	return word(e.Argument) + " " + e.Rule
}

// faultOf translates what a call returned.
func (c *call) faultOf(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	e := signon.AsError(err)
	made, ok := replies[e.Code]
	switch {
	case !ok:
		made = replies[signon.CodeInternal]
	case e.Code == signon.CodeConflict && e.Argument == directory.FieldUsername:
		made = notValid
	case e.Code == signon.CodeConflict && e.Argument == signon.ArgOnce:
		made.description = inProgress
	}
	if made.status == http.StatusBadRequest && e.Rule != "" {
		made.description = sentence(e)
		made.property, made.value = word(e.Argument), c.shown(e.Argument)
	}
	made.retryAfter, made.err = e.RetryAfter, err
	return &made
}

// shown returns what came for an argument and may be repeated: nothing that is
// personal or secret.
func (c *call) shown(argument string) (value string) {
	switch argument {
	case signon.ArgAddr:
		value, _, _ = c.fields.text("", wRequesterIP)
	case signon.ArgTTL:
		value, _ = c.query.Get(wMinutes)
	case directory.FieldShopperID:
		value, _ = c.query.Get(wShopperID)
	}
	if len(value) > 64 {
		return ""
	}
	return value
}

// refuse turns an error into an answer. What the caller could not have caused
// loses its text and is logged, once, here.
func (c *call) refuse(err error) *answer {
	f := c.faultOf(err)
	switch f.status {
	case http.StatusInternalServerError:
		c.Log.Error("call failed", "dialect", Realm, "support_code", c.info.SupportCode, "method", c.request.Method, "error", f)
	case http.StatusServiceUnavailable:
		c.Log.Warn("outcome of a call not known", "dialect", Realm, "support_code", c.info.SupportCode, "method", c.request.Method, "error", f)
	case http.StatusUnauthorized:
		c.writer.Header().Set("WWW-Authenticate", challenge)
	}
	inbound.SetRetryAfter(c.writer.Header(), f.retryAfter)
	a := c.says(messages(f))
	a.status = f.status
	return a
}
