package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// customer returns a customer with every field set.
func customer(id int64) *directory.Customer {
	at := NewClock().Now()
	return &directory.Customer{
		Tenant: shop, ID: id, ExternalRef: fmt.Sprintf("Ref-%d", id), ShopperID: 19363122 + id,
		Billing: directory.Contact{
			FirstName: "John", LastName: "Newman", Company: "Newman & Sons", Address1: "12 Orchard Street", Address2: "2nd floor", City: "Springfield",
			State: "Illinois", Zip: "62704", CountryCode: "us", Phone: "2175550100", Fax: "2175550101", Email: fmt.Sprintf("John.Newman+%d@Example.com", id),
		},
		Delivery:   &directory.Contact{FirstName: "Jane", City: "Peoria", CountryCode: "us"},
		FiscalCode: "DE1", Language: "en",
		Cards: []directory.Card{
			{Type: "visa", LastDigits: "1111", ExpirationMonth: 12, ExpirationYear: 2029, Cardholder: "John Newman", Token: "tok-1"},
			{Type: "mastercard", LastDigits: "4444", ExpirationMonth: 3, ExpirationYear: 2028},
		},
		Credit:     directory.Credit{Limit: 5100, Remaining: -2150, Currency: "EUR"},
		PrivacyKey: signon.PrivacyKey{byte(id), 1, 2, 3}, CreatedAt: at, ChangedAt: at.Add(time.Millisecond), Version: 1,
	}
}

func bare(id int64) *directory.Customer {
	return &directory.Customer{Tenant: shop, ID: id, PrivacyKey: signon.PrivacyKey{1}, CreatedAt: NewClock().Now(), ChangedAt: NewClock().Now(), Version: 1}
}

func named(id int64, ref string) *directory.Customer {
	c := bare(id)
	c.ExternalRef = ref
	return c
}

func shopper(id, number int64) *directory.Customer {
	c := bare(id)
	c.ShopperID = number
	return c
}

// clashes are pairs of customers that must not both exist: one text would name
// two people.
var clashes = []struct {
	name          string
	first, second *directory.Customer
}{
	{"the same ID", bare(100), bare(100)},
	{"the same external reference", named(100, "ref"), named(101, "ref")},
	{"an external reference that is another's ID", bare(100), named(101, "100")},
	{"an ID that is another's external reference", named(100, "101"), bare(101)},
	{"the same shopper ID", shopper(100, 7), shopper(101, 7)},
}

// coexisting are pairs of customers that may both exist.
var coexisting = []struct {
	name          string
	first, second *directory.Customer
}{
	{"no external references", bare(100), bare(101)},
	{"external references in different letters", named(100, "ref"), named(101, "REF")},
	{"an external reference that is the own ID", named(100, "100"), bare(101)},
	{"an external reference that another's ID is part of", bare(100), named(101, "0100")},
	{"a shopper ID that is another's ID", bare(100), shopper(101, 100)},
	{"the same shopper ID in different tenants", shopper(100, 7), func() *directory.Customer { c := shopper(101, 7); c.Tenant = other; return c }()},
	{"the same in different tenants", named(100, "ref"), func() *directory.Customer { c := named(100, "ref"); c.Tenant = other; return c }()},
	{"an ID of another tenant as external reference", bare(100), func() *directory.Customer { c := named(101, "100"); c.Tenant = other; return c }()},
}

