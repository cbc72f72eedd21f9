package landing_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const seenCookie = "__Host-lk_account_seen"

// account follows a new link of the customer to the account.
func (s *site) account(b *browser, customer int) *answer {
	s.t.Helper()
	return b.follow(s.link(customer, signon.KindAccount, "/myaccount/?lang=en", 0)).status(s.t, http.StatusOK)
}

func TestTheAccountIsOverWhenItIsLeftAlone(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.account(b, john).shows(t, "John")
	for range 4 { // two tabs in turn, of which neither is looked at in half an hour
		s.clock.advance(29 * time.Minute)
		b.get("/myaccount/").status(t, http.StatusOK).shows(t, "John")
	}
	left := *b
	left.cookies = map[string]string{}
	for name, value := range b.cookies {
		left.cookies[name] = value
	}
	s.clock.advance(29 * time.Minute)
	b.get("/myaccount/").status(t, http.StatusOK)
	s.clock.advance(time.Minute)
	left.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John", "Newman")
	b.get("/myaccount/").status(t, http.StatusOK)
	s.clock.advance(30 * time.Minute)
	b.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John", "Newman")
	delete(b.cookies, seenCookie)
	b.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John", "Newman")
}

func TestAPageInUseIsOverInTheEnd(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	s.account(b, john)
	for range 8*60/20 - 1 {
		s.clock.advance(20 * time.Minute)
		b.get("/myaccount/").status(t, http.StatusOK)
	}
	s.clock.advance(20 * time.Minute)
	b.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John")
}

func TestTheSeenMarkIsKeptAsTheSessionIs(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.link(john, signon.KindAccount, "/myaccount/", 0)
	b.follow(link)
	a := b.get("/myaccount/").status(t, http.StatusOK)
	set := a.Cookies()
	i := slices.IndexFunc(set, func(c *http.Cookie) bool { return c.Name == seenCookie })
	if i < 0 {
		t.Fatalf("got cookies %v, want a seen mark", set)
	}
	c := set[i]
	if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 0 || !c.Expires.IsZero() || c.Domain != "" {
		t.Errorf("got %s", strings.ReplaceAll(c.String(), c.Value, "…"))
	}
	first := b.cookies[seenCookie]
	s.clock.advance(time.Second)
	b.get("/myaccount/")
	if b.cookies[seenCookie] == first {
		t.Error("the mark is not renewed by the next page")
	}
	b.do(http.MethodPost, "/myaccount/sign-out", map[string][]string{})
	if _, kept := b.cookies[seenCookie]; kept {
		t.Error("signing out leaves the mark")
	}
}

func TestTheCartDoesNotGoIdle(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321"))
	s.clock.advance(119 * time.Minute)
	b.get("/order/cart.php").status(t, http.StatusOK).shows(t, "John")
	for name := range b.cookies {
		if strings.HasSuffix(name, "_seen") {
			t.Errorf("got cookie %s", name)
		}
	}
}

func TestSigningOutEverywhereReachesEveryBrowser(t *testing.T) {
	s := newSite(t)
	desk, phone, hers := s.browser(), s.browser(), s.browser()
	s.account(desk, john)
	desk.follow(s.cartLink(john, "PRODS=4639321"))
	s.account(phone, john)
	s.account(hers, maria).shows(t, "Maria")
	pending := s.link(john, signon.KindAccount, "/myaccount/", time.Minute)

	token, ok := signon.ParseSessionToken(desk.cookies["__Host-lk_account"])
	if !ok {
		t.Fatal("the browser has no session")
	}
	dest, _ := s.signOn.Registry().Destination("avangate", signon.KindAccount)
	live, err := s.signOn.Session(t.Context(), &signon.SessionRequest{
		Tenant: "avangate", Destination: dest, HeldSession: signon.HeldSession{Token: token, Seen: desk.cookies[seenCookie]},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.signOn.SignOutEverywhere(t.Context(), &live.BrowserSession, "CODE"); err != nil {
		t.Fatal(err)
	}

	for name, b := range map[string]*browser{"desk": desk, "phone": phone} {
		t.Run(name, func(t *testing.T) {
			b.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John", "Newman")
			b.get("/order/cart.php").hides(t, "John", "Newman", "12 Orchard Street")
		})
	}
	phone.follow(pending).status(t, http.StatusForbidden).hides(t, "John")
	hers.get("/myaccount/").status(t, http.StatusOK).shows(t, "Maria")
	s.account(phone, john).shows(t, "John") // at the same instant: the clock stands still
	desk.get("/myaccount/").status(t, http.StatusForbidden)
}
