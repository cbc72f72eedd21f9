package landing_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func day(year int, month time.Month, d int) directory.Date {
	return directory.Date{Year: year, Month: month, Day: d}
}

// sub is a subscription of John's that runs from the start of 2026.
func sub(reference, name string, ends directory.Date) *directory.Subscription {
	return &directory.Subscription{
		Reference: reference, CustomerID: john, Product: directory.SubscribedProduct{ID: "p-" + name, Name: name},
		StartsOn: day(2026, 1, 1), ExpiresOn: ends,
	}
}

func TestASubscriptionShowsWhatThereIsToKnow(t *testing.T) {
	s := newSite(t)
	full := sub("AAAAAAAAAA", "Everything", day(2027, 6, 1))
	full.Product.Version, full.Product.Quantity, full.Product.PriceOptionCodes = "3.1", 7, []string{"seats-10", "cloud"}
	full.Recurring, full.Trial, full.CardToken = true, true, "demo-mastercard-4444"
	full.NextRenewalPrice = directory.Money{Hundredths: 1299_00, Currency: "USD"}
	full.EndUser = &directory.Contact{FirstName: "Ann", LastName: "User", Company: "Depot", City: "Ghent", CountryCode: "be", Email: "ann@example.com"}
	full.DeliveryDescription = "Two lines\nof text"
	full.DeliveryCodes = []directory.DeliveryCode{
		{Code: "<KEY>-1", Description: "Serial", ExtraInfo: "Once"}, {File: "https://files.example.com/key.lic"}, {File: "javascript:alert(1)"},
	}
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{full}})
	s.member(john).get("/myaccount/my_subscription/?code=AAAAAAAAAA").status(t, http.StatusOK).shows(t,
		"<h1>Everything</h1>", "AAAAAAAAAA", "3.1", ">7<", "seats-10, cloud", "1 January 2026", "Renews 1 June 2027", "Trial", "Active",
		"It renews on 1 June 2027 by itself, for $1,299.00.", "you can use it until 1 June 2027", "Mastercard ending in 4444",
		`href="/myaccount/change_card/?code=AAAAAAAAAA"`, "Ann User<br>Depot", "Belgium", "ann@example.com",
		"&lt;KEY&gt;-1", "Serial", "Once", `<a href="https://files.example.com/key.lic" rel="noreferrer">`, "Two lines\nof text", "javascript:alert(1)",
	).hides(t, `href="javascript`, "ending in 1111", "<KEY>")
}

func TestRenewalIsSwitchedOffAndOn(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	page := b.get("/myaccount/my_subscription/?code="+johnsTalks).shows(t, "Turn off automatic renewal", `name="renewal" value="off"`)
	before := s.subscription(johnsTalks)
	form := with(page.form(), "renewal", "off")
	for range 2 { // a second click changes nothing
		a := b.post("/myaccount/my_subscription/", form).status(t, http.StatusSeeOther)
		if got := a.Header.Get("Location"); got != "/myaccount/my_subscription/?code="+johnsTalks+"&note=renewal_off" {
			t.Errorf("sent to %q", got)
		}
		b.onward(a).shows(t, "Automatic renewal is off.", "It ends on 15 January 2035 and is not renewed.", "the card below pays €29.90", `value="on"`, "Ends 15 January 2035")
	}
	want := before.Clone()
	want.Recurring, want.Version = false, before.Version+1
	if diff := cmp.Diff(want, s.subscription(johnsTalks)); diff != "" {
		t.Errorf("the subscription (-want +got):\n%s", diff)
	}
	s.wantAudited(t, signon.EventSubscriptionChanged, "subscription "+johnsTalks)
	b.onward(b.post("/myaccount/my_subscription/", with(form, "renewal", "on"))).shows(t, "Automatic renewal is on.", "Turn off automatic renewal")
	if !s.subscription(johnsTalks).Recurring {
		t.Errorf("renewal is still off")
	}
	b.get("/myaccount/my_products/").shows(t, "Renews 15 January 2035")
}

