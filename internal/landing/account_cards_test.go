package landing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// withoutCardEntry takes the place away where a new card is entered.
func withoutCardEntry(tenants *[]signon.Tenant) {
	for i := range (*tenants)[0].Destinations {
		delete((*tenants)[0].Destinations[i].Settings, "card_entry_url")
	}
}

// cardsOf returns the ids of the cards on the page of the payment methods.
func cardsOf(a *answer) map[string]string {
	ids := map[string]string{}
	for _, m := range regexpFind(a.body, `(?s)<span class="title">([^<]*)</span>.*?href="/myaccount/payment_methods/\?remove=([0-9a-f]{12})"`) {
		ids[m[1][strings.LastIndex(m[1], " ")+1:]] = m[2]
	}
	return ids
}

func (s *site) lastDigits(customer int64) (digits []string) {
	s.t.Helper()
	for _, c := range s.customer(customer).Cards {
		digits = append(digits, c.LastDigits)
	}
	return digits
}

func TestCardsOnFileSayWhatTheyPayFor(t *testing.T) {
	s := newSite(t)
	photo := s.subscription(johnsPhoto)
	photo.CardToken = "demo-mastercard-4444"
	if err := s.people.UpdateSubscription(t.Context(), photo, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	a := s.member(john).get("/myaccount/payment_methods/").status(t, http.StatusOK)
	rows := strings.Split(a.body, "<li>")
	rows = rows[len(rows)-2:]
	for i, want := range [][3]string{{"Visa ending in 1111", "Hot Talks Messenger", "Photo Desk"}, {"Mastercard ending in 4444", "Photo Desk Studio", "Hot Talks"}} {
		if !strings.Contains(rows[i], want[0]) || !strings.Contains(rows[i], want[1]) || strings.Contains(rows[i], want[2]) {
			t.Errorf("row %d: got %s, want %q without %q", i, rows[i], want[:2], want[2])
		}
	}
	if strings.Count(a.body, ">Default<") != 1 || !strings.Contains(rows[0], ">Default<") {
		t.Errorf("the first card is not the only default")
	}
	a.hides(t, "demo-visa", "demo-mastercard")
	s.member(maria).get("/myaccount/payment_methods/?lang=en").shows(t, "No card on file", "Add a card")
	// Zoe's first card has expired, so her second one is the default.
	zoes := s.member(zoe).get("/myaccount/payment_methods/").shows(t, "Expired 10/2026").hides(t, `name="prefer"`)
	if i, j := strings.Index(zoes.body, "ending in 0002"), strings.Index(zoes.body, ">Default<"); i < 0 || j < i {
		t.Errorf("an expired card is the default")
	}
}

func TestACardIsMadeTheDefault(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	page := b.get("/myaccount/payment_methods/")
	form := url.Values{"owner": page.form()["owner"], "prefer": {cardsOf(page)["4444"]}}
	a := b.onward(b.post("/myaccount/payment_methods/", form)).status(t, http.StatusOK).shows(t, "The default card has been changed.")
	if diff := cmp.Diff([]string{"4444", "1111"}, s.lastDigits(john)); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	s.wantAudited(t, signon.EventCustomerChanged, "customer 352365983")
	if strings.Index(a.body, "ending in 4444") > strings.Index(a.body, "ending in 1111") {
		t.Errorf("the page still has the old order")
	}
	b.onward(b.post("/myaccount/payment_methods/", with(form, "prefer", "000000000000"))).shows(t, "That card is not on file any more.")
}

func TestRemovingACardAsksFirst(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	page := b.get("/myaccount/payment_methods/")
	visa := cardsOf(page)["1111"]
	ask := b.get("/myaccount/payment_methods/?remove="+visa).status(t, http.StatusOK).
		shows(t, "Remove this card?", "Visa ending in 1111", "<li>Hot Talks Messenger</li>", "<li>Photo Desk Studio</li>", "From then on they are paid with Mastercard ending in 4444.")
	if len(s.lastDigits(john)) != 2 {
		t.Fatalf("asking removed the card")
	}
	form := with(ask.form(), "remove", visa)
	b.onward(b.post("/myaccount/payment_methods/", form)).status(t, http.StatusOK).shows(t, "The card has been removed.").hides(t, "ending in 1111")
	b.onward(b.post("/myaccount/payment_methods/", form)).shows(t, "That card is not on file any more.")
	if diff := cmp.Diff([]string{"4444"}, s.lastDigits(john)); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
	s.wantAudited(t, signon.EventCustomerChanged, "customer 352365983")
	b.get("/myaccount/payment_methods/?remove="+visa).status(t, http.StatusSeeOther)
	last := cardsOf(b.get("/myaccount/payment_methods/"))["4444"]
	b.get("/myaccount/payment_methods/?remove="+last).shows(t, "There is no other card that could pay.")
	// Another person's card is none of John's.
	zoes := cardsOf(s.member(zoe).get("/myaccount/payment_methods/"))["0002"]
	b.onward(b.post("/myaccount/payment_methods/", with(form, "remove", zoes))).shows(t, "That card is not on file any more.")
	if n := len(s.lastDigits(zoe)); n != 2 {
		t.Errorf("Zoe has %d cards, want 2", n)
	}
}

func TestTheCardOfASubscriptionIsChanged(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	page := b.get("/myaccount/change_card/?code="+johnsTalks).status(t, http.StatusOK).shows(t, "for €29.90")
	ids := cardsOf(b.get("/myaccount/payment_methods/"))
	if got := page.form().Get("card"); got != ids["1111"] {
		t.Errorf("got %q chosen, want the card that pays now", got)
	}
	a := b.post("/myaccount/change_card/", with(page.form(), "card", ids["4444"])).status(t, http.StatusSeeOther)
	b.onward(a).shows(t, "From now on this subscription is paid with the card that you chose.", "Mastercard ending in 4444").hides(t, "ending in 1111")
	if got := s.subscription(johnsTalks).CardToken; got != "demo-mastercard-4444" {
		t.Errorf("got card %q", got)
	}
	if got := s.subscription(johnsPhoto).CardToken; got != "" {
		t.Errorf("another subscription got card %q", got)
	}
	s.wantAudited(t, signon.EventSubscriptionChanged, "subscription "+johnsTalks)
	for _, card := range []string{"", "000000000000", "new", cardsOf(s.member(zoe).get("/myaccount/payment_methods/"))["0002"]} {
		b.post("/myaccount/change_card/", with(page.form(), "card", card)).status(t, http.StatusUnprocessableEntity).
			shows(t, "Choose a payment method", `href="#payment"`, "<title>Please check:")
	}
	if got := s.subscription(johnsTalks).CardToken; got != "demo-mastercard-4444" {
		t.Errorf("got card %q after bad choices", got)
	}
	// An expired card can't be chosen.
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{func() *directory.Subscription {
		zoes := sub("AAAAAAAAAA", "Hers", day(2027, 1, 1))
		zoes.CustomerID = zoe
		return zoes
	}()}})
	hers := s.member(zoe)
	form := hers.get("/myaccount/change_card/").form()
	hers.post("/myaccount/change_card/", with(form, "card", cardsOf(hers.get("/myaccount/payment_methods/"))["0001"])).status(t, http.StatusUnprocessableEntity)
}

