package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// patient lets a transaction last while somebody else is at work.
const patient = "SET LOCAL idle_in_transaction_session_timeout = 0"

// Archive lends do a reader of one state of the store, beside everything else: it has
// a connection of its own. As long as it lasts the server removes no rows for good.
func (s *Store) Archive(ctx context.Context, do func(tables.Reader, tables.State) error) error {
	if err := s.ready(ctx, "archive"); err != nil {
		return err
	}
	return fault("archive", s.archive(ctx, do))
}

func (s *Store) archive(ctx context.Context, do func(tables.Reader, tables.State) error) (err error) {
	c, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	if err := s.meet(ctx, c); err != nil {
		return err
	}
	return snapshot(ctx, c, func(r tables.Reader) error {
		if _, err := r.One(patient); err != nil {
			return err
		}
		found, err := r.One("SELECT epoch, seq, hash, at FROM head")
		if err == nil && found == nil {
			err = errors.New("the database has no head")
		}
		if err != nil {
			return err
		}
		state := tables.State{Epoch: found.Int(0), End: signon.ChainHead{Seq: found.Int(1)}, At: s.Now()}
		copy(state.End.Hash[:], found.Blob(2))
		if judged := time.UnixMicro(found.Int(3)).UTC(); judged.After(state.At) {
			state.At = judged
		}
		return do(r, state)
	})
}

// ErrInUse is returned by Fill while other processes use the database.
var ErrInUse = errors.New("servers are running on the database")

// fillerName is what the process that fills a database calls itself there.
const fillerName = appName + " restore"

// Fill opens a store that nobody uses, fills it, and closes it. All of it is one
// transaction: when it fails, or the process dies, the store is as it was. A server
// that is started meanwhile waits for the end of it.
func Fill(ctx context.Context, o Options, f *tables.Fill) (err error) {
	o.appName = fillerName
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	c, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close(unbounded)) }()
	t := newTx(s, c)
	if err := t.begin(ctx); err != nil {
		return err
	}
	if err := t.fill(ctx, f); err != nil {
		return errors.Join(err, t.rollback(unbounded))
	}
	s.know(t.epoch)
	return nil
}

func (t *tx) fill(ctx context.Context, f *tables.Fill) error {
	if _, err := t.conn.Exec(ctx, patient); err != nil {
		return err
	}
	if err := t.alone(ctx); err != nil {
		return err
	}
	into := filler{reader{ctx, t.conn}, t.conn}
	state, err := f.Do(ctx, into, tables.State{Epoch: t.epoch, At: t.at}, t.store.keys)
	if err != nil {
		return err
	}
	t.epoch, t.head.at = state.Epoch, max(t.head.at, state.At.UnixMicro())
	t.at = time.UnixMicro(t.head.at).UTC().Truncate(time.Millisecond)
	t.chain.SetHead(state.End)
	t.Exec("UPDATE head SET epoch = ?", t.epoch)
	t.Append(f.Event)
	return t.commit(unbounded)
}

// leaving is how long the server may take to notice that a process has ended.
const leaving = 3 * time.Second

// alone returns ErrInUse while other processes are connected. It waits for those that
// have just ended.
func (t *tx) alone(ctx context.Context) error {
	const others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"
	for deadline := time.Now().Add(leaving); ; { //nolint:forbidigo // how long it is, by the monotonic clock
		var count int
		if err := t.conn.QueryRow(ctx, others, appName).Scan(&count); err != nil {
			return fmt.Errorf("look for other processes: %w", err)
		}
		switch {
		case count == 0:
			return nil
		case time.Now().After(deadline): //nolint:forbidigo // as above
			return fmt.Errorf("%w: stop them first (%d connections are open)", ErrInUse, count)
		}
		// A transaction sees them as they were when it looked first, unless it asks anew.
		if _, err := t.conn.Exec(ctx, "SELECT pg_stat_clear_snapshot(), pg_sleep(0.05)"); err != nil {
			return fmt.Errorf("wait for other processes: %w", err)
		}
	}
}

// filler fills the database within a transaction.
type filler struct {
	reader
	conn *pgx.Conn
}

// Empty removes all rows.
func (f filler) Empty() error {
	names := make([]string, len(tables.Schema))
	for i := range tables.Schema {
		names[i] = tables.Schema[i].Name
	}
	_, err := f.conn.Exec(f.ctx, "TRUNCATE "+strings.Join(names, ", "))
	return err
}

// Insert stores rows.
func (f filler) Insert(t *tables.Table, rows []tables.Row) error {
	source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
		values := make([]any, len(rows[i]))
		for n, v := range rows[i] {
			values[n] = v
		}
		return values, nil
	})
	_, err := f.conn.CopyFrom(f.ctx, pgx.Identifier{t.Name}, t.Columns, source)
	return err
}

// Received reports whether the database has taken over a store whose log ended there.
func Received(ctx context.Context, o Options, end signon.ChainHead) (received bool, err error) {
	s, err := Open(ctx, o)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	events, err := s.Events(ctx, max(end.Seq-1, 0), 2)
	if err != nil {
		return false, err
	}
	if end.Seq > 0 {
		if len(events) == 0 || events[0].Seq != end.Seq || events[0].Hash != end.Hash {
			return false, nil
		}
		events = events[1:]
	}
	if len(events) == 0 {
		return false, nil
	}
	e, err := events[0].Event()
	return err == nil && e.Type == signon.EventMoved, err
}
