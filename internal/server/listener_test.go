package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"
)

func nobody(netip.Addr) bool { return false }

var quiet = slog.New(slog.DiscardHandler)

func TestGateBoundsConnectionsInAllAndByNetwork(t *testing.T) {
	trusted := netip.MustParseAddr("10.0.0.1")
	g := newGate(5, 2, func(a netip.Addr) bool { return a == trusted }, quiet)
	for i, step := range []struct {
		addr string
		want bool
	}{
		{"192.0.2.1", true},
		{"192.0.2.1", true},
		{"192.0.2.1", false},
		{"2001:db8::1", true},
		{"2001:db8::ffff:2", true},
		{"2001:db8::3", false}, // one network of 64 bits
		{"10.0.0.1", true},
		{"10.0.0.1", false}, // exempt from its own bound, not from that of all
		{"192.0.2.9", false},
	} {
		if _, ok := g.enter(netip.MustParseAddr(step.addr)); ok != step.want {
			t.Errorf("connection %d from %s: got %v, want %v", i, step.addr, ok, step.want)
		}
	}
	g.leave(networkOf(netip.MustParseAddr("192.0.2.1")))
	if _, ok := g.enter(netip.MustParseAddr("192.0.2.1")); !ok {
		t.Error("after one has left: got no room, want room for one")
	}
	for _, a := range []string{"192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::1", "10.0.0.1"} {
		g.leave(networkOf(netip.MustParseAddr(a)))
	}
	if g.open != 0 || len(g.network) != 0 {
		t.Errorf("after all have left: got %d open from %d networks, want none", g.open, len(g.network))
	}
}

func TestTrustedProxiesAreExemptFromTheBoundOfAnAddress(t *testing.T) {
	g := newGate(100, 1, func(netip.Addr) bool { return true }, quiet)
	for i := range 50 {
		if _, ok := g.enter(netip.MustParseAddr("10.0.0.1")); !ok {
			t.Fatalf("connection %d: got no room", i)
		}
	}
}

// A connection above the bound is closed, and the listener goes on.
func TestGuardedListenerClosesWhatIsTooMuch(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newGate(100, 2, nobody, quiet).guard(inner)
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	t.Cleanup(func() { l.Close() })
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	dial()
	dial()
	first := <-accepted
	<-accepted
	third := dial()
	third.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the third connection: got %v, want it closed", err)
	}
	first.Close()
	first.Close() // counted out once only
	dial()
	select {
	case <-accepted:
	case <-time.After(time.Minute):
		t.Error("after one was closed, another one was not accepted")
	}
	fifth := dial()
	fifth.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := fifth.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the fifth connection: got %v, want it closed", err)
	}
}

func TestListenLocalListensOnBothKindsOfLocalhost(t *testing.T) {
	listeners, err := ListenLocal("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		defer l.Close()
	}
	_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
	if len(listeners) == 2 {
		if got, want := listeners[1].Addr().String(), "[::1]:"+port; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	} else if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		t.Error("there is IPv6, yet it does not listen on ::1")
	}
	if _, err := ListenLocal("127.0.0.1:" + port); !InUse(err) {
		t.Errorf("the same port again: got %v, want that it is in use", err)
	}
}

// Somebody else at [::1]:port would answer half of the browsers.
func TestListenLocalRefusesAPortThatIsTakenOnOneSide(t *testing.T) {
	other, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("SKIPPED: there is no IPv6 here")
	}
	defer other.Close()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	listeners, err := ListenLocal("127.0.0.1:" + port)
	for _, l := range listeners {
		l.Close()
	}
	if !InUse(err) {
		t.Errorf("got %v, want that the port is in use", err)
	}
}