// leaveForCard begins to add a card and returns where the browser is sent.
func leaveForCard(t *testing.T, b *browser) *url.URL {
	t.Helper()
	page := b.get("/myaccount/payment_methods/").status(t, http.StatusOK)
	a := b.post("/myaccount/payment_methods/", url.Values{"owner": page.form()["owner"], "add": {"1"}}).status(t, http.StatusSeeOther)
	to, err := a.Location()
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// returned is the address at which a card comes back.
func returned(state string, pairs ...string) string {
	q := url.Values{"state": {state}, "token": {"tok_new"}, "brand": {"amex"}, "last4": {"0005"}, "exp": {"12/2030"}}
	return "/myaccount/card?" + with(q, pairs...).Encode()
}

func TestACardIsAddedAtTheProcessorsPage(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	to := leaveForCard(t, b)
	q := to.Query()
	if to.Path != "/dev/card" || q.Get("return_url") != s.base+"/myaccount/card" || q.Get("state") == "" || q.Has("order") || q.Has("amount") {
		t.Fatalf("sent to %s", to)
	}
	back := b.post(to.String(), url.Values{"number": {"3782 822463 10005"}, "expiry": {"12/30"}}).status(t, http.StatusSeeOther)
	b.onward(back).status(t, http.StatusOK).shows(t, "The card is on file.", "American Express ending in 0005")
	cards := s.customer(john).Cards
	if n := len(cards); n != 3 || cards[2].LastDigits != "0005" || cards[2].Cardholder != "John Newman" || !strings.HasPrefix(cards[2].Token, "test-") {
		t.Errorf("got cards %+v", cards)
	}
	s.wantAudited(t, signon.EventCustomerChanged, "customer 352365983")
	again := b.get(back.Header.Get("Location")).status(t, http.StatusForbidden).shows(t, "This card was not added") // once
	checkHeaders(t, again, "no-referrer")
	if n := len(s.lastDigits(john)); n != 3 {
		t.Errorf("got %d cards, want 3", n)
	}
	if strings.Contains(s.log.String(), "378282") || strings.Contains(s.log.String(), "tok_") {
		t.Errorf("a card was logged")
	}
	policy := b.get("/myaccount/payment_methods/").Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "form-action 'self' "+s.base+";") {
		t.Errorf("got %q", policy)
	}
}

