// Package rest is the 2Checkout REST dialect, versions 3.0 to 6.0: sign-on links
// into cart and account area, customers, subscriptions and orders. README.md is
// the contract as served, openapi.yaml the same for programs.
package rest

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Options are what the dialect is made of. All are required.
type Options struct {
	// API makes the calls.
	API *avangate.API
	// Log receives what was wrong on our side; callers get its support code.
	Log *slog.Logger
}

// New returns the handler of every path below /rest/. It expects the path as it
// came, and inbound.Info in the request's context.
func New(o Options) *Handler {
	return &Handler{api: o.API, log: o.Log}
}

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	api *avangate.API
	log *slog.Logger
}

// call is one request on its way through the shell.
type call struct {
	api     *avangate.API
	request *http.Request
	writer  http.ResponseWriter
	path    path
	pattern string // the route's
	asks    ask
	query   query
	body    map[string]any
	by      avangate.Caller
}

func (c *call) context() context.Context { return c.request.Context() }

// ServeHTTP answers one request. All steps that every call needs are taken in
// answer, so that no endpoint can skip one.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{api: h.api, request: r, writer: w, by: avangate.CallerOf(w, r)}
	a, err := c.answer()
	if err != nil {
		a = h.refuse(c, err)
	}
	a.write(w, r)
}

// Refuse answers a request as one that the error came of, whatever it asks for.
// Nothing is done.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err *signon.Error) {
	c := &call{api: h.api, request: r, writer: w, by: avangate.CallerOf(w, r)}
	_ = c.query.parse(r.URL.RawQuery) // for the words that the client uses, as far as they can be read
	h.refuse(c, err).write(w, r)
}

// answer finds the endpoint, lets in who may enter, and calls the endpoint.
func (c *call) answer() (*answer, error) {
	endpoint, err := c.route()
	if err != nil {
		c.api.TraceUnread(&c.by, avangate.FaultOf(err).Message(c.word))
		return nil, err
	}
	credentials := readCredentials(c.request.Header)
	if c.by.Client, err = c.api.Authenticate(&credentials, c.by.Addr, c.by.SupportCode); err != nil {
		return nil, err
	}
	a, err := c.admitted(endpoint)
	c.trace(err)
	return a, err
}

// admitted reads what came of a client that may enter, and calls the endpoint.
func (c *call) admitted(endpoint endpoint) (_ *answer, err error) {
	if err := c.query.parse(c.request.URL.RawQuery); err != nil {
		return nil, err
	}
	if c.request.Method == http.MethodPost || c.request.Method == http.MethodPut {
		if c.body, err = readBody(c.writer, c.request); err != nil {
			return nil, err
		}
	}
	return endpoint(c)
}
