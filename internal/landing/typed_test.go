package landing_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Session is the store's, unless a test has taken it away.
func (f *failingStore) Session(ctx context.Context, key signon.GrantKey) (signon.BrowserSession, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return signon.BrowserSession{}, signon.Unavailable("read", io.ErrUnexpectedEOF)
	}
	return f.Store.Session(ctx, key)
}

func (f *failingStore) setAway(away bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = away
}

// hidesTyped fails the test if anything of a form of John's is shown.
func hidesTyped(t *testing.T, a *answer) {
	t.Helper()
	a.hides(t, "Typed", "Newman", "Orchard", "Depot", `name="owner"`)
}

// TestSigningOutLeavesNothingTypedBehind: whoever is at the browser next can send
// the form again, by Back or Reload, and sees nothing of it.
func TestSigningOutLeavesNothingTypedBehind(t *testing.T) {
	for _, at := range []string{"/myaccount/sign-out", "/myaccount/sign-out-everywhere"} {
		s := newSite(t)
		b := s.member(john)
		form := typedForm(b)
		b.post(at, url.Values{"owner": form["owner"]}).status(t, http.StatusSeeOther)
		hidesTyped(t, b.post(detailsAt, form).status(t, http.StatusForbidden).shows(t, "You are not signed in"))
		s.store.setAway(true)
		hidesTyped(t, b.post(detailsAt, form).status(t, http.StatusForbidden))
	}
}

// TestAFormWhoseSessionWasEndedElsewhereIsGivenBack: the browser is still as the
// person left it.
func TestAFormWhoseSessionWasEndedElsewhereIsGivenBack(t *testing.T) {
	s := newSite(t)
	b, other := s.member(john), s.member(john)
	form := typedForm(b)
	other.post("/myaccount/sign-out-everywhere", url.Values{"owner": form["owner"]}).status(t, http.StatusSeeOther)
	for range 2 {
		b.post(detailsAt, form).status(t, http.StatusForbidden).shows(t, `value="&lt;Typed&gt; City" readonly`, "Send again")
	}
	hidesTyped(t, b.post(detailsAt, with(form, "owner", "")).status(t, http.StatusForbidden))
	hidesTyped(t, s.browser().post(detailsAt, form).status(t, http.StatusForbidden))
}

// TestAnotherPersonsEndedSessionGivesNothingBack: it is whoever was signed in last
// that a form is given back to.
func TestAnotherPersonsEndedSessionGivesNothingBack(t *testing.T) {
	s := newSite(t, sessions(10*time.Minute, time.Hour))
	b := s.member(john)
	form := typedForm(b)
	s.clock.advance(11 * time.Minute)
	b.post(detailsAt, form).status(t, http.StatusForbidden).shows(t, "Typed Depot")
	elsewhere := s.browser()
	elsewhere.cookies = maps.Clone(b.cookies)
	b.signIn(maria)
	elsewhere.follow(s.cartLink(maria, "PRODS=4639321")).status(t, http.StatusOK) // his ended session is still held
	s.clock.advance(11 * time.Minute)
	hidesTyped(t, b.post(detailsAt, form).status(t, http.StatusForbidden))
	hidesTyped(t, elsewhere.post(detailsAt, form).status(t, http.StatusForbidden))
}

func TestWhatWasTypedOutlastsAStoreThatIsAway(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	form := typedForm(b)
	s.store.setAway(true)
	a := b.post(detailsAt, form).status(t, http.StatusServiceUnavailable).shows(t,
		"One moment, please", "Try again", `value="&lt;Typed&gt; City" readonly`).hides(t, "not signed in", "123D40F123")
	checkHeaders(t, a, "same-origin")
	if a.Header.Get("Retry-After") == "" {
		t.Error("it is not said when to try again")
	}
	if diff := cmp.Diff(form, a.form()); diff != "" {
		t.Errorf("the form would be sent otherwise (-want +got):\n%s", diff)
	}
	hidesTyped(t, b.post(detailsAt, with(form, "owner", "another")).status(t, http.StatusServiceUnavailable))
	s.store.setAway(false)
	b.post(detailsAt, a.form()).status(t, http.StatusSeeOther)
	if c := s.customer(john).Billing.City; c != "<Typed> City" {
		t.Errorf("got city %q", c)
	}
}

// TestDetailsOfFullLengthAreTaken: nine bytes a character, as forms are sent.
func TestDetailsOfFullLengthAreTaken(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	long := func(a *answer) url.Values {
		form := a.status(t, http.StatusOK).form()
		for _, m := range regexpFind(a.body, `<input [^>]*>`) {
			name, most := regexpFind(m[0], ` name="([a-z0-9_]+)"`), regexpFind(m[0], ` maxlength="(\d+)"`)
			if len(name) == 0 || len(most) == 0 {
				continue
			}
			n, err := strconv.Atoi(most[0][1])
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Repeat("漢", n)
			if strings.HasSuffix(name[0][1], directory.FieldEmail) {
				text = strings.Repeat("漢", n-len("@example.jp")) + "@example.jp"
			}
			form.Set(name[0][1], text)
		}
		if n := len(form.Encode()); n < 32<<10 {
			t.Fatalf("the form has %d bytes only", n)
		}
		return form
	}
	form := long(b.get(detailsAt))
	b.post(detailsAt, form).status(t, http.StatusSeeOther)
	c := s.customer(john)
	got := []string{c.Billing.FirstName, c.Billing.Email, c.FiscalCode, c.Delivery.Address2}
	want := []string{form.Get("first_name"), form.Get("email"), form.Get("fiscal_code"), form.Get("delivery_address2")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	order := long(b.follow(s.cartLink(john, "PRODS=4639321")))
	delete(order, "same")
	b.post("/order/cart.php", with(order, "place", "1")).status(t, http.StatusSeeOther)
	if o := s.orders(); len(o) != 1 || o[0].Delivery.City != order.Get("delivery_city") {
		t.Errorf("got %d orders, want one with all that was typed", len(o))
	}
	b.post("/myaccount/sign-out", url.Values{"x": {strings.Repeat("x", 16<<10)}}).status(t, http.StatusRequestEntityTooLarge)
	b.post(detailsAt, with(form, "x", strings.Repeat("x", 64<<10))).status(t, http.StatusRequestEntityTooLarge)
}

// TestAFaxNumberThatChangesIsNoConflict: the form does not show it.
func TestAFaxNumberThatChangesIsNoConflict(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	form := b.get(detailsAt).form()
	s.change(john, func(c *directory.Customer) { c.Billing.Fax, c.Delivery.Fax = "0301", "0302" })
	b.post(detailsAt, with(form, "city", "Boston")).status(t, http.StatusSeeOther)
	if c := s.customer(john); c.Billing.City != "Boston" || c.Billing.Fax != "0301" || c.Delivery.Fax != "0302" {
		t.Errorf("got %+v", c)
	}
}
