package signon

import (
	"context"
	"fmt"
	"net/netip"
)

// VoidApp makes void every token that was issued for an application so far. The
// application need not be declared any more.
func (s *Service) VoidApp(ctx context.Context, tenant TenantID, app string, supportCode string) error {
	err := s.store.VoidDestination(ctx, tenant, app, &Event{Type: EventDestinationVoided, Tenant: tenant, Destination: app, SupportCode: supportCode})
	if err != nil {
		return fmt.Errorf("void tokens: %w", err)
	}
	if err := s.CountLive(ctx); err != nil { // until they expire they are in nobody's way but the tenant's own
		s.log.Warn("void tokens count towards the tenant's limit until they expire", "tenant", tenant, "error", err)
	}
	return nil
}

// VoidMember makes void every token that was issued to a member so far, at all
// applications. CodeSubjectUnknown when there is no such member. Of the client its
// tenant counts, and the ID goes into the audit log.
func (s *Service) VoidMember(ctx context.Context, c *Client, member SubjectRef, caller netip.Addr, supportCode string) error {
	subject, err := s.subject(ctx, c.Tenant, SubjectMember, member)
	if err != nil {
		return err
	}
	event := &Event{
		Type: EventSignedOutEverywhere, Tenant: c.Tenant, Client: c.ID, SupportCode: supportCode,
		Personal: SealPersonal(subject.PrivacyKey, Personal{Subject: member}),
	}
	if caller.IsValid() { // an operator has none
		event.Caller = caller.String()
	}
	if err = s.people.SignOut(ctx, c.Tenant, SubjectMember, member, event); err != nil {
		return fmt.Errorf("void tokens: %w", err)
	}
	s.live.forget(c.Tenant, Person{SubjectMember, member})
	return nil
}

// voids remembers destinations' marks while many grants are judged.
type voids struct {
	store VoidStore
	known map[siteKey]int64 // unix milliseconds; 0: none
}

type siteKey struct {
	tenant      TenantID
	destination string
}

func newVoids(store VoidStore) *voids { return &voids{store: store, known: map[siteKey]int64{}} }

// void reports whether the grant was issued before its destination's mark. Only
// those of applications have one.
func (v *voids) void(ctx context.Context, g *Grant) (bool, error) {
	if g.SubjectKind != SubjectMember {
		return false, nil
	}
	key := siteKey{g.Tenant, g.Destination}
	before, ok := v.known[key]
	if !ok {
		mark, err := v.store.VoidedBefore(ctx, g.Tenant, g.Destination)
		if err != nil {
			return false, fmt.Errorf("read mark: %w", err)
		}
		if !mark.IsZero() {
			before = mark.UnixMilli()
		}
		v.known[key] = before
	}
	return g.IssuedAt.UnixMilli() < before, nil
}
