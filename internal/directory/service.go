package directory

import (
	"context"
	"crypto/rand"
	"math/big"
	"net/netip"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Service answers questions about people and applies the rules of changing
// what is known of them. It is safe for concurrent use.
type Service struct {
	store Store
	clock signon.Clock
	cache *cache
}

// New returns a service over the store. It remembers customers: unless the store is
// a [SharedStore], all changes to its directory must go through one service.
func New(store Store, clock signon.Clock) *Service {
	return &Service{store: store, clock: clock, cache: newCache(store)}
}

// Act is on whose word something is changed, for the audit log.
type Act struct {
	Client      string // id of the API client, or empty
	Caller      netip.Addr
	SupportCode string
	// Session is the browser session that acts, or nil.
	Session *signon.BrowserSession
}

func (a Act) event(t signon.EventType, tenant signon.TenantID, note string) *signon.Event {
	e := &signon.Event{Type: t, Tenant: tenant, Client: a.Client, Note: note, SupportCode: a.SupportCode}
	if a.Caller.IsValid() {
		e.Caller = a.Caller.String()
	}
	if a.Session != nil {
		e.Client, e.Destination, e.Grant = a.Session.Client, a.Session.Destination, a.Session.Key.Reference()
	}
	return e
}

// Subject returns the customer or user as the core knows it (see
// [signon.People]).
func (s *Service) Subject(ctx context.Context, tenant signon.TenantID, kind signon.SubjectKind, ref signon.SubjectRef) (signon.Subject, error) {
	subject := signon.Subject{Kind: kind, Ref: ref}
	id, ok := parseID(string(ref))
	switch {
	case kind == signon.SubjectMember:
		m, err := s.Member(ctx, tenant, string(ref))
		if err != nil {
			return signon.Subject{}, err
		}
		subject.PrivacyKey, subject.SignedOutBefore, subject.Apps = m.PrivacyKey, m.SignedOutBefore, m.Apps
	case ok && kind == signon.SubjectCustomer:
		c, err := s.CustomerByID(ctx, tenant, id)
		if err != nil {
			return signon.Subject{}, err
		}
		subject.Language, subject.PrivacyKey, subject.SignedOutBefore = c.Language, c.PrivacyKey, c.SignedOutBefore
	case ok && kind == signon.SubjectUser:
		u, err := s.User(ctx, tenant, id)
		if err != nil {
			return signon.Subject{}, err
		}
		subject.PrivacyKey, subject.SignedOutBefore = u.PrivacyKey, u.SignedOutBefore
	default:
		return signon.Subject{}, signon.ErrNotFound
	}
	return subject, nil
}

// SignOut makes void what was issued to the customer or user (see
// [signon.People]).
func (s *Service) SignOut(ctx context.Context, tenant signon.TenantID, kind signon.SubjectKind, ref signon.SubjectRef, e *signon.Event) error {
	id, ok := parseID(string(ref))
	switch {
	case kind == signon.SubjectMember:
		return s.store.SignOutMember(ctx, tenant, string(ref), e)
	case ok && kind == signon.SubjectUser:
		return s.store.SignOutUser(ctx, tenant, id, e)
	case !ok || kind != signon.SubjectCustomer:
		return signon.ErrNotFound
	}
	return s.cache.change(ctx, "sign out everywhere", []customerKey{{tenant, id}}, func(ctx context.Context) error {
		return s.store.SignOutCustomer(ctx, tenant, id, e)
	})
}

// maxDraws is how often a random number is drawn again when it is taken.
const maxDraws = 20

// drawNumber returns a random number of 9 digits.
func drawNumber() int64 { return 100_000_000 + drawBelow(900_000_000) }

// drawBelow returns a random number from 0 up to n-1.
func drawBelow(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return v.Int64()
}
