package signon

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Standing is how a grant stands at an instant, towards operators.
type Standing string

// The standings.
const (
	StandingLive     Standing = "live"     // it can be redeemed
	StandingRedeemed Standing = "redeemed" // it was, by one browser
	StandingRevoked  Standing = "revoked"  // an operator or the client ended it, or its person signed out everywhere or was removed
	StandingVoided   Standing = "voided"   // by too many calls from wrong addresses, or because the store was restored
	StandingExpired  Standing = "expired"  // its validity is over, and it was not used
)

// Standings lists every standing.
func Standings() []Standing {
	return []Standing{StandingLive, StandingRedeemed, StandingRevoked, StandingVoided, StandingExpired}
}

// Standing returns how the grant stands at now, by itself: that its person has
// signed out everywhere since is for [Service.ListGrants] to know.
func (g *Grant) Standing(now time.Time, epoch int64) Standing {
	switch {
	case g.State == GrantRevoked:
		return StandingRevoked
	case g.State == GrantRedeemed:
		return StandingRedeemed
	case g.State == GrantVoided || g.Epoch != epoch:
		return StandingVoided
	case !now.Before(g.ExpiresAt):
		return StandingExpired
	}
	return StandingLive
}

// GrantFilter selects grants. The zero value selects all.
type GrantFilter struct {
	Tenant      TenantID
	Kind        SubjectKind // with Subject
	Subject     SubjectRef
	Client      string
	Destination string
	Standing    Standing
	// Since and Until bound when a grant was issued, both included.
	Since, Until time.Time
}

// selects reports whether the filter selects the grant, whatever its standing.
func (f *GrantFilter) selects(g *Grant) bool {
	return (f.Tenant == "" || g.Tenant == f.Tenant) &&
		(f.Subject == "" || g.Subject == f.Subject && g.SubjectKind == f.Kind) &&
		(f.Client == "" || g.Client == f.Client) &&
		(f.Destination == "" || g.Destination == f.Destination) &&
		!g.IssuedAt.Before(f.Since) && (f.Until.IsZero() || !g.IssuedAt.After(f.Until))
}

// errEnough ends a walk early.
var errEnough = errors.New("enough")

// ListGrants visits the selected grants in the order in which they expire, and
// those of applications as if they were valid for a day, until visit returns false.
// Grants are kept for ten minutes after that.
func (s *Service) ListGrants(ctx context.Context, f GrantFilter, visit func(*Grant, Standing) bool) error {
	now, epoch := s.store.Now(), s.store.Epoch()
	first := ExpiryKey(time.Unix(0, 0))
	if !f.Since.IsZero() {
		first = ExpiryKey(f.Since) // what was issued later expires later
	}
	if f.Standing == StandingLive {
		first = ExpiryKey(now)
	}
	var last GrantKey
	for i := range last {
		last[i] = 0xff
	}
	signedOut, voids := s.signedOut(ctx), newVoids(s.store)
	err := s.eachGrant(ctx, first, last, func(g *Grant) error {
		if !f.selects(g) {
			return nil
		}
		standing := g.Standing(now, epoch)
		if standing == StandingLive || standing == StandingRedeemed {
			void, err := signedOut(g)
			if err == nil && !void {
				void, err = voids.void(ctx, g)
			}
			if err != nil {
				return err
			}
			if void {
				standing = StandingRevoked
			}
		}
		if (f.Standing == "" || standing == f.Standing) && !visit(g, standing) {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("list: %w", err)
	}
	return nil
}

// signedOut returns how to tell whether a grant's person has signed out everywhere
// since it was issued, or was removed. Each person is looked up once.
func (s *Service) signedOut(ctx context.Context) func(*Grant) (bool, error) {
	type owner struct {
		tenant TenantID
		person Person
	}
	type standing struct {
		removed   bool
		signedOut Subject
	}
	known := map[owner]standing{}
	return func(g *Grant) (bool, error) {
		o := owner{g.Tenant, g.person()}
		p, ok := known[o]
		if !ok {
			subject, err := s.people.Subject(ctx, g.Tenant, g.SubjectKind, g.Subject)
			if p.removed = errors.Is(err, ErrNotFound); err != nil && !p.removed {
				return false, err
			}
			p.signedOut = Subject{SignedOutBefore: subject.SignedOutBefore}
			known[o] = p
		}
		return p.removed || p.signedOut.voided(g.IssuedAt), nil
	}
}

// SubjectOf returns the person whom the grant is for, as long as the grant or its
// session is kept; else ErrNotFound.
func (s *Service) SubjectOf(ctx context.Context, ref Reference) (kind SubjectKind, subject SubjectRef, err error) {
	found, err := s.selected(ctx, func(g *Grant) bool { return g.Key.Reference() == ref }, ref)
	if err != nil {
		return "", "", fmt.Errorf("find the person of a grant: %w", err)
	}
	for _, g := range found {
		return g.SubjectKind, g.Subject, nil
	}
	return "", "", ErrNotFound
}
