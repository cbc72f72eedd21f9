package landing_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// lines returns "product×quantity" for each line of the cart's page.
func lines(a *answer) []string {
	var all []string
	for name, values := range a.form() {
		if product, ok := strings.CutPrefix(name, "qty."); ok {
			all = append(all, product+"×"+values[0])
		}
	}
	slices.Sort(all)
	return all
}

func wantLines(t *testing.T, a *answer, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, lines(a)); diff != "" {
		t.Errorf("the cart differs (-want +got):\n%s", diff)
	}
}

func TestBuyLinkAddsAndGoesToACleanAddress(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	a := b.get("/order/checkout.php?PRODS=4639321,1112233&QTY=2&CART=1&utm_source=x").status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/order/cart.php" {
		t.Errorf("sent to %q", got)
	}
	wantLines(t, b.onward(a).status(t, http.StatusOK).shows(t, "Sign in to order", "€138.80").hides(t, "Place order"), "4639321×2", "1112233×1")
	b.get("/order/cart.php")
	wantLines(t, b.follow("/order/cart.php?PRODS=4639321&QTY=7"), "4639321×7", "1112233×1")
	wantLines(t, b.follow("/order/upgrade.php?LICENSE=123D40F123&PROD=4586004"), "4639321×7", "1112233×1", "4586004×1")
	wantLines(t, b.follow("/order/trial.php?PRODS=4586004&QTY=3&CLEAN_CART=1"), "4586004×3")
	wantLines(t, b.follow("/order/finish.php?PRODS=4639321&CLEAN_CART=ALL"), "4639321×1")
	b.follow("/order/cart.php?CLEAN_CART=all").shows(t, "Your cart is empty")
}

func TestSignOnReplacesTheCartOnce(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow("/order/checkout.php?PRODS=1112233")
	link := s.cartLink(john, "PRODS=4639321&QTY=2")
	wantLines(t, b.follow(link), "4639321×2")
	wantLines(t, b.follow("/order/checkout.php?PRODS=4586004"), "4639321×2", "4586004×1") // added without a token
	wantLines(t, b.follow(link), "4639321×2", "4586004×1")                                // the cart stands
	second := s.cartLink(john, "PRODS=1112233")
	wantLines(t, b.follow(second), "1112233×1")
	wantLines(t, b.follow(link), "1112233×1") // an earlier link of the same person changes nothing either
}

func TestProductsOfASignOnAreThoseThatWereSigned(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321&QTY=1")
	tampered := strings.Replace(link, "PRODS=4639321&QTY=1", "PRODS=1112233&QTY=9&CLEAN_CART=1", 1)
	wantLines(t, b.follow(tampered), "4639321×1")
}

func TestALostCartIsStartedAgainByTheSameBrowser(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321")
	before := b.follow(link).form().Get("cart")
	delete(b.cookies, "__Host-lk_basket") // the answer that set it never came
	a := b.follow(link)
	wantLines(t, a, "4639321×1")
	if got := a.form().Get("cart"); got != before {
		t.Errorf("another cart id: an order could be placed twice")
	}
}

func TestTwoPeopleNeverShareACart(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	johns := s.cartLink(john, "PRODS=4639321&COUPON=JOHN")
	page := b.follow(johns)
	hers := s.cartLink(maria, "PRODS=1112233&LANG=en")
	marias := b.onward(b.confirm(hers, b.follow(hers)))
	wantLines(t, marias.shows(t, "Keller").hides(t, "John", "JOHN"), "1112233×1")
	// John's form, still open in another tab, orders nothing and shows nothing of his.
	a := b.post("/order/cart.php", with(page.form(), "place", "1", "address1", "Typed by John"))
	wantLines(t, a.status(t, http.StatusConflict).shows(t, "Keller", "nothing was ordered").hides(t, "Newman", "Typed by John"), "1112233×1")
	if n := len(s.orders()); n != 0 {
		t.Fatalf("%d orders", n)
	}
	// John was signed out by that, and his link was used; hers shows what it did.
	b.follow(johns).status(t, http.StatusForbidden).hides(t, "John", "Keller")
	wantLines(t, b.follow(hers).shows(t, "Keller").hides(t, "John"), "1112233×1")
}

