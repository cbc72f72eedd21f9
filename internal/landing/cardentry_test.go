package landing_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

func regexpFind(text, pattern string) [][]string {
	return regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1)
}

// leave places an order of maria with a new card and returns where she is sent.
func leave(t *testing.T, b *browser, query string) *url.URL {
	t.Helper()
	page := b.follow(b.site.cartLink(maria, query+"&LANG=en"))
	if got := page.form().Get("card"); got != "new" {
		t.Fatalf("got card %q chosen for a customer without cards, want new", got)
	}
	a := b.post("/order/cart.php", with(page.form(), "place", "1")).status(t, http.StatusSeeOther)
	to, err := a.Location()
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestANewCardIsEnteredElsewhere(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	to := leave(t, b, "PRODS=4639321")
	q := to.Query()
	if to.Path != "/dev/card" || q.Get("return_url") != s.base+"/order/card" || q.Get("amount") != "29.90" || q.Get("currency") != "EUR" || q.Get("state") == "" {
		t.Fatalf("sent to %s", to)
	}
	if o := s.orders()[0]; o.Status != directory.OrderIncomplete || o.RefNo != q.Get("order") || o.Card.Token != "" {
		t.Errorf("got order %+v, want it incomplete", o)
	}
	card := b.get(to.String()).status(t, http.StatusOK).shows(t, "Enter a test card", "29.90 EUR")
	checkHeaders(t, card, "same-origin")
	for _, number := range []string{"4111111111111112", "4000056655665556", "", "4111"} {
		b.post(to.String(), url.Values{"number": {number}, "expiry": {"12/2030"}}).status(t, http.StatusUnprocessableEntity).hides(t, `value="4`)
	}
	b.post(to.String(), url.Values{"number": {"4111 1111 1111 1111"}, "expiry": {"10/26"}}).status(t, http.StatusUnprocessableEntity)
	back := b.post(to.String(), url.Values{"number": {"4111 1111 1111 1111"}, "expiry": {"12/30"}}).status(t, http.StatusSeeOther)
	done := b.onward(back).status(t, http.StatusOK).shows(t, "Thank you", q.Get("order"), "Visa ending in 1111")
	o := s.orders()[0]
	if o.Status != directory.OrderPending || o.RefNo != q.Get("order") || o.Card.LastDigits != "1111" || o.Card.ExpirationYear != 2030 || !strings.HasPrefix(o.Card.Token, "test-") {
		t.Errorf("got order %+v, want it pending with the card", o)
	}
	// Going back to the return address changes nothing.
	again := b.onward(b.get(back.Header.Get("Location")))
	if again.Request.URL.String() != done.Request.URL.String() || len(s.orders()) != 1 {
		t.Errorf("the return was answered twice")
	}
	if strings.Contains(s.log.String(), "4111") {
		t.Errorf("a card number was logged")
	}
}

func TestReturningWithoutACardKeepsTheCart(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	state := leave(t, b, "PRODS=4639321").Query().Get("state")
	good := url.Values{"state": {state}, "token": {"tok_1"}, "brand": {"visa"}, "last4": {"1111"}, "exp": {"12/2030"}}
	b.follow("/order/card?state="+state+"&cancel=1").status(t, http.StatusOK).shows(t, "No card was entered", "Hot Talks")
	for _, bad := range []url.Values{
		with(good, "token", ""), with(good, "token", "4111 1111 1111 1111"), with(good, "token", "tok_4111111111111111"), with(good, "last4", "111"), with(good, "last4", "abcd"), with(good, "exp", "13/2030"),
		with(good, "exp", "10/2026"), with(good, "exp", "2030"), with(good, "brand", "<b>"), with(good, "brand", ""),
	} {
		b.follow("/order/card?"+bad.Encode()).status(t, http.StatusOK).shows(t, "could not be used")
	}
	b.follow("/order/card?"+good.Encode()+"&token=tok_2").shows(t, "could not be used")
	for _, bad := range []string{"", "x", state[:len(state)-1]} {
		b.follow("/order/card?"+with(good, "state", bad).Encode()).status(t, http.StatusForbidden)
	}
	s.browser().get("/order/card?"+good.Encode()).status(t, http.StatusForbidden) // not the browser that left
	if o := s.orders()[0]; o.Status != directory.OrderIncomplete {
		t.Fatalf("got %s, want the order still incomplete", o.Status)
	}
	// Choosing again completes the same order.
	b.follow("/order/card?"+good.Encode()).status(t, http.StatusOK).shows(t, "Thank you")
	if n := len(s.orders()); n != 1 {
		t.Errorf("got %d orders, want 1", n)
	}
}

func TestTestCardsReturnToRegisteredHostsOnly(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, target := range []string{
		"https://evil.test/order/card", "//evil.test/", "javascript:alert(1)", "", "https://secure.2co.com:444/order/card",
		s.base + "@evil.test/", "https://localhost:1/", strings.Replace(s.base, "http", "https", 1) + "/order/card",
	} {
		q := url.Values{"return_url": {target}, "state": {"x"}}.Encode()
		b.get("/dev/card?"+q).status(t, http.StatusBadRequest)
		a := b.post("/dev/card?"+q, url.Values{"number": {"4111111111111111"}, "expiry": {"12/30"}}).status(t, http.StatusBadRequest)
		if a.Header.Get("Location") != "" {
			t.Errorf("%s: redirects", target)
		}
	}
}

func TestCardEntryElsewhereIsAllowedInTheContentPolicy(t *testing.T) {
	s := newSite(t)
	a := s.browser().follow(s.cartLink(john, "PRODS=4639321"))
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+s.base+";") {
		t.Errorf("got %q", policy)
	}
}

func TestACopiedCartDoesNotReachTheOrderOfItsOwner(t *testing.T) {
	s := newSite(t)
	owner, thief := s.browser(), s.browser()
	leave(t, owner, "PRODS=4639321")
	theirs := s.orders()[0]
	thief.follow(s.cartLink(john, "PRODS=4639321"))
	id := thief.get("/order/cart.php").form().Get("cart")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(thief.cookies["__Host-lk_basket"], "1."))
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(raw), id, theirs.CartID, 1)
	thief.cookies["__Host-lk_basket"] = "1." + base64.RawURLEncoding.EncodeToString([]byte(forged))
	page := thief.get("/order/cart.php").status(t, http.StatusOK)
	if got := page.form().Get("cart"); got != theirs.CartID {
		t.Fatalf("the forged cart has the id %q", got)
	}
	a := thief.post("/order/cart.php", with(page.form(), "place", "1")).status(t, http.StatusConflict).hides(t, theirs.RefNo)
	if diff := cmp.Diff([]directory.Order{theirs}, s.orders()); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	// What they have in the cart they can still order, as their own.
	thief.post("/order/cart.php", with(a.form(), "place", "1")).status(t, http.StatusSeeOther)
	if n := len(s.orders()); n != 2 {
		t.Errorf("got %d orders, want 2", n)
	}
}
