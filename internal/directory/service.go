package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strconv"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Service answers questions about people and applies the rules of changing
// what is known of them. It is safe for concurrent use.
type Service struct {
	store Store
	clock signon.Clock
	// Customers that were asked for lately, by ID, and their IDs by external
	// reference. Every change through the service removes its entries.
	byID  *lru.Cache[customerKey, *Customer]
	byRef *lru.Cache[refKey, int64]
}

type customerKey struct {
	tenant signon.TenantID
	id     int64
}

type refKey struct {
	tenant signon.TenantID
	ref    string
}

// cacheSize is how many customers are remembered: about 10 MB when they all
// have long addresses and several cards.
const cacheSize = 8192

// New returns a service over the store.
func New(store Store, clock signon.Clock) *Service {
	byID, err := lru.New[customerKey, *Customer](cacheSize)
	if err != nil {
		panic(err) // only for a size of zero
	}
	byRef, err := lru.New[refKey, int64](cacheSize)
	if err != nil {
		panic(err)
	}
	return &Service{store: store, clock: clock, byID: byID, byRef: byRef}
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

// Subject returns the customer as the core knows it (see [signon.People]).
func (s *Service) Subject(ctx context.Context, tenant signon.TenantID, kind signon.SubjectKind, ref signon.SubjectRef) (signon.Subject, error) {
	id, ok := parseID(string(ref))
	if kind != signon.SubjectCustomer || !ok {
		return signon.Subject{}, signon.ErrNotFound
	}
	c, err := s.CustomerByID(ctx, tenant, id)
	if err != nil {
		return signon.Subject{}, err
	}
	return signon.Subject{Kind: kind, Ref: ref, Language: c.Language, PrivacyKey: c.PrivacyKey}, nil
}

// CustomerByID returns the customer with that ID, or signon.ErrNotFound. The
// customer is shared: callers must not change it.
func (s *Service) CustomerByID(ctx context.Context, tenant signon.TenantID, id int64) (*Customer, error) {
	key := customerKey{tenant, id}
	if c, ok := s.byID.Get(key); ok {
		return c, nil
	}
	c, err := s.store.Customer(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	s.byID.Add(key, c)
	return c, nil
}

// CustomerByExternalRef returns the customer with that external reference, in
// exactly this spelling, or signon.ErrNotFound. The customer is shared.
func (s *Service) CustomerByExternalRef(ctx context.Context, tenant signon.TenantID, ref string) (*Customer, error) {
	if ref == "" {
		return nil, signon.ErrNotFound
	}
	if id, ok := s.byRef.Get(refKey{tenant, ref}); ok {
		if c, err := s.CustomerByID(ctx, tenant, id); err == nil && c.ExternalRef == ref {
			return c, nil
		}
	}
	c, err := s.store.CustomerByExternalRef(ctx, tenant, ref)
	if err != nil {
		return nil, err
	}
	s.byRef.Add(refKey{tenant, ref}, c.ID)
	return c, nil
}

// CustomerByRef returns the customer whose ID is the text, or else the one whose
// external reference it is, or signon.ErrNotFound. The customer is shared.
func (s *Service) CustomerByRef(ctx context.Context, tenant signon.TenantID, text string) (*Customer, error) {
	if id, ok := parseID(text); ok {
		c, err := s.CustomerByID(ctx, tenant, id)
		if !errors.Is(err, signon.ErrNotFound) {
			return c, err
		}
	}
	return s.CustomerByExternalRef(ctx, tenant, text)
}

// parseID reads the one spelling of a customer ID.
func parseID(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == text
}

// Standing returns what the customer's subscriptions make of the customer.
func (s *Service) Standing(ctx context.Context, c *Customer) (Standing, error) {
	subscriptions, err := s.store.Subscriptions(ctx, SubscriptionQuery{Tenant: c.Tenant, CustomerID: c.ID, Limit: maxStandingSubscriptions})
	if err != nil {
		return Standing{}, fmt.Errorf("read subscriptions: %w", err)
	}
	standing := Standing{Trial: len(subscriptions) > 0}
	for i := range subscriptions {
		status := subscriptions[i].Status(s.clock.Now())
		standing.Enabled = standing.Enabled || status == StatusActive || status == StatusPastDue
		standing.Trial = standing.Trial && subscriptions[i].Trial
	}
	return standing, nil
}

const maxStandingSubscriptions = 1000

// CreateCustomer checks and stores a new customer and returns its ID. ID,
// PrivacyKey, times and Version are filled in. Errors: CodeInvalid naming the
// field, CodeConflict when the external reference is taken.
func (s *Service) CreateCustomer(ctx context.Context, c *Customer, act Act) (int64, error) {
	if err := c.normalise(); err != nil {
		return 0, err
	}
	if err := s.prepareCustomer(c); err != nil {
		return 0, err
	}
	if _, err := s.CustomerByExternalRef(ctx, c.Tenant, c.ExternalRef); err == nil {
		return 0, externalRefTaken()
	}
	if id, ok := parseID(c.ExternalRef); ok {
		if _, err := s.CustomerByID(ctx, c.Tenant, id); err == nil {
			return 0, externalRefTaken()
		}
	}
	for range maxDraws {
		c.ID = drawCustomerID()
		err := s.store.CreateCustomer(ctx, c, act.event(signon.EventCustomerCreated, c.Tenant, "customer "+string(c.Ref())))
		if err == nil {
			return c.ID, nil
		}
		if !errors.Is(err, signon.ErrConflict) {
			return 0, fmt.Errorf("create customer: %w", err)
		}
	}
	return 0, externalRefTaken()
}

func externalRefTaken() error {
	return &signon.Error{Code: signon.CodeConflict, Argument: FieldExternalRef, Rule: "must not be another customer's reference"}
}

// maxDraws is how often a random number is drawn again when it is taken.
const maxDraws = 20

func drawCustomerID() int64 { return 100_000_000 + drawBelow(900_000_000) }

// drawBelow returns a random number from 0 up to n-1.
func drawBelow(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return v.Int64()
}

func (s *Service) prepareCustomer(c *Customer) error {
	if c.PrivacyKey == (signon.PrivacyKey{}) {
		if _, err := rand.Read(c.PrivacyKey[:]); err != nil {
			return fmt.Errorf("draw privacy key: %w", err)
		}
	}
	c.CreatedAt = s.clock.Now()
	c.ChangedAt = c.CreatedAt
	c.Version = 1
	return nil
}

// UpdateCustomer checks and stores a changed customer: a copy of one read
// before, whose Version it is based on. Errors: CodeInvalid naming the field,
// CodeConflict when it changed in between or the external reference is taken,
// signon.ErrNotFound.
func (s *Service) UpdateCustomer(ctx context.Context, c *Customer, act Act) error {
	if err := c.normalise(); err != nil {
		return err
	}
	old, err := s.CustomerByID(ctx, c.Tenant, c.ID)
	if err != nil {
		return err
	}
	c.ChangedAt = s.clock.Now()
	err = s.store.UpdateCustomer(ctx, c, act.event(signon.EventCustomerChanged, c.Tenant, "customer "+string(c.Ref())))
	s.forget(old)
	if err != nil {
		return fmt.Errorf("update customer: %w", err)
	}
	return nil
}

// forget removes a customer from the cache.
func (s *Service) forget(c *Customer) {
	s.byRef.Remove(refKey{c.Tenant, c.ExternalRef})
	s.byID.Remove(customerKey{c.Tenant, c.ID})
}

// CreateSubscription checks and stores a new subscription and returns its
// reference, which is drawn when empty. Errors: CodeInvalid naming the field,
// CodeSubjectUnknown when the customer does not exist.
func (s *Service) CreateSubscription(ctx context.Context, sub *Subscription, act Act) (string, error) {
	if err := sub.normalise(); err != nil {
		return "", err
	}
	sub.CreatedAt = s.clock.Now()
	for range maxDraws {
		sub.Reference = fmt.Sprintf("%010X", drawBelow(1<<40))
		err := s.store.CreateSubscription(ctx, sub, act.event(signon.EventSubscription, sub.Tenant, "subscription "+sub.Reference))
		switch {
		case err == nil:
			return sub.Reference, nil
		case errors.Is(err, signon.ErrNotFound):
			return "", &signon.Error{Code: signon.CodeSubjectUnknown}
		case !errors.Is(err, signon.ErrConflict):
			return "", fmt.Errorf("create subscription: %w", err)
		}
	}
	return "", errors.New("create subscription: no free reference found")
}

// Subscription returns the subscription with that reference, or
// signon.ErrNotFound.
func (s *Service) Subscription(ctx context.Context, tenant signon.TenantID, reference string) (*Subscription, error) {
	return s.store.Subscription(ctx, tenant, reference)
}

// Subscriptions returns the matching subscriptions by reference.
func (s *Service) Subscriptions(ctx context.Context, q SubscriptionQuery) ([]Subscription, error) {
	return s.store.Subscriptions(ctx, q)
}

// Products returns those of the tenant's products that have one of the IDs, in
// the order of the IDs; unknown IDs are left out.
func (s *Service) Products(ctx context.Context, tenant signon.TenantID, ids []string) ([]Product, error) {
	var found []Product
	for _, id := range ids {
		p, err := s.store.Product(ctx, tenant, id)
		if errors.Is(err, signon.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read product: %w", err)
		}
		found = append(found, *p)
	}
	return found, nil
}

// PlaceOrder checks and stores an order of the cart o.CartID. A cart places one
// order at most: when it has placed one already, that one is returned and
// nothing changes. An order that is still incomplete is replaced. RefNo, Total
// and PlacedAt are filled in. Errors: CodeInvalid naming the field.
func (s *Service) PlaceOrder(ctx context.Context, o *Order, act Act) (*Order, error) {
	if err := o.normalise(); err != nil {
		return nil, err
	}
	o.PlacedAt = s.clock.Now()
	for range maxDraws {
		o.RefNo = strconv.FormatInt(100_000_000+drawBelow(900_000_000), 10)
		placed, err := s.store.PutOrder(ctx, o, act.event(signon.EventOrderPlaced, o.Tenant, "order "+o.RefNo))
		if err == nil {
			return placed, nil
		}
		if !errors.Is(err, signon.ErrConflict) {
			return nil, fmt.Errorf("place order: %w", err)
		}
	}
	return nil, errors.New("place order: no free number found")
}

// Order returns the order with that number, or signon.ErrNotFound.
func (s *Service) Order(ctx context.Context, tenant signon.TenantID, refNo string) (*Order, error) {
	return s.store.Order(ctx, tenant, refNo)
}

// OrderByCart returns the order of that cart, or signon.ErrNotFound.
func (s *Service) OrderByCart(ctx context.Context, tenant signon.TenantID, cartID string) (*Order, error) {
	return s.store.OrderByCart(ctx, tenant, cartID)
}
