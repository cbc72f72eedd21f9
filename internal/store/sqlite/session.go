package sqlite

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	endSession = "UPDATE grants SET session_ended_at = ? WHERE key = ? AND session_secret IS NOT NULL AND session_ended_at IS NULL"

	sessionColumns = `SELECT key, epoch, redeemed_at, session_expires_at, session_ended_at, session_secret, about, issued_at
FROM grants WHERE session_secret IS NOT NULL `
	selectSession = sessionColumns + "AND key = ?"
	listSessions  = sessionColumns + "AND key > ? AND key <= ? ORDER BY key LIMIT ?"
)

// Session returns the session with that key. See [signon.SessionStore].
func (s *Store) Session(ctx context.Context, key signon.GrantKey) (b signon.BrowserSession, err error) {
	err = s.readers.read(ctx, "read session", func(c *conn) error {
		found, err := c.one(selectSession, key[:])
		if err != nil {
			return err
		}
		if found == nil {
			return signon.ErrNotFound
		}
		b, err = found.session()
		return err
	})
	return b, err
}

// EndSession ends a session. See [signon.SessionStore].
func (s *Store) EndSession(ctx context.Context, key signon.GrantKey, e *signon.Event) (bool, error) {
	var ended bool // the writer's own until it has answered
	err := s.write(ctx, "end session", func(t *tx) error {
		if ended = t.exec(endSession, t.now(), key[:]) > 0; ended {
			t.append(e)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	return ended, nil
}

// Sessions returns sessions in the order of their keys. See [signon.SessionStore].
func (s *Store) Sessions(ctx context.Context, after, last signon.GrantKey, limit int) (sessions []signon.BrowserSession, err error) {
	err = s.readers.scan(ctx, "list sessions", func(c *conn) error {
		return c.each(listSessions, func(r row) error {
			b, err := r.session()
			sessions = append(sessions, b)
			return err
		}, after[:], last[:], int64(limit))
	})
	return sessions, err
}

// session reads a row of sessionColumns.
func (r row) session() (signon.BrowserSession, error) {
	a, err := unpackAbout(r.blob(6))
	if err != nil {
		return signon.BrowserSession{}, err
	}
	b := signon.BrowserSession{
		Tenant: a.tenant, Client: a.client, Destination: a.destination, SubjectKind: a.kind, Subject: a.subject,
		Target: a.target, Language: a.language,
		Epoch: r.int(1), StartedAt: r.instant(2), ExpiresAt: r.instant(3), EndedAt: r.instant(4), IssuedAt: r.instant(7),
	}
	if copy(b.Key[:], r.blob(0)) != len(b.Key) || copy(b.Secret[:], r.blob(5)) != len(b.Secret) {
		return b, fmt.Errorf("the key of a session has %d bytes, its secret %d", len(r.blob(0)), len(r.blob(5)))
	}
	return b, nil
}
