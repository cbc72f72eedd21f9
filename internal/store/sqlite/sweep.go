package sqlite

import (
	"context"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// scanPerRemoval is how many sessions a step of Sweep looks at for each one
// that it may remove.
const scanPerRemoval = 8

// sweeper remembers how far the sessions have been looked through.
//
// Grants go by key range: they lie in the order in which they expire. Sessions
// lie in the order in which their grants expired, and one of a day may precede
// one of a minute. So they are looked through in a circle, a bounded number per
// step, by a reader, so that a step costs the same beside a thousand live
// sessions and beside millions; only the removal itself is the writer's.
type sweeper struct {
	mu sync.Mutex
	at signon.GrantKey
}

// Sweep removes what is long over. See [signon.GrantStore].
func (s *Store) Sweep(ctx context.Context, below signon.GrantKey, sessionsExpiredBefore time.Time, limit int) (int, error) {
	over, err := s.sessionsOver(ctx, sessionsExpiredBefore.UnixMilli(), limit)
	if err != nil {
		return 0, err
	}
	var removed int64 // the writer's own until it has answered
	err = s.write(ctx, "sweep", func(t *tx) error {
		s.recent.forgetBelow(below)
		removed = t.exec("DELETE FROM grants WHERE key IN (SELECT key FROM grants WHERE key < ? ORDER BY key LIMIT ?)", below[:], int64(limit))
		for _, key := range over {
			removed += t.exec("DELETE FROM sessions WHERE key = ?", key)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(removed), nil
}

// sessionsOver returns the keys of sessions that ended or expired before the
// instant, from the place where the step before stopped. That stays true until
// they are removed: a session that is over never lives again.
func (s *Store) sessionsOver(ctx context.Context, before int64, limit int) (over [][]byte, err error) {
	s.sweeper.mu.Lock()
	defer s.sweeper.mu.Unlock()
	scan := int64(limit) * scanPerRemoval
	var seen int64
	last := s.sweeper.at
	err = s.readers.read(ctx, "sweep", func(c *conn) error {
		return c.each("SELECT key, expires_at < ?1 OR ended_at < ?1 FROM sessions WHERE key > ?2 ORDER BY key LIMIT ?3", func(r row) error {
			seen++
			copy(last[:], r.blob(0))
			if r.int(1) == 1 {
				over = append(over, r.blob(0))
			}
			if len(over) == limit {
				return errEnough
			}
			return nil
		}, before, s.sweeper.at[:], scan)
	})
	if err != nil {
		return nil, err
	}
	if seen < scan && len(over) < limit {
		last = signon.GrantKey{} // the end: around again
	}
	s.sweeper.at = last
	return over, nil
}
