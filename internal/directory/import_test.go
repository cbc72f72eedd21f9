package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// row returns a row about a customer that fills in what is required and then
// calls change.
func row(id int64, ref string, change func(*directory.Customer)) directory.CustomerRow {
	return directory.CustomerRow{ID: id, ExternalRef: ref, Fill: func(c *directory.Customer) error {
		if c.Version == 0 {
			c.Billing = john().Billing
		}
		if ref != "" {
			c.ExternalRef = ref
		}
		if change != nil {
			change(c)
		}
		return nil
	}}
}

func merge(t *testing.T, s *directory.Service, rows ...directory.CustomerRow) directory.Imported {
	t.Helper()
	done, err := s.Merge(t.Context(), shop, &directory.Rows{Customers: rows}, directory.Act{})
	if err != nil {
		t.Fatalf("merge: %v", err)
	}
	return done
}

// wantRows checks that exactly these rows are refused, for these fields.
func wantRows(t *testing.T, err error, want map[int]string) {
	t.Helper()
	var rows directory.RowErrors
	if !errors.As(err, &rows) {
		t.Fatalf("got error %v, want RowErrors", err)
	}
	got := map[int]string{}
	for _, r := range rows {
		got[r.Index] = signon.AsError(r).Argument
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refused rows (-want +got):\n%s", diff)
	}
}

