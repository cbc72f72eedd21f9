package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// crowdWorkers is how many connections of a crowd are in use at a time.
	crowdWorkers = 16
	// perSource is how many connections come from one address: about as many as
	// browsers open, and far below the server's limit for one.
	perSource = 10
)

// crowd are many connections to one shop, from many loopback addresses. Those
// that are idle hold no buffers here: as many as workers are in use at a time.
type crowd struct {
	shop  *shop
	conns []net.Conn // nil until opened, and when closed
}

func newCrowd(s *shop, n int) *crowd { return &crowd{shop: s, conns: make([]net.Conn, n)} }

// come opens the connections. Over each of them somebody visits for the first
// time ever and is signed in; then it stays open, or is closed.
func (c *crowd) come(ctx context.Context, stay bool) error {
	return c.each(ctx, func(v *visitor, i int) error {
		conn, err := dialFrom(ctx, source(i), c.shop.addr)
		if err != nil {
			return err
		}
		if stay {
			c.conns[i] = conn
		} else {
			defer conn.Close()
		}
		v.take(conn)
		v.binding, v.cookie = "", ""
		if err := v.introduce(); err != nil {
			return err
		}
		return v.pair(make([]time.Duration, 2))
	})
}

// wake asks for another link over each connection, and counts those that
// answer. The others had been closed by the server.
func (c *crowd) wake(ctx context.Context) (answered int, err error) {
	var n atomic.Int64
	err = c.each(ctx, func(v *visitor, i int) error {
		v.take(c.conns[i])
		err := v.issue()
		switch {
		case err == nil:
			n.Add(1)
		case isClosed(err):
			return nil
		}
		return err
	})
	return int(n.Load()), err
}

// isClosed reports whether a call failed because the other side had closed the
// connection.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// each does something for every connection, some at a time. The first error
// ends it.
func (c *crowd) each(ctx context.Context, do func(v *visitor, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	header := c.shop.client.header(time.Now())
	var group sync.WaitGroup
	for worker := range crowdWorkers {
		group.Go(func() {
			v := c.shop.visitOver(newConn(nil), worker, header)
			for i := worker; i < len(c.conns) && ctx.Err() == nil; i += crowdWorkers {
				if err := do(v, i); err != nil {
					cancel(fmt.Errorf("idle connection %d: %w", i+1, err))
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// close closes the connections.
func (c *crowd) close() {
	for i, conn := range c.conns {
		if conn != nil {
			_ = conn.Close()
			c.conns[i] = nil
		}
	}
}

// take has the visitor go on over another connection, nothing of which was read
// too far.
func (v *visitor) take(c net.Conn) {
	v.conn.net = c
	v.conn.r.Reset(c)
	v.conn.expire(answerTimeout)
}

// source is the address that the connection of that number comes from:
// 127.0.1.1 and those that follow.
func source(i int) net.IP {
	n := i / perSource
	const hosts = 254 // 0 and 255 are left out
	net1, net2 := n/hosts/hosts, n/hosts%hosts
	return net.IPv4(127, byte(net1), byte(net2+1), byte(n%hosts+1)) //nolint:gosec // below 255 for as many as there are ports
}

// sources is how many addresses so many connections come from.
func sources(connections int) int { return (connections + perSource - 1) / perSource }

// dialFrom connects from an address of this machine.
func dialFrom(ctx context.Context, from net.IP, to string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout, LocalAddr: &net.TCPAddr{IP: from}}
	c, err := d.DialContext(ctx, "tcp", to)
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "bind" {
		return nil, fmt.Errorf("connect from %s: idle connections come from many loopback addresses, and this system has not got this one (Linux has all of 127.0.0.0/8): %w", from, err)
	}
	if err != nil {
		return nil, fmt.Errorf("connect from %s: %w", from, err)
	}
	return c, nil
}
