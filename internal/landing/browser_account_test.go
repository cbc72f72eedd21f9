package landing_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestBrowserAccount: the account area as a browser shows it.
func TestBrowserAccount(t *testing.T) {
	t.Parallel()
	parent := chromium(t)
	for name, test := range map[string]func(*site, *tab){
		"EveryPageLooksRight":           browserAccountPictures,
		"EmptyPagesLookRight":           browserEmptyPictures,
		"FormsInEveryStateLookRight":    browserFormPictures,
		"APageSaysWhenItsSessionIsOver": browserSessionEnds,
		"CodesAreCopied":                browserCopies,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, sessions(20*time.Minute, time.Hour))
			s.clock.now = time.Now().UTC() // the browser's own cookies and pages live in real time
			test(s, newTab(parent, t, true))
		})
	}
}

// signIn signs the tab in at the account.
func (b *tab) signIn(s *site, customer int, target string) {
	b.t.Helper()
	b.enter(s.link(customer, signon.KindAccount, target, time.Minute))
}

// areaPictures are the pages of the area that a link or a click leads to.
var areaPictures = map[string]string{
	"index": "/myaccount/", "products": "/myaccount/my_products/", "subscription": "/myaccount/my_subscription/?code=" + johnsTalks,
	"view-order": "/myaccount/view_order/?code=" + johnsTalks, "licenses": "/myaccount/my_license/", "orders": "/myaccount/order_lookup/",
	"change-card": "/myaccount/change_card/?code=" + johnsTalks, "cards": "/myaccount/payment_methods/", "details": detailsAt,
	"everywhere": "/myaccount/sign-out-everywhere", "missing": "/myaccount/my_subscription/?code=0000000000",
}

// at returns the addresses of pages by the names that pictures of them have.
func (s *site) at(prefix string, pages map[string]string) map[string]string {
	all := map[string]string{}
	for name, address := range pages {
		all[prefix+name] = s.base + address
	}
	return all
}

