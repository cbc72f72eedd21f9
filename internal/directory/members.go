package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Member returns the member with that number, or signon.ErrNotFound.
func (s *Service) Member(ctx context.Context, tenant signon.TenantID, number string) (*Member, error) {
	if !ValidMemberNumber(number) {
		return nil, signon.ErrNotFound
	}
	return s.store.Member(ctx, tenant, number)
}

// Members returns up to limit members with numbers above after, by number.
func (s *Service) Members(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]Member, error) {
	return s.store.Members(ctx, tenant, after, limit)
}

// CreateMember checks and stores a new member. PrivacyKey, times and Version are
// filled in. Errors: CodeInvalid naming the field, signon.ErrConflict when the
// number is taken.
func (s *Service) CreateMember(ctx context.Context, m *Member, act Act) error {
	if err := m.normalise(); err != nil {
		return err
	}
	if _, err := rand.Read(m.PrivacyKey[:]); err != nil {
		return fmt.Errorf("draw privacy key: %w", err)
	}
	m.CreatedAt = s.clock.Now()
	m.ChangedAt, m.Version = m.CreatedAt, 1
	return wrapped("create member", s.store.CreateMember(ctx, m.Clone(), act.event(signon.EventMemberCreated, m.Tenant, "")))
}

// maxLinkAttempts is how often a link is made again while others change the member.
const maxLinkAttempts = 5

// LinkMember links the member to an application. It is no error when that is so
// already. Errors: signon.ErrNotFound, CodeInvalid, CodeUnavailable.
func (s *Service) LinkMember(ctx context.Context, tenant signon.TenantID, number, app string, act Act) error {
	for range maxLinkAttempts {
		m, err := s.Member(ctx, tenant, number)
		if err != nil || m.Linked(app) {
			return err
		}
		m.Apps = append(m.Apps, app)
		if err := m.normalise(); err != nil {
			return err
		}
		m.ChangedAt = s.clock.Now()
		err = s.store.UpdateMember(ctx, m, act.event(signon.EventMemberChanged, tenant, "linked to "+app))
		if !errors.Is(err, signon.ErrConflict) {
			return wrapped("link member", err)
		}
	}
	return signon.Unavailable("link member", signon.ErrConflict)
}
