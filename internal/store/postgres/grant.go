package postgres

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// CreateGrant stores a live grant. See [signon.GrantStore].
func (s *Store) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	c := tables.NewCreation(g, e, reply)
	o := newOp(ctx, c.Do)
	if !c.Answers() {
		o.create = c
	}
	stored := tables.StoredGrant(g)
	o.committed = func() {
		stored.Epoch = c.Epoch
		s.recent.Remember(stored)
	}
	err := s.committer.write(o, "create grant")
	if err == nil {
		g.Epoch = c.Epoch
	}
	return err
}

// RedeemGrant redeems a grant at most once. See [signon.GrantStore].
func (s *Store) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	q := tables.NewRedemption(r, s.swept.Gone)
	o := s.changing(ctx, r.Key, q.Do)
	o.redeem = q
	if err := s.committer.write(o, "redeem grant"); err != nil {
		return signon.RedeemOutcome{}, err
	}
	return q.Outcome, nil
}

// RevokeGrant ends a grant and its session. See [signon.GrantStore].
func (s *Store) RevokeGrant(ctx context.Context, key signon.GrantKey, e *signon.Event) (bool, error) {
	var ended bool // the committer's own until it has answered
	err := s.committer.write(s.changing(ctx, key, func(t tables.Tx) (err error) {
		ended, err = tables.RevokeGrant(t, key, s.swept.Gone(key), e)
		return err
	}), "revoke grant")
	if err != nil {
		return false, err
	}
	return ended, nil
}

// ExpireGrant has a grant expire now that would later. It writes no event: it is
// for a sandbox. ErrNotFound when no grant has that key.
func (s *Store) ExpireGrant(ctx context.Context, key signon.GrantKey) error {
	return s.committer.write(s.changing(ctx, key, func(t tables.Tx) error { return tables.ExpireGrant(t, key) }), "expire grant")
}

// changing is newOp for an operation that changes the grant.
func (s *Store) changing(ctx context.Context, key signon.GrantKey, do func(tables.Tx) error) *op {
	s.recent.Forget(key)
	o := newOp(ctx, do)
	o.committed = func() { s.recent.Forget(key) } // it may have been stored in the same group
	return o
}

// GrantHint returns the grant as this process stored it, if that was lately. See
// [signon.GrantStore].
func (s *Store) GrantHint(ctx context.Context, key signon.GrantKey) (signon.Grant, error) {
	if g, ok := s.recent.Find(key); ok && !s.swept.Gone(key) {
		return g, s.ready(ctx, "read grant")
	}
	return s.Grant(ctx, key)
}

// Grant returns the grant with that key. See [signon.GrantStore].
func (s *Store) Grant(ctx context.Context, key signon.GrantKey) (g signon.Grant, err error) {
	if s.swept.Gone(key) {
		return g, signon.ErrNotFound
	}
	found, err := s.lookups.find(ctx, "read grant", key)
	if err != nil {
		return g, err
	}
	if g, err = found.Grant(); err == nil && g.State != signon.GrantLive {
		err = s.confirm(ctx, "read grant")
	}
	return g, err
}

// Session returns the session with that key. See [signon.SessionStore].
func (s *Store) Session(ctx context.Context, key signon.GrantKey) (b signon.BrowserSession, err error) {
	found, err := s.lookups.find(ctx, "read session", key)
	if err != nil {
		return b, err
	}
	_, session := cutRow(found)
	if session == nil {
		return b, signon.ErrNotFound
	}
	if b, err = session.Session(); err == nil && !b.EndedAt.IsZero() {
		err = s.confirm(ctx, "read session")
	}
	return b, err
}

// confirm makes sure that what was read as over, or as answered, is so at the
// synchronous standby, too, where there is one: a commit that was cancelled while it
// waited for the standby can be read, and nobody must be told what a failover would
// take back.
func (s *Store) confirm(ctx context.Context, what string) error {
	if last := s.acked.Load(); last == nil || !last.waited() {
		return nil
	}
	return s.committer.write(newOp(ctx, func(tables.Tx) error { return nil }), what)
}

// Confirm commits, so that what was read before is at the synchronous standby. See
// [signon.Store].
func (s *Store) Confirm(ctx context.Context) error {
	if err := s.ready(ctx, "confirm"); err != nil {
		return err
	}
	return s.confirm(ctx, "confirm")
}

// Grants returns grants in the order of their keys. See [signon.GrantStore].
func (s *Store) Grants(ctx context.Context, after signon.GrantKey, limit int) ([]signon.Grant, error) {
	return s.ListGrants(ctx, s.swept.After(after), limit)
}
