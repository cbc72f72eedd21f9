package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Archive lends do a reader of one state of the store, beside everything else. As
// long as it lasts the write-ahead log grows.
func (s *Store) Archive(ctx context.Context, do func(tables.Reader, tables.State) error) (err error) {
	if err := s.readers.ready(ctx, "archive"); err != nil {
		return err
	}
	c, err := openConn(ctx, s.path, readerPragmas)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return c.snapshot(func() error {
		state, err := c.state()
		if err != nil {
			return err
		}
		state.At = s.Now() // the snapshot is older
		return do(c, state)
	})
}

// state returns the state of the database, without an instant.
func (c *conn) state() (s tables.State, err error) {
	found, err := c.One("SELECT value FROM meta WHERE name = 'epoch'")
	if err == nil && found == nil {
		err = errors.New("the database has no epoch")
	}
	if err != nil {
		return s, fmt.Errorf("read epoch: %w", err)
	}
	s.Epoch = found.Int(0)
	s.End, err = c.chainEnd()
	return s, err
}

// chainEnd returns where the audit log ends.
func (c *conn) chainEnd() (head signon.ChainHead, err error) {
	last, err := c.One("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return head, fmt.Errorf("read end of audit log: %w", err)
	}
	if last != nil {
		head.Seq = last.Int(0)
		copy(head.Hash[:], last.Blob(1))
	}
	return head, nil
}

// Fill opens a store that nobody has open, fills it, and closes it. All of it is one
// transaction: when it fails, or the process dies, the store is as it was.
func Fill(ctx context.Context, o Options, f *tables.Fill) error {
	s, err := prepare(ctx, &o)
	if err != nil {
		return err
	}
	return errors.Join(s.fill(ctx, f), s.release())
}

func (s *Store) fill(ctx context.Context, f *tables.Fill) error {
	w := s.writer
	if err := w.begin(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	state, err := f.Do(ctx, filler{w.conn}, tables.State{Epoch: s.Epoch(), At: s.Now()}, s.keys)
	if err == nil {
		err = s.conclude(&state, f.Event)
	}
	if err != nil {
		w.rollback()
		return err
	}
	w.publish()
	return nil
}

// conclude has the store go on from that state, after the event, and commits.
func (s *Store) conclude(state *tables.State, e *signon.Event) error {
	w := s.writer
	s.clock.NotBefore(state.At)
	w.tx.epoch, w.tx.at = state.Epoch, s.Now().Truncate(time.Millisecond)
	if w.tx.at.Before(state.At) {
		w.tx.at = w.tx.at.Add(time.Millisecond)
	}
	w.chain.SetHead(state.End)
	w.tx.Exec("UPDATE meta SET value = ? WHERE name = 'epoch'", state.Epoch)
	w.tx.Append(e)
	if w.tx.fault != nil {
		return w.tx.fault
	}
	if err := w.control("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// filler fills the database within the writer's transaction.
type filler struct{ *conn }

// Empty removes all rows.
func (f filler) Empty() error {
	for _, t := range tables.Schema {
		if _, err := f.exec("DELETE FROM " + t.Name); err != nil {
			return err
		}
	}
	return nil
}

// Insert stores rows.
func (f filler) Insert(t *tables.Table, rows []tables.Row) error {
	for _, row := range rows {
		query, args := insertion(t, row)
		if _, err := f.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// insertion returns the statement for a row and its arguments. No bytes at all would
// become NULL as an argument, so they are part of the statement.
func insertion(t *tables.Table, row tables.Row) (query string, args []any) {
	marks := make([]string, len(row))
	args = make([]any, 0, len(row))
	for i, v := range row {
		if b, ok := v.([]byte); ok && len(b) == 0 {
			marks[i] = "x''"
			continue
		}
		marks[i] = "?"
		args = append(args, v)
	}
	return "INSERT INTO " + t.Name + " (" + strings.Join(t.Columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")", args
}
