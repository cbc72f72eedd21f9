package landing_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const detailsAt = "/myaccount/user_data/"

func TestPersonalDataIsSaved(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	page := b.get(detailsAt).status(t, http.StatusOK).shows(t, `value="12 Orchard Street"`, `value="Unit 5, 400 Market Road"`, "Customer number 352365983", "HotTalks1Customer123")
	want := s.customer(john).Clone()
	form := with(page.form(), "first_name", " Jane ", "company", "Newman & <Sons>", "fiscal_code", "US-1", "city", "Chicago", "language", "fr", "country_code", "ca",
		"delivery_city", "Aurora")
	a := b.post(detailsAt, form).status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != detailsAt+"?note=saved" {
		t.Errorf("sent to %q", got)
	}
	b.onward(a).shows(t, "Vos données sont enregistrées.", `value="Jane"`, "Newman &amp; &lt;Sons&gt;", `value="Aurora"`)
	want.Billing.FirstName, want.Billing.Company, want.Billing.City, want.Billing.CountryCode = "Jane", "Newman & <Sons>", "Chicago", "ca"
	want.FiscalCode, want.Language, want.Delivery.City, want.Version = "US-1", "fr", "Aurora", want.Version+1
	if diff := cmp.Diff(want, s.customer(john), cmpopts.IgnoreFields(directory.Customer{}, "ChangedAt")); diff != "" {
		t.Errorf("the customer (-want +got):\n%s", diff)
	}
	s.wantAudited(t, signon.EventCustomerChanged, "customer 352365983")
	b.post(detailsAt, form).status(t, http.StatusSeeOther) // again: nothing to do
	if n := len(s.events(signon.EventCustomerChanged)); n != 1 {
		t.Errorf("got %d changes, want 1", n)
	}
}

func TestDeliveryDetailsComeAndGo(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	b.onward(b.post(detailsAt, with(b.get(detailsAt).form(), "same", "1"))).status(t, http.StatusOK)
	if d := s.customer(john).Delivery; d != nil {
		t.Fatalf("got delivery details %+v, want none", d)
	}
	form := b.get(detailsAt).form()
	if form.Get("same") != "1" || form.Get("delivery_address1") != "12 Orchard Street" {
		t.Errorf("got form %v", form)
	}
	delete(form, "same")
	b.post(detailsAt, with(form, "delivery_address1", "5 Elm Street")).status(t, http.StatusSeeOther)
	if d := s.customer(john).Delivery; d == nil || d.Address1 != "5 Elm Street" || d.City != "Springfield" {
		t.Errorf("got delivery details %+v", d)
	}
	empty := b.get(detailsAt).form()
	for name := range empty {
		if strings.HasPrefix(name, "delivery_") {
			empty.Set(name, " ")
		}
	}
	b.post(detailsAt, empty).status(t, http.StatusSeeOther)
	if d := s.customer(john).Delivery; d != nil {
		t.Errorf("got delivery details %+v, want none", d)
	}
}

func TestBadPersonalDataComesBackAsTyped(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	before := s.customer(john)
	form := with(b.get(detailsAt).form(), "email", "<john>", "city", "", "fiscal_code", "X1", "last_name", strings.Repeat("n", 256), "delivery_email", "nobody",
		"address2", "4111 1111 1111 1111", "phone", "555 123", "language", "xx1")
	b.post(detailsAt, form).status(t, http.StatusUnprocessableEntity).shows(t,
		"Please check 7 things", `role="alert" tabindex="-1" autofocus`, "<title>Please check: Personal data", `href="#f-email"`, `value="&lt;john&gt;"`, `value="555 123"`,
		"City is missing", "Last name is too long", "Enter an e-mail address", "looks like a card number", "Enter a company, or leave the tax number empty",
		`aria-describedby="f-fiscal_code-error"`, `value="nobody"`, "Language holds characters")
	if diff := cmp.Diff(before, s.customer(john)); diff != "" {
		t.Errorf("the customer changed:\n%s", diff)
	}
	if n := len(s.events(signon.EventCustomerChanged)); n != 0 {
		t.Errorf("got %d changes", n)
	}
}

