package sandbox

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxDrained is how much of a body is read of a call that nobody else reads: more
// than any dialect takes. A connection that is closed before is reset, which
// clients may see before the answer.
const maxDrained = 1 << 20

// serve answers a call, unless a fault is for it.
func (s *Sandbox) serve(next http.Handler, w http.ResponseWriter, r *http.Request, c *Call) {
	connection := http.NewResponseController(w)
	if s.faults.wantsOperation() {
		s.faults.read(connection, func() { s.readAhead(r, c) })
	}
	f, release := s.faults.take(c)
	if f == nil {
		next.ServeHTTP(w, r)
		return
	}
	c.Fault = f.describe()
	var body []byte
	s.faults.read(connection, func() {
		body, _ = io.ReadAll(io.LimitReader(r.Body, maxDrained)) // what is missing is missing for the handler, too
	})
	again := func() *http.Request {
		own := *r
		own.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
		return &own
	}
	if f.After {
		lost := &lostAnswer{ResponseWriter: w, header: http.Header{}}
		next.ServeHTTP(lost, again())
		c.SupportCode = lost.header.Get(inbound.Header)
	}
	s.fail(f, w, again(), c, release)
}

// fail answers a call as the fault says, or not at all.
func (s *Sandbox) fail(f *Fault, w http.ResponseWriter, r *http.Request, c *Call, release <-chan struct{}) {
	switch f.Kind {
	case FaultStatus:
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		if f.Status == http.StatusServiceUnavailable {
			inbound.SetRetryAfter(h, retryAfterFault)
		}
		inbound.Send(w, r, f.Status, []byte(statusText(f.Status)+"\n"))
		return
	case FaultError:
		if s.refuse(f, w, r, c) {
			return
		}
	case FaultHang:
		s.hang(f.Hang, w, r, release)
	case FaultCut:
	}
	panic(http.ErrAbortHandler) // which closes the connection without a word
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Error"
}

// errAskedFor is the cause of errors that somebody asked for.
var errAskedFor = errors.New("a fault of the sandbox's")

// refuse answers as the dialect answers the fault's error. A reset in between may
// have brought other dialects; ok is false when the call's is not among them.
func (s *Sandbox) refuse(f *Fault, w http.ResponseWriter, r *http.Request, c *Call) (ok bool) {
	for _, d := range s.core.Load().Dialects {
		if d.Name != c.Dialect {
			continue
		}
		info := &inbound.Info{SupportCode: inbound.NewSupportCode(), Secure: r.TLS != nil}
		w.Header().Set(inbound.Header, info.SupportCode)
		e := &signon.Error{Code: signon.Code(f.Error), Err: errAskedFor}
		if e.Code == signon.CodeLimit || e.Code == signon.CodeUnavailable {
			e.RetryAfter = retryAfterFault
		}
		d.Refuse(w, r.WithContext(inbound.With(r.Context(), info)), e)
		return true
	}
	return false
}

// hang waits for as long as the fault says, or until nobody waits for the answer
// any more, a reset wants to begin, or the server to stop.
func (s *Sandbox) hang(wait time.Duration, w http.ResponseWriter, r *http.Request, release <-chan struct{}) {
	// The server's deadlines are for what it answers itself.
	connection := http.NewResponseController(w)
	for _, unlimited := range []func(time.Time) error{connection.SetReadDeadline, connection.SetWriteDeadline} {
		if err := unlimited(time.Time{}); err != nil {
			s.Log.Warn("a call hangs no longer than requests may take", "error", err)
		}
	}
	gone, stop := drain(connection, r.Body)
	defer stop()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-gone:
	case <-release:
	case <-s.stopping:
	}
}

// drain reads what is left of a body: as long as some is, net/http does not see its
// client leave. gone is closed when the client does before its end. stop ends it.
func drain(connection *http.ResponseController, body io.Reader) (gone <-chan struct{}, stop func()) {
	left, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		if _, err := io.Copy(io.Discard, body); err != nil {
			close(left)
		}
	}()
	return left, func() {
		if connection.SetReadDeadline(time.Now()) == nil {
			<-over
		}
	}
}

// lostAnswer takes an answer that nobody gets.
type lostAnswer struct {
	http.ResponseWriter

	header http.Header
}

// Header returns the header of the answer that nobody gets.
func (l *lostAnswer) Header() http.Header { return l.header }

// WriteHeader does nothing.
func (l *lostAnswer) WriteHeader(int) {}

// Write does nothing.
func (l *lostAnswer) Write(p []byte) (int, error) { return len(p), nil }

// Flush does nothing.
func (l *lostAnswer) Flush() {}

// Unwrap is for the deadlines of the connection.
func (l *lostAnswer) Unwrap() http.ResponseWriter { return l.ResponseWriter }

// errorsOf are the errors that each dialect's vendor documents, of those that a
// call may meet whatever it asks for.
var errorsOf = map[string][]signon.Code{
	"2checkout-rest": {
		signon.CodeUnauthenticated, signon.CodeSubjectUnknown, signon.CodeNotFound, signon.CodeInvalid, signon.CodeTokenInvalid,
		signon.CodeLimit, signon.CodeUnavailable, signon.CodeInternal,
	},
	"2checkout-soap":    rpcErrors,
	"2checkout-jsonrpc": rpcErrors,
	"bluesnap": {
		signon.CodeUnauthenticated, signon.CodeForbidden, signon.CodeInvalid, signon.CodeConflict,
		signon.CodeLimit, signon.CodeUnavailable, signon.CodeInternal,
	},
	"generatessotoken": {
		signon.CodeUnauthenticated, signon.CodeForbidden, signon.CodeSubjectUnknown, signon.CodeInvalid, signon.CodeTokenInvalid,
		signon.CodeLimit, signon.CodeInternal,
	},
}

var rpcErrors = []signon.Code{
	signon.CodeUnauthenticated, signon.CodeForbidden, signon.CodeSubjectUnknown, signon.CodeNotFound, signon.CodeInvalid,
	signon.CodeTargetUnsupported, signon.CodeTokenInvalid, signon.CodeConflict, signon.CodeLimit, signon.CodeUnavailable, signon.CodeInternal,
}

// ErrorsOf lists the codes that Fault.Error can have for a dialect; none for what
// is no dialect.
func ErrorsOf(dialect string) []string {
	codes := errorsOf[dialect]
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = string(code)
	}
	return names
}
