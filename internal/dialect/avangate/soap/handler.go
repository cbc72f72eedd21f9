// Package soap is the 2Checkout SOAP dialect, versions 3.0 to 6.0: the methods
// of the avangate package as rpc/encoded calls of SOAP 1.1, and their
// description as WSDL. README.md is the contract as served.
package soap

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/soap"
)

// Options are what the dialect is made of. All are required.
type Options struct {
	// API makes the calls.
	API *avangate.API
	// Log receives what was wrong on our side; callers get its support code.
	Log *slog.Logger
	// BaseURL is how clients reach the server, as in "https://sso.example", for the
	// addresses in descriptions. A slash at its end makes no difference.
	BaseURL string
}

// New returns the handler of every path below /soap/. It expects the path as it
// came, and inbound.Info in the request's context.
func New(o Options) *Handler {
	services, versions := servicesAt(o.BaseURL), avangate.Versions()
	return &Handler{api: o.API, log: o.Log, services: services, latest: services[versions[len(versions)-1]]}
}

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	api      *avangate.API
	log      *slog.Logger
	services map[string]*service // by version
	latest   *service
}

// call is one request on its way through the shell.
type call struct {
	*Handler

	request *http.Request
	writer  http.ResponseWriter
	method  *avangate.Method // nil until it is known
	by      avangate.Caller
}

func (c *call) context() context.Context { return c.request.Context() }

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Handler: h, request: r, writer: w, by: avangate.CallerOf(w, r)}
	at := h.find(r.URL)
	switch {
	case at.takes(r.Method) && r.Method == http.MethodPost:
		if answer, err := c.answer(); err != nil {
			c.refuse(err)
		} else {
			c.write(http.StatusOK, answer)
		}
	case at.takes(r.Method):
		at.document.serve(w, r)
	default:
		c.refuse(c.unread(at.refusal(w.Header())))
	}
}

// Refuse answers a request as one that the error came of, whatever it asks for.
// Nothing is done.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err *signon.Error) {
	c := &call{Handler: h, request: r, writer: w, method: &avangate.Method{}, by: avangate.CallerOf(w, r)}
	if sent, unread := c.read(); unread == nil {
		if m, ok := avangate.FindMethod(sent.Method); ok {
			c.method = m // for its words
		}
	}
	c.refuse(err)
}

// answer makes the call that the request carries, and returns its result.
func (c *call) answer() ([]byte, error) {
	sent, err := c.read()
	if err != nil {
		return nil, c.unread(err)
	}
	var ok bool
	if c.method, ok = avangate.FindMethod(sent.Method); !ok {
		c.api.TraceUnknownMethod(&c.by, sent.Method)
		return nil, soap.UnknownMethod(sent.Method)
	}
	result, err := c.api.Call(c.context(), &c.by, c.method, arguments(sent.Args))
	if err != nil {
		return nil, err
	}
	return soap.AppendResult(make([]byte, 0, usualAnswerLen), namespace, c.method.Name, result), nil
}

// unread keeps why the request is no call, and returns that.
func (c *call) unread(why error) error {
	c.api.TraceUnread(&c.by, why.Error())
	return why
}