func TestCartShowsWhatItCanNotSell(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	a := b.follow(s.cartLink(john, "PRODS=4639321,gone,unpriced"))
	wantLines(t, a.shows(t, "Not available any more", "gone", "Priceless", "no price in the currency").hides(t, "Place order"), "4639321×1", "unpriced×1")
	a = b.onward(b.post("/order/cart.php", with(a.form(), "remove", "unpriced")))
	wantLines(t, a.shows(t, "Place order").hides(t, "gone", "Priceless"), "4639321×1")
	// Products without a common currency can't be added up.
	b.follow(s.cartLink(john, "PRODS=4639321,dollars")).shows(t, "$34.90", "$5.00", "$39.90")
	b.follow(s.cartLink(john, "PRODS=4639321&CURRENCY=usd")).shows(t, "$34.90").hides(t, "€")
	b.follow(s.cartLink(john, "PRODS=4639321&CURRENCY=JPY")).shows(t, "€29.90")
	b.follow(s.cartLink(john, "PRODS=nothing")).shows(t, "Your cart is empty")
}

func TestLinkHintsDecideHowThePageOpens(t *testing.T) {
	s := newSite(t)
	checked := func(a *answer) string { return a.form().Get("card") }
	b := s.browser()
	a := b.follow(s.cartLink(john, "PRODS=4639321"))
	if checked(a) == "" || checked(a) == "new" || strings.Index(a.body, `id="products"`) > strings.Index(a.body, `id="billing"`) {
		t.Errorf("without hints: a card on file must be chosen, and products come first")
	}
	a = b.follow(s.cartLink(john, "PRODS=4639321&CART=2&CARD=1"))
	if checked(a) != "new" || strings.Index(a.body, `id="products"`) < strings.Index(a.body, `id="billing"`) {
		t.Errorf("CART=2&CARD=1: a new card must be chosen, and details come first; got card %q", checked(a))
	}
	a = b.follow(s.cartLink(john, "PRODS=4639321&CARD=2"))
	if checked(a) != "" {
		t.Errorf("CARD=2: got card %q chosen, want none", checked(a))
	}
	b.post("/order/cart.php", with(a.form(), "place", "1")).status(t, http.StatusUnprocessableEntity).shows(t, "Choose a payment method", `href="#payment"`)
}

func TestExpiredCardsCanNotBeChosen(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	a := b.follow(s.cartLink(zoe, "PRODS=4639321")).shows(t, "Visa ending in 0001", "Expired 10/2026", "American Express ending in 0002", "&lt;b&gt;O&#39;Neil&lt;/b&gt;")
	options := regexpFind(a.body, `<input type="radio" name="card" value="([0-9a-f]+)"( checked)?( disabled)?>`)
	if len(options) != 2 || options[0][3] == "" || options[1][2] == "" || options[1][3] != "" {
		t.Fatalf("got choices %q, want the first disabled and the second chosen", options)
	}
	b.post("/order/cart.php", with(a.form(), "place", "1", "card", options[0][1])).status(t, http.StatusUnprocessableEntity)
	if n := len(s.orders()); n != 0 {
		t.Fatalf("ordered with an expired card")
	}
	b.onward(b.post("/order/cart.php", with(a.form(), "place", "1"))).status(t, http.StatusOK)
	if o := s.orders()[0]; o.Card.Token != "good" || o.Billing.LastName != "<b>O'Neil</b>" {
		t.Errorf("got order %+v", o)
	}
}

func TestPlaceOrderKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321,1112233&QTY=2,1&COUPON=SPRING&OPTIONS4639321=a,b&LANG=fr&CARD=1"))
	card := regexpFind(page.body, `name="card" value="([0-9a-f]{12})"`)[1][1]
	form := with(page.form(), "place", "1", "card", card, "city", " Chicago ", "delivery_company", "Depot & Sons", "fiscal_code", "X1", "company", "Newman Ltd")
	a := b.post("/order/cart.php", form).status(t, http.StatusSeeOther)
	orders := s.orders()
	if len(orders) != 1 {
		t.Fatalf("got %d orders, want 1", len(orders))
	}
	got := orders[0]
	want := directory.Order{
		Tenant: "avangate", RefNo: got.RefNo, CartID: page.form().Get("cart"), CustomerID: john, Status: directory.OrderPending, Language: "fr", Coupon: "SPRING",
		Items: []directory.OrderItem{
			{ProductID: "4639321", ProductCode: "HOT-TALKS", Name: "Hot Talks Messenger", Quantity: 2, UnitPrice: directory.Money{Hundredths: 29_90, Currency: "EUR"}, Options: "a,b"},
			{ProductID: "1112233", ProductCode: "PHOTO-DESK", Name: "Photo Desk Studio", Quantity: 1, UnitPrice: directory.Money{Hundredths: 79_00, Currency: "EUR"}},
		},
		Total: directory.Money{Hundredths: 138_80, Currency: "EUR"}, FiscalCode: "X1",
		Billing:  directory.Contact{FirstName: "John", LastName: "Newman", Company: "Newman Ltd", Address1: "12 Orchard Street", City: "Chicago", State: "Illinois", Zip: "62704", CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com"},
		Delivery: directory.Contact{FirstName: "John", LastName: "Newman", Company: "Depot & Sons", Address1: "Unit 5, 400 Market Road", City: "Peoria", State: "Illinois", Zip: "61602", CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com"},
		Card:     directory.Card{Type: "mastercard", LastDigits: "4444", ExpirationMonth: 3, ExpirationYear: 2028, Cardholder: "John Newman", Token: "demo-mastercard-4444"},
		PlacedAt: s.clock.Now(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the order differs (-want +got):\n%s", diff)
	}
	done := b.onward(a).status(t, http.StatusOK).shows(t, got.RefNo, "Merci", "138,80\u00a0€", "Mastercard se terminant par 4444", `<html lang="fr">`, "Depot &amp; Sons", "Chicago", "SPRING")
	checkHeaders(t, done, "same-origin")
	// The order is this order's alone: the customer on record stays as it was.
	b.get("/order/cart.php").shows(t, "Votre panier est vide")
	b.follow(s.cartLink(john, "PRODS=4639321")).shows(t, `value="Springfield"`).hides(t, "Depot")
}

func TestDeliverToTheBillingAddress(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	b.post("/order/cart.php", with(page.form(), "place", "1", "same", "1", "delivery_email", "not checked", "city", "Chicago"))
	if o := s.orders()[0]; o.Delivery != o.Billing || o.Delivery.City != "Chicago" {
		t.Errorf("got delivery %+v", o.Delivery)
	}
}

func TestFormErrorsStandAtTheirFields(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	a := b.post("/order/cart.php", with(page.form(), "place", "1",
		"email", "<john>", "city", "  ", "country_code", "zz", "address2", "4111 1111 1111 1111", "first_name", strings.Repeat("x", 256),
		"last_name", "New\x01man", "delivery_email", "nobody", "qty.4639321", "many"))
	a.status(t, http.StatusUnprocessableEntity).shows(t,
		"Please check 8 things", `role="alert"`, `autofocus`, "<title>Please check: Cart",
		`value="&lt;john&gt;"`, `href="#f-email"`, `aria-describedby="f-email-error"`, "Enter an e-mail address like name@example.com",
		"City is missing", "Choose a country", "looks like a card number", "First name is too long", "Last name holds characters that can’t be used",
		`href="#f-delivery_email"`, `value="nobody"`, `value="many"`, "Enter a whole number from 1 to 100,000")
	a.hides(t, "%!")
	if n := len(s.orders()); n != 0 {
		t.Fatalf("%d orders were placed", n)
	}
	b.onward(b.post("/order/cart.php", with(page.form(), "place", "1"))).status(t, http.StatusOK).shows(t, "Thank you")
}

func TestEveryRuleHasATextOfItsOwn(t *testing.T) {
	// Rules that the form has no words for would show as "can't be used".
	long := strings.Repeat("x", 300)
	for _, c := range []directory.Contact{{}, {FirstName: long, Email: "x", CountryCode: "zz"}, {Email: long}, {City: "4111111111111111"}} {
		for _, e := range c.Faults(false) {
			if !slices.Contains([]string{
				"must be given", "is too long", "must be an e-mail address", "must be an ISO 3166-1 code of two letters, as in us",
				"looks like a card number, which is never stored",
			}, e.Rule) {
				t.Errorf("%s %s: a rule that the form does not know", e.Argument, e.Rule)
			}
		}
	}
}

func TestUpdateKeepsTypedDetails(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321,1112233"))
	a := b.post("/order/cart.php", with(page.form(), "update", "1", "qty.4639321", "4", "city", "Chicago"))
	wantLines(t, a.status(t, http.StatusOK).shows(t, `value="Chicago"`, "€198.60"), "4639321×4", "1112233×1")
	a = b.post("/order/cart.php", with(page.form(), "update", "1", "qty.4639321", "0")).status(t, http.StatusSeeOther)
	wantLines(t, b.onward(a), "1112233×1")
	a = b.post("/order/cart.php", with(page.form(), "update", "1", "qty.1112233", "-1")).status(t, http.StatusUnprocessableEntity)
	a.shows(t, `value="-1"`)
	wantLines(t, b.get("/order/cart.php?"), "1112233×1")
}

func TestNobodyOrdersAtAnotherTotalThanTheySaw(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	a := b.post("/order/cart.php", with(page.form(), "place", "1", "qty.4639321", "3", "city", "Chicago"))
	a.status(t, http.StatusConflict).shows(t, "The total has changed", "€89.70", `value="Chicago"`)
	dearer := &directory.Batch{Products: []*directory.Product{{ID: "4639321", Name: "Hot Talks Messenger", Prices: []directory.Money{{Hundredths: 50_00, Currency: "EUR"}}}}}
	if _, err := s.people.Import(t.Context(), "avangate", dearer, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	a = b.post("/order/cart.php", with(a.form(), "place", "1")).status(t, http.StatusConflict).shows(t, "€150.00")
	if n := len(s.orders()); n != 0 {
		t.Fatalf("%d orders", n)
	}
	b.post("/order/cart.php", with(a.form(), "place", "1")).status(t, http.StatusSeeOther)
	if got := s.orders()[0].Total.Hundredths; got != 150_00 {
		t.Errorf("got total %d", got)
	}
}

func TestACartIsOrderedOnce(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	form := with(page.form(), "place", "1")
	before := b.cookies["__Host-lk_basket"]
	first := b.post("/order/cart.php", form).status(t, http.StatusSeeOther).Header.Get("Location")
	// Sent again after its answer came …
	if got := b.post("/order/cart.php", form).status(t, http.StatusSeeOther).Header.Get("Location"); got != first {
		t.Errorf("the second click led to %q, want %q", got, first)
	}
	// … and while it was on its way, with the cookies of before.
	b.cookies["__Host-lk_basket"] = before
	if got := b.post("/order/cart.php", form).status(t, http.StatusSeeOther).Header.Get("Location"); got != first {
		t.Errorf("the lost click led to %q, want %q", got, first)
	}
	if n := len(s.orders()); n != 1 {
		t.Errorf("got %d orders, want 1", n)
	}
	// The next order is another.
	page = b.follow("/order/checkout.php?PRODS=1112233")
	b.onward(b.post("/order/cart.php", with(page.form(), "place", "1"))).status(t, http.StatusOK).shows(t, "Photo Desk")
	b.get(first).status(t, http.StatusOK)
	if n := len(s.orders()); n != 2 {
		t.Errorf("got %d orders, want 2", n)
	}
}

func TestAnOrderIsShownToItsOwnSessionOnly(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	done := b.post("/order/cart.php", with(page.form(), "place", "1")).Header.Get("Location")
	b.get(done).status(t, http.StatusOK)

	other := s.browser()
	other.follow(s.cartLink(john, "PRODS=4639321")) // the same person elsewhere
	other.get(done).status(t, http.StatusNotFound).hides(t, "Newman", "€")
	s.browser().get(done).status(t, http.StatusNotFound)
	b.get("/order/done?order=1").status(t, http.StatusNotFound)
	b.get("/order/done").status(t, http.StatusNotFound)
	b.follow(s.cartLink(john, "PRODS=4639321")) // a new session
	b.get(done).status(t, http.StatusNotFound)
}

func TestOrderingNeedsALiveSession(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	s.clock.advance(30 * 24 * time.Hour)
	// What was typed is not lost, but there is nothing to send it to.
	b.post("/order/cart.php", with(page.form(), "place", "1", "city", "Typed City")).status(t, http.StatusForbidden).
		shows(t, "so it had no effect", `value="Typed City" readonly`, `value="United States" readonly`).hides(t, "Send again")
	b.get("/order/cart.php").status(t, http.StatusOK).shows(t, "Sign in to order").hides(t, "Newman", "Typed City")
	if n := len(s.orders()); n != 0 {
		t.Errorf("%d orders", n)
	}
}

func TestACartHasBounds(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	var ids []string
	for i := range 200 {
		ids = append(ids, strings.Repeat("p", 50)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	a := b.get("/order/checkout.php?PRODS="+strings.Join(ids, ",")).status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/order/cart.php?note=full" {
		t.Errorf("sent to %q", got)
	}
	if n := len(b.cookies["__Host-lk_basket"]); n > 3500 || n < 1000 {
		t.Errorf("the cookie has %d bytes", n)
	}
	b.onward(a).shows(t, "Your cart is full")
	b.post("/order/cart.php", url.Values{"x": {strings.Repeat("y", 70_000)}}).status(t, http.StatusRequestEntityTooLarge)
}

func TestATamperedCartIsNone(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow("/order/checkout.php?PRODS=4639321")
	whole := b.cookies["__Host-lk_basket"]
	for _, value := range []string{whole[:len(whole)-1], whole + "A", "2." + whole[2:], "1.e30", "1.", strings.Repeat("1", 4000)} {
		b.cookies["__Host-lk_basket"] = value
		b.get("/order/cart.php").status(t, http.StatusOK).shows(t, "Your cart is empty")
	}
}

func TestOneTenantsCartMeansNothingToAnother(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321"))
	b.host = strings.Replace(strings.TrimPrefix(s.base, "http://"), "localhost", "127.0.0.1", 1)
	b.get("/order/cart.php").status(t, http.StatusOK).hides(t, "John", "Hot Talks")
	b.get("/myaccount/").status(t, http.StatusForbidden)
}

func TestStoreAwayIsSaidSo(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	s.store.Close()
	b.get("/order/cart.php").shows(t, "Try again")
	a := b.post("/order/cart.php", with(page.form(), "place", "1"))
	if a.StatusCode < 500 {
		t.Errorf("got %d without a store", a.StatusCode)
	}
}

func TestNoNewCardWithoutAPlaceToEnterIt(t *testing.T) {
	s := newSite(t, func(tenants *[]signon.Tenant) {
		delete((*tenants)[0].Destinations[0].Settings, "card_entry_url")
	})
	b := s.browser()
	a := b.follow(s.cartLink(maria, "PRODS=4639321&LANG=en")).shows(t, "A new card can’t be entered here").hides(t, "Use a new card")
	b.post("/order/cart.php", with(a.form(), "place", "1", "card", "new")).status(t, http.StatusUnprocessableEntity).shows(t, "Choose a payment method")
	if n := len(s.orders()); n != 0 {
		t.Errorf("%d orders", n)
	}
}
