// Package bluesnap is the BlueSnap dialect: login tokens for the Merchant Portal,
// the users of a merchant, and the older token for shoppers. README.md is the
// contract as served.
package bluesnap

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Options are what the dialect is made of. All are required.
type Options struct {
	SignOn    *signon.Service
	Directory *directory.Service
	// Passwords judges the passwords of API users.
	Passwords *password.Judge
	// Log receives what was wrong on our side; callers get its support code.
	Log *slog.Logger
}

// New returns the handler of every path below /services/. It expects the path as
// it came, and inbound.Info in the request's context.
func New(o Options) *Handler { return &Handler{Options: o} }

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	Options

	turns [64]sync.Mutex // of those who change one user at once, by its ID
}

// call is one request on its way through the shell.
type call struct {
	*Handler

	request *http.Request
	writer  http.ResponseWriter
	info    inbound.Info

	said     media // what the request's body is, as far as it says so
	out      format
	route    *route
	userID   string // what the path names, or empty
	query    inbound.Query
	client   *signon.Client
	merchant *signon.Tenant // on whose behalf the client acts
	body     []byte
	fields   fields
	// keep returns the reply to be stored with what the call does, or nil.
	keep func(*answer) *signon.Reply
	// traced: the core has kept why the call was refused.
	traced bool
}

func (c *call) context() context.Context { return c.request.Context() }

// ServeHTTP answers one request. All steps that every call needs are taken in
// answer, so that no endpoint can skip one.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Handler: h, request: r, writer: w, info: inbound.Of(w, r), out: inJSON}
	a, err := c.answer()
	if err != nil {
		a = c.refuse(err)
	}
	a.write(w, r)
}

// Refuse answers a request as one that the error came of, whatever it asks for.
// Nothing is done.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err *signon.Error) {
	c := &call{Handler: h, request: r, writer: w, info: inbound.Of(w, r)}
	c.said, c.out, _ = negotiate(r)
	if c.readQuery() == nil {
		_ = c.readBody() // for what an answer repeats, as far as it can be read
	}
	c.refuse(err).write(w, r)
}

// answer agrees on a type, finds the endpoint, lets in who may enter, and calls
// the endpoint.
func (c *call) answer() (*answer, error) {
	if err := c.understand(); err != nil {
		c.traceUnread(err)
		return nil, err
	}
	if err := c.authenticate(); err != nil {
		return nil, err
	}
	a, err := c.admitted()
	c.trace(err)
	return a, err
}

// understand reads what has to be known before anything else: in which type the
// answer is to be, and what is called.
func (c *call) understand() (err error) {
	if c.said, c.out, err = negotiate(c.request); err != nil {
		return err
	}
	return c.find()
}

// admitted reads what came of a client that may enter, and calls the endpoint.
func (c *call) admitted() (*answer, error) {
	for _, step := range []func() error{c.checkRole, c.checkVersion, c.readQuery, c.act, c.readBody} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c.once(c.route.endpoint(c.request.Method))
}

// checkRole refuses a client without the role that every call needs, before it
// learns anything of its request.
func (c *call) checkRole() error {
	_, err := c.SignOn.Registry().Actor(c.client, signon.CapPrincipal, "")
	return err
}

// readQuery reads the parameters. Clients that put a URL together may double the
// question mark.
func (c *call) readQuery() error {
	raw := c.request.URL.RawQuery
	for raw != "" && raw[0] == '?' {
		raw = raw[1:]
	}
	return queryFault(c.query.Parse(raw))
}

// act finds on whose behalf the client acts, if it may.
func (c *call) act() error {
	number, err := c.parameter(wOnBehalfOf)
	if err != nil {
		return err
	}
	c.merchant, err = c.SignOn.Registry().Actor(c.client, signon.CapPrincipal, number)
	return err
}

// parameter returns the value of a parameter; empty when it is not given.
func (c *call) parameter(name string) (string, error) {
	value, err := c.query.Get(name)
	return value, queryFault(err)
}

// deed is on whose word something is changed.
func (c *call) deed() directory.Act {
	return directory.Act{Client: c.client.ID, Caller: c.info.Addr, SupportCode: c.info.SupportCode}
}
