package rest

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// statuses gives every code its HTTP status.
var statuses = map[avangate.Code]int{
	avangate.AuthenticationFailed: http.StatusUnauthorized,
	avangate.Forbidden:            http.StatusForbidden,
	avangate.CustomerNotFound:     http.StatusNotFound,
	avangate.SubscriptionNotFound: http.StatusNotFound,
	avangate.OrderNotFound:        http.StatusNotFound,
	avangate.NotFound:             http.StatusNotFound,
	avangate.CustomerTypeInvalid:  http.StatusBadRequest,
	avangate.PageInvalid:          http.StatusBadRequest,
	avangate.URLInvalid:           http.StatusBadRequest,
	avangate.URLNotSupported:      http.StatusBadRequest,
	avangate.ValidityTimeInvalid:  http.StatusBadRequest,
	avangate.ValidationIPInvalid:  http.StatusBadRequest,
	avangate.EmailInvalid:         http.StatusBadRequest,
	avangate.LanguageInvalid:      http.StatusBadRequest,
	avangate.RequestInvalid:       http.StatusBadRequest,
	avangate.SSOTokenInvalid:      http.StatusBadRequest,
	avangate.CustomerInvalid:      http.StatusBadRequest,
	avangate.SubscriptionInvalid:  http.StatusBadRequest,
	avangate.Conflict:             http.StatusConflict,
	avangate.LimitExceeded:        http.StatusTooManyRequests,
	avangate.Unavailable:          http.StatusServiceUnavailable,
	avangate.InternalError:        http.StatusInternalServerError,
	avangate.MethodNotAllowed:     http.StatusMethodNotAllowed,
	avangate.RequestTooLarge:      http.StatusRequestEntityTooLarge,
	avangate.MediaTypeUnsupported: http.StatusUnsupportedMediaType,
}

// authenticationError is how REST words a failed authentication.
var authenticationError = errorBody{ErrorCode: "AUTHENTICATION_ERROR", Message: "Authentication needed for this resource"}

// words are this dialect's names of arguments.
var words = map[string][]string{
	signon.ArgTarget:    {"Url"},
	signon.ArgTTL:       {"ValidityTime"},
	signon.ArgAddr:      {"ValidationIp"},
	signon.ArgLanguage:  {"Lang", "LanguageCode"},
	avangate.ArgPage:    {"PageType"},
	avangate.ArgRequest: {"Request", "Request[]"},
	avangate.ArgEmail:   {"Email"},
	avangate.ArgToken:   {"ssotoken"},
}

// word returns an argument's name, as the client wrote it.
func (c *call) word(argument string) string {
	if names, ok := words[argument]; ok {
		return c.query.Written(names)
	}
	return argument
}

// refuse turns an error into an answer. What the caller could not have caused
// loses its text and is logged, once, here.
func (h *Handler) refuse(c *call, err error) *answer {
	f := avangate.FaultOf(err)
	f.Log(h.log, "rest", c.request.Method, c.by.SupportCode)
	a := &answer{status: statuses[f.Code], body: errorBody{ErrorCode: string(f.Code), Message: f.Message(c.word)}}
	if f.Code == avangate.AuthenticationFailed {
		a.body = authenticationError
		c.writer.Header().Set("WWW-Authenticate", AuthHeader) // some HTTP clients fail on a 401 without one
	}
	inbound.SetRetryAfter(c.writer.Header(), f.RetryAfter)
	return a
}
