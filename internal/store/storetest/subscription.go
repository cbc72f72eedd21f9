package storetest

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// subscription returns a subscription with every field set.
func subscription(reference string, customerID int64) *directory.Subscription {
	return &directory.Subscription{
		Tenant: shop, Reference: reference, ExternalRef: "ext", CustomerID: customerID,
		EndUser: &directory.Contact{FirstName: "Eva", Email: "Eva@Example.com"}, EndUserLanguage: "de",
		Product:  directory.SubscribedProduct{ID: "4639321", Code: "p", Name: "Product", Version: "1.0", Quantity: 3, PriceOptionCodes: []string{"a", "b"}},
		StartsOn: directory.Date{Year: 2026, Month: time.January, Day: 31}, ExpiresOn: directory.Date{Year: 2027, Month: time.February, Day: 28},
		Recurring: true, Disabled: true, PastDue: true, Trial: true, Test: true, Lifetime: true, ReceiveNotifications: true,
		SKU: "sku", PartnerCode: "partner", DeliveryDescription: "by mail\nor not",
		DeliveryCodes:    []directory.DeliveryCode{{Code: "c", Description: "d", ExtraInfo: "e", File: "f"}, {}},
		NextRenewalPrice: directory.Money{Hundredths: 1999, Currency: "EUR"}, CardToken: "tok-1", CreatedAt: NewClock().Now(), Version: 1,
	}
}

func bareSubscription(reference string, customerID int64) *directory.Subscription {
	return &directory.Subscription{Tenant: shop, Reference: reference, CustomerID: customerID, CreatedAt: NewClock().Now(), Version: 1}
}

