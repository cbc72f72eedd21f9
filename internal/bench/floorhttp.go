package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
)

// HTTPFloor is the least that net/http can do for a pair: it answers the
// requests with constants, which are answers of the real server, recorded
// before.
type HTTPFloor struct {
	// Bind is the answer to a browser's first visit, Issue and Redeem are those of
	// a pair.
	Bind, Issue, Redeem Constant
	// Rows, unless nil, is where it keeps rows, and then it is the least that
	// net/http and a database can do together: before it answers, it writes the rows
	// of the store floor, in groups of whoever waits.
	Rows *FloorRows

	rows *floorRows
}

// Constant is an answer that never changes.
type Constant struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"` // without what net/http adds itself
	Body   []byte      `json:"body"`
}

// Serve answers on loopback until ctx ends. It tells ready its address.
func (f *HTTPFloor) Serve(ctx context.Context, ready func(addr string)) (err error) {
	if f.Rows != nil {
		if f.rows, err = openFloorRows(f.Rows); err != nil {
			return fmt.Errorf("serve the HTTP and store floor: %w", err)
		}
		defer func() { err = errors.Join(err, f.rows.close()) }()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the HTTP floor: %w", err)
	}
	srv := &http.Server{Handler: f, ReadHeaderTimeout: dialTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	ready(l.Addr().String())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the HTTP floor: %w", err)
	}
	return nil
}

// ServeHTTP answers one request.
func (f *HTTPFloor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &f.Redeem
	switch {
	case strings.HasPrefix(r.URL.Path, "/rest/"):
		answer = &f.Issue
	case r.Header["Cookie"] == nil:
		answer = &f.Bind
	}
	if f.rows != nil && answer != &f.Bind {
		if err := f.rows.write(answer == &f.Redeem); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	h := w.Header()
	for name, values := range answer.Header {
		h[name] = values
	}
	w.WriteHeader(answer.Status)
	if len(answer.Body) > 0 {
		_, _ = w.Write(answer.Body)
	}
}

// constant returns the answer that the visitor just got.
func (v *visitor) constant() Constant {
	c := Constant{Status: v.answer.status, Header: http.Header{}, Body: append([]byte(nil), v.answer.body...)}
	for _, line := range v.answer.fields {
		name, value, _ := strings.Cut(string(line), ":")
		switch name = http.CanonicalHeaderKey(name); name {
		case "Date", "Content-Length", "Transfer-Encoding", "Connection":
		default:
			c.Header.Add(name, strings.TrimSpace(value))
		}
	}
	return c
}

// record returns the floor of the answers that the shop gives to one browser's
// first visit and one pair.
func (s *shop) record(header string) (*HTTPFloor, error) {
	v, err := s.visit(0, header)
	if err != nil {
		return nil, err
	}
	defer v.conn.close()
	v.conn.expire(answerTimeout)
	var f HTTPFloor
	if err := v.introduce(); err != nil {
		return nil, err
	}
	f.Bind = v.constant()
	if err := v.issue(); err != nil {
		return nil, err
	}
	f.Issue = v.constant()
	if err := v.redeem(); err != nil {
		return nil, err
	}
	f.Redeem = v.constant()
	return &f, nil
}