func TestAReturnedCardBelongsToOneLeaving(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	b.get(returned("")).status(t, http.StatusForbidden)
	first := leaveForCard(t, b).Query().Get("state")
	state := leaveForCard(t, b).Query().Get("state")
	cart := s.browser()
	cart.cookies = b.cookies
	cartState := leaveForOrder(t, cart)
	for what, address := range map[string]string{
		"an earlier leaving": returned(first), "no state": returned(""), "a cut state": returned(state[1:]), "a cart's state": returned(cartState),
		"two states": returned(state) + "&state=" + state, "another path": strings.Replace(returned(state), "/myaccount/card", "/order/card", 1),
	} {
		if a := b.get(address); a.StatusCode != http.StatusForbidden && !strings.HasPrefix(a.Header.Get("Location"), "/order/cart.php") {
			t.Errorf("%s: got %d", what, a.StatusCode)
		}
	}
	for what, other := range map[string]*browser{"nobody": s.browser(), "another person": s.member(maria), "the same person elsewhere": s.member(john)} {
		if a := other.get(returned(state)); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: got %d", what, a.StatusCode)
		}
	}
	// The nonce alone is not enough in another session of the same person.
	again := b.copied()
	again.cookies[accountCookie] = s.member(john).cookies[accountCookie]
	again.get(returned(state)).status(t, http.StatusForbidden)
	if n := len(s.lastDigits(john)) + len(s.lastDigits(maria)); n != 2 {
		t.Fatalf("got %d cards, want 2", n)
	}
	b.onward(b.get(returned(state))).shows(t, "The card is on file.")
	if diff := cmp.Diff([]string{"1111", "4444", "0005"}, s.lastDigits(john)); diff != "" {
		t.Errorf("cards (-want +got):\n%s", diff)
	}
}

// leaveForOrder begins to order with a new card and returns the state of that.
func leaveForOrder(t *testing.T, b *browser) string {
	t.Helper()
	page := b.follow(b.site.cartLink(john, "PRODS=4639321"))
	to, err := b.post("/order/cart.php", with(page.form(), "place", "1", "card", "new")).status(t, http.StatusSeeOther).Location()
	if err != nil {
		t.Fatal(err)
	}
	return to.Query().Get("state")
}

func TestACardThatCannotBeUsedIsNotPutOnFile(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	for _, bad := range [][]string{
		{"token", ""}, {"token", "4111 1111 1111 1111"}, {"token", "tok_4111111111111111"}, {"last4", "111"}, {"exp", "10/2026"}, {"exp", "x"}, {"brand", "<b>"},
	} {
		state := leaveForCard(t, b).Query().Get("state")
		b.onward(b.get(returned(state, bad...))).status(t, http.StatusOK).shows(t, "That card could not be put on file.")
		b.get(returned(state)).status(t, http.StatusForbidden) // the state is used up
	}
	state := leaveForCard(t, b).Query().Get("state")
	b.onward(b.get("/myaccount/card?state="+state+"&cancel=1")).status(t, http.StatusOK).shows(t, "No card was entered.")
	if n := len(s.lastDigits(john)); n != 2 {
		t.Errorf("got %d cards, want 2", n)
	}
}

func TestWithoutCardEntryThePageSaysSo(t *testing.T) {
	s := newSite(t, withoutCardEntry)
	b := s.member(john)
	page := b.get("/myaccount/payment_methods/").shows(t, "A card can’t be added here. Please ask Avangate Demo").hides(t, `name="add"`)
	a := b.post("/myaccount/payment_methods/", url.Values{"owner": page.form()["owner"], "add": {"1"}}).status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/myaccount/payment_methods/" {
		t.Errorf("sent to %q", got)
	}
}

func TestCardsHaveAnEnd(t *testing.T) {
	s := newSite(t)
	s.change(john, func(c *directory.Customer) {
		for len(c.Cards) < directory.MaxCards {
			c.Cards = append(c.Cards, directory.Card{Type: "visa", LastDigits: "0000", ExpirationMonth: 1, ExpirationYear: 2030, Token: "many-" + strings.Repeat("x", len(c.Cards))})
		}
	})
	b := s.member(john)
	page := b.get("/myaccount/payment_methods/").shows(t, "There is no room for another card.").hides(t, `name="add"`)
	a := b.post("/myaccount/payment_methods/", url.Values{"owner": page.form()["owner"], "add": {"1"}}).status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/myaccount/payment_methods/" {
		t.Errorf("sent to %q", got)
	}
}

func TestSigningOutForgetsACardThatIsBeingEntered(t *testing.T) {
	s := newSite(t, sessions(time.Hour, time.Hour))
	b := s.member(john)
	leaveForCard(t, b)
	b.post("/myaccount/sign-out", url.Values{})
	for name := range b.cookies {
		if strings.Contains(name, "lk_card") {
			t.Errorf("the cookie %s is left", name)
		}
	}
}