var subscriptionPromises = []promise{
	{"SubscriptionReadsBackAsStored", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		for _, s := range []*directory.Subscription{subscription("AA", 1), bareSubscription("BB", 1)} {
			b.subscribe(t, s)
			same(t, "subscription", b.subscription(t, s.Reference), s)
		}
		b.Store = b.Reopen(t)
		same(t, "subscription after a restart", b.subscription(t, "AA"), subscription("AA", 1))
		same(t, "events", b.events(t), []signon.EventType{signon.EventCustomerCreated, signon.EventSubscription, signon.EventSubscription})
	}},
	{"SubscriptionNeedsItsCustomer", func(t *testing.T, b *bench) {
		foreign := bare(1)
		foreign.Tenant = other
		b.create(t, foreign)
		fails(t, "create", b.Store.CreateSubscription(b.ctx, subscription("AA", 1), event(signon.EventSubscription)), signon.ErrNotFound)
		_, err := b.Store.Subscription(b.ctx, shop, "AA")
		fails(t, "read", err, signon.ErrNotFound)
	}},
	{"SubscriptionUnderATakenReferenceConflicts", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.subscribe(t, subscription("AA", 1))
		fails(t, "create", b.Store.CreateSubscription(b.ctx, bareSubscription("AA", 1), event(signon.EventSubscription)), signon.ErrConflict)
		same(t, "subscription", b.subscription(t, "AA"), subscription("AA", 1))
	}},
	{"UpdateReplacesTheSubscription", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.create(t, customer(2))
		b.subscribe(t, bareSubscription("AA", 1))
		b.subscribe(t, subscription("BB", 1))
		for _, next := range []*directory.Subscription{subscription("AA", 2), bareSubscription("BB", 1)} {
			created := next.CreatedAt
			next.CreatedAt = created.Add(time.Hour)
			b.changeSubscription(t, next)
			if next.Version != 2 {
				t.Errorf("got version %d in the argument, want 2", next.Version)
			}
			next.CreatedAt = created
			same(t, "subscription", b.subscription(t, next.Reference), next)
			b.Store = b.Reopen(t)
			same(t, "subscription after a restart", b.subscription(t, next.Reference), next)
		}
		same(t, "last events", b.events(t)[4:], []signon.EventType{signon.EventSubscriptionChanged, signon.EventSubscriptionChanged})
	}},
	{"UpdateOfAnotherVersionOfASubscriptionConflicts", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.subscribe(t, subscription("AA", 1))
		b.changeSubscription(t, subscription("AA", 1))
		for _, version := range []int64{0, 1, 3} {
			s := bareSubscription("AA", 1)
			s.Version = version
			fails(t, "update", b.Store.UpdateSubscription(b.ctx, s, event(signon.EventSubscriptionChanged)), signon.ErrConflict)
			if s.Version != version {
				t.Errorf("got version %d in the argument of a refused update, want %d", s.Version, version)
			}
		}
		want := subscription("AA", 1)
		want.Version = 2
		same(t, "subscription", b.subscription(t, "AA"), want)
		b.count(t, signon.EventSubscriptionChanged, 1)
	}},
	{"UpdateOfAnUnknownSubscriptionIsNotFound", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.subscribe(t, subscription("AA", 1))
		theirs := subscription("AA", 1)
		theirs.Tenant = other
		for name, s := range map[string]*directory.Subscription{
			"another reference": subscription("BB", 1), "another tenant": theirs, "a customer who does not exist": subscription("AA", 2),
		} {
			fails(t, name, b.Store.UpdateSubscription(b.ctx, s, event(signon.EventSubscriptionChanged)), signon.ErrNotFound)
		}
		same(t, "subscription", b.subscription(t, "AA"), subscription("AA", 1))
		b.count(t, signon.EventSubscriptionChanged, 0)
	}},
	{"SubscriptionOfAnotherTenantIsNotFound", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.subscribe(t, subscription("AA", 1))
		_, err := b.Store.Subscription(b.ctx, other, "AA")
		fails(t, "read", err, signon.ErrNotFound)
	}},
	{"QuerySelectsSubscriptions", func(t *testing.T, b *bench) {
		one, two := customer(1), bare(2)
		one.Billing.Email, two.Billing.Email = "One@Example.com", ""
		b.create(t, one)
		b.create(t, two)
		foreign := bare(1)
		foreign.Tenant, foreign.Billing.Email = other, "one@example.com"
		b.create(t, foreign)
		b.subscribe(t, bareSubscription("A1", 1))
		b.subscribe(t, subscription("A2", 1)) // of Eva
		b.subscribe(t, bareSubscription("B1", 2))
		b.subscribe(t, subscription("B2", 2)) // of Eva
		theirs := bareSubscription("C1", 1)
		theirs.Tenant = other
		b.subscribe(t, theirs)
		for _, c := range []struct {
			name string
			q    directory.SubscriptionQuery
			want []string
		}{
			{"all", directory.SubscriptionQuery{}, []string{"A1", "A2", "B1", "B2"}},
			{"of a customer", directory.SubscriptionQuery{CustomerID: 2}, []string{"B1", "B2"}},
			{"of an unknown customer", directory.SubscriptionQuery{CustomerID: 3}, nil},
			{"by the customer's address", directory.SubscriptionQuery{Email: "ONE@example.com"}, []string{"A1", "A2"}},
			{"by the end user's address", directory.SubscriptionQuery{Email: "eva@EXAMPLE.com"}, []string{"A2", "B2"}},
			{"by both", directory.SubscriptionQuery{CustomerID: 1, Email: "eva@example.com"}, []string{"A2"}},
			{"by an unknown address", directory.SubscriptionQuery{Email: "eva"}, nil},
			{"from an offset on", directory.SubscriptionQuery{Offset: 1, Limit: 2}, []string{"A2", "B1"}},
			{"beyond the end", directory.SubscriptionQuery{Offset: 4}, nil},
			{"after a reference", directory.SubscriptionQuery{After: "A2", Limit: 1}, []string{"B1"}},
			{"after a reference, of a customer", directory.SubscriptionQuery{After: "A1", CustomerID: 1}, []string{"A2"}},
		} {
			c.q.Tenant = shop
			if c.q.Limit == 0 {
				c.q.Limit = 100
			}
			list, err := b.Store.Subscriptions(b.ctx, c.q)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			var got []string
			for _, s := range list {
				got = append(got, s.Reference)
			}
			same(t, c.name, got, c.want)
		}
	}},
}

func (b *bench) subscribe(t *testing.T, s *directory.Subscription) {
	t.Helper()
	if err := b.Store.CreateSubscription(b.ctx, s, event(signon.EventSubscription)); err != nil {
		t.Fatalf("create subscription %s: %v", s.Reference, err)
	}
}

func (b *bench) changeSubscription(t *testing.T, s *directory.Subscription) {
	t.Helper()
	if err := b.Store.UpdateSubscription(b.ctx, s, event(signon.EventSubscriptionChanged)); err != nil {
		t.Fatalf("update subscription %s: %v", s.Reference, err)
	}
}

func (b *bench) subscription(t *testing.T, reference string) *directory.Subscription {
	t.Helper()
	s, err := b.Store.Subscription(b.ctx, shop, reference)
	if err != nil {
		t.Fatalf("read subscription %s: %v", reference, err)
	}
	return s
}
