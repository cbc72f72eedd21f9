package server

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lounge is where idle connections wait. As long as net/http has a connection,
// it keeps two buffers and a goroutine for it, whose stack has grown as deep as
// the last request was: 18 KiB. Here it is a small goroutine that waits for the
// first byte of the next request. For net/http a connection ends when it goes to
// the lounge, and is a new one when something comes over it: the lounge is
// the listener where it is accepted again.
//
// Connections with TLS stay with net/http, which knows them by their type.
type lounge struct {
	addr  net.Addr
	after time.Duration // how long a connection is idle before it goes here
	ready chan net.Conn // those that something came over
	over  chan struct{} // closed with the lounge

	mu      sync.Mutex
	waiting map[net.Conn]struct{} // nil once the lounge is closed
}

// loungeAfter spares connections the way whose next request comes soon, such as
// that of a browser that is redirected. It is short because whoever has come
// within that time takes the memory of a busy connection.
const loungeAfter = 250 * time.Millisecond

func newLounge(addr net.Addr, after time.Duration) *lounge {
	return &lounge{addr: addr, after: after, ready: make(chan net.Conn), over: make(chan struct{}), waiting: map[net.Conn]struct{}{}}
}

// Accept waits for the next connection that is no longer idle.
func (l *lounge) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

// Addr returns the address that the connections came to.
func (l *lounge) Addr() net.Addr { return l.addr }

// Close closes all connections that wait, and those that are yet to come.
// Closing again does nothing.
func (l *lounge) Close() error {
	l.mu.Lock()
	waiting := l.waiting
	l.waiting = nil
	if waiting != nil {
		close(l.over)
	}
	l.mu.Unlock()
	for c := range waiting {
		_ = c.Close()
	}
	return nil
}

// take has a connection wait, until some time at most unless that is zero.
func (l *lounge) take(c net.Conn, until time.Time) {
	l.mu.Lock()
	open := l.waiting != nil
	if open {
		l.waiting[c] = struct{}{}
	}
	l.mu.Unlock()
	if !open || c.SetReadDeadline(until) != nil {
		l.drop(c)
		return
	}
	go l.wait(c)
}

func (l *lounge) drop(c net.Conn) {
	l.forget(c)
	_ = c.Close()
}

func (l *lounge) forget(c net.Conn) {
	l.mu.Lock()
	delete(l.waiting, c)
	l.mu.Unlock()
}

// wait hands a connection back when something has come over it.
func (l *lounge) wait(c net.Conn) {
	head := make([]byte, 1)
	if n, _ := c.Read(head); n == 0 { // closed, from either side, or idle for too long
		l.drop(c)
		return
	}
	l.forget(c)
	select {
	case l.ready <- &guest{Conn: c, lounge: l, head: head}:
	case <-l.over:
		_ = c.Close()
	}
}

// around returns a listener whose connections go to the lounge when idle. Without
// a lounge it is the listener itself.
func (l *lounge) around(inner net.Listener) net.Listener {
	if l == nil {
		return inner
	}
	return &lounged{inner, l}
}

type lounged struct {
	net.Listener
	lounge *lounge
}

// Accept waits for the next connection.
func (l *lounged) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guest{Conn: c, lounge: l.lounge}, nil
}

// idle is an [http.Server]'s ConnState: it tells a connection that its requests
// have been answered.
func (*lounge) idle(c net.Conn, state http.ConnState) {
	if g, ok := c.(*guest); ok && state == http.StateIdle {
		g.idle = true
	}
}

// guest is a connection while net/http has it. As Read does, idle and the fields
// below it belong to the goroutine that serves the connection.
type guest struct {
	net.Conn
	lounge *lounge
	stage  atomic.Int32

	idle  bool
	until time.Time // the deadline that was asked for
	head  []byte    // read already, before what the connection holds
	room  int       // of the reader's buffer when it was empty
}

// Stages of a guest.
const (
	staying int32 = iota
	leaving       // for the lounge
	gone          // there, or closed
)

// errIdle ends a connection for net/http.
var errIdle = errors.New("idle connection")

// SetReadDeadline bounds the calls of Read. An idle connection is looked after
// earlier.
func (g *guest) SetReadDeadline(t time.Time) error {
	g.until = t
	if g.idle {
		if soon := time.Now().Add(g.lounge.after); t.IsZero() || soon.Before(t) {
			t = soon
		}
	}
	return g.Conn.SetReadDeadline(t)
}

// Read reads what comes. When the connection is idle, and nothing comes for a
// while, it fails, and then Close has it wait in the lounge.
func (g *guest) Read(p []byte) (int, error) {
	if g.room == 0 {
		g.room = len(p)
	}
	if len(g.head) > 0 {
		n := copy(p, g.head)
		g.head = g.head[n:]
		return n, nil
	}
	n, err := g.Conn.Read(p)
	if !g.idle {
		return n, err
	}
	g.idle = false
	early := n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && (g.until.IsZero() || time.Now().Before(g.until))
	if err != nil && !early {
		return n, err
	}
	// A full buffer's room means that nothing is left in it: of a pipelined request
	// a part may be.
	if early && len(p) == g.room && g.stage.CompareAndSwap(staying, leaving) {
		return 0, errIdle
	}
	if err := g.Conn.SetReadDeadline(g.until); err != nil {
		return n, err
	}
	if early {
		return g.Conn.Read(p)
	}
	return n, nil
}

// Close closes the connection, unless it leaves for the lounge.
func (g *guest) Close() error {
	switch g.stage.Swap(gone) {
	case leaving:
		g.lounge.take(g.Conn, g.until)
		return nil
	case gone:
		return nil
	}
	return g.Conn.Close()
}
