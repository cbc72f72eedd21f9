package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/latchkey-sso/latchkey/internal/clientip"
)

// gate bounds open connections: in all, and from one network. A connection
// above a bound is closed before anything is read from it.
type gate struct {
	total, perNetwork int
	exempt            func(netip.Addr) bool // from the bound of a network
	log               *slog.Logger
	seldom            rate.Sometimes

	mu      sync.Mutex
	open    int
	network map[netip.Prefix]int
}

func newGate(total, perNetwork int, exempt func(netip.Addr) bool, log *slog.Logger) *gate {
	return &gate{
		total: total, perNetwork: perNetwork, exempt: exempt, log: log,
		seldom: rate.Sometimes{Interval: time.Minute}, network: map[netip.Prefix]int{},
	}
}

// guard returns the listener with the gate before it. Listeners share a gate.
func (g *gate) guard(l net.Listener) net.Listener { return &guarded{l, g} }

// networkOf returns what counts as one place: an IPv4 address, or the 64-bit
// network of an IPv6 address.
func networkOf(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits) // an invalid address is one place, too
	return network
}

// enter counts a connection in, or reports that it must be closed.
func (g *gate) enter(addr netip.Addr) (network netip.Prefix, ok bool) {
	network = networkOf(addr)
	limited := !g.exempt(addr)
	g.mu.Lock()
	ok = g.open < g.total && (!limited || g.network[network] < g.perNetwork)
	if ok {
		g.open++
		g.network[network]++
	}
	open := g.open
	g.mu.Unlock()
	if !ok {
		g.seldom.Do(func() {
			g.log.Warn("connections above a limit are closed", "open", open, "limit", g.total, "limit_per_address", g.perNetwork)
		})
	}
	return network, ok
}

func (g *gate) leave(network netip.Prefix) {
	g.mu.Lock()
	g.open--
	if g.network[network]--; g.network[network] == 0 {
		delete(g.network, network)
	}
	g.mu.Unlock()
}

type guarded struct {
	net.Listener
	gate *gate
}

// Accept waits for the next connection that may stay.
func (l *guarded) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if network, ok := l.gate.enter(clientip.Peer(conn.RemoteAddr().String())); ok {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { l.gate.leave(network) })}, nil
		}
		_ = conn.Close()
	}
}

// counted is a connection that is counted out when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// Listen listens on a TCP address.
func Listen(addr string) ([]net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return []net.Listener{l}, nil
}

// localhostV6 is what browsers may take for localhost beside 127.0.0.1.
const localhostV6 = "::1"

// ListenLocal listens on 127.0.0.1 and, where there is IPv6, on the same port
// of ::1, so that "localhost" leads here from every browser. Port 0 takes one
// that is free on both. Any other host is listened on as it is.
func ListenLocal(addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if host != "127.0.0.1" && host != "localhost" {
		return Listen(addr)
	}
	const attempts = 20
	for range attempts {
		both, err := listenBoth(port)
		if err == nil || port != "0" {
			return both, err
		}
	}
	return nil, errors.New("listen: no port found that is free on 127.0.0.1 and ::1")
}

func listenBoth(port string) ([]net.Listener, error) {
	v4, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	_, port, _ = net.SplitHostPort(v4.Addr().String())
	v6, err := net.Listen("tcp", net.JoinHostPort(localhostV6, port))
	switch {
	case err == nil:
		return []net.Listener{v4, v6}, nil
	case InUse(err):
		return nil, fmt.Errorf("listen: %w", errors.Join(err, v4.Close()))
	}
	return []net.Listener{v4}, nil // no IPv6 here
}
