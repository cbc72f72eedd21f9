package postgres

import (
	"context"
	"strings"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// lookupsAtOnce is how many groups of look-ups are under way at a time.
const lookupsAtOnce = 2

// selectRows finds rows of grants, with their sessions, for all who wait.
const selectRows = "SELECT " + tables.GrantColumns + ", " + tables.SessionColumns + " FROM grants WHERE key = ANY($1)"

var grantColumnCount = strings.Count(tables.GrantColumns, ",") + 1

// lookup is somebody who waits for a row of grants.
type lookup struct {
	group.Op
	key   signon.GrantKey
	found tables.Row
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
	answered, err := l.queue.Do(wanted)
	switch {
	case !answered:
		return nil, signon.Unavailable(what, err)
	case err != nil:
		return nil, fault(what, err)
	case wanted.found == nil:
		return nil, signon.ErrNotFound
	}
	return wanted.found, nil
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
	byKey := make(map[signon.GrantKey][]*lookup, len(wanted))
	keys := make([][]byte, 0, len(wanted))
	for _, w := range wanted {
		if byKey[w.key] == nil {
			keys = append(keys, w.key[:])
		}
		byKey[w.key] = append(byKey[w.key], w)
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	c, err := l.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	return reader{ctx, c}.Each(selectRows, func(r tables.Row) error {
		var key signon.GrantKey
		copy(key[:], r.Blob(0))
		for _, w := range byKey[key] {
			w.found = r
		}
		return nil
	}, keys)
}
