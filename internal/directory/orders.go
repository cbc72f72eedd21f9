package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// PlaceOrder checks and stores an order of the cart o.CartID. A cart places one
// order at most: when it has placed one already, that one is returned and
// nothing changes. An order that is still incomplete is replaced, and its number
// stays. RefNo, Total and PlacedAt are filled in. Errors: CodeInvalid naming the
// field; CodeConflict when the cart's order is another customer's.
func (s *Service) PlaceOrder(ctx context.Context, o *Order, act Act) (*Order, error) {
	if err := o.normalise(); err != nil {
		return nil, err
	}
	o.PlacedAt = s.clock.Now()
	for range maxDraws {
		begun, err := s.begunOrder(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("place order: %w", err)
		}
		switch {
		case begun == nil:
		case begun.CustomerID != o.CustomerID:
			return nil, &signon.Error{Code: signon.CodeConflict}
		case begun.Status != OrderIncomplete:
			return begun, nil
		}
		o.RefNo = strconv.FormatInt(drawNumber(), 10)
		if begun != nil {
			o.RefNo = begun.RefNo
		}
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

// begunOrder returns the order of the same cart, or nil when there is none.
func (s *Service) begunOrder(ctx context.Context, o *Order) (*Order, error) {
	if o.CartID == "" {
		return nil, nil
	}
	begun, err := s.store.OrderByCart(ctx, o.Tenant, o.CartID)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, nil
	}
	return begun, err
}

// Order returns the order with that number, or signon.ErrNotFound.
func (s *Service) Order(ctx context.Context, tenant signon.TenantID, refNo string) (*Order, error) {
	return s.store.Order(ctx, tenant, refNo)
}

// OrdersOf returns up to limit orders of the customer, incomplete ones included,
// the latest first.
func (s *Service) OrdersOf(ctx context.Context, c *Customer, limit int) ([]Order, error) {
	return s.store.OrdersOf(ctx, c.Tenant, c.ID, limit)
}

// OrderOf returns the customer's order with that number, or signon.ErrNotFound:
// also when there is such an order of another customer.
func (s *Service) OrderOf(ctx context.Context, c *Customer, refNo string) (*Order, error) {
	o, err := s.store.Order(ctx, c.Tenant, refNo)
	if err == nil && o.CustomerID != c.ID {
		return nil, signon.ErrNotFound
	}
	return o, err
}

// OrderByCart returns the order of that cart, or signon.ErrNotFound.
func (s *Service) OrderByCart(ctx context.Context, tenant signon.TenantID, cartID string) (*Order, error) {
	return s.store.OrderByCart(ctx, tenant, cartID)
}
