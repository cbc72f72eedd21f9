package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/store/group"
)

var _ directory.SharedStore = (*Store)(nil)

// selectChanges reads what the trigger of the table customers counts.
const selectChanges = "SELECT customer_changes FROM head"

// trusted is how long a process trusts what it knows of changes to customers. Whoever
// changes one answers only when that has passed, so that every other process knows of
// it, too, by then: each group that is committed tells, and a look-up where none was.
const trusted = 50 * time.Millisecond

// customerChanges is how often customers had been changed, when somebody asked for
// that at an instant of this process's own clock.
type customerChanges struct {
	count int64
	asked time.Time
}

// noteChanges notes an answer, unless a later one is known.
func (s *Store) noteChanges(count int64, asked time.Time) {
	next := &customerChanges{count, asked}
	for {
		last := s.changes.Load()
		if last != nil && !asked.After(last.asked) || s.changes.CompareAndSwap(last, next) {
			return
		}
	}
}

// CustomerChanges returns how often customers were changed. Who must ask the database
// for that shares one round trip with all who do at the same time, and with those who
// look for a grant. See [directory.SharedStore].
func (s *Store) CustomerChanges(ctx context.Context) (int64, error) {
	if err := s.ready(ctx, "read customer changes"); err != nil {
		return 0, err
	}
	if last := s.changes.Load(); last != nil && time.Since(last.asked) < trusted { //nolint:forbidigo // how long it is, by the monotonic clock
		return last.count, nil
	}
	wanted := &lookup{Op: group.New(ctx), counts: true}
	if err := s.lookups.wait(wanted, "read customer changes"); err != nil {
		return 0, err
	}
	return wanted.changes, nil
}

// queueChanges asks for the count when somebody wants it.
func (s *Store) queueChanges(b *pgx.Batch, wanted []*lookup) {
	needed := false
	for _, w := range wanted {
		needed = needed || w.counts
	}
	if !needed {
		return
	}
	asked := time.Now() //nolint:forbidigo // to be compared with itself
	b.Queue(selectChanges).QueryRow(func(row pgx.Row) error {
		var changes int64
		if err := row.Scan(&changes); err != nil {
			return err
		}
		for _, w := range wanted {
			w.changes = changes
		}
		s.noteChanges(changes, asked)
		return nil
	})
}
