package server

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/clientip"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// edge is where every request comes in. It names the request with a support
// code, finds out where it comes from, bounds how long it is worked on, and
// sees that it gets an answer.
type edge struct {
	next    http.Handler
	clients *clientip.Policy
	timeout deadlines
	bounds  func(path string) *bounds // what stands in for timeout, or nil; may be nil itself
	log     *slog.Logger
	access  bool // log every request
	// local: the host is localhost, which must not be bound to TLS: what else runs on
	// the machine has the same name.
	local bool
}

// oneYear is for how long a browser that came over TLS shall come over TLS.
const oneYear = "max-age=31536000"

// ServeHTTP answers the request.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, started: time.Now()}
	dropUnderscores(r.Header)
	x.info.SupportCode = inbound.NewSupportCode()
	x.info.Addr, x.info.Secure = e.clients.Client(r)
	h := w.Header()
	h.Set(inbound.Header, x.info.SupportCode)
	if x.info.Secure && !e.local {
		h.Set("Strict-Transport-Security", oneYear)
	}
	ctx := inbound.With(e.begin(x, r).from(x.started), &x.info)
	defer e.finish(x, r)
	e.next.ServeHTTP(x, r.WithContext(ctx))
	if x.status == 0 && ctx.Err() != nil {
		h.Set("Retry-After", "1")
		plain(x, http.StatusServiceUnavailable, "the request took too long; it is safe to repeat it")
	}
}

// bounds are the time limits of a part of the paths.
type bounds struct {
	deadlines

	write time.Duration // for working and sending the answer together
}

// begin returns the deadlines for the request, and sets those of its connection
// where it has its own: the server's would cut off an answer that comes later.
func (e *edge) begin(x *exchange, r *http.Request) *deadlines {
	if e.bounds == nil {
		return &e.timeout
	}
	own := e.bounds(r.URL.Path)
	if own == nil {
		return &e.timeout
	}
	if err := http.NewResponseController(x.ResponseWriter).SetWriteDeadline(x.started.Add(own.write)); err != nil {
		e.log.Warn("a request has to do with the usual time", "support_code", x.info.SupportCode, "error", err)
	}
	return &own.deadlines
}

// dropUnderscores removes headers whose name has an underscore: other programs
// take Client_IP for Client-IP, so nobody may slip one past a proxy.
func dropUnderscores(h http.Header) {
	for name := range h {
		if strings.Contains(name, "_") {
			delete(h, name)
		}
	}
}

// finish turns a panic into an answer and logs the request.
func (e *edge) finish(x *exchange, r *http.Request) {
	fault := recover()
	aborted := fault == http.ErrAbortHandler //nolint:errorlint // compared as net/http does
	begun := x.status != 0
	if fault != nil && !aborted {
		e.log.Error("panic", "support_code", x.info.SupportCode, "panic", fault, "stack", string(debug.Stack()))
		if !begun {
			plain(x, http.StatusInternalServerError, "internal error")
		}
	}
	if e.access {
		e.logRequest(x, r)
	}
	if fault != nil && (aborted || begun) {
		panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
	}
}

func (e *edge) logRequest(x *exchange, r *http.Request) {
	status := x.status
	if status == 0 {
		status = http.StatusOK // what net/http sends for a handler that wrote nothing
	}
	e.log.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("method", inbound.ShownMethod(r.Method)), slog.String("path", shownWords.Path(r.URL.Path)), slog.Int("status", status),
		slog.Float64("duration_ms", float64(time.Since(x.started).Microseconds())/1000), slog.String("support_code", x.info.SupportCode))
}

// plain answers with one line of text and the support code.
func plain(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// exchange is one request and what became of it.
type exchange struct {
	http.ResponseWriter
	info    inbound.Info
	started time.Time
	status  int // 0 until something was sent
}

// WriteHeader sends the header. Of several, the first final one counts.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }
