package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// fresh returns the customer as an import gives one that does not exist yet.
func fresh(c *directory.Customer) *directory.Customer {
	c.Version = 0
	return c
}

// freshSubscription is fresh for a subscription.
func freshSubscription(s *directory.Subscription) *directory.Subscription {
	s.Version = 0
	return s
}

var importPromises = []promise{
	{"ImportWritesAllRows", func(t *testing.T, b *bench) {
		one := fresh(customer(1))
		b.importBatch(t, &directory.Batch{
			Customers: []*directory.Customer{one, fresh(bare(2))}, Products: []*directory.Product{product("1")},
			Subscriptions: []*directory.Subscription{freshSubscription(subscription("AA", 1))}, // of a customer in the same batch
		})
		if one.Version != 0 {
			t.Errorf("got version %d in the batch, want it left alone", one.Version)
		}
		same(t, "customer", b.customer(t, 1), customer(1))
		same(t, "bare customer", b.customer(t, 2), bare(2))
		same(t, "product", b.product(t, "1"), product("1"))
		same(t, "subscription", b.subscription(t, "AA"), subscription("AA", 1))
		same(t, "events", b.events(t), []signon.EventType{signon.EventImported})
	}},
	{"ImportReplacesRowsThatExist", func(t *testing.T, b *bench) {
		created := b.create(t, customer(1))
		b.subscribe(t, subscription("AA", 1))
		b.importBatch(t, &directory.Batch{Products: []*directory.Product{product("1")}})
		next := bare(1)
		next.ExternalRef, next.PrivacyKey, next.CreatedAt = "new", signon.PrivacyKey{9}, created.CreatedAt.Add(time.Hour)
		sub := bareSubscription("AA", 1)
		sub.CreatedAt = sub.CreatedAt.Add(time.Hour)
		p := product("1")
		p.Name, p.Prices = "new", nil
		b.importBatch(t, &directory.Batch{Customers: []*directory.Customer{next}, Subscriptions: []*directory.Subscription{sub}, Products: []*directory.Product{p}})
		next.Version, next.PrivacyKey, next.CreatedAt = 2, created.PrivacyKey, created.CreatedAt
		sub.Version, sub.CreatedAt = 2, subscription("AA", 1).CreatedAt
		same(t, "customer", b.customer(t, 1), next)
		same(t, "subscription", b.subscription(t, "AA"), sub)
		same(t, "product", b.product(t, "1"), p)
	}},
	{"ImportReplacesARowOfItsOwn", func(t *testing.T, b *bench) {
		b.importBatch(t, &directory.Batch{
			Customers:     []*directory.Customer{fresh(customer(1)), bare(1)},
			Subscriptions: []*directory.Subscription{freshSubscription(subscription("AA", 1)), bareSubscription("AA", 1)},
		})
		if got := b.customer(t, 1); got.Version != 2 || got.ExternalRef != "" {
			t.Errorf("got %+v, want the second row at version 2", got)
		}
		if got := b.subscription(t, "AA"); got.Version != 2 || got.ExternalRef != "" {
			t.Errorf("got %+v, want the second row at version 2", got)
		}
	}},
	{"ImportWritesNothingWhenARowCannotBe", func(t *testing.T, b *bench) {
		first := named(1, "taken")
		first.ShopperID = 7
		b.create(t, first)
		b.subscribe(t, bareSubscription("DD", 1))
		stale := bare(1)
		stale.Version = 7
		gone := bare(9)
		gone.Version = 1
		for _, c := range []struct {
			name  string
			batch directory.Batch
			index int
			want  error
		}{
			{"a taken external reference", directory.Batch{Customers: []*directory.Customer{fresh(bare(2)), fresh(named(3, "taken"))}}, 1, signon.ErrConflict},
			{"an external reference that is an ID", directory.Batch{Customers: []*directory.Customer{fresh(bare(2)), fresh(bare(4)), fresh(named(3, "2"))}}, 2, signon.ErrConflict},
			{"a taken shopper ID", directory.Batch{Customers: []*directory.Customer{fresh(bare(2)), fresh(shopper(3, 7))}}, 1, signon.ErrConflict},
			{"another version", directory.Batch{Customers: []*directory.Customer{fresh(bare(2)), stale}}, 1, signon.ErrConflict},
			{"a customer who exists already", directory.Batch{Customers: []*directory.Customer{fresh(bare(2)), fresh(bare(1))}}, 1, signon.ErrConflict},
			{"a customer who does not exist any more", directory.Batch{Customers: []*directory.Customer{fresh(bare(2)), gone}}, 1, signon.ErrNotFound},
			{"a subscription without its customer", directory.Batch{
				Customers: []*directory.Customer{fresh(bare(2))}, Products: []*directory.Product{product("1")},
				Subscriptions: []*directory.Subscription{freshSubscription(bareSubscription("AA", 2)), freshSubscription(bareSubscription("BB", 3))},
			}, 1, signon.ErrNotFound},
			{"another version of a subscription", directory.Batch{
				Customers:     []*directory.Customer{fresh(bare(2))},
				Subscriptions: []*directory.Subscription{freshSubscription(bareSubscription("AA", 2)), {Tenant: shop, Reference: "DD", CustomerID: 1, Version: 2}},
			}, 1, signon.ErrConflict},
			{"a subscription that exists already", directory.Batch{
				Customers:     []*directory.Customer{fresh(bare(2))},
				Subscriptions: []*directory.Subscription{freshSubscription(bareSubscription("DD", 2))},
			}, 0, signon.ErrConflict},
			{"a subscription that does not exist any more", directory.Batch{
				Customers:     []*directory.Customer{fresh(bare(2))},
				Subscriptions: []*directory.Subscription{freshSubscription(bareSubscription("AA", 2)), bareSubscription("BB", 2)},
			}, 1, signon.ErrNotFound},
		} {
			b.importFails(t, c.name, &c.batch, c.index, c.want)
			_, err := b.Store.Customer(b.ctx, shop, 2)
			fails(t, c.name+": a row before it", err, signon.ErrNotFound)
		}
		_, err := b.Store.Product(b.ctx, shop, "1")
		fails(t, "product", err, signon.ErrNotFound)
		same(t, "the customer who was there", b.customer(t, 1), first)
		same(t, "the subscription that was there", b.subscription(t, "DD"), bareSubscription("DD", 1))
		same(t, "events", b.events(t), []signon.EventType{signon.EventCustomerCreated, signon.EventSubscription})
	}},
}

func (b *bench) importBatch(t *testing.T, batch *directory.Batch) {
	t.Helper()
	if err := b.Store.Import(b.ctx, batch, event(signon.EventImported)); err != nil {
		t.Fatalf("import: %v", err)
	}
}

// importFails fails the test unless the batch is refused because of that row.
func (b *bench) importFails(t *testing.T, what string, batch *directory.Batch, index int, want error) {
	t.Helper()
	err := b.Store.Import(b.ctx, batch, event(signon.EventImported))
	var row *directory.RowError
	if !errors.As(err, &row) || row.Index != index || !errors.Is(err, want) {
		t.Errorf("%s: got %v, want row %d: %v", what, err, index, want)
	}
}
