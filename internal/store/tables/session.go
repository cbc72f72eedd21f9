package tables

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	endSession = "UPDATE grants SET session_ended_at = ? WHERE key = ? AND session_secret IS NOT NULL AND session_ended_at IS NULL"

	// SessionColumns are the columns that [Row.Session] reads, of rows of grants with
	// a session_secret.
	SessionColumns = "key, epoch, redeemed_at, session_expires_at, session_ended_at, session_secret, about, issued_at"

	sessions      = "SELECT " + SessionColumns + " FROM grants WHERE session_secret IS NOT NULL "
	selectSession = sessions + "AND key = ?"
	listSessions  = sessions + "AND key > ? AND key <= ? ORDER BY key LIMIT ?"
)

// Session returns the session with that key. See [signon.SessionStore].
func (s *Tables) Session(ctx context.Context, key signon.GrantKey) (b signon.BrowserSession, err error) {
	found, err := readOne(ctx, s, "read session", Row.Session, selectSession, key[:])
	if err != nil {
		return b, err
	}
	return *found, nil
}

// EndSession ends a session. See [signon.SessionStore].
func (s *Tables) EndSession(ctx context.Context, key signon.GrantKey, e *signon.Event) (bool, error) {
	var ended bool // the writer's own until it has answered
	err := s.engine.Write(ctx, "end session", func(t Tx) error {
		if ended = t.Exec(endSession, now(t), key[:]) > 0; ended {
			t.Append(e)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	return ended, nil
}

// Sessions returns sessions in the order of their keys. See [signon.SessionStore].
func (s *Tables) Sessions(ctx context.Context, after, last signon.GrantKey, limit int) ([]signon.BrowserSession, error) {
	return readAll(ctx, s, "list sessions", Row.Session, listSessions, after[:], last[:], int64(limit))
}

// Session reads a row of SessionColumns.
func (r Row) Session() (signon.BrowserSession, error) {
	a, err := unpackAbout(r.Blob(6))
	if err != nil {
		return signon.BrowserSession{}, err
	}
	b := signon.BrowserSession{
		Tenant: a.tenant, Client: a.client, Destination: a.destination, SubjectKind: a.kind, Subject: a.subject,
		Target: a.target, Language: a.language,
		Epoch: r.Int(1), StartedAt: r.Instant(2), ExpiresAt: r.Instant(3), EndedAt: r.Instant(4), IssuedAt: r.Instant(7),
	}
	if copy(b.Key[:], r.Blob(0)) != len(b.Key) || copy(b.Secret[:], r.Blob(5)) != len(b.Secret) {
		return b, fmt.Errorf("the key of a session has %d bytes, its secret %d", len(r.Blob(0)), len(r.Blob(5)))
	}
	return b, nil
}
