package signon

import (
	"context"
	"fmt"
)

// SharedStore is a Store that other processes write to, too.
type SharedStore interface {
	Store
	// Foreign returns the next events that other processes appended to the audit log,
	// up to limit of them and without their hashes, and whether there are more. Each
	// is returned once. What this process wrote without getting to know whether it is
	// stored counts as others'.
	Foreign(ctx context.Context, limit int) (events []ChainedEvent, more bool, err error)
	// SkipForeign has Foreign begin with what is appended from now on.
	SkipForeign(ctx context.Context) error
	// GrantsByReference returns those of the grants that there are.
	GrantsByReference(ctx context.Context, refs []Reference) ([]Grant, error)
}

// followed is how many events of others are looked at in one step.
const followed = 2000

// Follow counts what other processes did to tenants' live grants since it was called
// last, and reports whether there is more. Without a [SharedStore] it does nothing.
// It is to be called every second: that is how late limits are to know of what
// other processes issued, redeemed and revoked. Links that became void because their
// person signed out at another process count until they expire.
func (s *Service) Follow(ctx context.Context) (more bool, err error) {
	shared, ok := s.store.(SharedStore)
	if !ok {
		return false, nil
	}
	if s.counting.epoch.Load() != s.store.Epoch() { // void is what was counted before
		return false, s.CountLive(ctx)
	}
	if !s.counting.mu.TryLock() {
		return false, nil // all are being counted
	}
	voided, more, err := s.followStep(ctx, shared)
	s.counting.mu.Unlock()
	if voided && err == nil {
		err = s.CountLive(ctx)
	}
	return more, err
}

func (s *Service) followStep(ctx context.Context, shared SharedStore) (voided, more bool, err error) {
	if !s.Registry().limited() {
		return false, false, shared.SkipForeign(ctx)
	}
	events, more, err := shared.Foreign(ctx, followed)
	if err != nil {
		return false, false, fmt.Errorf("follow others: %w", err)
	}
	changes, voided := s.changesIn(events)
	if voided {
		return true, more, nil
	}
	if err := s.follow(ctx, shared, changes); err != nil {
		s.counting.epoch.Store(uncounted) // the events are not told again
		return false, more, err
	}
	return false, more, nil
}

// limited reports whether any tenant has limits.
func (r *Registry) limited() bool {
	for _, t := range r.tenants {
		if t.Limits != (TenantLimits{}) {
			return true
		}
	}
	return false
}

// change is what became of a grant elsewhere.
type change struct{ issued, redeemed, resolved, revoked bool }

// changesIn returns what the events tell of grants, and whether they tell that a
// destination's tokens are void. Links that came and went are left out: with most
// there is nothing to look up.
func (s *Service) changesIn(events []ChainedEvent) (changes map[Reference]*change, voided bool) {
	changes = map[Reference]*change{}
	for i := range events {
		e, err := DecodeEvent(events[i].Body)
		if err != nil {
			s.log.Warn("an event of another node can't be read", "seq", events[i].Seq, "error", err)
			continue
		}
		voided = voided || e.Type == EventDestinationVoided
		if t, ok := s.Registry().Tenant(e.Tenant); !ok || t.Limits == (TenantLimits{}) || e.Grant == "" {
			continue
		}
		changes[e.Grant] = changes[e.Grant].with(e.Type)
	}
	for ref, c := range changes {
		if *c == (change{}) || *c == (change{issued: true, redeemed: true}) {
			delete(changes, ref)
		}
	}
	return changes, voided
}

func (c *change) with(t EventType) *change {
	if c == nil {
		c = &change{}
	}
	switch t {
	case EventIssued:
		c.issued = true
	case EventRedeemed:
		c.redeemed = true
	case EventResolved:
		c.resolved = true
	case EventRevoked:
		c.revoked = true
	}
	return c
}

// follow counts the changes.
func (s *Service) follow(ctx context.Context, shared SharedStore, changes map[Reference]*change) error {
	if len(changes) == 0 {
		return nil
	}
	refs := make([]Reference, 0, len(changes))
	for ref := range changes {
		refs = append(refs, ref)
	}
	grants, err := shared.GrantsByReference(ctx, refs)
	if err != nil {
		return fmt.Errorf("follow others: %w", err)
	}
	now := s.store.Now()
	for i := range grants {
		g := &grants[i]
		s.live.follow(g.Tenant, g.person(), g.ExpiresAt, now, changes[g.Key.Reference()].count(g))
	}
	return nil
}

// count returns how many more grants live by the change of that grant.
func (c *change) count(g *Grant) (n int) {
	if c.issued {
		n++
	}
	spent := c.redeemed || c.resolved && g.State == GrantRedeemed // a token that is read more than once lives on
	if spent || c.revoked && g.RedeemedAt.IsZero() {
		n--
	}
	return n
}
