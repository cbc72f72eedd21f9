package soap

import "strings"

// The fault codes of SOAP 1.1, as they are written.
const (
	CodeClient          = "SOAP-ENV:Client"          // the call is not what it should be
	CodeServer          = "SOAP-ENV:Server"          // the call can't be made here
	CodeVersionMismatch = "SOAP-ENV:VersionMismatch" // not an envelope of SOAP 1.1
	CodeMustUnderstand  = "SOAP-ENV:MustUnderstand"  // a header that insists on being obeyed
)

// Fault is a SOAP 1.1 fault.
type Fault struct {
	Code    string // written as it is: one of the codes here, or one of the caller's
	Message string
	Err     error // the cause, for operators; never written into an answer; may be nil
}

// Error returns the message, and the cause for operators.
func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Message
	}
	return f.Message + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// BadRequest returns the fault for a body that is no call. The cause is for
// operators only.
func BadRequest(cause error) *Fault {
	return &Fault{Code: CodeClient, Message: "Bad Request", Err: cause}
}

// maxNameLen is how much of a name of the caller's a message repeats, in bytes.
const maxNameLen = 64

// UnknownMethod returns the fault for a call of a method that does not exist.
// The name is repeated as far as it is plain and short.
func UnknownMethod(name string) *Fault {
	if len(name) > maxNameLen {
		name = name[:maxNameLen]
	}
	return &Fault{Code: CodeServer, Message: "Procedure '" + strings.Map(nameRune, name) + "' not present"}
}

// nameRune replaces what is not a letter, a digit or one of "_-." of ASCII.
func nameRune(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-', r == '.':
		return r
	}
	return '?'
}