// TestTwoTabsThatEditTheSamePerson: nothing is overwritten unseen.
func TestTwoTabsThatEditTheSamePerson(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	first, second := b.get(detailsAt).form(), b.get(detailsAt).form()
	b.post(detailsAt, with(first, "city", "Chicago", "country_code", "ca")).status(t, http.StatusSeeOther)
	stored := s.customer(john)
	a := b.post(detailsAt, with(second, "city", "Boston", "phone", "555", "company", "Newman Ltd")).status(t, http.StatusConflict).shows(t,
		alerted, "<title>Not saved: ", "Your details have changed since you opened this page", `value="Boston"`, `id="f-city-note">Stored now: Chicago<`, `aria-describedby="f-city-note"`,
		`id="f-phone-note">Stored now: 2175550100<`, `id="f-company-note">Stored now: nothing<`, `id="f-country_code-note">Stored now: Canada<`,
	).hides(t, `id="f-zip-note"`, `id="f-email-note"`, `id="f-delivery_city-note"`)
	if diff := cmp.Diff(stored, s.customer(john)); diff != "" {
		t.Fatalf("the first tab's details were overwritten:\n%s", diff)
	}
	b.onward(b.post(detailsAt, a.form())).status(t, http.StatusOK).shows(t, "Your details are saved.")
	if c := s.customer(john).Billing; c.City != "Boston" || c.Phone != "555" || c.CountryCode != "us" {
		t.Errorf("got %+v", c)
	}
}

// TestAConflictIsOneOfDetails: what else changes about a person is in nobody's way.
func TestAConflictIsOneOfDetails(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	form := b.get(detailsAt).form()
	s.change(john, func(c *directory.Customer) { c.Cards = c.Cards[:1] })
	b.post(detailsAt, with(form, "city", "Boston")).status(t, http.StatusSeeOther)
	if c := s.customer(john); c.Billing.City != "Boston" || len(c.Cards) != 1 {
		t.Errorf("got %+v", c)
	}
	s.change(john, func(c *directory.Customer) { c.Delivery, c.Language = nil, "de" })
	b.post(detailsAt, with(form, "city", "Boston", "language", "en")).status(t, http.StatusConflict).
		shows(t, "Jetzt gespeichert: Wie die Rechnungsadresse", `id="f-language-note">Jetzt gespeichert: Deutsch<`).hides(t, `id="f-delivery_city-note"`)
	s.change(john, func(c *directory.Customer) {
		c.Delivery, c.Language = &directory.Contact{Address1: "1 Pier", City: "Kiel"}, "en"
	})
	b.post(detailsAt, with(form, "same", "1")).status(t, http.StatusConflict).shows(t, `id="same-note">Stored now: 1 Pier, Kiel<`)
}

// UpdateCustomer is the store's, but for an outcome that a test wants unknown.
func (f *failingStore) UpdateCustomer(ctx context.Context, c *directory.Customer, e *signon.Event) error {
	if f.conflicting() {
		return signon.ErrConflict
	}
	err := f.Store.UpdateCustomer(ctx, c, e)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loseUpdate {
		f.loseUpdate = false
		return signon.Unavailable("commit", io.ErrUnexpectedEOF)
	}
	return err
}

// Import is the store's, but for conflicts that a test wants.
func (f *failingStore) Import(ctx context.Context, b *directory.Batch, e *signon.Event) error {
	if f.conflicting() {
		return signon.ErrConflict
	}
	return f.Store.Import(ctx, b, e)
}

// UpdateSubscription is the store's, but for conflicts that a test wants.
func (f *failingStore) UpdateSubscription(ctx context.Context, s *directory.Subscription, e *signon.Event) error {
	if f.conflicting() {
		return signon.ErrConflict
	}
	return f.Store.UpdateSubscription(ctx, s, e)
}

func (f *failingStore) conflicting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conflicts--
	return f.conflicts >= 0
}

// TestAChangeAtTheSameMomentIsTriedAgain: what the person wants does not depend on
// what others change at that moment. Where it never ends, nothing is said to be done.
func TestAChangeAtTheSameMomentIsTriedAgain(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	ids := cardsOf(b.get("/myaccount/payment_methods/"))
	owner := b.get(detailsAt).form().Get("owner")
	for path, form := range map[string]url.Values{
		"/myaccount/payment_methods/": {"prefer": {ids["4444"]}},
		"/myaccount/change_card/":     {"code": {johnsTalks}, "card": {ids["4444"]}},
		"/myaccount/my_subscription/": {"code": {johnsTalks}, "renewal": {"off"}},
		detailsAt:                     with(b.get(detailsAt).form(), "city", "Chicago"),
	} {
		for _, c := range []struct{ conflicts, want int }{{100, http.StatusServiceUnavailable}, {1, http.StatusSeeOther}} {
			s.store.mu.Lock()
			s.store.conflicts = c.conflicts
			s.store.mu.Unlock()
			if a := b.post(path, with(form, "owner", owner)); a.StatusCode != c.want {
				t.Errorf("%s, %d conflicts: got %d, want %d", path, c.conflicts, a.StatusCode, c.want)
			}
		}
	}
	if sub, c := s.subscription(johnsTalks), s.customer(john); sub.Recurring || sub.CardToken != "demo-mastercard-4444" || c.Billing.City != "Chicago" || c.Cards[0].LastDigits != "4444" {
		t.Errorf("got subscription %+v and customer %+v", sub, c)
	}
}

func TestAnUncertainSaveKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	form := with(b.get(detailsAt).form(), "city", "Chicago")
	s.store.mu.Lock()
	s.store.loseUpdate = true
	s.store.mu.Unlock()
	a := b.post(detailsAt, form).status(t, http.StatusServiceUnavailable).shows(t, alerted, "<title>Not saved: ", "could not be saved just now", `value="Chicago"`)
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("there is no Retry-After")
	}
	// It was saved after all: sending the same again is no conflict.
	b.onward(b.post(detailsAt, form)).status(t, http.StatusOK).shows(t, "Your details are saved.", `value="Chicago"`)
	if n := len(s.events(signon.EventCustomerChanged)); n != 1 {
		t.Errorf("got %d changes, want 1", n)
	}
}

func TestALanguageThatNoPageHasIsKept(t *testing.T) {
	s := newSite(t)
	s.change(john, func(c *directory.Customer) { c.Language = "pt" })
	b := s.member(john)
	page := b.get(detailsAt).shows(t, "Português", "Română", "日本語")
	if got := page.form().Get("language"); got != "pt" {
		t.Errorf("got %q", got)
	}
	b.post(detailsAt, with(page.form(), "language", "")).status(t, http.StatusSeeOther)
	if got := s.customer(john).Language; got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestSignOutEverywhereAsksFirst(t *testing.T) {
	s := newSite(t)
	here, there, cart, hers := s.member(john), s.member(john), s.browser(), s.member(maria)
	cart.follow(s.cartLink(john, "PRODS=4639321"))
	unused := s.link(john, signon.KindAccount, "/myaccount/", 0)
	page := here.get("/myaccount/sign-out-everywhere").status(t, http.StatusOK).shows(t, "in every browser and on every device")
	there.get("/myaccount/").status(t, http.StatusOK)
	here.post("/myaccount/sign-out-everywhere", url.Values{}).status(t, http.StatusConflict) // not from that page
	here.onward(here.post("/myaccount/sign-out-everywhere", page.form())).status(t, http.StatusOK).shows(t, "You are signed out everywhere")
	for what, b := range map[string]*browser{"here": here, "there": there} {
		if a := b.get("/myaccount/"); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %d", what, a.StatusCode)
		}
	}
	cart.get("/order/cart.php").hides(t, "Newman")
	hers.get("/myaccount/").status(t, http.StatusOK)
	late := s.browser()
	late.get(unused)
	late.get(unused).status(t, http.StatusForbidden)
	s.clock.advance(1e9)
	s.member(john).get("/myaccount/").status(t, http.StatusOK)
	s.wantAudited(t, signon.EventSignedOutEverywhere, "")
}

func TestHelpNamesTheShopsContact(t *testing.T) {
	s := newSite(t, func(tenants *[]signon.Tenant) { (*tenants)[0].SupportURL = "https://help.example.com/" })
	s.member(john).get("/support/").status(t, http.StatusOK).
		shows(t, "<details><summary>Why does my link not work a second time?</summary>", "Sign in to Avangate Demo", `href="https://help.example.com/"`, `href="mailto:help@demo.example"`)
	plain := newSite(t, func(tenants *[]signon.Tenant) { (*tenants)[0].SupportURL, (*tenants)[0].SupportEmail = "", "" })
	plain.member(john).get("/support/").shows(t, "please turn to Avangate Demo").hides(t, "mailto:")
}

// TestNotesAreKnownByName: no link makes a page say what somebody wrote.
func TestNotesAreKnownByName(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	for _, note := range []string{"Pay+to+IBAN", "removed", "note.saved", ""} {
		b.get(detailsAt+"?note="+note).status(t, http.StatusOK).hides(t, `<p class="notice`, "IBAN")
	}
	b.get(detailsAt+"?note=saved").shows(t, "Your details are saved.")
	s.browser().get("/myaccount/signed-out?note=Hello").status(t, http.StatusOK).hides(t, "Hello")
}
