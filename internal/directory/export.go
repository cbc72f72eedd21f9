package directory

import (
	"context"
	"fmt"
	"iter"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// exportPage is how many rows are read at a time.
const exportPage = 500

// AllCustomers returns the tenant's customers by ID. Customers that are created
// meanwhile may be left out. After an error it ends.
func (s *Service) AllCustomers(ctx context.Context, tenant signon.TenantID) iter.Seq2[*Customer, error] {
	return pages("customers", func(last *Customer) ([]Customer, error) {
		return s.store.Customers(ctx, tenant, last.ID, exportPage)
	})
}

// AllUsers returns the tenant's users by ID, as AllCustomers does.
func (s *Service) AllUsers(ctx context.Context, tenant signon.TenantID) iter.Seq2[*User, error] {
	return pages("users", func(last *User) ([]User, error) {
		return s.store.Users(ctx, tenant, last.ID, exportPage)
	})
}

// AllMembers returns the tenant's members by number, as AllCustomers does.
func (s *Service) AllMembers(ctx context.Context, tenant signon.TenantID) iter.Seq2[*Member, error] {
	return pages("members", func(last *Member) ([]Member, error) {
		return s.store.Members(ctx, tenant, last.Number, exportPage)
	})
}

// AllSubscriptions returns the tenant's subscriptions by reference, as
// AllCustomers does.
func (s *Service) AllSubscriptions(ctx context.Context, tenant signon.TenantID) iter.Seq2[*Subscription, error] {
	return pages("subscriptions", func(last *Subscription) ([]Subscription, error) {
		return s.store.Subscriptions(ctx, SubscriptionQuery{Tenant: tenant, After: last.Reference, Limit: exportPage})
	})
}

// AllProducts returns the tenant's products by ID, as AllCustomers does.
func (s *Service) AllProducts(ctx context.Context, tenant signon.TenantID) iter.Seq2[*Product, error] {
	return pages("products", func(last *Product) ([]Product, error) {
		return s.store.Products(ctx, tenant, last.ID, exportPage)
	})
}

// AllOrders returns the tenant's orders by number, as AllCustomers does.
func (s *Service) AllOrders(ctx context.Context, tenant signon.TenantID) iter.Seq2[*Order, error] {
	return pages("orders", func(last *Order) ([]Order, error) {
		return s.store.Orders(ctx, tenant, last.RefNo, exportPage)
	})
}

// pages returns all rows, given how to read the page after a row. The zero row
// is before the first one.
func pages[T any](what string, next func(last *T) ([]T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		last := new(T)
		for {
			rows, err := next(last)
			if err != nil {
				yield(nil, fmt.Errorf("read %s: %w", what, err))
				return
			}
			for i := range rows {
				if !yield(&rows[i], nil) {
					return
				}
			}
			if len(rows) < exportPage {
				return
			}
			last = &rows[len(rows)-1]
		}
	}
}
