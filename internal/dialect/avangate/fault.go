package avangate

import (
	"errors"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Code is an error's name on the wire, the same in all dialects.
type Code string

// The codes.
const (
	AuthenticationFailed Code = "AUTHENTICATION_FAILED"
	Forbidden            Code = "FORBIDDEN"
	CustomerNotFound     Code = "CUSTOMER_NOT_FOUND"
	SubscriptionNotFound Code = "SUBSCRIPTION_NOT_FOUND"
	OrderNotFound        Code = "ORDER_NOT_FOUND"
	NotFound             Code = "NOT_FOUND"
	CustomerTypeInvalid  Code = "CUSTOMER_TYPE_INVALID"
	PageInvalid          Code = "PAGE_INVALID"
	URLInvalid           Code = "URL_INVALID"
	URLNotSupported      Code = "URL_NOT_SUPPORTED"
	ValidityTimeInvalid  Code = "VALIDITY_TIME_INVALID"
	ValidationIPInvalid  Code = "VALIDATION_IP_INVALID"
	EmailInvalid         Code = "EMAIL_INVALID"
	LanguageInvalid      Code = "LANGUAGE_INVALID"
	RequestInvalid       Code = "REQUEST_INVALID"
	SSOTokenInvalid      Code = "SSO_TOKEN_INVALID" //nolint:gosec // a code, not a token
	CustomerInvalid      Code = "CUSTOMER_INVALID"
	SubscriptionInvalid  Code = "SUBSCRIPTION_INVALID"
	Conflict             Code = "CONFLICT"
	LimitExceeded        Code = "LIMIT_EXCEEDED"
	Unavailable          Code = "UNAVAILABLE"
	InternalError        Code = "INTERNAL_ERROR"
)

// messages say what each code means when no argument is to blame.
var messages = map[Code]string{ //nolint:gosec // no credentials among them
	AuthenticationFailed: "Authentication failed",
	Forbidden:            "Invalid hash provided or session expired",
	CustomerNotFound:     "No customer has this reference",
	SubscriptionNotFound: "No subscription has this reference",
	OrderNotFound:        "No order has this number",
	NotFound:             "There is nothing here",
	CustomerTypeInvalid:  "The customer type is unusable",
	PageInvalid:          "The page is unusable",
	URLInvalid:           "The URL is unusable",
	URLNotSupported:      "Sign-on links are not offered for this URL",
	ValidityTimeInvalid:  "The validity time is unusable",
	ValidationIPInvalid:  "The validation address is unusable",
	EmailInvalid:         "The e-mail address is unusable",
	LanguageInvalid:      "The language is unusable",
	RequestInvalid:       "The request is unusable",
	SSOTokenInvalid:      "The token is unknown or no longer valid",
	CustomerInvalid:      "The customer is unusable",
	SubscriptionInvalid:  "The subscription is unusable",
	Conflict:             "It was changed in between",
	LimitExceeded:        "A limit is reached; try again later",
	Unavailable:          "The outcome is not known; it is safe to try again",
	InternalError:        "Something went wrong here; please quote the support code",
}

// Codes lists every code, for tests that walk them through a dialect's table.
func Codes() []Code {
	codes := make([]Code, 0, len(messages))
	for code := range messages {
		codes = append(codes, code)
	}
	return codes
}

// Arguments of the calls that the core does not know, beside its own
// signon.Arg constants. Each dialect has its own word for them.
const (
	ArgPage         = "page"
	ArgEmail        = "email"
	ArgCustomerType = "customer_type"
	ArgRequest      = "request"
	ArgToken        = "token"
)

// What calls name by reference, for [Ask].
const (
	ArgCustomer     = "customer"
	ArgSubscription = argSubscription
)

// Things that are named by reference and may not exist, beside customers.
const (
	argSubscription = "subscription"
	argOrder        = "order"
)

// meaning is what an error of the core says: its code, and what it is about.
type meaning struct {
	code     signon.Code
	argument string
}

// codes translates from the core; an argument that is not listed counts as none.
var codes = map[meaning]Code{
	{signon.CodeUnauthenticated, ""}:         AuthenticationFailed,
	{signon.CodeForbidden, ""}:               Forbidden,
	{signon.CodeSessionInvalid, ""}:          Forbidden,
	{signon.CodeSubjectUnknown, ""}:          CustomerNotFound,
	{signon.CodeNotFound, ""}:                NotFound,
	{signon.CodeNotFound, argSubscription}:   SubscriptionNotFound,
	{signon.CodeNotFound, argOrder}:          OrderNotFound,
	{signon.CodeInvalid, ""}:                 RequestInvalid,
	{signon.CodeInvalid, signon.ArgTarget}:   URLInvalid,
	{signon.CodeInvalid, signon.ArgTTL}:      ValidityTimeInvalid,
	{signon.CodeInvalid, signon.ArgAddr}:     ValidationIPInvalid,
	{signon.CodeInvalid, signon.ArgLanguage}: LanguageInvalid,
	{signon.CodeInvalid, ArgPage}:            PageInvalid,
	{signon.CodeInvalid, ArgRequest}:         PageInvalid,
	{signon.CodeInvalid, ArgEmail}:           EmailInvalid,
	{signon.CodeInvalid, ArgCustomerType}:    CustomerTypeInvalid,
	{signon.CodeTargetUnsupported, ""}:       URLNotSupported,
	{signon.CodeTargetUnsupported, ArgPage}:  PageInvalid,
	{signon.CodeTokenInvalid, ""}:            SSOTokenInvalid,
	{signon.CodeConflict, ""}:                Conflict,
	{signon.CodeLimit, ""}:                   LimitExceeded,
	{signon.CodeUnavailable, ""}:             Unavailable,
	{signon.CodeInternal, ""}:                InternalError,
}

// Fault is what a call answers instead of a result.
type Fault struct {
	Code Code
	// Argument is what is to blame: a constant of this package or the core, which
	// the dialect has a word for, or a field's name on the wire; or empty.
	Argument string
	// Rule completes the sentence "<argument> …".
	Rule string
	// RetryAfter is how long to wait, for LimitExceeded and Unavailable.
	RetryAfter time.Duration
	// Err is the cause, for operators only.
	Err error
}

// Error describes the fault for operators.
func (f *Fault) Error() string {
	s := string(f.Code)
	if f.Rule != "" {
		s += ": " + f.Argument + " " + f.Rule
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Message is what the caller is told. word gives the dialect's word for an
// argument. Nothing of the cause is in it.
func (f *Fault) Message(word func(argument string) string) string {
	switch {
	case f.Rule == "":
		return messages[f.Code]
	case f.Argument == "":
		return f.Rule
	}
	return word(f.Argument) + " " + f.Rule
}

// FaultOf translates what a call of this package returned; nil for nil.
func FaultOf(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	e := signon.AsError(err)
	code, ok := codes[meaning{e.Code, e.Argument}]
	if !ok {
		code, ok = codes[meaning{e.Code, ""}]
	}
	if !ok {
		code = InternalError
	}
	return &Fault{Code: code, Argument: e.Argument, Rule: e.Rule, RetryAfter: e.RetryAfter, Err: err}
}

// fieldFault returns err with the wire's name for the directory's field, as a
// fault of that code; other errors as they are.
func fieldFault(code Code, err error, words map[string]string) error {
	e := signon.AsError(err)
	if e == nil || e.Argument == "" || (e.Code != signon.CodeInvalid && e.Code != signon.CodeConflict) {
		return err
	}
	argument := e.Argument
	if word, ok := words[argument]; ok {
		argument = word
	}
	return &Fault{Code: code, Argument: argument, Rule: e.Rule, Err: err}
}

// notFound returns err, with a missing row meaning that there is no such thing.
func notFound(err error, thing string) error {
	if errors.Is(err, signon.ErrNotFound) {
		return &signon.Error{Code: signon.CodeNotFound, Argument: thing, Err: err}
	}
	return err
}

// noCustomer returns err, with a missing row meaning that there is no such
// customer.
func noCustomer(c *directory.Customer, err error) (*directory.Customer, error) {
	if errors.Is(err, signon.ErrNotFound) {
		return nil, &signon.Error{Code: signon.CodeSubjectUnknown, Err: err}
	}
	return c, err
}
