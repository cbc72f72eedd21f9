package landing_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// refreshedAt declares where people get a new link.
func refreshedAt(address string) siteOption {
	return func(tenants *[]signon.Tenant) {
		for i := range (*tenants)[0].Destinations {
			(*tenants)[0].Destinations[i].Settings["refresh_url"] = address
		}
	}
}

// typedForm is a form of John's in which something was typed.
func typedForm(b *browser) url.Values {
	b.t.Helper()
	return with(b.get(detailsAt).status(b.t, http.StatusOK).form(), "city", "<Typed> City", "country_code", "fr", "language", "de", "delivery_company", "Typed Depot")
}

func TestAFormAfterTheEndOfItsSessionIsGivenBack(t *testing.T) {
	s := newSite(t, sessions(10*time.Minute, time.Hour), refreshedAt("https://shop.example.com/account"))
	b := s.member(john)
	form := typedForm(b)
	before := s.customer(john)
	s.clock.advance(11 * time.Minute)
	a := b.post(detailsAt, form).status(t, http.StatusForbidden).shows(t,
		"You are not signed in any more", "so it had no effect", `value="&lt;Typed&gt; City" readonly name="city"`, `value="France" readonly>`, `name="country_code" value="fr"`,
		`value="Deutsch" readonly>`, `value="Typed Depot" readonly name="delivery_company"`, `<label for="f-city">City</label>`,
		`href="https://shop.example.com/account" target="_blank"`, "Send again").hides(t, "123D40F123")
	checkHeaders(t, a, "same-origin")
	if diff := cmp.Diff(before, s.customer(john)); diff != "" {
		t.Fatalf("the customer changed:\n%s", diff)
	}
	if diff := cmp.Diff(form, a.form()); diff != "" {
		t.Errorf("the form would be sent otherwise (-want +got):\n%s", diff)
	}
	b.post(detailsAt, a.form()).status(t, http.StatusForbidden).shows(t, "&lt;Typed&gt; City") // still nobody
	b.signIn(john)
	b.onward(b.post(detailsAt, a.form())).status(t, http.StatusOK).shows(t, "sind gespeichert")
	if c := s.customer(john); c.Billing.City != "<Typed> City" || c.Billing.CountryCode != "fr" || c.Delivery.Company != "Typed Depot" || c.Language != "de" {
		t.Errorf("got %+v", c)
	}
}

func TestAFormNeverReachesAnotherPerson(t *testing.T) {
	s := newSite(t, sessions(10*time.Minute, time.Hour))
	b := s.member(john)
	form := typedForm(b)
	s.clock.advance(11 * time.Minute)
	a := b.post(detailsAt, form).status(t, http.StatusForbidden)
	b.signIn(maria)
	hers, his := s.customer(maria), s.customer(john)
	for what, sent := range map[string]url.Values{"the page of the form": form, "the page after the end": a.form(), "without an owner": with(form, "owner", "")} {
		a := b.post(detailsAt, sent).hides(t, "Typed", "Newman", "Orchard", "Depot")
		if a.StatusCode != http.StatusConflict {
			t.Errorf("%s: got %d, want 409", what, a.StatusCode)
		}
	}
	if diff := cmp.Diff(hers, s.customer(maria)); diff != "" {
		t.Errorf("her details changed:\n%s", diff)
	}
	if diff := cmp.Diff(his, s.customer(john)); diff != "" {
		t.Errorf("his details changed:\n%s", diff)
	}
	b.post(detailsAt, form).shows(t, "gehörte jemand anderem", `href="/myaccount/"`)
	// Once he is signed in again, it is his.
	b.signIn(john)
	b.post(detailsAt, form).status(t, http.StatusSeeOther)
}

// TestOtherFormsComeBackToo: where nothing can be typed, the form can still be sent
// again.
func TestOtherFormsComeBackToo(t *testing.T) {
	s := newSite(t, sessions(10*time.Minute, time.Hour))
	b := s.member(john)
	form := with(b.get("/myaccount/my_subscription/?code="+johnsTalks).form(), "renewal", "off", "unasked", "field")
	s.clock.advance(11 * time.Minute)
	a := b.post("/myaccount/my_subscription/", form).status(t, http.StatusForbidden).shows(t, "Send again").hides(t, "unasked", "What you typed", "Hot Talks")
	b.signIn(john)
	b.onward(b.post("/myaccount/my_subscription/", a.form())).shows(t, "Automatic renewal is off.")
}

func TestAnOrderAfterTheEndOfItsSessionIsGivenBack(t *testing.T) {
	s := newSite(t, sessions(10*time.Minute, time.Hour))
	b := s.browser()
	form := with(b.follow(s.cartLink(john, "PRODS=4639321")).form(), "city", "Typed City", "same", "1")
	s.clock.advance(11 * time.Minute)
	for _, button := range []string{"place", "update"} {
		b.post("/order/cart.php", with(form, button, "1")).status(t, http.StatusForbidden).
			shows(t, `value="Typed City" readonly`, "What you typed is below").hides(t, "Send again", "Delivery details")
	}
	if n := len(s.orders()); n != 0 {
		t.Errorf("got %d orders", n)
	}
}
