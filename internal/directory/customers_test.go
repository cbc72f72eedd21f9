package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

func TestNewCustomerHasANumberOf9Digits(t *testing.T) {
	s, store, _ := newService(t)
	id := create(t, s, john())
	if id < 100_000_000 || id > 999_999_999 {
		t.Errorf("got %d, want 9 digits", id)
	}
	if diff := cmp.Diff([]string{fmt.Sprintf("customer %d", id)}, events(t, store, signon.EventCustomerCreated)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestExternalReferenceNamesOneCustomer(t *testing.T) {
	s, _, _ := newService(t)
	id := create(t, s, john())

	_, err := s.CreateCustomer(t.Context(), john(), directory.Act{})
	wantRefused(t, err, signon.CodeConflict, "external_reference")

	id2 := john()
	id2.ExternalRef = strconv.FormatInt(id, 10)
	_, err = s.CreateCustomer(t.Context(), id2, directory.Act{})
	wantRefused(t, err, signon.CodeConflict, "external_reference")

	id2.ExternalRef = ""
	create(t, s, id2)
	for _, ref := range []string{"HotTalks1Customer123", strconv.FormatInt(id, 10)} {
		id2.ExternalRef = ref
		wantRefused(t, s.UpdateCustomer(t.Context(), id2, directory.Act{}), signon.CodeConflict, "external_reference")
	}

	// References are compared in exactly their spelling, and within a tenant.
	id2.ExternalRef = "hottalks1customer123"
	if err := s.UpdateCustomer(t.Context(), id2, directory.Act{}); err != nil {
		t.Errorf("update: %v", err)
	}
	elsewhere := john()
	elsewhere.Tenant = "othershop"
	create(t, s, elsewhere)
}

func TestImportRefusesAnIDThatIsAnExternalReference(t *testing.T) {
	s, _, _ := newService(t)
	c := john()
	c.ExternalRef = "123456789"
	create(t, s, c)
	other := john()
	other.ID, other.ExternalRef = 123456789, ""
	_, err := s.Import(t.Context(), shop, &directory.Batch{Customers: []*directory.Customer{other}}, directory.Act{})
	wantRefused(t, err, signon.CodeConflict, "id")
}

func TestCustomerByRefLooksForTheIDFirst(t *testing.T) {
	s, _, _ := newService(t)
	a := john()
	id := create(t, s, a)
	b := john()
	b.ExternalRef = "0" + strconv.FormatInt(id, 10) // not the spelling of an ID
	other := create(t, s, b)

	for ref, want := range map[string]int64{
		strconv.FormatInt(id, 10): id, a.ExternalRef: id, b.ExternalRef: other,
	} {
		for range 2 { // from the store, and as remembered
			if got, err := s.CustomerByRef(t.Context(), shop, ref); err != nil || got.ID != want {
				t.Errorf("CustomerByRef(%q) = %v, %v, want %d", ref, got, err, want)
			}
		}
	}
	for _, ref := range []string{"", "HotTalks1customer123", "+" + strconv.FormatInt(id, 10), "-1", "0", strconv.FormatInt(id, 10) + " "} {
		if _, err := s.CustomerByRef(t.Context(), shop, ref); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("CustomerByRef(%q): got %v, want signon.ErrNotFound", ref, err)
		}
	}
	if _, err := s.CustomerByRef(t.Context(), "othershop", strconv.FormatInt(id, 10)); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("another tenant's customer: got %v, want signon.ErrNotFound", err)
	}
}

func TestSubjectIsTheCustomerByItsOneSpelling(t *testing.T) {
	s, _, _ := newService(t)
	id := create(t, s, john())
	c, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Subject(t.Context(), shop, signon.SubjectCustomer, c.Ref())
	want := signon.Subject{Kind: signon.SubjectCustomer, Ref: c.Ref(), Language: "en", PrivacyKey: c.PrivacyKey}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, subject (-want +got):\n%s", err, diff)
	}
	for _, ref := range []signon.SubjectRef{"0" + c.Ref(), "HotTalks1Customer123", "", "1"} {
		if _, err := s.Subject(t.Context(), shop, signon.SubjectCustomer, ref); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("Subject(%q): got %v, want signon.ErrNotFound", ref, err)
		}
	}
	if _, err := s.Subject(t.Context(), shop, "member", c.Ref()); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("another kind: got %v, want signon.ErrNotFound", err)
	}
}

func TestUpdateKeepsPrivacyKeyAndTimeOfCreation(t *testing.T) {
	s, _, c := newService(t)
	id := create(t, s, john())
	before, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	c.advance(time.Hour)
	changed := before.Clone()
	changed.Billing.City, changed.PrivacyKey, changed.CreatedAt = "Peoria", signon.PrivacyKey{1}, c.Now()
	if err := s.UpdateCustomer(t.Context(), changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	want := before.Clone()
	want.Billing.City, want.Version, want.ChangedAt = "Peoria", 2, c.Now()
	got, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the update (-want +got):\n%s", diff)
	}
	if changed.Version != 2 {
		t.Errorf("the given customer has version %d, want 2", changed.Version)
	}
}

