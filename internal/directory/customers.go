package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// CustomerByID returns the customer with that ID, or signon.ErrNotFound. The
// customer is shared: callers must not change it (see [Customer.Clone]).
func (s *Service) CustomerByID(ctx context.Context, tenant signon.TenantID, id int64) (*Customer, error) {
	return s.cache.customer(ctx, customerKey{tenant, id}, func() (*Customer, error) {
		return s.store.Customer(ctx, tenant, id)
	})
}

// CustomerByExternalRef returns the customer with that external reference, in
// exactly this spelling, or signon.ErrNotFound. The customer is shared.
func (s *Service) CustomerByExternalRef(ctx context.Context, tenant signon.TenantID, ref string) (*Customer, error) {
	if ref == "" {
		return nil, signon.ErrNotFound
	}
	key := refKey{tenant, ref}
	if id, ok := s.cache.byRef.Get(key); ok {
		if c, err := s.CustomerByID(ctx, tenant, id); err == nil && c.ExternalRef == ref {
			return c, nil
		}
	}
	c, err := s.store.CustomerByExternalRef(ctx, tenant, ref)
	if err != nil {
		return nil, err
	}
	s.cache.byRef.Add(key, c.ID)
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

// CustomerByShopperID returns the customer with that ShopperID, or
// signon.ErrNotFound.
func (s *Service) CustomerByShopperID(ctx context.Context, tenant signon.TenantID, id int64) (*Customer, error) {
	if id == 0 {
		return nil, signon.ErrNotFound
	}
	return s.store.CustomerByShopperID(ctx, tenant, id)
}

// CustomersByEmail returns up to limit customers with that billing e-mail
// address, in any case of letters, by ID.
func (s *Service) CustomersByEmail(ctx context.Context, tenant signon.TenantID, email string, limit int) ([]Customer, error) {
	return s.store.CustomersByEmail(ctx, tenant, email, limit)
}

// parseID reads the one spelling of a customer ID.
func parseID(text string) (int64, bool) {
	if text == "" || text[0] < '1' || text[0] > '9' {
		return 0, false
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil
}

// CreateCustomer checks and stores a new customer and returns its ID. ID,
// PrivacyKey, times and Version are filled in. Errors: CodeInvalid naming the
// field, CodeConflict when the external reference or the ShopperID is taken.
func (s *Service) CreateCustomer(ctx context.Context, c *Customer, act Act) (int64, error) {
	if err := c.normalise(); err != nil {
		return 0, err
	}
	if err := drawPrivacyKey(c); err != nil {
		return 0, err
	}
	c.CreatedAt = s.clock.Now()
	c.ChangedAt = c.CreatedAt
	c.Version = 1
	for range maxDraws {
		c.ID = drawNumber()
		if err := s.checkNames(ctx, c); err != nil {
			return 0, err
		}
		err := s.writeCustomer(ctx, "create customer", c, signon.EventCustomerCreated, act, s.store.CreateCustomer)
		if err == nil {
			return c.ID, nil
		}
		if !errors.Is(err, signon.ErrConflict) {
			return 0, fmt.Errorf("create customer: %w", err)
		}
	}
	return 0, errors.New("create customer: no free number found")
}

// drawPrivacyKey gives the customer a key unless it has one.
func drawPrivacyKey(c *Customer) error {
	if c.PrivacyKey != (signon.PrivacyKey{}) {
		return nil
	}
	if _, err := rand.Read(c.PrivacyKey[:]); err != nil {
		return fmt.Errorf("draw privacy key: %w", err)
	}
	return nil
}

// checkNames returns a CodeConflict error when the customer's external reference or
// ShopperID is another's.
func (s *Service) checkNames(ctx context.Context, c *Customer) error {
	if err := s.checkExternalRef(ctx, c); err != nil {
		return err
	}
	other, err := s.CustomerByShopperID(ctx, c.Tenant, c.ShopperID)
	switch {
	case errors.Is(err, signon.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look for the shopper: %w", err)
	case other.ID != c.ID:
		return shopperIDTaken()
	}
	return nil
}

func shopperIDTaken() error {
	return &signon.Error{Code: signon.CodeConflict, Argument: FieldShopperID, Rule: "must not be another customer's"}
}

// checkExternalRef returns a CodeConflict error when the customer's external
// reference is, or reads as, that of another customer. It says so early and
// plainly; what decides is the store.
func (s *Service) checkExternalRef(ctx context.Context, c *Customer) error {
	if c.ExternalRef == "" {
		return nil
	}
	other, err := s.store.CustomerByExternalRef(ctx, c.Tenant, c.ExternalRef)
	if errors.Is(err, signon.ErrNotFound) {
		id, ok := parseID(c.ExternalRef)
		if !ok {
			return nil
		}
		other, err = s.store.Customer(ctx, c.Tenant, id)
	}
	switch {
	case errors.Is(err, signon.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look for the external reference: %w", err)
	case other.ID != c.ID:
		return externalRefTaken()
	}
	return nil
}

func externalRefTaken() error {
	return &signon.Error{Code: signon.CodeConflict, Argument: FieldExternalRef, Rule: "must not be another customer's reference"}
}

// UpdateCustomer checks and stores a changed customer: a copy of one read
// before, whose Version it is based on. Errors: CodeInvalid naming the field,
// CodeConflict when the external reference or the ShopperID is taken (naming it) or
// when the customer changed in between, signon.ErrNotFound.
func (s *Service) UpdateCustomer(ctx context.Context, c *Customer, act Act) error {
	return s.updateCustomer(ctx, c, act, s.store.UpdateCustomer)
}

// UpdateCustomerAndEndUsers is [Service.UpdateCustomer], and makes the customer
// the end user of all own subscriptions, in one transaction.
func (s *Service) UpdateCustomerAndEndUsers(ctx context.Context, c *Customer, act Act) error {
	return s.updateCustomer(ctx, c, act, func(ctx context.Context, c *Customer, e *signon.Event) error {
		b := Batch{Customers: []*Customer{c}}
		for sub, err := range s.SubscriptionsOf(ctx, c) {
			if err != nil {
				return err
			}
			if sub.EndUser != nil || sub.EndUserLanguage != "" {
				sub.EndUser, sub.EndUserLanguage = nil, ""
				b.Subscriptions = append(b.Subscriptions, sub)
			}
		}
		if err := s.store.Import(ctx, &b, e); err != nil {
			return err
		}
		c.Version++
		return nil
	})
}

func (s *Service) updateCustomer(ctx context.Context, c *Customer, act Act, write customerWriter) error {
	if err := c.normalise(); err != nil {
		return err
	}
	c.ChangedAt = s.clock.Now()
	err := s.writeCustomer(ctx, "update customer", c, signon.EventCustomerChanged, act, write)
	if errors.Is(err, signon.ErrConflict) {
		if taken := s.checkNames(ctx, c); taken != nil {
			return taken
		}
		return changedInBetween(FieldCustomer, err)
	}
	if err != nil {
		return fmt.Errorf("update customer: %w", err)
	}
	return nil
}

// customerWriter writes a customer with the event.
type customerWriter func(context.Context, *Customer, *signon.Event) error

// writeCustomer lets the store write a copy of the customer: the write may
// outlive the call. The Version that it leaves is taken over.
func (s *Service) writeCustomer(ctx context.Context, action string, c *Customer, t signon.EventType, act Act, write customerWriter) error {
	own, event := c.Clone(), act.event(t, c.Tenant, "customer "+string(c.Ref()))
	err := s.cache.change(ctx, action, []customerKey{{c.Tenant, c.ID}}, func(ctx context.Context) error {
		return write(ctx, own, event)
	})
	if err == nil {
		c.Version = own.Version
	}
	return err
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
