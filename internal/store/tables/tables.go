// Package tables is what the storage engines have in common: which rows there
// are, what their columns hold, and the statements that read and write them. An
// engine brings a connection, its transactions and their durability; what it does
// in a way of its own, because it must be fast, it does in its own package.
//
// Statements are written for both engines: placeholders are ? or ?1, text columns
// compare byte by byte, rowid tells the rows of a table apart. Instants are unix
// milliseconds.
package tables

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Tx is the transaction that an operation is done in. The first error of a
// statement sticks: from then on nothing is done any more, and the operation's
// outcome does not count. So operations read like a list of what they do.
type Tx interface {
	// Exec runs a statement and returns how many rows it changed. Arguments are
	// int64, string, []byte (none means NULL) or nil.
	Exec(query string, args ...any) int64
	// One returns the first row of a query, or nil.
	One(query string, args ...any) Row
	// Append puts an event, unless it is nil, at the end of the audit log. The event
	// itself is left alone: its caller may look at it at any time.
	Append(e *signon.Event)
	// At is the instant that operations are judged by, of millisecond precision: not
	// before any of them was asked for.
	At() time.Time
	// Epoch is the epoch of the transaction.
	Epoch() int64
	// Fail makes the transaction fail with that error, and Fault is what it failed with.
	Fail(err error)
	Fault() error
}

// Reader reads what was committed last.
type Reader interface {
	// One returns the first row of a query, or nil.
	One(query string, args ...any) (Row, error)
	// Each calls visit with each row, until it returns an error, which Each returns.
	// The row is only valid during the call; its []byte and string values stay valid.
	Each(query string, visit func(Row) error, args ...any) error
}

// Engine runs what the tables ask for. What names the action for errors.
type Engine interface {
	// Write has an operation done and waits until it is committed, or until ctx ends:
	// an operation that has not begun then is left out, one that has is committed
	// without its caller. It must not share memory with its caller therefore, and it
	// may be done more than once. It returns an error only before it changed anything.
	Write(ctx context.Context, what string, do func(Tx) error) error
	// WriteAlone is Write for an operation that may return an error after it changed
	// something, which is then undone.
	WriteAlone(ctx context.Context, what string, do func(Tx) error) error
	// Read lends a reader to do. It waits for one no longer than ctx lasts.
	Read(ctx context.Context, what string, do func(Reader) error) error
	// Scan is Read for what looks at many rows.
	Scan(ctx context.Context, what string, do func(Reader) error) error
	// Snapshot is Read for reads that must all see the same state.
	Snapshot(ctx context.Context, what string, do func(Reader) error) error
}

// Tables are the tables of an engine.
type Tables struct {
	engine Engine
	keys   *signon.Keyring
}

// New returns the tables of the engine. The keys seal what is secret in them.
func New(engine Engine, keys *signon.Keyring) *Tables { return &Tables{engine, keys} }

// Row is one row of a result. A column has its type or is NULL, which reads as
// zero.
type Row []driver.Value

// Int returns the number in a column.
func (r Row) Int(i int) int64 {
	n, _ := r[i].(int64)
	return n
}

// Text returns the text in a column.
func (r Row) Text(i int) string {
	s, _ := r[i].(string)
	return s
}

// Blob returns the bytes in a column.
func (r Row) Blob(i int) []byte {
	b, _ := r[i].([]byte)
	return b
}

// Instant returns the instant in a column, the zero time for NULL.
func (r Row) Instant(i int) time.Time {
	ms, ok := r[i].(int64)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Meaningful reports whether the error tells an outcome that a contract names, so
// that an engine has nothing to add.
func Meaningful(err error) bool {
	var known *signon.Error
	return errors.As(err, &known) || errors.Is(err, signon.ErrNotFound) || errors.Is(err, signon.ErrConflict) || errors.Is(err, signon.ErrKeysFull)
}

// OrNil returns nil, which means NULL, for no bytes.
func OrNil(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// orNull returns nil, which means NULL, for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// now returns the transaction's instant as stored.
func now(t Tx) int64 { return t.At().UnixMilli() }

// exists reports whether a query has a row.
func exists(t Tx, query string, args ...any) bool { return t.One(query, args...) != nil }

// readOne returns the first row of a query, or signon.ErrNotFound.
func readOne[T any](ctx context.Context, s *Tables, what string, scan func(Row) (T, error), query string, args ...any) (*T, error) {
	var v T
	err := s.engine.Read(ctx, what, func(c Reader) error {
		found, err := c.One(query, args...)
		if err != nil {
			return err
		}
		if found == nil {
			return signon.ErrNotFound
		}
		v, err = scan(found)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// readAll returns all rows of a query.
func readAll[T any](ctx context.Context, s *Tables, what string, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := s.engine.Scan(ctx, what, func(c Reader) error {
		return c.Each(query, func(r Row) error {
			v, err := scan(r)
			all = append(all, v)
			return err
		}, args...)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
