package sandbox

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/clientip"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// clients tells where a request comes from, as the server in dev does.
var clients = clientip.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, "")

// record has the request answered and keeps what it was. It stays out of the way:
// what it takes is taken as it passes, and is looked at afterwards.
func (s *Sandbox) record(next http.Handler, w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, sandbox: s, core: s.core.Load(), url: *r.URL, call: &Call{
		At: time.Now(), Clock: s.clock.Now(),
		Request: Request{Method: r.Method, URL: requestURL(r), Host: r.Host, Header: r.Header.Clone()},
	}}
	if addr, _ := clients.Client(r); addr.IsValid() {
		x.call.Caller = addr.Unmap().String()
	}
	x.place(r)
	own := *r // the body is replaced, and the server has to find its own
	if r.Body != nil && r.Body != http.NoBody {
		own.Body = &requestBody{net: r.Body, sent: &x.sent}
	}
	defer x.end(&own)
	s.serve(next, x, &own, x.call)
	x.returned = true
}

// requestURL returns the path and query as they came.
func requestURL(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

// exchange is a call while it is answered, and then until it is kept.
type exchange struct {
	http.ResponseWriter

	sandbox *Sandbox
	core    *Core
	call    *Call
	url     url.URL

	sent, answered capture
	// token is what a link has, or the number of a token for an application.
	token    string
	status   int // 0 until an answer has begun
	header   http.Header
	hijacked bool
	returned bool // without a panic
}

// WriteHeader sends the header. Of several, the first final one counts.
func (x *exchange) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		x.begin(status)
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) begin(status int) {
	if x.status == 0 {
		x.status, x.header = status, x.ResponseWriter.Header().Clone()
		x.sandbox.calls.begun(x)
	}
}

// Write sends a part of the body.
func (x *exchange) Write(p []byte) (int, error) {
	x.begin(http.StatusOK)
	n, err := x.ResponseWriter.Write(p)
	if x.call.Request.Method != http.MethodHead { // which has none, whatever is written
		x.answered.add(p[:n])
	}
	return n, err
}

// FlushError sends what was written so far, as http.ResponseController does it.
func (x *exchange) FlushError() error {
	x.begin(http.StatusOK)
	return http.NewResponseController(x.ResponseWriter).Flush() //nolint:wrapcheck // as if it was not there
}

// Hijack hands the connection over, and what becomes of it is nobody's business.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(x.ResponseWriter).Hijack()
	x.hijacked = err == nil
	return conn, buffered, err //nolint:wrapcheck // as if it was not there
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// end notes how it ended, and hands it to those who keep it. A panic goes on.
func (x *exchange) end(r *http.Request) {
	c := x.call
	c.Took = time.Since(c.At)
	switch {
	case !x.returned:
		x.status, x.header = 0, nil // the connection is cut
	case !x.hijacked:
		x.begin(http.StatusOK) // what net/http answers for who wrote nothing
	}
	c.Response = Response{Status: x.status, Header: x.header}
	if x.header != nil {
		maps.Copy(c.Response.Header, trailers(x.header, x.ResponseWriter.Header()))
	}
	if c.SupportCode == "" {
		c.SupportCode = x.ResponseWriter.Header().Get(inbound.Header)
	}
	for name, values := range r.Trailer {
		if len(values) > 0 {
			c.Request.Header[name] = values
		}
	}
	x.sandbox.calls.ended(x)
}

// trailers returns what was added to the header after it had been sent.
func trailers(sent, now http.Header) http.Header {
	found := http.Header{}
	for _, line := range sent["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values := now[name]; len(values) > 0 {
				found[name] = values
			}
		}
	}
	for name, values := range now {
		if plain, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			found[plain] = values
		}
	}
	return found
}

// captureLen is how much of a body is kept, and a little more, so that what is cut
// off at its end can be told for what it is.
const (
	captureLen = 32 << 10
	captureTip = 128
)

// capture is the beginning of a body.
type capture struct {
	mu   sync.Mutex // somebody may go on reading when all is over
	text []byte
	size int64
	over bool
}

func (c *capture) add(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.size += int64(len(p))
	if room := captureLen + captureTip - len(c.text); room > 0 {
		c.text = append(c.text, p[:min(room, len(p))]...)
	}
}

// take returns what there is, and ends it.
func (c *capture) take() (text []byte, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	return c.text, c.size
}

// requestBody is a body that is noted while it is read.
type requestBody struct {
	net       io.ReadCloser // as it comes
	readAhead []byte        // read already, and not yet handed on
	err       error         // that came with it
	sent      *capture
}

// Read reads what is there.
func (b *requestBody) Read(p []byte) (int, error) {
	if len(b.readAhead) > 0 {
		n := copy(p, b.readAhead)
		b.readAhead = b.readAhead[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.net.Read(p)
	b.sent.add(p[:n])
	return n, err
}

// Close closes the body.
func (b *requestBody) Close() error { return b.net.Close() }

// readAhead reads the beginning of the request's body before the handler does, for
// those who have to know the call's Operation before it is answered. The handler
// reads the same body all the same.
func (s *Sandbox) readAhead(r *http.Request, c *Call) {
	b, ok := r.Body.(*requestBody)
	if !ok || b.err != nil || len(b.readAhead) > 0 {
		return
	}
	buf := make([]byte, captureLen)
	n, err := io.ReadFull(b.net, buf)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	b.readAhead, b.err = buf[:n], err
	b.sent.add(b.readAhead)
	body := decodeBody(buf[:n], int64(n), r.Header)
	c.Operation = operation(c, r.URL, body.Text)
}
