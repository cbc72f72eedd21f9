// Package jsonrpc is the 2Checkout JSON-RPC dialect, versions 3.0 to 6.0: the
// methods of [avangate.Methods] as JSON-RPC 2.0 over HTTP. README.md is the
// contract as served.
package jsonrpc

import (
	"log/slog"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Options are what the dialect is made of. All are required.
type Options struct {
	// API makes the calls.
	API *avangate.API
	// Log receives what was wrong on our side; callers get its support code.
	Log *slog.Logger
}

// New returns the handler of every path below /rpc/. It expects the path as it
// came, and inbound.Info in the request's context.
func New(o Options) *Handler {
	return &Handler{api: o.API, log: o.Log}
}

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	api *avangate.API
	log *slog.Logger
}

// ServeHTTP answers one request: a call or a batch of them.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchange{Handler: h, ctx: r.Context(), by: avangate.CallerOf(w, r)}
	x.exchange(w, r, x.do)
}

// Refuse answers a request as one of whose calls each came to that error. Nothing
// is done.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, err *signon.Error) {
	x := exchange{Handler: h, ctx: r.Context(), by: avangate.CallerOf(w, r)}
	x.exchange(w, r, func(sent *request) (any, *rpcError) {
		m, ok := avangate.FindMethod(sent.method)
		if !ok {
			m = &avangate.Method{Name: sent.method}
		}
		return nil, x.refuse(m, err)
	})
}

// exchange reads the calls of a request, makes each by do, and answers them.
func (x *exchange) exchange(w http.ResponseWriter, r *http.Request, do func(*request) (any, *rpcError)) {
	body, refused := read(w, r)
	if refused != nil {
		send(w, r, refused.status, failed(nil, x.unread(refused.err)))
		return
	}
	answer := x.answer(body, do)
	inbound.SetRetryAfter(w.Header(), x.retryAfter)
	if answer == nil {
		inbound.SetNoStore(w.Header())
		w.WriteHeader(http.StatusNoContent)
		return
	}
	send(w, r, http.StatusOK, answer)
}

// Values of headers, shared by all answers.
var (
	contentJSON = []string{"application/json"}
	noSniff     = []string{"nosniff"}
)

// send sends an answer. Any may carry a token, and all repeat the caller's id.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentJSON
	inbound.SetSecret(h)
	h["X-Content-Type-Options"] = noSniff
	inbound.Send(w, r, status, body)
}
