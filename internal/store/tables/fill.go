package tables

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Filler puts rows into a store, in one transaction that nobody sees before it is
// committed. Its reader sees them.
type Filler interface {
	Reader
	// Insert stores rows of a table, with the columns that it names.
	Insert(t *Table, rows []Row) error
	// Empty removes all rows of all tables of the Schema.
	Empty() error
}

// Fill fills a store that nobody uses.
type Fill struct {
	// Replace lets the store have rows already, which are removed.
	Replace bool
	// Load puts the rows there and returns the state that belongs to them.
	Load func(Filler) (State, error)
	// Raise makes all live grants and sessions void. It is left out only when the
	// store that the rows are from is never used again.
	Raise bool
	// Committing, unless nil, is called when all rows are there, just before they are
	// committed.
	Committing func(Reader) error
	// Event is appended to the log in the end.
	Event *signon.Event
}

// ErrNotEmpty is returned by what fills a store that has rows already.
var ErrNotEmpty = errors.New("the store is not empty")

// Do fills the store and returns the state that it is in then, but for the event:
// known is the state before. Nothing counts when there is an error.
func (f *Fill) Do(ctx context.Context, into Filler, known State, keys *signon.Keyring) (State, error) {
	if f.Replace {
		if err := into.Empty(); err != nil {
			return State{}, fmt.Errorf("empty the store: %w", err)
		}
	}
	if err := checkEmpty(into); err != nil {
		return State{}, err
	}
	s, err := f.Load(into)
	if err != nil {
		return s, err
	}
	if err := check(ctx, into, s.End, keys); err != nil {
		return s, err
	}
	if f.Committing != nil {
		if err := f.Committing(into); err != nil {
			return s, err
		}
	}
	s.Epoch = max(s.Epoch, known.Epoch)
	if f.Raise {
		s.Epoch++
	}
	if s.At.Before(known.At) {
		s.At = known.At
	}
	return s, nil
}

// checkEmpty returns ErrNotEmpty when a table has rows.
func checkEmpty(r Reader) error {
	for _, t := range Schema {
		found, err := r.One("SELECT 1 FROM " + t.Name + " LIMIT 1")
		if err != nil {
			return fmt.Errorf("look into table %s: %w", t.Name, err)
		}
		if found != nil {
			return fmt.Errorf("%w: it has %s", ErrNotEmpty, t.Name)
		}
	}
	return nil
}

// check refuses rows that the store could not work with: an audit log that is not
// whole, or does not end there, and values that don't open under the keys.
func check(ctx context.Context, r Reader, end signon.ChainHead, keys *signon.Keyring) error {
	if _, err := keys.VerifyAudit(ctx, readLog{r: r, keys: keys}, end, nil); err != nil {
		return fmt.Errorf("check the audit log: %w", err)
	}
	last, err := r.One("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return fmt.Errorf("read the end of the audit log: %w", err)
	}
	if last != nil && (last.Int(0) != end.Seq || string(last.Blob(1)) != string(end.Hash[:])) {
		return fmt.Errorf("check the audit log: it ends with event %d instead of %d", last.Int(0), end.Seq)
	}
	s := &Tables{keys: keys}
	if _, err := s.readTenants(r); err != nil {
		return fmt.Errorf("check sealed values: %w", err)
	}
	for i := range sealedColumns {
		if err := s.checkSeals(r, &sealedColumns[i]); err != nil {
			return fmt.Errorf("check sealed values: %w", err)
		}
	}
	return nil
}

func (s *Tables) checkSeals(r Reader, c *sealedColumn) error {
	return r.Each(c.list, func(row Row) error {
		_, err := s.keys.Open(row.Blob(3), c.place(signon.TenantID(row.Text(1)), row))
		return err
	}, int64(0), int64(1<<62))
}

// readLog is the audit log that a reader sees.
type readLog struct {
	signon.AuditStore
	r    Reader
	keys *signon.Keyring
}

// AuditStart returns the last event that was removed.
func (l readLog) AuditStart(context.Context) (signon.ChainHead, error) {
	found, err := l.r.One(selectStart)
	if err != nil {
		return signon.ChainHead{}, err
	}
	return openStart(l.keys, found)
}

// Events returns events in order.
func (l readLog) Events(_ context.Context, after int64, limit int) ([]signon.ChainedEvent, error) {
	return readEvents(l.r, after, limit)
}
