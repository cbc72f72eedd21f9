package tables

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Creation is a grant ready to be stored, with the event that tells of it and the
// reply that is kept with it, if any.
type Creation struct {
	Key                 signon.GrantKey
	IssuedAt, ExpiresAt int64
	BoundAddr, About    []byte // About is everything that nobody judges by, packed
	Event               *signon.Event
	Epoch               int64 // that the grant got

	reply *replyRow
}

// NewCreation copies what is to be stored: the caller may be gone before it is.
func NewCreation(g *signon.Grant, e *signon.Event, reply *signon.Reply) *Creation {
	return &Creation{
		Key: g.Key, IssuedAt: g.IssuedAt.UnixMilli(), ExpiresAt: g.ExpiresAt.UnixMilli(), BoundAddr: []byte(g.BoundAddr),
		About: aboutGrant(g).pack(), Event: e, reply: newReplyRow(reply),
	}
}

// Answers reports whether a reply is kept with the grant.
func (c *Creation) Answers() bool { return c.reply != nil }

const insertGrant = `INSERT INTO grants (key, state, epoch, issued_at, expires_at, bound_addr, misses, about)
VALUES (?, 0, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING`

// Do stores the grant, as [signon.GrantStore] has it.
func (c *Creation) Do(t Tx) error {
	c.Epoch = t.Epoch()
	if c.reply.answered(t) {
		return signon.ErrAnswered
	}
	if t.Exec(insertGrant, c.Key[:], c.Epoch, c.IssuedAt, c.ExpiresAt, OrNil(c.BoundAddr), c.About) == 0 {
		return signon.ErrConflict
	}
	c.reply.put(t)
	t.Append(c.Event)
	return nil
}

// StoredGrant returns a new grant as it reads from the database.
func StoredGrant(g *signon.Grant) *signon.Grant {
	return &signon.Grant{
		Key: g.Key, Tenant: g.Tenant, Client: g.Client, Destination: g.Destination, SubjectKind: g.SubjectKind, Subject: g.Subject,
		Target: g.Target, Language: g.Language, BoundAddr: g.BoundAddr,
		IssuedAt: time.UnixMilli(g.IssuedAt.UnixMilli()).UTC(), ExpiresAt: time.UnixMilli(g.ExpiresAt.UnixMilli()).UTC(),
	}
}

const (
	// GrantColumns are the columns that [Row.Grant] reads.
	GrantColumns = "key, state, epoch, issued_at, expires_at, bound_addr, misses, redeemed_at, binding, about"

	selectGrant = "SELECT " + GrantColumns + " FROM grants WHERE key = ?"
	listGrants  = "SELECT " + GrantColumns + " FROM grants WHERE key > ? ORDER BY key LIMIT ?"
)

// ReadGrant returns the grant with that key, or signon.ErrNotFound.
func (s *Tables) ReadGrant(ctx context.Context, key signon.GrantKey) (g signon.Grant, err error) {
	found, err := readOne(ctx, s, "read grant", Row.Grant, selectGrant, key[:])
	if err != nil {
		return g, err
	}
	return *found, nil
}

// ListGrants returns up to limit grants with keys greater than after.
func (s *Tables) ListGrants(ctx context.Context, after signon.GrantKey, limit int) ([]signon.Grant, error) {
	return readAll(ctx, s, "list grants", Row.Grant, listGrants, after[:], int64(limit))
}

// Grant reads a row of GrantColumns.
func (r Row) Grant() (signon.Grant, error) {
	a, err := unpackAbout(r.Blob(9))
	if err != nil {
		return signon.Grant{}, err
	}
	g := signon.Grant{
		Tenant: a.tenant, Client: a.client, Destination: a.destination, SubjectKind: a.kind, Subject: a.subject,
		Target: a.target, Language: a.language,
		State: signon.GrantState(r.Int(1)), Epoch: r.Int(2), IssuedAt: r.Instant(3), ExpiresAt: r.Instant(4), //nolint:gosec // small
		BoundAddr: signon.AddrKey(r.Blob(5)), Misses: int(r.Int(6)), RedeemedAt: r.Instant(7),
	}
	if copy(g.Key[:], r.Blob(0)) != len(g.Key) {
		return g, fmt.Errorf("the key of a grant has %d bytes", len(r.Blob(0)))
	}
	copy(g.Binding[:], r.Blob(8))
	return g, nil
}

func aboutGrant(g *signon.Grant) *about {
	return &about{
		tenant: g.Tenant, client: g.Client, destination: g.Destination, kind: g.SubjectKind, subject: g.Subject,
		target: g.Target, language: g.Language,
	}
}

// ExpireGrant has a grant expire at the transaction's instant that would later, as
// if its time were over; a session that it gave is not touched. ErrNotFound when no
// grant has that key.
func ExpireGrant(t Tx, key signon.GrantKey) error {
	if t.Exec("UPDATE grants SET expires_at = CASE WHEN expires_at < ?1 THEN expires_at ELSE ?1 END WHERE key = ?2", now(t), key[:]) == 0 {
		return signon.ErrNotFound
	}
	return nil
}

// RevokeGrant ends a grant, unless it is gone already, and its session, as
// [signon.GrantStore] has it.
func RevokeGrant(t Tx, key signon.GrantKey, gone bool, e *signon.Event) (ended bool, err error) {
	var grants int64
	if !gone {
		grants = t.Exec("UPDATE grants SET state = ? WHERE key = ? AND state IN (?, ?)",
			int64(signon.GrantRevoked), key[:], int64(signon.GrantLive), int64(signon.GrantRedeemed))
	}
	sessions := t.Exec(endSession, now(t), key[:])
	if grants+sessions > 0 {
		t.Append(e)
		return true, nil
	}
	if !exists(t, "SELECT 1 FROM grants WHERE key = ?", key[:]) {
		return false, signon.ErrNotFound
	}
	return false, nil
}
