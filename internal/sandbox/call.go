package sandbox

import (
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Kind is what a request is to the sandbox.
type Kind string

// The kinds of requests. What is the sandbox's own, as its pages and assets, is not
// recorded.
const (
	KindCall Kind = "call" // to an API
	KindLink Kind = "link" // a link that is followed, or what its page posts
	KindPage Kind = "page" // any other page
)

// Call is a request as it came and as it was answered. It does not change once it
// is recorded.
type Call struct {
	ID int64 // in the order in which they ended, from 1
	// At is when it came, by the machine's clock, and Clock by the sandbox's.
	At, Clock time.Time
	Took      time.Duration
	Kind      Kind
	// Dialect is the name of a Dialect, empty for pages.
	Dialect string
	// Operation is what is called, in the dialect's own words; empty where nothing
	// but the path tells.
	Operation string
	Caller    string // the caller's address
	// SupportCode is what the answer has as its request's code.
	SupportCode string
	Request     Request
	Response    Response
	// Decisions are what was decided, and why.
	Decisions []signon.Trace
	// Grants are the links and tokens that it concerns, and People whom.
	Grants []signon.Reference
	People []Person
	// contacts are what People were called then, and their e-mail addresses: what is
	// searched for.
	contacts []string
	// Fault is what the sandbox did to it, in words; empty when nothing.
	Fault string
}

// Request is what a client sent. Secrets are hidden, but for the demo's own.
type Request struct {
	Method, URL, Host string // URL with path and query
	Header            http.Header
	Body              Body
}

// Response is what a client was answered. Status is 0 when there was no answer.
type Response struct {
	Status int
	Header http.Header
	Body   Body
}

// Body is the beginning of a body.
type Body struct {
	Text string
	// Size is how many bytes there were, of which Text may hold fewer.
	Size int64
	// Binary: it is no text, and Text is empty.
	Binary bool
	// Cut: Text lacks the end.
	Cut bool
	// Decoded: Text is not as it was sent, but inflated, or in UTF-8 instead of
	// another encoding.
	Decoded bool
}

// Person is somebody of a tenant's.
type Person struct {
	Tenant signon.TenantID
	Kind   signon.SubjectKind
	Ref    signon.SubjectRef
}