func TestOnlyWhatRunsCanBeRenewed(t *testing.T) {
	s := newSite(t)
	lifetime, over, off := sub("AAAAAAAAA1", "Lifetime", directory.Date{}), sub("AAAAAAAAA2", "Over", day(2026, 5, 1)), sub("AAAAAAAAA3", "Off", day(2027, 5, 1))
	lifetime.Lifetime, off.Disabled = true, true
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{lifetime, over, off}})
	b := s.member(john)
	owner := b.get("/myaccount/payment_methods/").form().Get("owner")
	for reference, text := range map[string]string{"AAAAAAAAA1": "It has no end", "AAAAAAAAA2": "It is over and can’t be renewed here", "AAAAAAAAA3": "It is over"} {
		b.get("/myaccount/my_subscription/?code="+reference).shows(t, text).hides(t, `name="renewal"`)
		b.onward(b.post("/myaccount/my_subscription/", url.Values{"owner": {owner}, "code": {reference}, "renewal": {"on"}})).hides(t, "Automatic renewal is on.")
		if s.subscription(reference).Recurring {
			t.Errorf("%s was switched", reference)
		}
	}
	b.post("/myaccount/my_subscription/", url.Values{"owner": {owner}, "code": {johnsTalks}, "renewal": {"maybe"}}).status(t, http.StatusBadRequest)
	if events := s.events(signon.EventSubscriptionChanged); len(events) != 0 {
		t.Errorf("got %d changes", len(events))
	}
}

// TestAnotherPersonsSubscriptionIsAsGoodAsNone: the answers are the same, and
// nothing changes.
func TestAnotherPersonsSubscriptionIsAsGoodAsNone(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	form := b.get("/myaccount/my_subscription/?code=" + johnsTalks).form()
	card := regexpFind(b.get("/myaccount/payment_methods/").body, `name="prefer" value="([0-9a-f]{12})"`)[0][1]
	before := s.subscription(mariasOne)
	for _, path := range []string{"/myaccount/my_subscription/", "/myaccount/view_order/", "/myaccount/change_card/"} {
		var bodies []string
		for _, code := range []string{mariasOne, "0000000000", "no-such", strings.ToLower(johnsTalks)} {
			bodies = append(bodies, b.get(path+"?code="+code).status(t, http.StatusNotFound).shows(t, "This is not in your account").hides(t, code).body)
			if path != "/myaccount/view_order/" {
				b.post(path, with(form, "code", code, "renewal", "on", "card", card)).status(t, http.StatusNotFound).hides(t, mariasOne, "Safe Backup")
			}
		}
		for _, body := range bodies {
			if body != bodies[0] {
				t.Errorf("%s: answers differ", path)
			}
		}
	}
	if diff := cmp.Diff(before, s.subscription(mariasOne)); diff != "" {
		t.Errorf("her subscription changed:\n%s", diff)
	}
}

func TestWithoutACodeTheOnlySubscriptionOrTheListIsShown(t *testing.T) {
	s := newSite(t)
	hers, his, none := s.member(maria), s.member(john), s.member(zoe)
	for path, title := range map[string]string{"/myaccount/my_subscription/": "Safe Backup Home", "/myaccount/view_order/": "Safe Backup Home", "/myaccount/change_card/": "Safe Backup Home"} {
		hers.get(path+"?lang=en").status(t, http.StatusOK).shows(t, title, mariasOne).hides(t, "<h1>Subscriptions</h1>")
		his.get(path).status(t, http.StatusOK).shows(t, "<h1>Subscriptions</h1>", johnsTalks, johnsPhoto)
		none.get(path).status(t, http.StatusOK).shows(t, "You have no subscriptions with Avangate Demo yet")
	}
}

