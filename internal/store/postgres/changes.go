package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/store/group"
)

var _ directory.SharedStore = (*Store)(nil)

// selectChanges reads what the trigger of the table customers counts.
const selectChanges = "SELECT customer_changes FROM head"

// CustomerChanges returns how often customers were changed. Who asks at the same
// time as others, or as somebody looks for a grant, shares one round trip. See
// [directory.SharedStore].
func (s *Store) CustomerChanges(ctx context.Context) (int64, error) {
	wanted := &lookup{Op: group.New(ctx), counts: true}
	if err := s.lookups.wait(wanted, "read customer changes"); err != nil {
		return 0, err
	}
	return wanted.changes, nil
}

// queueChanges asks for the count when somebody wants it.
func queueChanges(b *pgx.Batch, wanted []*lookup) {
	asked := false
	for _, w := range wanted {
		asked = asked || w.counts
	}
	if !asked {
		return
	}
	b.Queue(selectChanges).QueryRow(func(row pgx.Row) error {
		var changes int64
		err := row.Scan(&changes)
		for _, w := range wanted {
			w.changes = changes
		}
		return err
	})
}
