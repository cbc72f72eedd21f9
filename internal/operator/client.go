package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/latchkey-sso/latchkey/internal/transfer"
)

// ErrNoServer is the error of Dial when no server answers at the socket.
var ErrNoServer = errors.New("no server is running")

// Client asks an operator's questions, of a running server or of a handler in
// the same process.
type Client struct {
	http  *http.Client
	close func() error
}

// Dial returns a client of the server that listens on the socket, or ErrNoServer
// when none does.
func Dial(ctx context.Context, socketPath string) (*Client, error) {
	var d net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", socketPath)
	}
	conn, err := dial(ctx, "", "")
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, windowsRefused):
		return nil, ErrNoServer
	case err != nil:
		return nil, fmt.Errorf("reach the server: %w", err)
	}
	if err := conn.Close(); err != nil {
		return nil, fmt.Errorf("reach the server: %w", err)
	}
	return newClient(dial, func() error { return nil }), nil
}

// windowsRefused is what Windows says where others say ECONNREFUSED.
const windowsRefused = syscall.Errno(10061)

// newClient returns a client over connections of that kind.
func newClient(dial func(context.Context, string, string) (net.Conn, error), done func() error) *Client {
	transport := &http.Transport{DialContext: dial, DisableCompression: true}
	return &Client{
		http:  &http.Client{Transport: transport},
		close: func() error { transport.CloseIdleConnections(); return done() },
	}
}

// Close gives back what Dial or InProcess took.
func (c *Client) Close() error { return c.close() }

// ImportRequest asks for an import.
type ImportRequest struct {
	Kind         transfer.Kind
	Format       transfer.Format
	Tenant       string // empty: the only one
	AllOrNothing bool
}

// Import sends a file and passes on what it is told of it, the refused lines and
// how far the import is. The summary counts also when there is an error: what
// was imported until then stays.
func (c *Client) Import(ctx context.Context, req ImportRequest, src io.Reader, tell func(*Message)) (transfer.Summary, error) {
	query := url.Values{"tenant": {req.Tenant}, "format": {string(req.Format)}, "all_or_nothing": {strconv.FormatBool(req.AllOrNothing)}}
	body := &stoppable{src: src}
	var sum transfer.Summary
	err := c.messages(ctx, http.MethodPost, "/import/"+string(req.Kind), query, body, func(m *Message) {
		if m.last() {
			body.stopped.Store(true) // the server needs no more of the file
		}
		if m.Summary != nil {
			sum = *m.Summary
		}
		if tell != nil {
			tell(m)
		}
	})
	if failed := body.failed.Load(); failed != nil {
		err = fmt.Errorf("read the file: %w", *failed)
	}
	return sum, err
}

// stoppable is a file that ends when it is stopped.
type stoppable struct {
	src     io.Reader
	stopped atomic.Bool
	failed  atomic.Pointer[error] // why it could not be read
}

func (s *stoppable) Read(p []byte) (int, error) {
	if s.stopped.Load() {
		return 0, io.EOF
	}
	n, err := s.src.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed.Store(&err)
	}
	return n, err
}

// ExportRequest asks for an export.
type ExportRequest struct {
	Kind   transfer.Kind
	Format transfer.Format
	Tenant string // empty: the only one
}

// Export writes a tenant's rows and returns how many. When there is an error
// what was written is not complete.
func (c *Client) Export(ctx context.Context, req ExportRequest, dst io.Writer) (int, error) {
	query := url.Values{"tenant": {req.Tenant}, "format": {string(req.Format)}}
	answer, err := c.ask(ctx, http.MethodGet, "/export/"+string(req.Kind), query, nil)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(dst, answer.Body); err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	return finished(answer.Trailer)
}

// VerifyAudit checks the audit log. tell is told of the last event that was
// found right so far.
func (c *Client) VerifyAudit(ctx context.Context, tell func(seq int64)) (Verdict, error) {
	var verdict Verdict
	err := c.messages(ctx, http.MethodGet, "/audit/verify", nil, nil, func(m *Message) {
		switch {
		case m.Verdict != nil:
			verdict = *m.Verdict
		case m.Verified > 0 && tell != nil:
			tell(m.Verified)
		}
	})
	return verdict, err
}