func TestManySubscriptionsTakeSeveralPages(t *testing.T) {
	s := newSite(t)
	var batch directory.Batch
	for i := range 50 {
		batch.Subscriptions = append(batch.Subscriptions, sub(fmt.Sprintf("AAAAAAAA%02d", i), fmt.Sprintf("Bulk %02d", i), day(2027, 1, 1)))
	}
	due := sub("BBBBBBBBBB", "Zulu Due", day(2027, 1, 1))
	due.PastDue = true
	s.add(&directory.Batch{Subscriptions: append(batch.Subscriptions, due, sub("CCCCCCCCCC", "Alpha Over", day(2026, 2, 1)))})
	b := s.member(john)
	rows := func(a *answer) (names []string) {
		for _, m := range regexpFind(a.body, `<a class="strong" href="[^"]*">([^<]*)</a>`) {
			names = append(names, m[1])
		}
		return names
	}
	first := b.get("/myaccount/my_products/").status(t, http.StatusOK).shows(t, "Page 1 of 3", `href="/myaccount/my_products/?page=2"`, "54 subscriptions").hides(t, "?page=0")
	if got := rows(first); len(got) != 25 || got[0] != "Zulu Due" || got[1] != "Bulk 00" || got[24] != "Bulk 23" {
		t.Errorf("the first page has %q", got)
	}
	last := b.get("/myaccount/my_products/?page=3").shows(t, "Page 3 of 3").hides(t, "?page=4")
	if got := rows(last); len(got) != 4 || got[0] != "Bulk 49" || got[3] != "Alpha Over" {
		t.Errorf("the last page has %q", got)
	}
	for query, page := range map[string]string{"99": "Page 3 of 3", "-1": "Page 1 of 3", "x": "Page 1 of 3", "99999999999999999999": "Page 1 of 3"} {
		b.get("/myaccount/my_products/?page="+query).status(t, http.StatusOK).shows(t, page)
	}
	if got := rows(b.get("/myaccount/").shows(t, "Show all (54)")); len(got) != 5 || got[0] != "Zulu Due" {
		t.Errorf("the overview has %q", got)
	}
}

// TestTheOverviewSaysWhatNeedsAttention: on 20 November 2026.
func TestTheOverviewSaysWhatNeedsAttention(t *testing.T) {
	s := newSite(t)
	due, ending, renewing, expiring, later := sub("AAAAAAAAA1", "Due", day(2026, 11, 1)), sub("AAAAAAAAA2", "Ending", day(2026, 12, 20)),
		sub("AAAAAAAAA3", "Renewing", day(2026, 12, 1)), sub("AAAAAAAAA4", "Card", day(2026, 12, 5)), sub("AAAAAAAAA5", "Later", day(2026, 12, 21))
	due.PastDue, due.Recurring, renewing.Recurring, expiring.Recurring, expiring.CardToken = true, true, true, true, "soon"
	s.change(john, func(c *directory.Customer) {
		c.Cards = append(c.Cards, directory.Card{Type: "visa", LastDigits: "7777", ExpirationMonth: 11, ExpirationYear: 2026, Token: "soon"})
	})
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{due, ending, renewing, expiring, later}})
	b := s.member(john)
	a := b.get("/myaccount/").status(t, http.StatusOK).shows(t,
		"The payment for Due is due.", "Ending ends on 20 December 2026 and is not renewed.",
		"Card renews on 5 December 2026, but the card that pays for it will have expired by then.", `href="/myaccount/change_card/?code=AAAAAAAAA4"`,
	).hides(t, "Later ends", "Renewing renews")
	if strings.Index(a.body, "Due is due") > strings.Index(a.body, "Card renews") || strings.Index(a.body, "Card renews") > strings.Index(a.body, "Ending ends") {
		t.Errorf("what is most pressing does not come first")
	}
	b.get("/myaccount/my_subscription/?code=AAAAAAAAA1").shows(t, "The last payment did not go through.")
	b.get("/myaccount/my_subscription/?code=AAAAAAAAA4").shows(t, "This card will have expired by the day of the renewal.")
	s.change(john, func(c *directory.Customer) { c.Cards = nil })
	b.get("/myaccount/").shows(t, "Renewing renews on 1 December 2026, and there is no card on file that can pay for it.")
	s.member(zoe).get("/myaccount/").hides(t, "Needs your attention")
}

