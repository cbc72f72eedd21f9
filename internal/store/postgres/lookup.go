package postgres

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// lookupsAtOnce is how many groups of look-ups are under way at a time.
const lookupsAtOnce = 2

// selectRows finds rows of grants, with their sessions, for all who wait.
const selectRows = "SELECT " + tables.GrantColumns + ", " + tables.SessionColumns + " FROM grants WHERE key = ANY($1)"

var grantColumnCount = strings.Count(tables.GrantColumns, ",") + 1

// cutRow cuts a row of selectRows into those of the grant and of its session, which
// is nil when there is none.
func cutRow(r tables.Row) (grant, session tables.Row) {
	const secret = 5 // in SessionColumns
	if grant, session = r[:grantColumnCount], r[grantColumnCount:]; session.Blob(secret) == nil {
		session = nil
	}
	return grant, session
}

// lookup is somebody who waits for a row of grants, or for how often customers were
// changed.
type lookup struct {
	group.Op
	key     signon.GrantKey
	found   tables.Row
	counts  bool // the changes are wanted, and not a row
	changes int64
}

// lookups finds rows by key: all who wait at a moment share one statement.
type lookups struct {
	store   *Store
	queue   *group.Queue[*lookup]
	serving sync.WaitGroup
}

func newLookups(s *Store) *lookups { return &lookups{store: s, queue: group.NewQueue[*lookup]()} }

func (l *lookups) start() {
	for range lookupsAtOnce {
		l.serving.Go(l.serve)
	}
}

func (l *lookups) stop() {
	l.queue.Stop()
	l.serving.Wait()
}

// find returns the row with that key, grant first, or signon.ErrNotFound.
func (l *lookups) find(ctx context.Context, what string, key signon.GrantKey) (tables.Row, error) {
	wanted := &lookup{Op: group.New(ctx), key: key}
	if err := l.wait(wanted, what); err != nil {
		return nil, err
	}
	if wanted.found == nil {
		return nil, signon.ErrNotFound
	}
	return wanted.found, nil
}

// wait has a look-up done.
func (l *lookups) wait(wanted *lookup, what string) error {
	answered, err := l.queue.Do(wanted)
	if !answered {
		return signon.Unavailable(what, err)
	}
	return fault(what, err)
}

func (l *lookups) serve() {
	var wanted []*lookup
	for more := true; more; {
		if wanted, more = l.queue.Next(wanted, maxGroup); len(wanted) > 0 {
			err := l.read(wanted)
			for _, w := range wanted {
				w.Err = err
				w.Answer()
			}
		}
	}
}

func (l *lookups) read(wanted []*lookup) error {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	c, err := l.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	var b pgx.Batch
	l.store.queueChanges(&b, wanted)
	queueRows(&b, wanted)
	return c.SendBatch(ctx, &b).Close()
}

// queueRows asks for the rows that are wanted.
func queueRows(b *pgx.Batch, wanted []*lookup) {
	byKey := make(map[signon.GrantKey][]*lookup, len(wanted))
	keys := make([][]byte, 0, len(wanted))
	for _, w := range wanted {
		if w.counts {
			continue
		}
		if byKey[w.key] == nil {
			keys = append(keys, w.key[:])
		}
		byKey[w.key] = append(byKey[w.key], w)
	}
	if len(keys) == 0 {
		return
	}
	b.Queue(selectRows, keys).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			r, err := values(rows)
			if err != nil {
				return err
			}
			var key signon.GrantKey
			copy(key[:], r.Blob(0))
			for _, w := range byKey[key] {
				w.found = r
			}
		}
		return rows.Err()
	})
}