func customers(t *testing.T, s *directory.Service, tenant signon.TenantID) []*directory.Customer {
	t.Helper()
	var all []*directory.Customer
	for c, err := range s.AllCustomers(t.Context(), tenant) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func TestImportFindsCustomersByIDThenByExternalReference(t *testing.T) {
	s, store, c := newService(t)
	a, b := john(), john()
	a.ExternalRef, b.ExternalRef = "a", "b"
	create(t, s, a)
	create(t, s, b)
	before, err := s.CustomerByID(t.Context(), shop, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour)

	phone := func(number string) func(*directory.Customer) {
		return func(c *directory.Customer) { c.Billing.Phone = number }
	}
	done := merge(t, s,
		row(a.ID, "", phone("1")), row(0, "b", phone("2")), // stored ones
		row(0, "c", phone("3")), row(352365983, "d", phone("4")), row(0, "", phone("5")), // new ones
	)
	if want := (directory.Imported{Created: 3, Updated: 2}); done != want {
		t.Errorf("got %+v, want %+v", done, want)
	}
	phones := map[string]string{}
	for _, c := range customers(t, s, shop) {
		phones[c.Billing.Phone] = c.ExternalRef
	}
	if diff := cmp.Diff(map[string]string{"1": "a", "2": "b", "3": "c", "4": "d", "5": ""}, phones); diff != "" {
		t.Errorf("references by phone (-want +got):\n%s", diff)
	}
	if got, err := s.CustomerByRef(t.Context(), shop, "352365983"); err != nil || got.ExternalRef != "d" || got.Version != 1 {
		t.Errorf("the given ID: got %+v, %v", got, err)
	}

	want := before.Clone()
	want.Billing.Phone, want.Version, want.ChangedAt = "1", 2, c.Now()
	got, err := s.CustomerByID(t.Context(), shop, a.ID)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, the updated customer (-want +got):\n%s", err, diff)
	}
	note := []string{"5 customers, 0 subscriptions, 0 products, 0 users, 0 members: 3 new"}
	if diff := cmp.Diff(note, events(t, store, signon.EventImported)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// What a batch does must not depend on where a file was cut into batches.
func TestRowsOfOneBatchActInTheirOrder(t *testing.T) {
	steps := []directory.CustomerRow{
		row(100000001, "a", nil),
		row(0, "a", func(c *directory.Customer) { c.Billing.Phone = "1" }),                   // the first one, by its reference
		row(100000001, "", func(c *directory.Customer) { c.ExternalRef = "b" }),              // which it gives up
		row(100000002, "a", func(c *directory.Customer) { c.Billing.Phone = "2" }),           // for another one
		row(0, "b", func(c *directory.Customer) { c.Billing.Fax = "3" }),                     // the first one again
		row(100000001, "", func(c *directory.Customer) { c.ExternalRef = "" }),               // then without any
		row(0, "b", func(c *directory.Customer) { c.Billing.Phone, c.Language = "4", "de" }), // so this one is new
	}
	ignore := cmpopts.IgnoreFields(directory.Customer{}, "PrivacyKey", "ID")
	alone, _, _ := newService(t)
	var sum directory.Imported
	for _, step := range steps {
		done := merge(t, alone, step)
		sum.Created, sum.Updated = sum.Created+done.Created, sum.Updated+done.Updated
	}
	for cut := range steps {
		cutAt, _, _ := newService(t)
		first, second := merge(t, cutAt, steps[:cut]...), merge(t, cutAt, steps[cut:]...)
		if got := (directory.Imported{Created: first.Created + second.Created, Updated: first.Updated + second.Updated}); got != sum {
			t.Errorf("cut at %d: got %+v, want %+v", cut, got, sum)
		}
		if diff := cmp.Diff(customers(t, alone, shop), customers(t, cutAt, shop), ignore); diff != "" {
			t.Errorf("cut at %d (-each alone +got):\n%s", cut, diff)
		}
	}
}

func TestAnImportThatIsRefusedNamesEveryBadRowAndWritesNothing(t *testing.T) {
	s, store, _ := newService(t)
	create(t, s, john())
	stored := customers(t, s, shop)
	_, err := s.Merge(t.Context(), shop, &directory.Rows{Customers: []directory.CustomerRow{
		row(0, "good", nil),
		row(0, "bad", func(c *directory.Customer) { c.Billing.Email = "nobody" }),
		row(0, "", func(c *directory.Customer) { c.ExternalRef = "good" }), // the first row's
		row(0, "", func(c *directory.Customer) { c.ExternalRef = stored[0].ExternalRef }),
		row(0, "", func(c *directory.Customer) { c.ExternalRef = string(stored[0].Ref()) }),
		row(1<<31, "", nil),
		row(-1, "", nil),
		row(0, visa, nil),
		{Fill: func(*directory.Customer) error { return signon.Invalid("cards", "must be readable") }},
		row(100000003, "100000004", nil),
		row(100000004, "", nil), // reads as the reference before
		row(100000005, "", func(c *directory.Customer) { c.Cards = []directory.Card{{Type: "visa", LastDigits: visa}} }),
	}}, directory.Act{})
	wantRows(t, err, map[int]string{
		1: "email", 2: "external_reference", 3: "external_reference", 4: "external_reference", 5: "id", 6: "id",
		7: "external_reference", 8: "cards", 10: "id", 11: "cards",
	})
	if strings.Contains(err.Error(), "1111") {
		t.Errorf("the error repeats a card number: %v", err)
	}
	if diff := cmp.Diff(stored, customers(t, s, shop)); diff != "" {
		t.Errorf("the store changed (-before +after):\n%s", diff)
	}
	if got := events(t, store, signon.EventImported); len(got) != 0 {
		t.Errorf("got events %q, want none", got)
	}
}

func TestImportOfSubscriptions(t *testing.T) {
	s, _, _ := newService(t)
	id := create(t, s, john())
	fill := func(customer int64, change func(*directory.Subscription)) func(*directory.Subscription) error {
		return func(sub *directory.Subscription) error {
			if sub.CustomerID == 0 {
				*sub = *subscription(customer)
			}
			if change != nil {
				change(sub)
			}
			return nil
		}
	}
	done, err := s.Merge(t.Context(), shop, &directory.Rows{Subscriptions: []directory.SubscriptionRow{
		{Reference: "123D40F123", Fill: fill(id, nil)},
		{Fill: fill(id, func(sub *directory.Subscription) { sub.SKU = "drawn" })},
		{Reference: "123D40F123", Fill: fill(0, func(sub *directory.Subscription) { sub.PastDue = true })},
	}}, directory.Act{})
	if want := (directory.Imported{Created: 2, Updated: 1}); err != nil || done != want {
		t.Fatalf("got %+v, %v, want %+v", done, err, want)
	}
	want := subscription(id)
	want.Reference, want.PastDue, want.Version = "123D40F123", true, 2
	got, err := s.Subscription(t.Context(), shop, "123D40F123")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(directory.Subscription{}, "CreatedAt")); err != nil || diff != "" {
		t.Errorf("error %v, stored (-want +got):\n%s", err, diff)
	}
	all, err := s.Subscriptions(t.Context(), directory.SubscriptionQuery{Tenant: shop, CustomerID: id, Limit: 10})
	if err != nil || len(all) != 2 {
		t.Errorf("got %d subscriptions, %v, want 2", len(all), err)
	}

	_, err = s.Merge(t.Context(), shop, &directory.Rows{Subscriptions: []directory.SubscriptionRow{
		{Reference: "123D40F124", Fill: fill(id, nil)},
		{Reference: "123d40f124", Fill: fill(id, nil)},
		{Fill: fill(123456789, nil)},
	}}, directory.Act{})
	wantRows(t, err, map[int]string{1: "reference", 2: "customer"})
	if _, err := s.Subscription(t.Context(), shop, "123D40F124"); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("the good row: got %v, want signon.ErrNotFound", err)
	}
}

