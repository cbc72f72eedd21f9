package jsonrpc

import "github.com/latchkey-sso/latchkey/internal/dialect/avangate"

// unread is the answer to a request that no call can be read from. Only these
// have an HTTP status other than 200, for some clients drop the body of an HTTP
// error.
type unread struct {
	status int
	err    *rpcError
}

func unreadable(status, number int, code avangate.Code, what string) *unread {
	err := malformed(number, what)
	err.Data.ErrorCode = code
	return &unread{status, err}
}

// Numbers of the standard.
const (
	parseError     = -32700
	invalidRequest = -32600
	methodNotFound = -32601
	invalidParams  = -32602
)

// standard is what the standard calls its errors.
var standard = map[int]string{
	parseError:     "Parse error",
	invalidRequest: "Invalid Request",
	methodNotFound: "Method not found",
	invalidParams:  "Invalid params",
}

// numbers gives every code its number.
var numbers = map[avangate.Code]int{
	avangate.Forbidden:            10000,
	avangate.AuthenticationFailed: 10003,
	avangate.CustomerNotFound:     40001,
	avangate.SubscriptionNotFound: 40002,
	avangate.OrderNotFound:        40003,
	avangate.CustomerTypeInvalid:  40010,
	avangate.PageInvalid:          40011,
	avangate.URLInvalid:           40012,
	avangate.URLNotSupported:      40013,
	avangate.ValidityTimeInvalid:  40014,
	avangate.ValidationIPInvalid:  40015,
	avangate.EmailInvalid:         40016,
	avangate.LanguageInvalid:      40017,
	avangate.SSOTokenInvalid:      40020,
	avangate.CustomerInvalid:      40030,
	avangate.SubscriptionInvalid:  40031,
	avangate.NotFound:             40400,
	avangate.Conflict:             40900,
	avangate.LimitExceeded:        42900,
	avangate.InternalError:        50000,
	avangate.Unavailable:          50300,
	avangate.RequestInvalid:       invalidParams,
}

// malformed returns an error of the standard. what says more, or is empty.
func malformed(number int, what string) *rpcError {
	message := standard[number]
	if what != "" {
		message += ": " + what
	}
	return &rpcError{Code: number, Message: message, Data: errorData{avangate.RequestInvalid}}
}

// refuse turns an error of a call into what is answered. What the caller could
// not have caused loses its text and is logged, once, here.
func (x *exchange) refuse(m *avangate.Method, err error) *rpcError {
	f := avangate.FaultOf(err)
	f.Log(x.log, "jsonrpc", m.Name, x.by.SupportCode)
	x.retryAfter = max(x.retryAfter, f.RetryAfter)
	return &rpcError{Code: numbers[f.Code], Message: f.Message(m.Word), Data: errorData{f.Code}}
}