// Events passes on the selected audit events, in order.
func (c *Client) Events(ctx context.Context, q EventQuery, tell func(*Event)) error {
	query := url.Values{
		"after": {strconv.FormatInt(q.After, 10)}, "last": {strconv.FormatInt(q.Last, 10)}, "limit": {strconv.FormatInt(q.Limit, 10)},
		"tenant": {q.Tenant}, "type": {q.Type}, "support_code": {q.SupportCode},
	}
	return c.messages(ctx, http.MethodGet, "/audit/events", query, nil, func(m *Message) {
		if m.Event != nil {
			tell(m.Event)
		}
	})
}

// Status returns the state of the store.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	return document[Status](ctx, c, http.MethodGet, "/status", nil)
}

// Explain returns what is known of the request with that support code.
func (c *Client) Explain(ctx context.Context, code string) (*Explanation, error) {
	return document[Explanation](ctx, c, http.MethodGet, "/explain/"+url.PathEscape(code), nil)
}

// Grants passes on the selected grants, in the order in which they expire, those
// of applications as if they were valid for a day.
func (c *Client) Grants(ctx context.Context, q GrantQuery, tell func(*Grant)) error {
	query := url.Values{
		"tenant": {q.Tenant}, "customer": {q.Customer}, "user": {q.User}, "member": {q.Member}, "client": {q.Client}, "destination": {q.Destination},
		"state": {q.State}, "limit": {strconv.FormatInt(q.Limit, 10)},
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return c.messages(ctx, http.MethodGet, "/grants", query, nil, func(m *Message) {
		if m.Grant != nil {
			tell(m.Grant)
		}
	})
}

// Revoke ends what is asked for.
func (c *Client) Revoke(ctx context.Context, req RevokeRequest) (*Revoked, error) {
	query := url.Values{
		"tenant": {req.Tenant}, "reference": {req.Reference}, "customer": {req.Customer}, "user": {req.User}, "client": {req.Client},
		"member": {req.Member}, "app": {req.App},
	}
	return document[Revoked](ctx, c, http.MethodPost, "/revoke", query)
}

// CheckURL returns what each destination asked about says to the URL.
func (c *Client) CheckURL(ctx context.Context, q URLQuery) ([]URLVerdict, error) {
	query := url.Values{"url": {q.URL}, "tenant": {q.Tenant}, "destination": {q.Destination}}
	verdicts, err := document[[]URLVerdict](ctx, c, http.MethodGet, "/destinations/check", query)
	if err != nil {
		return nil, err
	}
	return *verdicts, nil
}

// document asks for something that is answered with one JSON document.
func document[T any](ctx context.Context, c *Client, method, path string, query url.Values) (*T, error) {
	answer, err := c.ask(ctx, method, path, query, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	found := new(T)
	if err := json.NewDecoder(answer.Body).Decode(found); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return found, nil
}

// messages asks for something that is answered with messages, and hands them
// on. Its error is that of the last message, or that there was none.
func (c *Client) messages(ctx context.Context, method, path string, query url.Values, body io.Reader, tell func(*Message)) error {
	answer, err := c.ask(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for dec := json.NewDecoder(answer.Body); ; {
		var m Message
		if err := dec.Decode(&m); err != nil {
			return fmt.Errorf("the answer was cut off: %w", err)
		}
		tell(&m)
		if m.Error != "" {
			return errors.New(m.Error)
		}
		if m.last() {
			return nil
		}
	}
}

// ask sends a request. Any other status than 200 is an error.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Response, error) {
	// The host is never looked up: connections lead to the socket.
	req, err := http.NewRequestWithContext(ctx, method, "http://operator"+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer answer.Body.Close()
	var m Message
	if err := json.NewDecoder(answer.Body).Decode(&m); err != nil || m.Error == "" {
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	}
	return nil, errors.New(m.Error)
}
