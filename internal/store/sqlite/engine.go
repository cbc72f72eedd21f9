package sqlite

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// engine is how the tables use the store.
type engine struct{ *Store }

func (e engine) Write(ctx context.Context, what string, do func(tables.Tx) error) error {
	return e.write(ctx, what, func(t *tx) error { return do(t) })
}

func (e engine) WriteAlone(ctx context.Context, what string, do func(tables.Tx) error) error {
	return e.writeAlone(ctx, what, func(t *tx) error { return do(t) })
}

func (e engine) Read(ctx context.Context, what string, do func(tables.Reader) error) error {
	return e.readers.read(ctx, what, func(c *conn) error { return do(c) })
}

func (e engine) Scan(ctx context.Context, what string, do func(tables.Reader) error) error {
	return e.readers.scan(ctx, what, func(c *conn) error { return do(c) })
}

func (e engine) Snapshot(ctx context.Context, what string, do func(tables.Reader) error) error {
	return e.readers.scan(ctx, what, func(c *conn) error {
		return c.snapshot(func() error { return do(c) })
	})
}