func TestUpdateOfAnOldVersionIsRefused(t *testing.T) {
	s, _, _ := newService(t)
	create(t, s, john())
	first, err := s.CustomerByExternalRef(t.Context(), shop, "HotTalks1Customer123")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateCustomer(t.Context(), first.Clone(), directory.Act{}); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s.UpdateCustomer(t.Context(), first.Clone(), directory.Act{}), signon.CodeConflict, "customer")
}

func TestUpdateOfAnUnknownCustomerIsNotFound(t *testing.T) {
	s, _, _ := newService(t)
	c := john()
	c.ID = 123456789
	if err := s.UpdateCustomer(t.Context(), c, directory.Act{}); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("got %v, want signon.ErrNotFound", err)
	}
}

// Many add to a customer's credit at once. None of what was acknowledged may be
// lost, and nobody may see an older state than one acknowledged before.
func TestNoUpdateIsLostAndNoneIsSeenLate(t *testing.T) {
	s, _, _ := newService(t)
	c := john()
	c.Credit.Remaining = 0
	id := create(t, s, c)

	const writers, each = 4, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				acknowledged := addCredit(t, s, id)
				seen, err := s.CustomerByID(t.Context(), shop, id)
				if err != nil || seen.Credit.Remaining < acknowledged {
					t.Errorf("after %d was acknowledged: %v, error %v", acknowledged, seen.Credit.Remaining, err)
				}
			}
		})
	}
	// Imports fill in another field meanwhile, and must not undo any of it.
	wg.Go(func() {
		for i := range each {
			row := directory.CustomerRow{ExternalRef: "HotTalks1Customer123", Fill: func(c *directory.Customer) error {
				c.Billing.Phone = strconv.Itoa(i)
				return nil
			}}
			_, err := s.Merge(t.Context(), shop, &directory.Rows{Customers: []directory.CustomerRow{row}}, directory.Act{})
			if err != nil && signon.AsError(err).Code != signon.CodeConflict {
				t.Errorf("import: %v", err)
			}
		}
	})
	wg.Wait()
	got, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Credit.Remaining != writers*each {
		t.Errorf("got %d, want %d", got.Credit.Remaining, writers*each)
	}
}

// addCredit adds 1 and returns the sum.
func addCredit(t *testing.T, s *directory.Service, id int64) int64 {
	for {
		seen, err := s.CustomerByID(t.Context(), shop, id)
		if err != nil {
			t.Errorf("read: %v", err)
			return 0
		}
		own := seen.Clone()
		own.Credit.Remaining++
		err = s.UpdateCustomer(t.Context(), own, directory.Act{})
		if err == nil {
			return own.Credit.Remaining
		}
		if signon.AsError(err).Code != signon.CodeConflict {
			t.Errorf("update: %v", err)
			return 0
		}
	}
}

