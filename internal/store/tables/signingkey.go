package tables

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertKey = `INSERT INTO signing_keys (tenant, owner, id, secret, created_at, signs_from, retires_at)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	retireKeys = `UPDATE signing_keys SET retires_at = ?
WHERE tenant = ? AND owner = ? AND id <> ? AND (retires_at IS NULL OR retires_at > ?)`
	dropKeys = "DELETE FROM signing_keys WHERE tenant = ? AND owner = ? AND retires_at <= ?"
	fullKeys = `SELECT count(*) FROM signing_keys
WHERE tenant = ? AND owner = ? AND id <> ? AND (retires_at IS NULL OR retires_at > ?) HAVING count(*) >= ?`
	selectKeys = `SELECT tenant, owner, id, secret, created_at, signs_from, retires_at FROM signing_keys
WHERE tenant = ? AND owner = ? ORDER BY created_at DESC, id`
)

// AddKey stores a key. See [signon.KeyStore].
func (s *Tables) AddKey(ctx context.Context, k *signon.SigningKey, retireOthers time.Time, e *signon.Event) error {
	sealed := s.keys.Seal([]byte(k.Secret.Reveal()), keyPlace(k.Tenant, k.Owner, k.ID))
	tenant, owner, id := string(k.Tenant), k.Owner, k.ID
	created, signs, retires := k.CreatedAt.UnixMilli(), k.SignsFrom.UnixMilli(), orNever(k.RetiresAt)
	return s.engine.Write(ctx, "add key", func(t Tx) error {
		others := retireOthers.IsZero() || retireOthers.UnixMilli() > now(t) // stay for a while
		if others && exists(t, fullKeys, tenant, owner, id, now(t), int64(signon.MaxKeys)) {
			return signon.ErrKeysFull
		}
		if t.Exec(insertKey, tenant, owner, id, sealed, created, signs, retires) == 0 {
			return signon.ErrConflict
		}
		if !retireOthers.IsZero() {
			at := retireOthers.UnixMilli()
			t.Exec(retireKeys, at, tenant, owner, id, at)
		}
		t.Exec(dropKeys, tenant, owner, now(t))
		t.Append(e)
		return nil
	})
}

// SigningKeys returns an owner's keys. See [signon.KeyStore].
func (s *Tables) SigningKeys(ctx context.Context, tenant signon.TenantID, owner string) ([]signon.SigningKey, error) {
	return readAll(ctx, s, "read keys", s.signingKey, selectKeys, string(tenant), owner)
}

// signingKey reads a row of selectKeys.
func (s *Tables) signingKey(r Row) (signon.SigningKey, error) {
	k := signon.SigningKey{
		Tenant: signon.TenantID(r.Text(0)), Owner: r.Text(1), ID: r.Text(2),
		CreatedAt: r.Instant(4), SignsFrom: r.Instant(5), RetiresAt: r.Instant(6),
	}
	secret, err := s.keys.Open(r.Blob(3), keyPlace(k.Tenant, k.Owner, k.ID))
	if err != nil {
		return k, fmt.Errorf("key %s of %s: %w", k.ID, k.Owner, err)
	}
	k.Secret = signon.Secret(secret)
	return k, nil
}

func keyPlace(tenant signon.TenantID, owner, id string) signon.Place {
	return signon.Place{Table: "signing_keys", Column: "secret", Tenant: tenant, Row: owner + "\x00" + id}
}

// orNever returns the instant as stored, nil, which means NULL, for the zero time.
func orNever(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

const (
	voidDestination = `INSERT INTO voided (tenant, destination, before) VALUES (?, ?, ?)
ON CONFLICT (tenant, destination) DO UPDATE SET before = CASE WHEN voided.before < excluded.before THEN excluded.before ELSE voided.before + 1 END`
	selectVoided = "SELECT before FROM voided WHERE tenant = ? AND destination = ?"
)

// VoidDestination voids what was issued for a destination. See
// [signon.VoidStore].
func (s *Tables) VoidDestination(ctx context.Context, tenant signon.TenantID, destination string, e *signon.Event) error {
	return s.engine.Write(ctx, "void destination", func(t Tx) error {
		t.Exec(voidDestination, string(tenant), destination, now(t)+1)
		t.Append(e)
		return nil
	})
}

// VoidedBefore returns a destination's mark. See [signon.VoidStore].
func (s *Tables) VoidedBefore(ctx context.Context, tenant signon.TenantID, destination string) (before time.Time, err error) {
	err = s.engine.Read(ctx, "read mark", func(c Reader) error {
		found, err := c.One(selectVoided, string(tenant), destination)
		if found != nil {
			before = found.Instant(0)
		}
		return err
	})
	return before, err
}