var customerPromises = []promise{
	{"CustomerReadsBackAsStored", func(t *testing.T, b *bench) {
		for _, c := range []*directory.Customer{customer(1), bare(2)} {
			b.create(t, c)
			same(t, "customer by ID", b.customer(t, c.ID), c)
		}
		got, err := b.Store.CustomerByExternalRef(b.ctx, shop, "Ref-1")
		if err != nil {
			t.Fatalf("by external reference: %v", err)
		}
		same(t, "customer by external reference", got, customer(1))
		if got, err = b.Store.CustomerByShopperID(b.ctx, shop, customer(1).ShopperID); err != nil {
			t.Fatalf("by shopper ID: %v", err)
		}
		same(t, "customer by shopper ID", got, customer(1))
		b.Store = b.Reopen(t)
		same(t, "customer after a restart", b.customer(t, 1), customer(1))
		same(t, "events", b.events(t), []signon.EventType{signon.EventCustomerCreated, signon.EventCustomerCreated})
	}},
	{"UnknownCustomerIsNotFound", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		for _, c := range []struct {
			tenant signon.TenantID
			id     int64
			ref    string
		}{{shop, 2, "ref-1"}, {shop, 0, ""}, {other, 1, "Ref-1"}, {shop, -1, "1"}} {
			_, err := b.Store.Customer(b.ctx, c.tenant, c.id)
			fails(t, "by ID", err, signon.ErrNotFound)
			_, err = b.Store.CustomerByExternalRef(b.ctx, c.tenant, c.ref)
			fails(t, "by external reference", err, signon.ErrNotFound)
			_, err = b.Store.CustomerByShopperID(b.ctx, c.tenant, c.id)
			fails(t, "by shopper ID", err, signon.ErrNotFound)
		}
		_, err := b.Store.CustomerByShopperID(b.ctx, other, customer(1).ShopperID)
		fails(t, "by the shopper ID of another tenant's", err, signon.ErrNotFound)
	}},
	{"CustomersAreFoundByTheirEmailInAnyCase", func(t *testing.T, b *bench) {
		mail := func(c *directory.Customer, email string) *directory.Customer { c.Billing.Email = email; return c }
		b.create(t, mail(bare(3), "Ann@shop.example"))
		b.create(t, mail(bare(2), "ann@SHOP.example"))
		b.create(t, mail(bare(4), "ann@shop.example.org"))
		foreign := mail(bare(5), "ann@shop.example")
		foreign.Tenant = other
		b.create(t, foreign)
		for _, c := range []struct {
			email string
			limit int
			ids   []int64
		}{{"ANN@shop.example", 9, []int64{2, 3}}, {"ann@shop.example", 1, []int64{2}}, {"nobody@shop.example", 9, nil}, {"", 9, nil}} {
			found, err := b.Store.CustomersByEmail(b.ctx, shop, c.email, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int64
			for i := range found {
				ids = append(ids, found[i].ID)
			}
			same(t, "customers of "+c.email, ids, c.ids)
		}
	}},
	{"OneTextNeverNamesTwoCustomers", func(t *testing.T, b *bench) {
		for i, c := range clashes {
			first, second := inTenant(c.first, i), inTenant(c.second, i)
			b.create(t, first)
			fails(t, "create with "+c.name, b.Store.CreateCustomer(b.ctx, second, event(signon.EventCustomerCreated)), signon.ErrConflict)
			same(t, "the first customer", b.customerOf(t, first.Tenant, first.ID), first)
		}
		if n := len(b.events(t)); n != len(clashes) {
			t.Errorf("got %d events, want %d", n, len(clashes))
		}
	}},
	{"OneTextNeverComesToNameTwoCustomers", func(t *testing.T, b *bench) {
		for i, c := range clashes[1:] {
			first, second := inTenant(c.first, i), inTenant(c.second, i)
			if first.ExternalRef == "101" {
				first, second = second, first // what changes is the reference
			}
			b.create(t, first)
			start := *second
			start.ExternalRef, start.ShopperID = "free", 0
			b.create(t, &start)
			second.Version = start.Version
			fails(t, "update to "+c.name, b.Store.UpdateCustomer(b.ctx, second, event(signon.EventCustomerChanged)), signon.ErrConflict)
			same(t, "the second customer", b.customerOf(t, start.Tenant, start.ID), &start)
		}
	}},
	{"CustomersWithDifferentNamesCoexist", func(t *testing.T, b *bench) {
		for i, c := range coexisting {
			first, second := inTenant(c.first, i), inTenant(c.second, i)
			b.create(t, first)
			b.create(t, second)
			same(t, c.name, b.customerOf(t, first.Tenant, first.ID), first)
			same(t, c.name, b.customerOf(t, second.Tenant, second.ID), second)
		}
	}},
	{"UpdateReplacesAndCountsUp", func(t *testing.T, b *bench) {
		created := b.create(t, customer(1))
		next := bare(1)
		next.Billing.Email, next.ChangedAt = "new@example.com", created.ChangedAt.Add(time.Hour)
		next.PrivacyKey, next.CreatedAt = signon.PrivacyKey{9}, time.Time{}
		b.update(t, next)
		if next.Version != 2 {
			t.Errorf("got version %d in the argument, want 2", next.Version)
		}
		next.PrivacyKey, next.CreatedAt = created.PrivacyKey, created.CreatedAt
		same(t, "customer", b.customer(t, 1), next)
		_, err := b.Store.CustomerByExternalRef(b.ctx, shop, "Ref-1")
		fails(t, "by the former reference", err, signon.ErrNotFound)
		_, err = b.Store.CustomerByShopperID(b.ctx, shop, created.ShopperID)
		fails(t, "by the former shopper ID", err, signon.ErrNotFound)
		same(t, "events", b.events(t), []signon.EventType{signon.EventCustomerCreated, signon.EventCustomerChanged})
	}},
	{"UpdateOfAnotherVersionConflicts", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.update(t, customer(1))
		for _, version := range []int64{0, 1, 3} {
			c := bare(1)
			c.Version = version
			fails(t, "update", b.Store.UpdateCustomer(b.ctx, c, event(signon.EventCustomerChanged)), signon.ErrConflict)
			if c.Version != version {
				t.Errorf("got version %d in the argument of a refused update, want %d", c.Version, version)
			}
		}
		if got := b.customer(t, 1); got.Version != 2 || got.ExternalRef != "Ref-1" {
			t.Errorf("got %+v, want version 2 as it was", got)
		}
	}},
	{"UpdateOfAnUnknownCustomerIsNotFound", func(t *testing.T, b *bench) {
		fails(t, "update", b.Store.UpdateCustomer(b.ctx, bare(1), event(signon.EventCustomerChanged)), signon.ErrNotFound)
		same(t, "events", b.events(t), []signon.EventType{})
	}},
	{"SigningOutIsLaterThanAllThatWasHandedOut", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.create(t, bare(2))
		if at := b.customer(t, 1).SignedOutBefore; !at.IsZero() {
			t.Errorf("before: got %v, want none", at)
		}
		var last time.Time
		for i := range 6 {
			now := b.Store.Now().Truncate(time.Millisecond)
			b.signOut(t, 1)
			want := customer(1)
			want.SignedOutBefore = later(now, last).Add(time.Millisecond)
			same(t, fmt.Sprintf("customer after %d times", i+1), b.customer(t, 1), want)
			last = want.SignedOutBefore
			if i%2 == 1 { // twice while the clock stands still
				b.clock.Advance(time.Second)
			}
		}
		same(t, "another customer", b.customer(t, 2), bare(2))
		b.Store = b.Reopen(t)
		if got := b.customer(t, 1).SignedOutBefore; !got.Equal(last) {
			t.Errorf("after a restart: got %v, want %v", got, last)
		}
		b.count(t, signon.EventSignedOutEverywhere, 6)
	}},
	{"SigningOutNeverGoesBack", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.signOut(t, 1)
		before := b.customer(t, 1).SignedOutBefore
		b.clock.Advance(-time.Hour)
		b.Store = b.Reopen(t)
		b.signOut(t, 1)
		if got := b.customer(t, 1).SignedOutBefore; !got.After(before) {
			t.Errorf("got %v after %v", got, before)
		}
	}},
	{"SigningOutStaysWhenTheCustomerChanges", func(t *testing.T, b *bench) {
		c := b.create(t, customer(1))
		b.signOut(t, 1)
		signedOut := b.customer(t, 1).SignedOutBefore
		c.SignedOutBefore = signedOut.Add(-time.Hour)
		b.update(t, c) // based on what was read before: signing out is no new version
		c.SignedOutBefore = time.Time{}
		b.importBatch(t, &directory.Batch{Customers: []*directory.Customer{c}})
		if got := b.customer(t, 1); !got.SignedOutBefore.Equal(signedOut) || got.Version != 3 {
			t.Errorf("got %v at version %d, want %v at version 3", got.SignedOutBefore, got.Version, signedOut)
		}
	}},
	{"SigningOutAnUnknownCustomerIsNotFound", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		fails(t, "unknown", b.Store.SignOutCustomer(b.ctx, shop, 2, event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
		fails(t, "of another tenant", b.Store.SignOutCustomer(b.ctx, other, 1, event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
		same(t, "customer", b.customer(t, 1), customer(1))
		same(t, "events", b.events(t), []signon.EventType{signon.EventCustomerCreated})
	}},
	{"CustomersAreListedByID", func(t *testing.T, b *bench) {
		for _, id := range []int64{30, 4, 200, 1000} {
			b.create(t, bare(id))
		}
		foreign := bare(5)
		foreign.Tenant = other
		b.create(t, foreign)
		for _, c := range []struct {
			after int64
			limit int
			want  []int64
		}{{0, 10, []int64{4, 30, 200, 1000}}, {4, 2, []int64{30, 200}}, {1000, 5, nil}} {
			list, err := b.Store.Customers(b.ctx, shop, c.after, c.limit)
			if err != nil {
				t.Fatalf("list customers: %v", err)
			}
			var got []int64
			for _, l := range list {
				got = append(got, l.ID)
			}
			same(t, fmt.Sprintf("IDs after %d", c.after), got, c.want)
		}
	}},
}

// inTenant returns a copy of the customer in a tenant of the case's own.
func inTenant(c *directory.Customer, i int) *directory.Customer {
	own := *c
	own.Tenant = signon.TenantID(strings.Repeat("t", i+1)) + "-" + c.Tenant
	return &own
}

func (b *bench) create(t *testing.T, c *directory.Customer) *directory.Customer {
	t.Helper()
	if err := b.Store.CreateCustomer(b.ctx, c, event(signon.EventCustomerCreated)); err != nil {
		t.Fatalf("create customer %d: %v", c.ID, err)
	}
	return c
}

func (b *bench) update(t *testing.T, c *directory.Customer) {
	t.Helper()
	if err := b.Store.UpdateCustomer(b.ctx, c, event(signon.EventCustomerChanged)); err != nil {
		t.Fatalf("update customer %d: %v", c.ID, err)
	}
}

func (b *bench) signOut(t *testing.T, id int64) {
	t.Helper()
	if err := b.Store.SignOutCustomer(b.ctx, shop, id, event(signon.EventSignedOutEverywhere)); err != nil {
		t.Fatalf("sign out customer %d: %v", id, err)
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (b *bench) customer(t *testing.T, id int64) *directory.Customer {
	t.Helper()
	return b.customerOf(t, shop, id)
}

func (b *bench) customerOf(t *testing.T, tenant signon.TenantID, id int64) *directory.Customer {
	t.Helper()
	c, err := b.Store.Customer(b.ctx, tenant, id)
	if err != nil {
		t.Fatalf("read customer %d: %v", id, err)
	}
	return c
}
