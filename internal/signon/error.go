package signon

import (
	"errors"
	"fmt"
	"time"
)

// Code is the meaning of an [Error], independent of any wire format. Every
// dialect has one table from Code to its own reply.
type Code string

// The codes. A dialect must have an answer for each (see [Codes]).
const (
	// CodeUnauthenticated: the client is unknown or its proof is wrong; the two
	// are not told apart.
	CodeUnauthenticated Code = "unauthenticated"
	// CodeForbidden: the client is known but may not do this.
	CodeForbidden Code = "forbidden"
	// CodeSubjectUnknown: no such person in the client's tenant.
	CodeSubjectUnknown Code = "subject_unknown"
	// CodeNotFound: another thing that was named does not exist in the tenant.
	CodeNotFound Code = "not_found"
	// CodeInvalid: an argument is unusable; [Error.Argument] and [Error.Rule]
	// say which and why.
	CodeInvalid Code = "invalid"
	// CodeTargetUnsupported: the target is well formed and on a registered host,
	// but links to it are not offered there.
	CodeTargetUnsupported Code = "target_unsupported"
	// CodeTokenInvalid: the token can't be used: unknown, expired, revoked, used
	// elsewhere, from a wrong address. One code for all; [Error.Reason] is for
	// operators only.
	CodeTokenInvalid Code = "token_invalid"
	// CodeSessionInvalid: no live browser session belongs to the presented secret.
	CodeSessionInvalid Code = "session_invalid"
	// CodeConflict: the thing exists already, or changed in between.
	CodeConflict Code = "conflict"
	// CodeLimit: a limit is reached; [Error.RetryAfter] says when to come back.
	CodeLimit Code = "limit"
	// CodeUnavailable: the outcome is not known or the store is away; repeating
	// the call is safe.
	CodeUnavailable Code = "unavailable"
	// CodeInternal: a fault of Latchkey's own.
	CodeInternal Code = "internal"
)

// Codes lists every code, for tests that walk them through a dialect's table.
func Codes() []Code {
	return []Code{
		CodeUnauthenticated, CodeForbidden, CodeSubjectUnknown, CodeNotFound, CodeInvalid,
		CodeTargetUnsupported, CodeTokenInvalid, CodeSessionInvalid, CodeConflict,
		CodeLimit, CodeUnavailable, CodeInternal,
	}
}

// The arguments of the core's operations that a caller can get wrong. A dialect
// has its own word for each; arguments of the directory are named by field.
const (
	ArgTarget   = "target"
	ArgTTL      = "ttl"
	ArgAddr     = "address"
	ArgLanguage = "language"
	ArgOnce     = "once" // the key of a call that must not be done twice (see [Service.Once])
)

// Error is the one error type that crosses the core's boundary. Code, Argument,
// Rule and RetryAfter may be shown to the caller; Reason and Err are for
// operators and never leave the process except into logs and the audit log.
type Error struct {
	// Code is the meaning.
	Code Code
	// Argument names what was wrong, for CodeInvalid, CodeTargetUnsupported and CodeNotFound:
	// one of the Arg constants or a field's name.
	Argument string
	// Rule completes the sentence "<argument> …", as in "must be at most 2,048 characters".
	Rule string
	// Reason tells operators why a token or proof was refused, and Expected and
	// Received what was compared. They hold no secret.
	Reason             Reason
	Expected, Received string
	// RetryAfter is how long to wait, for CodeLimit and CodeUnavailable.
	RetryAfter time.Duration
	// Err is the cause.
	Err error
}