func TestImportOfACustomerTogetherWithSubscriptions(t *testing.T) {
	s, _, _ := newService(t)
	c := john()
	c.ID = 352365983
	sub := subscription(c.ID)
	sub.Reference = "123D40F123"
	batch := &directory.Batch{Customers: []*directory.Customer{c}, Subscriptions: []*directory.Subscription{sub}, Products: []*directory.Product{product()}}
	for _, want := range []directory.Imported{{Created: 3}, {Updated: 3}} {
		if got, err := s.Import(t.Context(), shop, batch, directory.Act{}); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	found, err := s.Products(t.Context(), shop, []string{"unknown", "4639321"})
	if diff := cmp.Diff([]directory.Product{*product()}, found); err != nil || diff != "" {
		t.Errorf("error %v, products (-want +got):\n%s", err, diff)
	}
	if c.PrivacyKey != (signon.PrivacyKey{}) || c.Version != 0 {
		t.Error("the batch was changed")
	}
}

// busyStore changes a customer between the plan of an import and its writing.
type busyStore struct {
	directory.Store
	t     *testing.T
	times int
}

func (s *busyStore) Import(ctx context.Context, b *directory.Batch, e *signon.Event) error {
	if s.times > 0 {
		s.times--
		c, err := s.Customer(ctx, shop, b.Customers[0].ID)
		if err != nil {
			s.t.Fatal(err)
		}
		c.Billing.City = fmt.Sprint("moved ", s.times)
		if err := s.UpdateCustomer(ctx, c, &signon.Event{Type: signon.EventCustomerChanged}); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.Store.Import(ctx, b, e)
}

func TestImportDoesNotUndoAChangeMadeMeanwhile(t *testing.T) {
	c := newClock()
	busy := &busyStore{Store: openStore(t, c), t: t, times: 3}
	s := directory.New(busy, c)
	id := create(t, s, john())
	merge(t, s, row(id, "", func(c *directory.Customer) { c.Billing.Phone = "1" }))
	got, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil || got.Billing.City != "moved 0" || got.Billing.Phone != "1" {
		t.Errorf("got city %q and phone %q, %v, want both changes", got.Billing.City, got.Billing.Phone, err)
	}

	busy.times = 1000
	_, err = s.Merge(t.Context(), shop, &directory.Rows{Customers: []directory.CustomerRow{row(id, "", nil)}}, directory.Act{})
	wantRows(t, err, map[int]string{0: "reference"})
}

// brokenStore fails to read customers.
type brokenStore struct{ directory.Store }

func (brokenStore) Customer(context.Context, signon.TenantID, int64) (*directory.Customer, error) {
	return nil, signon.Unavailable("read customer", errors.New("the disk is gone"))
}

func TestAStoreThatFailsRefusesNoRow(t *testing.T) {
	c := newClock()
	s := directory.New(brokenStore{openStore(t, c)}, c)
	_, err := s.Merge(t.Context(), shop, &directory.Rows{Customers: []directory.CustomerRow{row(1, "", nil)}}, directory.Act{})
	var rows directory.RowErrors
	if errors.As(err, &rows) || signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("got %v, want the store's error", err)
	}
}

func TestExportReadsEveryRowOnceInOrder(t *testing.T) {
	s, _, _ := newService(t)
	const n = 1203 // more than two pages
	batch, other := &directory.Batch{}, &directory.Batch{}
	for i := range n {
		c := john()
		c.ID, c.ExternalRef = int64(100_000_000+i), ""
		batch.Customers = append(batch.Customers, c)
		sub := subscription(100_000_000)
		sub.Reference = fmt.Sprintf("%010X", i)
		batch.Subscriptions = append(batch.Subscriptions, sub)
		p := product()
		p.ID = fmt.Sprintf("p%06d", i)
		batch.Products = append(batch.Products, p)
	}
	foreign := john()
	foreign.Tenant = "othershop"
	other.Customers = append(other.Customers, foreign)
	for tenant, b := range map[signon.TenantID]*directory.Batch{shop: batch, "othershop": other} {
		if _, err := s.Import(t.Context(), tenant, b, directory.Act{}); err != nil {
			t.Fatal(err)
		}
	}

	i := 0
	for c, err := range s.AllCustomers(t.Context(), shop) {
		if err != nil || c.ID != int64(100_000_000+i) {
			t.Fatalf("customer %d: %v, %v", i, c, err)
		}
		i++
	}
	j := 0
	for sub, err := range s.AllSubscriptions(t.Context(), shop) {
		if err != nil || sub.Reference != fmt.Sprintf("%010X", j) {
			t.Fatalf("subscription %d: %v, %v", j, sub, err)
		}
		j++
	}
	k := 0
	for p, err := range s.AllProducts(t.Context(), shop) {
		if err != nil || p.ID != fmt.Sprintf("p%06d", k) {
			t.Fatalf("product %d: %v, %v", k, p, err)
		}
		k++
	}
	if i != n || j != n || k != n {
		t.Errorf("got %d customers, %d subscriptions, %d products, want %d of each", i, j, k, n)
	}
	for range s.AllCustomers(t.Context(), shop) {
		break // leaving early is fine
	}
}

func TestExportTellsWhenTheStoreFails(t *testing.T) {
	s, _, _ := newService(t)
	create(t, s, john())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.AllCustomers(ctx, shop) {
		if err == nil {
			t.Error("got a customer, want an error")
		}
	}
}
