// Package lob is the GenerateSSOToken dialect: tokens that sign a member of a
// group on in one of its lines of business, what goes with them, and an issuer of
// access tokens of its own. README.md is the contract as served.
package lob

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Realm is the namespace of this dialect's clients, and IssuerRealm that of the
// clients of the issuer that is built in.
const (
	Realm       = "lob"
	IssuerRealm = "oauth"
)

// Settings of an application that this dialect reads.
const (
	SettingName        = "name"        // what the line of business is called
	SettingDescription = "description" // and what it is for
	// SettingCodeAsString, when "true" in one of a tenant's applications, makes every
	// ReturnCode of that tenant a string.
	SettingCodeAsString = "return_code_as_string"
)

// DefaultTimeout is how long a call may take.
const DefaultTimeout = 29 * time.Second

// Options are what the dialect is made of. SignOn, Directory and Log are required.
type Options struct {
	SignOn    *signon.Service
	Directory *directory.Service
	// Log receives what was wrong on our side; callers get its support code.
	Log *slog.Logger
	// BaseURL is where the server is, without a slash at the end: an issuer of ours
	// without a URL of its own is /oauth2 there.
	BaseURL string
	// Timeout is how long a call may take; 0 means DefaultTimeout.
	Timeout time.Duration
	// LoopbackHTTP allows issuers' keys to be fetched by http from loopback addresses.
	LoopbackHTTP bool
	// Roots are the authorities that may vouch for issuers; nil means the system's.
	Roots *x509.CertPool
}

// New returns the handler of the paths that [Serves] names. It expects the path as
// it came, and inbound.Info in the request's context.
func New(o Options) *Handler {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	h := &Handler{Options: o}
	h.remotes.Handler = h
	return h
}

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	Options

	parsed  parsedKeys
	remotes remotes
	forged  forged
}

// call is one request on its way through the shell.
type call struct {
	*Handler

	request *http.Request
	writer  http.ResponseWriter
	info    inbound.Info
	context context.Context //nolint:containedctx // a call is shorter than its context

	tenant *signon.Tenant
	route  *route
	lobID  string // what the path names, or empty
	client *signon.Client
	fields fields
	// about is the application that the call is about, once that is known.
	about *signon.Destination
	// traced: the core has kept why the call was refused.
	traced bool
	// nobodys: it came with a token that nobody here signed.
	nobodys bool
}

// ServeHTTP answers one request. All steps that every call needs are taken in
// answer, so that no endpoint can skip one.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The server gives these paths that time, too, and some more for sending the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.Timeout)
	defer cancel()
	c := &call{Handler: h, request: r, writer: w, info: inbound.Of(w, r), context: ctx}
	a, err := c.answer()
	if err != nil {
		a = c.refuse(err)
	}
	c.write(a)
}

// Refuse answers a request as one that the error came of, whatever it asks for.
// Nothing is done.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err *signon.Error) {
	c := &call{Handler: h, request: r, writer: w, info: inbound.Of(w, r), context: r.Context()}
	var refused error = err
	if c.locate() && c.route.path == pathToken {
		refused = wrongClient(err)
	}
	if unknown := c.findTenant(); unknown != nil {
		refused = unknown
	}
	c.write(c.refuse(refused))
}

// answer finds the tenant and the endpoint, lets in who may enter, and calls the
// endpoint.
func (c *call) answer() (*answer, error) {
	missing := c.find()
	for _, step := range []func() error{c.admit, func() error { return missing }} {
		if err := step(); err != nil {
			c.traceUnread(err)
			return nil, err
		}
	}
	if c.route.open != nil {
		return c.route.open(c)
	}
	if err := c.authorize(); err != nil {
		return nil, err
	}
	a, err := c.authorized()
	c.trace(err)
	return a, err
}

// authorized reads what came of a client that may enter, and calls the endpoint.
func (c *call) authorized() (*answer, error) {
	for _, step := range []func() error{c.checkHeaders, c.checkMedia, c.readFields} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c.route.call(c)
}
