package sqlite

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// CreateGrant stores a live grant. See [signon.GrantStore].
func (s *Store) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	c := tables.NewCreation(g, e, reply)
	o := newOp(ctx, func(t *tx) error { return c.Do(t) })
	stored := tables.StoredGrant(g)
	o.committed = func() {
		stored.Epoch = c.Epoch
		s.recent.Remember(stored)
	}
	err := s.await(o, "create grant")
	if err == nil {
		g.Epoch = c.Epoch
	}
	return err
}

// Grant returns the grant with that key. See [signon.GrantStore].
func (s *Store) Grant(ctx context.Context, key signon.GrantKey) (signon.Grant, error) {
	if s.swept.Gone(key) {
		return signon.Grant{}, signon.ErrNotFound
	}
	if g, ok := s.recent.Find(key); ok {
		return g, nil
	}
	return s.ReadGrant(ctx, key)
}

// GrantHint is Grant: nobody but this process changes grants. See
// [signon.GrantStore].
func (s *Store) GrantHint(ctx context.Context, key signon.GrantKey) (signon.Grant, error) {
	return s.Grant(ctx, key)
}

// Grants returns grants in the order of their keys. See [signon.GrantStore].
func (s *Store) Grants(ctx context.Context, after signon.GrantKey, limit int) ([]signon.Grant, error) {
	return s.ListGrants(ctx, s.swept.After(after), limit)
}

// RedeemGrant redeems a grant at most once. See [signon.GrantStore].
func (s *Store) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	q := tables.NewRedemption(r, s.swept.Gone)
	if err := s.changeGrant(ctx, "redeem grant", q.Key, func(t *tx) error { return q.Do(t) }); err != nil {
		return signon.RedeemOutcome{}, err
	}
	return q.Outcome, nil
}

// RevokeGrant ends a grant and its session. See [signon.GrantStore].
func (s *Store) RevokeGrant(ctx context.Context, key signon.GrantKey, e *signon.Event) (bool, error) {
	var ended bool // the writer's own until it has answered
	err := s.changeGrant(ctx, "revoke grant", key, func(t *tx) (err error) {
		ended, err = tables.RevokeGrant(t, key, s.swept.Gone(key), e)
		return err
	})
	if err != nil {
		return false, err
	}
	return ended, nil
}

// ExpireGrant has a grant expire now that would later. It writes no event: it is
// for a sandbox. ErrNotFound when no grant has that key.
func (s *Store) ExpireGrant(ctx context.Context, key signon.GrantKey) error {
	return s.changeGrant(ctx, "expire grant", key, func(t *tx) error { return tables.ExpireGrant(t, key) })
}

// changeGrant is write for an operation that changes the grant.
func (s *Store) changeGrant(ctx context.Context, what string, key signon.GrantKey, do func(*tx) error) error {
	o := newOp(ctx, func(t *tx) error {
		s.recent.Forget(key)
		return do(t)
	})
	o.committed = func() { s.recent.Forget(key) } // it may have been stored in the same group
	return s.await(o, what)
}