func TestStanding(t *testing.T) {
	s, _, _ := newService(t) // on 21 November 2026
	with := func(change func(*directory.Subscription)) *directory.Subscription {
		sub := subscription(0)
		change(sub)
		return sub
	}
	active := with(func(*directory.Subscription) {})
	expired := with(func(s *directory.Subscription) { s.ExpiresOn = directory.Date{Year: 2026, Month: 11, Day: 20} })
	trial := with(func(s *directory.Subscription) { s.Trial = true })
	for name, tc := range map[string]struct {
		subscriptions []*directory.Subscription
		want          directory.Standing
	}{
		"none":              {nil, directory.Standing{}},
		"active":            {[]*directory.Subscription{active}, directory.Standing{Enabled: true}},
		"ends today":        {[]*directory.Subscription{with(func(s *directory.Subscription) { s.ExpiresOn = directory.Date{Year: 2026, Month: 11, Day: 21} })}, directory.Standing{Enabled: true}},
		"ended yesterday":   {[]*directory.Subscription{expired}, directory.Standing{}},
		"past due":          {[]*directory.Subscription{with(func(s *directory.Subscription) { s.PastDue = true })}, directory.Standing{Enabled: true}},
		"disabled":          {[]*directory.Subscription{with(func(s *directory.Subscription) { s.Disabled = true })}, directory.Standing{}},
		"lifetime":          {[]*directory.Subscription{with(func(s *directory.Subscription) { s.Lifetime, s.ExpiresOn = true, expired.ExpiresOn })}, directory.Standing{Enabled: true}},
		"trial":             {[]*directory.Subscription{trial}, directory.Standing{Enabled: true, Trial: true}},
		"trial and expired": {[]*directory.Subscription{trial, expired}, directory.Standing{Enabled: true}},
	} {
		t.Run(name, func(t *testing.T) {
			customer := john()
			customer.ExternalRef = name
			id := create(t, s, customer)
			for _, sub := range tc.subscriptions {
				own := sub.Clone()
				own.CustomerID = id
				if _, err := s.CreateSubscription(t.Context(), own, directory.Act{}); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := s.Standing(t.Context(), customer); err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

func TestCustomerBecomesTheEndUserOfAllOwnSubscriptions(t *testing.T) {
	s, store, _ := newService(t)
	ctx := t.Context()
	c, other := john(), john()
	other.ExternalRef, other.Billing.FirstName = "other", "Jack"
	var references []string
	for _, owner := range []*directory.Customer{c, c, other} {
		if owner.ID == 0 {
			if _, err := s.CreateCustomer(ctx, owner, directory.Act{}); err != nil {
				t.Fatal(err)
			}
		}
		reference, err := s.CreateSubscription(ctx, subscription(owner.ID), directory.Act{})
		if err != nil {
			t.Fatal(err)
		}
		references = append(references, reference)
	}
	stored, err := s.CustomerByID(ctx, shop, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	changed := stored.Clone()
	changed.Billing.City = "Chicago"
	if err := s.UpdateCustomerAndEndUsers(ctx, changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	for i, reference := range references {
		got, err := s.Subscription(ctx, shop, reference)
		if err != nil {
			t.Fatal(err)
		}
		want := subscription(got.CustomerID)
		want.Reference, want.CreatedAt, want.Version = got.Reference, got.CreatedAt, 1
		if i < 2 {
			want.EndUser, want.EndUserLanguage, want.Version = nil, "", 2
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("subscription %d (-want +got):\n%s", i, diff)
		}
	}
	if got, err := s.CustomerByID(ctx, shop, c.ID); err != nil || got.Billing.City != "Chicago" || got.Version != changed.Version {
		t.Errorf("got %+v, %v", got, err)
	}
	events, err := store.Events(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if last, err := events[len(events)-1].Event(); err != nil || last.Type != signon.EventCustomerChanged {
		t.Errorf("got %+v, %v, want one event of the change", last, err)
	}
	// A subscription that somebody else changes at that moment stays as that one left it.
	slow := &slowStore{Store: store}
	slow.beforeWrite = func() {
		slow.beforeWrite = nil
		sub, err := store.Subscription(ctx, shop, references[0])
		if err != nil {
			t.Fatal(err)
		}
		sub.EndUser, sub.SKU = &directory.Contact{FirstName: "Eva"}, "changed meanwhile"
		if err := store.UpdateSubscription(ctx, sub, &signon.Event{Type: signon.EventSubscriptionChanged}); err != nil {
			t.Fatal(err)
		}
	}
	sub, err := store.Subscription(ctx, shop, references[0])
	if err != nil {
		t.Fatal(err)
	}
	sub.EndUser = &directory.Contact{FirstName: "Another"}
	if err := store.UpdateSubscription(ctx, sub, &signon.Event{Type: signon.EventSubscriptionChanged}); err != nil {
		t.Fatal(err)
	}
	if err := directory.New(slow, newClock()).UpdateCustomerAndEndUsers(ctx, changed, directory.Act{}); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if got, err := store.Subscription(ctx, shop, references[0]); err != nil || got.SKU != "changed meanwhile" || got.EndUser == nil {
		t.Errorf("got %+v, %v, want the change that was made meanwhile", got, err)
	}
	// Based on a version that was replaced: nothing at all is written.
	stale := stored.Clone()
	stale.Billing.City = "Nowhere"
	if err := s.UpdateCustomerAndEndUsers(ctx, stale, directory.Act{}); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

// interrupted is a store in which something else happens just before a batch is
// written.
type interrupted struct {
	*sqlite.Store
	before func()
}

func (s *interrupted) Import(ctx context.Context, b *directory.Batch, e *signon.Event) error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Store.Import(ctx, b, e)
}

func TestMakingEndUsersRevertsNoChangeOfASubscription(t *testing.T) {
	clock := newClock()
	store := &interrupted{Store: openStore(t, clock)}
	s, ctx := directory.New(store, clock), t.Context()
	c := john()
	if _, err := s.CreateCustomer(ctx, c, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	reference, err := s.CreateSubscription(ctx, subscription(c.ID), directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	renewed := directory.Date{Year: 2035, Month: 1, Day: 1}
	store.before = func() {
		sub, err := s.Subscription(ctx, shop, reference)
		if err != nil {
			t.Fatal(err)
		}
		sub.ExpiresOn = renewed
		if err := s.UpdateSubscription(ctx, sub, directory.Act{}); err != nil {
			t.Fatal(err)
		}
	}
	change := func() error {
		changed, err := s.CustomerByID(ctx, shop, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		changed = changed.Clone()
		changed.Billing.City = "Chicago"
		return s.UpdateCustomerAndEndUsers(ctx, changed, directory.Act{})
	}
	if err := change(); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if err := change(); err != nil {
		t.Errorf("tried again: %v", err)
	}
	if got, err := s.Subscription(ctx, shop, reference); err != nil || got.ExpiresOn != renewed || got.EndUser != nil {
		t.Errorf("got %+v, %v, want it renewed and the customer's", got, err)
	}
}
