package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	driversqlite "modernc.org/sqlite"
)

// Errors of Open for a store that goes on in another engine.
var (
	ErrMoved  = errors.New("it was moved to PostgreSQL and is not used any more: name that database in the configuration")
	ErrMoving = errors.New("it was being moved to PostgreSQL and it is not known whether that is complete: run \"latchkey migrate\" again")
)

// Move is how far a store has come on its way to another engine.
type Move int64

// The stages of a move. Only a store that stays can be opened by Open: what was
// redeemed in one engine could be redeemed in the other, too.
const (
	Staying Move = iota
	Moving       // it may have been committed there
	Moved
)

// OpenToMove is Open for whatever stage of a move.
func OpenToMove(ctx context.Context, o Options) (*Store, error) {
	o.toMove = true
	return Open(ctx, o)
}

// Move returns the stage of the store's move.
func (s *Store) Move(ctx context.Context) (m Move, err error) {
	err = s.readers.read(ctx, "read stage of move", func(c *conn) error {
		m, err = c.move()
		return err
	})
	return m, err
}

func (c *conn) move() (Move, error) {
	found, err := c.One("SELECT value FROM meta WHERE name = 'move'")
	if err != nil || found == nil {
		return Staying, err
	}
	return Move(found.Int(0)), nil
}

// SetMove notes the stage of the store's move, durably.
func (s *Store) SetMove(ctx context.Context, m Move) error {
	return s.write(ctx, "note stage of move", func(t *tx) error {
		t.Exec("INSERT INTO meta (name, value) VALUES ('move', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", int64(m))
		return nil
	})
}

// checkMove refuses a store that goes on in another engine.
func (s *Store) checkMove(o *Options) error {
	m, err := s.writer.conn.move()
	switch {
	case err != nil || o.toMove:
		return err
	case m == Moving:
		return ErrMoving
	case m == Moved:
		return ErrMoved
	}
	return nil
}

// StageOf returns the stage of the move of a store that is not opened, and that a
// process may have open.
func StageOf(ctx context.Context, path string) (m Move, err error) {
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}
	connector, err := driversqlite.NewConnector(u.String())
	if err != nil {
		return Staying, err
	}
	raw, err := connector.Connect(ctx)
	if err != nil {
		return Staying, fmt.Errorf("open database: %w", err)
	}
	c := &conn{raw: raw, statements: map[string]*statement{}}
	defer func() { err = errors.Join(err, c.close()) }()
	return c.move()
}
