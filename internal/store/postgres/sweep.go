package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// scanPerRemoval is how many rows a step of Sweep looks at for each session that it
// may remove.
const scanPerRemoval = 16

const (
	grantsOver = "SELECT key FROM grants WHERE key > ? AND key < ? ORDER BY key LIMIT ?"
	// sessionsThere looks at the next rows, and tells which hold sessions that are over,
	// up to some of them, and in the end which row was the last and how many they were.
	sessionsThere = `WITH looked AS MATERIALIZED (SELECT key, session_secret IS NOT NULL AND (session_expires_at < ?1 OR session_ended_at < ?1) AS gone
FROM grants WHERE key > ?2 ORDER BY key LIMIT ?3)
(SELECT key, 0 FROM looked WHERE gone ORDER BY key LIMIT ?4) UNION ALL
(SELECT key, (SELECT count(*) FROM looked) FROM looked ORDER BY key DESC LIMIT 1)`
	dropGrants  = "DELETE FROM grants WHERE key = ANY($1) AND session_secret IS NULL"
	dropSession = "DELETE FROM grants WHERE key = ANY($1) AND key <= $2"
	// clearSession leaves the grant, of which the sweep has not come to the end.
	clearSession = "UPDATE grants SET session_secret = NULL, session_expires_at = NULL, session_ended_at = NULL WHERE key = ANY($1) AND key > $2"
)

// sweepKey is whose lease whoever sweeps has, for sweepTime at most. What two sweep
// at the same time is gone once.
var sweepKey = signon.ReplyKey([]byte("latchkey: one process sweeps...."))

const sweepTime = time.Minute

// Sweep removes what is long over, unless another process is doing that just now.
// See [signon.GrantStore].
func (s *Store) Sweep(ctx context.Context, below signon.GrantKey, sessionsExpiredBefore time.Time, limit int) (n int, err error) {
	if err := s.ready(ctx, "sweep"); err != nil {
		return 0, err
	}
	until := s.Now().Add(sweepTime)
	alone, err := s.leases.take(ctx, "sweep", sweepKey, until)
	if err != nil || !alone {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.leases.release(context.WithoutCancel(ctx), "sweep", sweepKey, until)) }()
	return s.sweep(ctx, below, sessionsExpiredBefore, limit)
}

func (s *Store) sweep(ctx context.Context, below signon.GrantKey, sessionsExpiredBefore time.Time, limit int) (int, error) {
	last, from := s.swept.Progress()
	grants, err := s.keysOf(ctx, grantsOver, last[:], below[:], int64(limit))
	if err != nil {
		return 0, err
	}
	if len(grants) > 0 {
		copy(last[:], grants[len(grants)-1])
	}
	sessions, next, err := s.sessionsOver(ctx, from, sessionsExpiredBefore, limit)
	if err != nil {
		return 0, err
	}
	replies, err := s.SweepReplies(ctx, s.Now(), limit)
	if err != nil {
		return 0, err
	}
	if err := s.remove(ctx, grants, sessions, last); err != nil {
		return 0, err
	}
	s.swept.GrantsTo(last)
	s.swept.SessionsTo(next)
	return len(grants) + len(sessions) + replies, nil
}

func (s *Store) keysOf(ctx context.Context, query string, args ...any) (keys [][]byte, err error) {
	err = engine{s}.Scan(ctx, "sweep", func(r tables.Reader) error {
		return r.Each(query, func(row tables.Row) error {
			keys = append(keys, row.Blob(0))
			return nil
		}, args...)
	})
	return keys, err
}

// sessionsOver looks at the next rows and returns the sessions among them that are
// over, and where to go on.
func (s *Store) sessionsOver(ctx context.Context, from signon.GrantKey, before time.Time, limit int) (over [][]byte, next signon.GrantKey, err error) {
	if before.IsZero() {
		return nil, from, nil
	}
	rows, seen := int64(limit*scanPerRemoval), int64(0)
	err = engine{s}.Scan(ctx, "sweep", func(r tables.Reader) error {
		return r.Each(sessionsThere, func(row tables.Row) error {
			if n := row.Int(1); n > 0 {
				seen = n
				copy(next[:], row.Blob(0))
			} else {
				over = append(over, row.Blob(0))
			}
			return nil
		}, before.UnixMilli(), from[:], rows, int64(limit))
	})
	switch {
	case len(over) == limit:
		copy(next[:], over[limit-1])
	case seen < rows:
		next = signon.GrantKey{} // the circle is complete
	}
	return over, next, err
}

// remove removes what is over. Nothing here is judged by anybody any more, so the
// head is not needed.
func (s *Store) remove(ctx context.Context, grants, sessions [][]byte, last signon.GrantKey) error {
	if len(grants)+len(sessions) == 0 {
		return nil
	}
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return signon.Unavailable("sweep", err)
	}
	defer c.Release()
	for _, step := range []struct {
		query string
		args  []any
		rows  int
	}{
		{dropGrants, []any{grants}, len(grants)},
		{dropSession, []any{sessions, last[:]}, len(sessions)},
		{clearSession, []any{sessions, last[:]}, len(sessions)},
	} {
		if step.rows == 0 {
			continue
		}
		if _, err := c.Exec(ctx, step.query, step.args...); err != nil {
			return fault("sweep", err)
		}
	}
	return nil
}