func browserAccountPictures(s *site, b *tab) {
	refNo := s.order(john, "PRODS=4639321,1112233&QTY=1,2")
	leave(b.t, s.browser(), "PRODS=4639321")
	due, ending := sub("AAAAAAAAA1", "Safe Backup Home", directory.DateOf(s.clock.now.AddDate(0, 0, 9))), sub("AAAAAAAAA2", "Mail Shield", directory.DateOf(s.clock.now.AddDate(0, 0, 12)))
	due.PastDue, due.Recurring = true, true
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{due, ending}})
	b.signIn(s, john, "/myaccount/")
	for name, status := range b.tour(s.at("area-", areaPictures)) {
		if status != http.StatusOK && name != "area-missing" {
			b.t.Errorf("%s: got status %d", name, status)
		}
	}
	b.open(s.base + "/myaccount/my_subscription/?code=AAAAAAAAA1&note=renewal_on")
	b.variant("area-subscription-due")
	b.open(s.base + "/myaccount/order_lookup/?order=" + refNo)
	b.variant("area-order")
	b.open(s.base + "/myaccount/payment_methods/")
	b.submit(".wallet li a")
	b.glance("area-remove-card")
	b.open(s.base + "/support/")
	script[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) ?? true`)
	b.glance("area-support-open")
	b.wear(looks[3])
	languages := []string{"ro", "ja"}
	if allLooks {
		languages = append(languages, "de", "fr", "es")
	}
	for _, language := range languages {
		b.open(s.base + areaPictures["subscription"] + "&lang=" + language)
		b.peek("area-subscription-" + language)
	}
}

func browserEmptyPictures(s *site, b *tab) {
	s.change(zoe, func(c *directory.Customer) { c.Cards = nil })
	b.signIn(s, zoe, "/myaccount/")
	for _, name := range []string{"index", "products", "licenses", "orders", "cards"} {
		b.open(s.base + areaPictures[name])
		b.variant("area-empty-" + name)
	}
}

func browserFormPictures(s *site, b *tab) {
	b.signIn(s, john, detailsAt)
	b.fill("#f-email", "john")
	b.fill("#f-fiscal_code", "US-1")
	if status := b.submit("main form button"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("got status %d", status)
	}
	b.await(func() bool { // browsers move the focus after the page is drawn
		return script[string](b, `document.activeElement.getAttribute("role") ?? ""`) == "alert"
	})
	b.glance("area-details-errors")
	s.change(john, func(c *directory.Customer) { c.Billing.City, c.Billing.Phone = "Chicago", "" })
	b.fill("#f-email", "john@example.com")
	b.fill("#f-fiscal_code", "")
	if status := b.submit("main form button"); status != http.StatusConflict {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("Stored now: Chicago")
	b.variant("area-details-conflict")
	s.clock.advance(21 * time.Minute)
	if status := b.submit("main form button"); status != http.StatusForbidden {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("You are not signed in any more", "john@example.com", "United States")
	b.glance("over")
	other := newTab(b.ctx, b.t, false) // another tab of the same browser
	other.signIn(s, john, "/myaccount/")
	if status := b.submit("main form button"); status != http.StatusOK {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("Your details are saved.")
	b.variant("area-details-saved")
	if got := s.customer(john).Billing.Email; got != "john@example.com" {
		b.t.Errorf("got %q", got)
	}
}

// browserSessionEnds: a page that is left open says so by itself, keeps what was
// typed, and takes it back when the session was used again in another tab.
func browserSessionEnds(s *site, b *tab) {
	s.clock.now = s.clock.now.Add(-time.Second)
	b.signIn(s, john, detailsAt)
	if said := script[string](b, `document.querySelector(".session-over").innerText`); said != "" {
		b.t.Errorf("says %q at once", said)
	}
	b.fill("#f-city", "Typed City")
	complaints := b.complaints()
	over := func() bool {
		return strings.Contains(script[string](b, `document.querySelector("[role=alert].session-over").innerText`), "Your session is over.")
	}
	script[bool](b, `(Date.now = (now => () => now() + 20 * 60000)(Date.now), true)`) // twenty minutes later
	b.await(over)
	b.wantText("Typed City")
	b.variant("area-session-over")
	b.wear(looks[2])
	if !script[bool](b, focusShows) {
		b.t.Errorf("on a phone the notice hides the field that has the focus")
	}
	b.wear(looks[0])
	other := newTab(b.ctx, b.t, false)
	other.signIn(s, john, "/myaccount/")
	script[bool](other, `(new BroadcastChannel("session").postMessage({owner: document.querySelector("[data-ends]").dataset.owner, end: Date.now() + 45 * 60000}), true)`)
	b.await(func() bool { return !over() })
	b.submit("main form button")
	b.wantText("Your details are saved.", "Typed City")
	for _, text := range complaints() {
		b.t.Errorf("the browser complains: %s", text)
	}
}

// focusShows is whether a field that has the focus at the top edge of the window is to be seen.
const focusShows = `(() => {
	const field = document.querySelector("#f-city");
	field.focus({preventScroll: true});
	scrollTo({top: scrollY + field.getBoundingClientRect().top, behavior: "instant"});
	const box = field.getBoundingClientRect();
	return document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === field;
})()`

func browserCopies(s *site, b *tab) {
	b.signIn(s, john, "/myaccount/my_license/")
	script[bool](b, `(navigator.clipboard.writeText = async text => { window.copied = text; }, true)`)
	b.click("button[data-copy]")
	b.await(func() bool { return script[string](b, `document.querySelector("[data-told]").innerText`) == "Copied" })
	if got := script[string](b, `window.copied`); got != "HT4-DEMO-ACTIVATION" {
		b.t.Errorf("got %q", got)
	}
	script[bool](b, `(navigator.clipboard.writeText = () => Promise.reject(), true)`)
	b.click("button[data-copy]")
	b.await(func() bool { return script[string](b, `getSelection().toString()`) == "HT4-DEMO-ACTIVATION" })
}
