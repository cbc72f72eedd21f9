package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// engine is how the tables use the store.
type engine struct{ *Store }

func (e engine) Write(ctx context.Context, what string, do func(tables.Tx) error) error {
	return e.committer.write(newOp(ctx, do), what)
}

func (e engine) WriteAlone(ctx context.Context, what string, do func(tables.Tx) error) error {
	o := newOp(ctx, do)
	o.alone = true
	return e.committer.write(o, what)
}

func (e engine) Read(ctx context.Context, what string, do func(tables.Reader) error) error {
	if err := e.ready(ctx, what); err != nil {
		return err
	}
	c, err := e.pool.Acquire(ctx)
	if err != nil {
		return signon.Unavailable(what, err)
	}
	defer c.Release()
	return fault(what, do(reader{ctx, c}))
}

func (e engine) Scan(ctx context.Context, what string, do func(tables.Reader) error) error {
	return e.Read(ctx, what, do)
}

func (e engine) Snapshot(ctx context.Context, what string, do func(tables.Reader) error) error {
	if err := e.ready(ctx, what); err != nil {
		return err
	}
	c, err := e.pool.Acquire(ctx)
	if err != nil {
		return signon.Unavailable(what, err)
	}
	defer c.Release()
	return fault(what, snapshot(ctx, c.Conn(), do))
}

// snapshot lends do a reader of one state.
func snapshot(ctx context.Context, c *pgx.Conn, do func(tables.Reader) error) error {
	tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	err = do(reader{ctx, tx})
	return errors.Join(err, tx.Rollback(ctx))
}

// ready returns CodeUnavailable when ctx has ended, or the store was closed.
func (s *Store) ready(ctx context.Context, what string) error {
	if ctx.Err() != nil {
		return signon.Unavailable(what, ctx.Err())
	}
	select {
	case <-s.closed:
		return signon.Unavailable(what, group.ErrClosed)
	default:
		return nil
	}
}