// Error describes the error for operators. It holds no secret as long as Err
// holds none.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Argument != "" {
		s += ": " + e.Argument
	}
	if e.Rule != "" {
		s += " " + e.Rule
	}
	if e.Reason != "" {
		s += ": " + string(e.Reason)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// compared says what was expected and received, for the audit log.
func (e *Error) compared() string {
	expected, received := e.expectation(), bounded(e.Received)
	switch {
	case expected == "" && received == "":
		return e.Argument
	case received == "":
		return notedExpected + expected
	}
	return notedExpected + expected + notedReceived + received
}

// How an event's note says what was compared.
const (
	notedExpected = "expected "
	notedReceived = "; received "
)

// expectation says what was expected: the rule that was broken, where nothing
// else was noted.
func (e *Error) expectation() string {
	if e.Expected == "" && e.Rule != "" {
		return bounded(e.Argument + " " + e.Rule)
	}
	return bounded(e.Expected)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Invalid returns a CodeInvalid error: "<argument> <rule>".
func Invalid(argument, rule string) *Error {
	return &Error{Code: CodeInvalid, Argument: argument, Rule: rule}
}

// got notes what was received, for the trace.
func (e *Error) got(received string) *Error {
	e.Received = received
	return e
}

// Refused returns a CodeTokenInvalid error whose reason only operators see.
func Refused(reason Reason) *Error { return &Error{Code: CodeTokenInvalid, Reason: reason} }

// Unavailable returns a CodeUnavailable error: the outcome of the attempted
// action is not known, or it was not attempted; repeating it is safe.
func Unavailable(action string, err error) *Error {
	return &Error{Code: CodeUnavailable, RetryAfter: time.Second, Err: fmt.Errorf("%s: %w", action, err)}
}

// ErrNotFound is what stores return when no row belongs to a key.
var ErrNotFound = errors.New("not found")

// ErrConflict is what stores return when a row with that key exists already.
var ErrConflict = errors.New("exists already")

// ErrGoesOn is wrapped by the error of a call whose caller went when it had begun: it
// goes on, and will be done unless it fails.
var ErrGoesOn = errors.New("the call goes on without its caller")

// ErrKeysFull is what stores return when another key would make more than MaxKeys
// of an owner accepted.
var ErrKeysFull = errors.New("as many keys are accepted as may be")

// AsError returns err as an *Error. Whatever is none already is wrapped: a
// store's ErrNotFound and ErrConflict keep their meaning, everything else is
// CodeInternal. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return &Error{Code: CodeNotFound, Err: err}
	case errors.Is(err, ErrConflict):
		return &Error{Code: CodeConflict, Err: err}
	}
	return &Error{Code: CodeInternal, Err: err}
}

// Reason says, to operators only, why a sign-on or an authentication was
// refused. Reasons are stored in the audit log and never shown to a caller.
type Reason string

// The reasons.
const (
	ReasonNoNavigation Reason = "not_a_navigation"  // whatever asked was not a person going to the link
	ReasonNoCookies    Reason = "no_cookies"        // the browser keeps no cookies
	ReasonMalformed    Reason = "malformed"         // the token does not have the grammar of a token
	ReasonUnknown      Reason = "unknown"           // no grant has this token here: never issued, another tenant's or destination's, or long gone
	ReasonExpired      Reason = "expired"           // its validity is over
	ReasonRevoked      Reason = "revoked"           // an operator or the client ended it, or its person signed out everywhere
	ReasonVoided       Reason = "voided"            // too many calls from wrong addresses
	ReasonUsed         Reason = "used"              // redeemed before, by another browser
	ReasonSessionEnded Reason = "session_ended"     // redeemed by this browser, whose session has ended since
	ReasonIdle         Reason = "idle"              // the session was not used for too long
	ReasonWrongAddress Reason = "wrong_address"     // bound to another address
	ReasonOldEpoch     Reason = "old_epoch"         // issued before the store was restored
	ReasonWrongTarget  Reason = "wrong_target"      // its target is no longer allowed
	ReasonUnknownID    Reason = "unknown_client"    // no such client
	ReasonBadProof     Reason = "bad_proof"         // the client's proof does not match its secret
	ReasonBadPassword  Reason = "bad_password"      // the client's password is wrong
	ReasonStaleProof   Reason = "stale_proof"       // the proof's date is too far from now
	ReasonBadAlgorithm Reason = "bad_algorithm"     // the proof's algorithm is not accepted for this client
	ReasonLimit        Reason = "limit"             // a limit was reached
	ReasonSubject      Reason = "subject_unknown"   // the person does not exist
	ReasonReference    Reason = "unknown_reference" // the caller named a thing that does not exist
	ReasonArgument     Reason = "invalid_argument"  // an argument was unusable
	ReasonCaller       Reason = "wrong_caller"      // the client called from an address that it may not call from
	ReasonCapability   Reason = "no_capability"     // the operator does not let the client do this
	ReasonNotItself    Reason = "not_itself"        // the client is not the application that the token is for
	ReasonNotOffered   Reason = "not_offered"       // the client may not ask for tokens for that application
	ReasonNotMember    Reason = "not_member"        // the member is not linked to the application
	ReasonNotLinked    Reason = "not_linked"        // the client may not act for that tenant, or there is none
)
