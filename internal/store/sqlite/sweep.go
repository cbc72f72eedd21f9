package sqlite

import (
	"bytes"
	"context"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// scanPerRemoval is how many rows a step of Sweep looks at for each session
// that it may remove.
const scanPerRemoval = 16

// Sweep removes what is long over: a reader looks, and only the removal itself is
// the writer's. See [signon.GrantStore].
func (s *Store) Sweep(ctx context.Context, below signon.GrantKey, sessionsExpiredBefore time.Time, limit int) (int, error) {
	from, round := s.swept.Progress()
	grants, sessions := grantsOver{last: from}, sessionsOver{from: round}
	err := s.readers.scan(ctx, "sweep", func(c *conn) error {
		if err := grants.find(c, below, limit); err != nil {
			return err
		}
		if sessionsExpiredBefore.IsZero() {
			sessions.next = round
			return nil
		}
		return sessions.find(c, sessionsExpiredBefore.UnixMilli(), limit)
	})
	if err != nil {
		return 0, err
	}
	at := s.Now()
	s.leases.expire(at)
	replies, err := s.SweepReplies(ctx, at, limit)
	if err != nil {
		return 0, err
	}
	if grants.count+len(sessions.keys) > 0 {
		if err := s.remove(ctx, &grants, &sessions); err != nil {
			return 0, err
		}
	}
	s.swept.SessionsTo(sessions.next)
	return grants.count + len(sessions.keys) + replies, nil
}

// grantsOver are the grants up to a key, and after those that are gone already.
type grantsOver struct {
	last  signon.GrantKey
	count int
}

// find finds the next grants below the key.
func (g *grantsOver) find(c *conn, below signon.GrantKey, limit int) error {
	found, err := c.One("SELECT count(*), max(key) FROM (SELECT key FROM grants WHERE key > ? AND key < ? ORDER BY key LIMIT ?)",
		g.last[:], below[:], int64(limit))
	if err != nil {
		return err
	}
	g.count = int(found.Int(0))
	copy(g.last[:], found.Blob(1))
	return nil
}

// sessionsOver are sessions that are over, and where to look next.
type sessionsOver struct {
	from, next signon.GrantKey
	keys       [][]byte
}

const (
	// sessionIsOver holds for sessions that ended or expired before an instant,
	// named twice. They stay over until they are removed: such a session never
	// lives again.
	sessionIsOver = "session_secret IS NOT NULL AND (session_expires_at < ? OR session_ended_at < ?)"
	// countOver looks at the next rows; listOver lists what it found there.
	countOver = "SELECT count(*), max(key), sum(gone) FROM (SELECT key, " + sessionIsOver + " AS gone FROM grants WHERE key > ? ORDER BY key LIMIT ?)"
	listOver  = "SELECT key FROM grants WHERE " + sessionIsOver + " AND key > ? AND key <= ? ORDER BY key LIMIT ?"
)

// find finds sessions that ended or expired before the instant.
func (o *sessionsOver) find(c *conn, before int64, limit int) error {
	rows := int64(limit) * scanPerRemoval
	seen, err := c.One(countOver, before, before, o.from[:], rows)
	if err != nil {
		return err
	}
	if seen.Int(0) == rows {
		copy(o.next[:], seen.Blob(1)) // else the circle is complete
	}
	if seen.Int(2) == 0 {
		return nil
	}
	return c.Each(listOver, func(r tables.Row) error {
		if o.keys = append(o.keys, r.Blob(0)); len(o.keys) == limit {
			copy(o.next[:], r.Blob(0))
		}
		return nil
	}, before, before, o.from[:], seen.Blob(1), int64(limit))
}

const (
	// dropGrants removes rows of grants that were never redeemed, or whose
	// sessions were removed; where a session is, the row stays for it.
	dropGrants = "DELETE FROM grants WHERE key > ? AND key <= ? AND session_secret IS NULL"
	// dropSession removes the row of a session whose grant is gone, clearSession
	// the session alone.
	dropSession  = "DELETE FROM grants WHERE key = ?"
	clearSession = "UPDATE grants SET session_secret = NULL, session_expires_at = NULL, session_ended_at = NULL WHERE key = ?"
)

// remove removes grants and sessions that are over.
func (s *Store) remove(ctx context.Context, grants *grantsOver, sessions *sessionsOver) error {
	from, _ := s.swept.Progress()
	o := newOp(ctx, func(t *tx) error {
		if grants.count > 0 {
			t.Exec(dropGrants, from[:], grants.last[:])
		}
		for _, key := range sessions.keys {
			query := clearSession
			if bytes.Compare(key, grants.last[:]) <= 0 {
				query = dropSession
			}
			t.Exec(query, key)
		}
		return nil
	})
	o.committed = func() { s.swept.GrantsTo(grants.last) }
	return s.await(o, "sweep")
}