func TestLicenceCodesStandByProduct(t *testing.T) {
	s := newSite(t)
	second := sub("AAAAAAAAAA", "Hot Talks Messenger", day(2027, 1, 1))
	second.DeliveryCodes = []directory.DeliveryCode{{Code: "SECOND-CODE"}}
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{second, sub("BBBBBBBBBB", "Codeless", day(2027, 1, 1))}})
	a := s.member(john).get("/myaccount/my_license/").status(t, http.StatusOK).
		shows(t, "HT4-DEMO-ACTIVATION", "SECOND-CODE", "PD12-DEMO-SERIAL", "Unlock code", "2 codes", johnsPhoto).hides(t, "Codeless")
	if n := strings.Count(a.body, "<h2 id="); n != 2 {
		t.Errorf("got %d products, want 2", n)
	}
	ids := map[string]bool{}
	for _, m := range regexpFind(a.body, ` id="([^"]+)"`) {
		if ids[m[1]] {
			t.Errorf("the id %s occurs twice", m[1])
		}
		ids[m[1]] = true
	}
	s.member(zoe).get("/myaccount/my_license/").status(t, http.StatusOK).shows(t, "There are no codes in your account")
}

// TestNoLinkTellsWhatIsNotSo: a page says that something was done only while that
// is how things are.
func TestNoLinkTellsWhatIsNotSo(t *testing.T) {
	s := newSite(t)
	lifetime := sub("AAAAAAAAA1", "Lifetime", directory.Date{})
	lifetime.Lifetime, lifetime.CardToken = true, "demo-mastercard-4444"
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{lifetime}})
	b := s.member(john)
	at := "/myaccount/my_subscription/?code=" + johnsTalks + "&note="
	b.get(at+"renewal_off").status(t, http.StatusOK).hides(t, "Automatic renewal is off.", `<p class="notice`)
	b.get(at+"renewal_on").shows(t, "Automatic renewal is on.")
	b.get(at+"card").hides(t, "From now on") // no card was chosen for it
	b.post("/myaccount/my_subscription/", with(b.get(at).form(), "renewal", "off"))
	b.get(at+"renewal_on").hides(t, "Automatic renewal is on.", `<p class="notice`)
	for _, note := range []string{"renewal_on", "renewal_off", "card"} {
		b.get("/myaccount/my_subscription/?code=AAAAAAAAA1&note="+note).status(t, http.StatusOK).hides(t, `<p class="notice`)
	}
}

func TestNobodyWhoIsSignedInIsToldOtherwise(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	cart := s.browser()
	cart.follow(s.cartLink(john, "PRODS=4639321"))
	for _, path := range []string{"/myaccount/signed-out", "/myaccount/signed-out?note=everywhere", "/order/signed-out", "/order/signed-out?note=everywhere"} {
		for home, who := range map[string]*browser{"/myaccount/": b, "/order/cart.php": cart} {
			a := who.get(path).status(t, http.StatusSeeOther).hides(t, "You are signed out")
			if got := a.Header.Get("Location"); got != home {
				t.Errorf("%s: sent to %q, want %q", path, got, home)
			}
		}
	}
	b.onward(b.post("/myaccount/sign-out", url.Values{})).status(t, http.StatusOK).shows(t, "You are signed out")
}

// TestOnlyWhatIsChargedTakesACard: what never renews has no use for one.
func TestOnlyWhatIsChargedTakesACard(t *testing.T) {
	s := newSite(t)
	lifetime, over, off := sub("AAAAAAAAA1", "Lifetime", directory.Date{}), sub("AAAAAAAAA2", "Over", day(2026, 5, 1)), sub("AAAAAAAAA3", "Off", day(2027, 5, 1))
	lifetime.Lifetime, off.Disabled = true, true
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{lifetime, over, off}})
	b := s.member(john)
	form := with(b.get("/myaccount/change_card/?code="+johnsTalks).form(), "card", cardsOf(b.get("/myaccount/payment_methods/"))["4444"])
	for reference, text := range map[string]string{"AAAAAAAAA1": "It has no end", "AAAAAAAAA2": "It is over", "AAAAAAAAA3": "It is over"} {
		b.get("/myaccount/change_card/?code="+reference).status(t, http.StatusOK).shows(t, text).hides(t, `name="card"`, "once renewal is turned on")
		b.onward(b.post("/myaccount/change_card/", with(form, "code", reference))).status(t, http.StatusOK).shows(t, text).hides(t, "From now on")
		if got := s.subscription(reference).CardToken; got != "" {
			t.Errorf("%s is paid with %q", reference, got)
		}
	}
	if events := s.events(signon.EventSubscriptionChanged); len(events) != 0 {
		t.Errorf("got %d changes", len(events))
	}
}
