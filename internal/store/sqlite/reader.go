package sqlite

import (
	"context"
	"errors"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
)

// readerCount is how many reads run at a time; more than the cores of a small
// machine gains nothing, and each has a page cache.
const readerCount = 3

// readers are the connections that only read.
type readers struct {
	idle   chan *conn
	closed chan struct{}
}

func openReaders(ctx context.Context, path string) (*readers, error) {
	r := &readers{idle: make(chan *conn, readerCount), closed: make(chan struct{})}
	for range readerCount {
		c, err := openConn(ctx, path, readerPragmas)
		if err != nil {
			return nil, errors.Join(err, r.closeIdle())
		}
		r.idle <- c
	}
	return r, nil
}

// ready returns CodeUnavailable when ctx has ended, or the store was closed.
func (r *readers) ready(ctx context.Context, what string) error {
	if ctx.Err() != nil {
		return signon.Unavailable(what, ctx.Err())
	}
	select {
	case <-r.closed:
		return signon.Unavailable(what, group.ErrClosed)
	default:
		return nil
	}
}

// read lends a connection to do. It waits for one no longer than ctx lasts.
func (r *readers) read(ctx context.Context, what string, do func(*conn) error) error {
	if err := r.ready(ctx, what); err != nil {
		return err
	}
	select {
	case <-r.closed:
		return signon.Unavailable(what, group.ErrClosed)
	case <-ctx.Done():
		return signon.Unavailable(what, ctx.Err())
	case c := <-r.idle:
		defer func() { r.idle <- c }()
		return fault(what, do(c))
	}
}

// scan is read for what looks at many rows. All connections keep their pages in
// one pool, whatever the size of each one's cache: pages that a scan leaves in it
// crowd out the writer's, which then reads every page anew for every row.
func (r *readers) scan(ctx context.Context, what string, do func(*conn) error) error {
	return r.read(ctx, what, func(c *conn) error {
		err := do(c)
		_, released := c.exec("PRAGMA shrink_memory")
		return errors.Join(err, released)
	})
}

// close waits for running reads and closes all connections.
func (r *readers) close() error {
	close(r.closed)
	var errs []error
	for range readerCount {
		errs = append(errs, (<-r.idle).close())
	}
	return errors.Join(errs...)
}

func (r *readers) closeIdle() error {
	var errs []error
	for len(r.idle) > 0 {
		errs = append(errs, (<-r.idle).close())
	}
	return errors.Join(errs...)
}
