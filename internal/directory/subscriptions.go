package directory

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// CreateSubscription checks and stores a new subscription and returns its
// reference, which is drawn when empty. Errors: CodeInvalid naming the field,
// CodeSubjectUnknown when the customer does not exist, CodeConflict when the
// given reference is taken.
func (s *Service) CreateSubscription(ctx context.Context, sub *Subscription, act Act) (string, error) {
	if err := sub.normalise(); err != nil {
		return "", err
	}
	sub.CreatedAt = s.clock.Now()
	sub.Version = 1
	drawn := sub.Reference == ""
	for range maxDraws {
		if drawn {
			sub.Reference = drawReference()
		}
		err := s.store.CreateSubscription(ctx, sub, act.event(signon.EventSubscription, sub.Tenant, "subscription "+sub.Reference))
		switch {
		case err == nil:
			return sub.Reference, nil
		case errors.Is(err, signon.ErrNotFound):
			return "", customerUnknown()
		case !errors.Is(err, signon.ErrConflict):
			return "", fmt.Errorf("create subscription: %w", err)
		case !drawn:
			return "", &signon.Error{Code: signon.CodeConflict, Argument: FieldReference, Rule: "must not be another subscription's"}
		}
	}
	return "", errors.New("create subscription: no free reference found")
}

// UpdateSubscription checks and stores a changed subscription: a copy of one read
// before, whose Version it is based on and is counted up. CreatedAt stays. Errors:
// CodeInvalid naming the field, CodeConflict when the subscription changed in
// between (read it again and repeat), CodeSubjectUnknown when its customer does
// not exist, signon.ErrNotFound.
func (s *Service) UpdateSubscription(ctx context.Context, sub *Subscription, act Act) error {
	if err := sub.normalise(); err != nil {
		return err
	}
	err := s.store.UpdateSubscription(ctx, sub, act.event(signon.EventSubscriptionChanged, sub.Tenant, "subscription "+sub.Reference))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, signon.ErrConflict):
		return changedInBetween(FieldReference, err)
	case errors.Is(err, signon.ErrNotFound):
		if _, missing := s.store.Subscription(ctx, sub.Tenant, sub.Reference); missing == nil {
			return customerUnknown()
		}
	}
	return fmt.Errorf("update subscription: %w", err)
}

// changedInBetween refuses a change that is based on an older version.
func changedInBetween(field string, err error) error {
	return &signon.Error{Code: signon.CodeConflict, Argument: field, Rule: "was changed in between", Err: err}
}

func customerUnknown() error {
	return &signon.Error{Code: signon.CodeSubjectUnknown, Argument: FieldCustomer, Rule: "must be one that exists"}
}

// drawReference returns 10 random upper-case hexadecimal digits.
func drawReference() string { return fmt.Sprintf("%010X", drawBelow(1<<40)) }

// Subscription returns the subscription with that reference, or
// signon.ErrNotFound.
func (s *Service) Subscription(ctx context.Context, tenant signon.TenantID, reference string) (*Subscription, error) {
	return s.store.Subscription(ctx, tenant, reference)
}

// Subscriptions returns the matching subscriptions by reference.
func (s *Service) Subscriptions(ctx context.Context, q SubscriptionQuery) ([]Subscription, error) {
	return s.store.Subscriptions(ctx, q)
}

// SubscriptionsOf returns the customer's subscriptions by reference. After an
// error it ends.
func (s *Service) SubscriptionsOf(ctx context.Context, c *Customer) iter.Seq2[*Subscription, error] {
	return pages("subscriptions", func(last *Subscription) ([]Subscription, error) {
		return s.store.Subscriptions(ctx, SubscriptionQuery{Tenant: c.Tenant, CustomerID: c.ID, After: last.Reference, Limit: exportPage})
	})
}
