package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const insertGrant = `INSERT INTO grants (key, state, epoch, issued_at, expires_at, bound_addr, misses, about)
VALUES (?, 0, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING`

// CreateGrant stores a live grant. See [signon.GrantStore].
func (s *Store) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	var (
		kept    = newReplyRow(reply)
		key     = g.Key
		issued  = g.IssuedAt.UnixMilli()
		expires = g.ExpiresAt.UnixMilli()
		bound   = []byte(g.BoundAddr)
		packed  = aboutGrant(g).pack()
		epoch   int64
	)
	o := newOp(ctx, func(t *tx) error {
		epoch = t.epoch
		if kept.answered(t) {
			return signon.ErrAnswered
		}
		if t.exec(insertGrant, key[:], epoch, issued, expires, orNil(bound), packed) == 0 {
			return signon.ErrConflict
		}
		kept.put(t)
		t.append(e)
		return nil
	})
	stored := storedGrant(g)
	o.committed = func() {
		stored.Epoch = epoch
		s.recent.remember(stored)
	}
	err := s.await(o, "create grant")
	if err == nil {
		g.Epoch = epoch
	}
	return err
}

// storedGrant returns a new grant as it reads from the database.
func storedGrant(g *signon.Grant) *signon.Grant {
	return &signon.Grant{
		Key: g.Key, Tenant: g.Tenant, Client: g.Client, Destination: g.Destination, SubjectKind: g.SubjectKind, Subject: g.Subject,
		Target: g.Target, Language: g.Language, BoundAddr: g.BoundAddr,
		IssuedAt: time.UnixMilli(g.IssuedAt.UnixMilli()).UTC(), ExpiresAt: time.UnixMilli(g.ExpiresAt.UnixMilli()).UTC(),
	}
}

// Grant returns the grant with that key. See [signon.GrantStore].
func (s *Store) Grant(ctx context.Context, key signon.GrantKey) (g signon.Grant, err error) {
	if s.sweeper.swept(key) {
		return g, signon.ErrNotFound
	}
	if g, ok := s.recent.find(key); ok {
		return g, nil
	}
	err = s.readers.read(ctx, "read grant", func(c *conn) error {
		found, err := c.one(selectGrant, key[:])
		if err != nil {
			return err
		}
		if found == nil {
			return signon.ErrNotFound
		}
		g, err = found.grant()
		return err
	})
	return g, err
}

// Grants returns grants in the order of their keys. See [signon.GrantStore].
func (s *Store) Grants(ctx context.Context, after signon.GrantKey, limit int) (grants []signon.Grant, err error) {
	if floor := s.sweeper.lastSwept(); bytes.Compare(after[:], floor[:]) < 0 {
		after = floor
	}
	err = s.readers.scan(ctx, "list grants", func(c *conn) error {
		return c.each(listGrants, func(r row) error {
			g, err := r.grant()
			grants = append(grants, g)
			return err
		}, after[:], int64(limit))
	})
	return grants, err
}

const (
	grantColumns = "SELECT key, state, epoch, issued_at, expires_at, bound_addr, misses, redeemed_at, binding, about FROM grants "
	selectGrant  = grantColumns + "WHERE key = ?"
	listGrants   = grantColumns + "WHERE key > ? ORDER BY key LIMIT ?"
)

// grant reads a row of grantColumns.
func (r row) grant() (signon.Grant, error) {
	a, err := unpackAbout(r.blob(9))
	if err != nil {
		return signon.Grant{}, err
	}
	g := signon.Grant{
		Tenant: a.tenant, Client: a.client, Destination: a.destination, SubjectKind: a.kind, Subject: a.subject,
		Target: a.target, Language: a.language,
		State: signon.GrantState(r.int(1)), Epoch: r.int(2), IssuedAt: r.instant(3), ExpiresAt: r.instant(4), //nolint:gosec // small
		BoundAddr: signon.AddrKey(r.blob(5)), Misses: int(r.int(6)), RedeemedAt: r.instant(7),
	}
	if copy(g.Key[:], r.blob(0)) != len(g.Key) {
		return g, fmt.Errorf("the key of a grant has %d bytes", len(r.blob(0)))
	}
	copy(g.Binding[:], r.blob(8))
	return g, nil
}

func aboutGrant(g *signon.Grant) *about {
	return &about{
		tenant: g.Tenant, client: g.Client, destination: g.Destination, kind: g.SubjectKind, subject: g.Subject,
		target: g.Target, language: g.Language,
	}
}

// changeGrant is write for an operation that changes the grant.
func (s *Store) changeGrant(ctx context.Context, what string, key signon.GrantKey, do func(*tx) error) error {
	o := newOp(ctx, func(t *tx) error {
		s.recent.forget(key)
		return do(t)
	})
	o.committed = func() { s.recent.forget(key) } // it may have been stored in the same group
	return s.await(o, what)
}

// ExpireGrant has a grant expire now that would later, as if its time were over; a
// session that it gave is not touched. It writes no event: it is for a sandbox.
// ErrNotFound when no grant has that key.
func (s *Store) ExpireGrant(ctx context.Context, key signon.GrantKey) error {
	return s.changeGrant(ctx, "expire grant", key, func(t *tx) error {
		if t.exec("UPDATE grants SET expires_at = min(expires_at, ?) WHERE key = ?", t.now(), key[:]) == 0 {
			return signon.ErrNotFound
		}
		return nil
	})
}

// RevokeGrant ends a grant and its session. See [signon.GrantStore].
func (s *Store) RevokeGrant(ctx context.Context, key signon.GrantKey, e *signon.Event) (bool, error) {
	var ended bool // the writer's own until it has answered
	err := s.changeGrant(ctx, "revoke grant", key, func(t *tx) error {
		swept := s.sweeper.swept(key)
		var grants int64
		if !swept {
			grants = t.exec("UPDATE grants SET state = ? WHERE key = ? AND state IN (?, ?)",
				int64(signon.GrantRevoked), key[:], int64(signon.GrantLive), int64(signon.GrantRedeemed))
		}
		sessions := t.exec(endSession, t.now(), key[:])
		if ended = grants+sessions > 0; ended {
			t.append(e)
			return nil
		}
		if !t.exists("SELECT 1 FROM grants WHERE key = ?", key[:]) {
			return signon.ErrNotFound
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	return ended, nil
}
