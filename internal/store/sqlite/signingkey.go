package sqlite

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
func (s *Store) AddKey(ctx context.Context, k *signon.SigningKey, retireOthers time.Time, e *signon.Event) error {
	sealed := s.keys.Seal([]byte(k.Secret.Reveal()), keyPlace(k.Tenant, k.Owner, k.ID))
	tenant, owner, id := string(k.Tenant), k.Owner, k.ID
	created, signs, retires := k.CreatedAt.UnixMilli(), k.SignsFrom.UnixMilli(), orNever(k.RetiresAt)
	return s.write(ctx, "add key", func(t *tx) error {
		others := retireOthers.IsZero() || retireOthers.UnixMilli() > t.now() // stay for a while
		if others && t.exists(fullKeys, tenant, owner, id, t.now(), int64(signon.MaxKeys)) {
			return signon.ErrKeysFull
		}
		if t.exec(insertKey, tenant, owner, id, sealed, created, signs, retires) == 0 {
			return signon.ErrConflict
		}
		if !retireOthers.IsZero() {
			at := retireOthers.UnixMilli()
			t.exec(retireKeys, at, tenant, owner, id, at)
		}
		t.exec(dropKeys, tenant, owner, t.now())
		t.append(e)
		return nil
	})
}

// SigningKeys returns an owner's keys. See [signon.KeyStore].
func (s *Store) SigningKeys(ctx context.Context, tenant signon.TenantID, owner string) ([]signon.SigningKey, error) {
	return readAll(ctx, s, "read keys", s.signingKey, selectKeys, string(tenant), owner)
}

// signingKey reads a row of selectKeys.
func (s *Store) signingKey(r row) (signon.SigningKey, error) {
	k := signon.SigningKey{
		Tenant: signon.TenantID(r.text(0)), Owner: r.text(1), ID: r.text(2),
		CreatedAt: r.instant(4), SignsFrom: r.instant(5), RetiresAt: r.instant(6),
	}
	secret, err := s.keys.Open(r.blob(3), keyPlace(k.Tenant, k.Owner, k.ID))
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
	voidDestination = `INSERT INTO voided (tenant, destination, before) VALUES (?, ?, ? + 1)
ON CONFLICT (tenant, destination) DO UPDATE SET before = max(excluded.before, before + 1)`
	selectVoided = "SELECT before FROM voided WHERE tenant = ? AND destination = ?"
)

// VoidDestination voids what was issued for a destination. See
// [signon.VoidStore].
func (s *Store) VoidDestination(ctx context.Context, tenant signon.TenantID, destination string, e *signon.Event) error {
	return s.write(ctx, "void destination", func(t *tx) error {
		t.exec(voidDestination, string(tenant), destination, t.now())
		t.append(e)
		return nil
	})
}

// VoidedBefore returns a destination's mark. See [signon.VoidStore].
func (s *Store) VoidedBefore(ctx context.Context, tenant signon.TenantID, destination string) (before time.Time, err error) {
	err = s.readers.read(ctx, "read mark", func(c *conn) error {
		found, err := c.one(selectVoided, string(tenant), destination)
		if found != nil {
			before = found.instant(0)
		}
		return err
	})
	return before, err
}
