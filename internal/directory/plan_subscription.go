package directory

import (
	"context"
	"errors"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func (p *plan) addSubscription(ctx context.Context, row *SubscriptionRow) error {
	stored, err := p.findSubscription(ctx, row.Reference)
	if err != nil {
		return err
	}
	found := stored != nil
	if !found {
		stored = &Subscription{Reference: row.Reference, CreatedAt: p.now}
	}
	sub := stored.Clone()
	if err := row.Fill(sub); err != nil {
		return err
	}
	if err := p.nameOwner(ctx, sub, row.CustomerRef); err != nil {
		return err
	}
	sub.Tenant, sub.Reference, sub.CreatedAt, sub.Version = p.tenant, stored.Reference, stored.CreatedAt, stored.Version
	if err := sub.normalise(); err != nil {
		return err
	}
	if err := p.checkCustomer(ctx, sub.CustomerID); err != nil {
		return err
	}
	if err := p.nameSubscription(ctx, sub); err != nil {
		return err
	}
	p.batch.Subscriptions = append(p.batch.Subscriptions, sub)
	p.count(found)
	after := *sub
	after.Version++
	p.subscriptions[sub.Reference] = &after
	return nil
}

func (p *plan) findSubscription(ctx context.Context, reference string) (*Subscription, error) {
	if reference == "" {
		return nil, nil
	}
	if !validReference(reference) {
		return nil, errReference()
	}
	if sub, ok := p.subscriptions[reference]; ok {
		return sub, nil
	}
	return missing(p.service.store.Subscription(ctx, p.tenant, reference))
}

// nameOwner gives the subscription the ID of the customer with that external
// reference; none is right.
func (p *plan) nameOwner(ctx context.Context, sub *Subscription, ref string) error {
	if ref == "" {
		return nil
	}
	c, err := missing(p.customerByRef(ctx, ref))
	switch {
	case err != nil:
		return err
	case c == nil:
		return &signon.Error{Code: signon.CodeSubjectUnknown, Argument: FieldCustomerRef, Rule: "must be that of a customer who exists"}
	case sub.CustomerID != 0 && sub.CustomerID != c.ID:
		return signon.Invalid(FieldCustomerRef, "must be that of the customer whose id is given")
	}
	sub.CustomerID = c.ID
	return nil
}

func (p *plan) checkCustomer(ctx context.Context, id int64) error {
	if p.known[id] {
		return nil
	}
	c, err := missing(p.customer(ctx, id))
	if err != nil {
		return err
	}
	if c == nil {
		return customerUnknown()
	}
	p.known[id] = true
	return nil
}

// nameSubscription gives a new subscription a reference that is free.
func (p *plan) nameSubscription(ctx context.Context, sub *Subscription) error {
	for range maxDraws {
		if sub.Reference != "" {
			return nil
		}
		drawn := drawReference()
		other, err := p.findSubscription(ctx, drawn)
		if err != nil {
			return err
		}
		if other == nil {
			sub.Reference = drawn
		}
	}
	return errors.New("import: no free reference found")
}
