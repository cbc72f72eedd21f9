package landing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// In these tests a real browser follows the links. All of them share one browser
// process; each has a profile of its own. They wait more than they compute, so they
// run beside one another.

func TestBrowser(t *testing.T) {
	t.Parallel()
	parent := chromium(t)
	for name, test := range map[string]func(*site, *tab){
		"ALinkLandsInTheCart":                 browserLands,
		"ReloadAndRepeatKeepSessionAndCart":   browserRepeats,
		"AnOrderWithACardOnFile":              browserOrders,
		"AnOrderWithATestCard":                browserEntersCard,
		"ADoubleClickOrdersOnce":              browserDoubleClicks,
		"ErrorsStandAtTheirFields":            browserErrs,
		"TheEnterKeyChangesNothing":           browserPressesEnter,
		"TheAccountAndSigningOut":             browserAccount,
		"DeliveryFollowsItsChoice":            browserDelivery,
		"TheStartPageOpensItsLinks":           browserStarts,
		"EveryPageLooksRight":                 browserPictures,
		"AFormFromAnotherSiteOrdersNothing":   browserForged,
		"ThePagesObeyTheirOwnSecurityHeaders": browserViolations,
		"TheJudgeOfAccessibilityFindsFaults":  browserFindsFaults,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.clock.now = time.Now().UTC() // the browser's own cookies and pages live in real time
			test(s, newTab(parent, t, true))
		})
	}
}

func (b *tab) wantText(texts ...string) {
	b.t.Helper()
	got := b.text()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			b.t.Errorf("%s does not show %q:\n%s", b.address(), text, got)
		}
	}
}

// refused goes to a link that this browser can't use, and waits until the page
// has tried once more.
func (b *tab) refused(link string) {
	b.t.Helper()
	if status := b.open(link); status != http.StatusForbidden {
		b.t.Errorf("got status %d, want 403", status)
	}
	b.await(func() bool { return strings.Contains(b.address(), "&_lk=2.") })
	b.wantText("This link can’t be used")
}

// enter follows a link and answers what is asked on the way.
func (b *tab) enter(link string) {
	b.t.Helper()
	b.open(link)
	b.goOn()
}

// goOn answers a page that asks, if the browser is at one.
func (b *tab) goOn() {
	b.t.Helper()
	if script[bool](b, `!!document.querySelector("form[data-submit]")`) {
		b.await(func() bool { return !strings.Contains(b.address(), "logintoken=") })
	} else if script[bool](b, `!!document.querySelector("input[name=ticket]")`) {
		b.submit("main button")
	}
}

// await waits for something to become true.
func (b *tab) await(done func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(stepTimeout); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("nothing more happens at %s", b.address())
		}
	}
}

// back leaves the page for the one before, and waits until one is there that this
// page was not: what is asked or opened sooner meets the page that is leaving.
func (b *tab) back() {
	b.t.Helper()
	script[bool](b, `(window.left = true, setTimeout(() => history.back()), true)`) // a page that leaves at once gives no answer
	b.await(func() bool {
		there, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`!window.left && document.readyState === "complete"`))
		return err == nil && there
	})
}

func (b *tab) wantAddress(want string) {
	b.t.Helper()
	if got := b.address(); got != want {
		b.t.Errorf("the address bar shows %s, want %s", got, want)
	}
}

func browserLands(s *site, b *tab) {
	link := s.cartLink(john, "PRODS=4639321&QTY=1&CART=1&CARD=2")
	if status := b.open(link); status != http.StatusOK {
		b.t.Fatalf("got status %d", status)
	}
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("John Newman", "12 Orchard Street", "Springfield", "62704", "Unit 5, 400 Market Road", "Peoria", "Visa ending in 1111", "Mastercard ending in 4444", "Hot Talks Messenger")
	token := link[len(link)-signon.TokenLen:]
	if html := script[string](b, "document.documentElement.outerHTML + document.referrer + JSON.stringify(performance.getEntriesByType('navigation'))"); strings.Contains(html, token) {
		b.t.Errorf("the page holds the token")
	}
	if cookies := script[string](b, "document.cookie"); cookies != "" {
		b.t.Errorf("scripts can read cookies: %s", cookies)
	}
	other := newTab(b.ctx, b.t, true)
	other.refused(link)
	if strings.Contains(other.text(), "Newman") {
		b.t.Errorf("a second browser learned the name")
	}
}

func browserRepeats(s *site, b *tab) {
	link := s.cartLink(john, "PRODS=4639321")
	b.open(link)
	b.fill(`input[name="qty.4639321"]`, "3")
	b.submit("button.quiet[name=update]")
	b.wantText("€89.70")
	step(b, chromedp.Reload())
	b.wantText("John", "€89.70")
	b.open(link)
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("John", "€89.70")
	if n := s.redemptions(); n != 1 {
		b.t.Errorf("got %d redemptions, want 1", n)
	}
}

// redemptions returns how many grants were redeemed, by the audit log.
func (s *site) redemptions() (n int) {
	s.t.Helper()
	events, err := s.store.Events(s.t.Context(), 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range events {
		event, err := events[i].Event()
		if err != nil {
			s.t.Fatal(err)
		}
		if event.Type == signon.EventRedeemed {
			n++
		}
	}
	return n
}

// browserFetches lets a page of the same site use the link in every way but by
// following it.
func browserFetches(s *site, b *tab) {
	b.open(s.base + "/order/checkout.php?PRODS=1112233")
	b.enter(s.cartLink(john, "PRODS=1112233")) // binding and session cookies are there
	link := s.cartLink(john, "PRODS=4639321")
	pages := pageServer(b.t, `<!doctype html><body>`)
	for _, page := range []string{s.base + "/order/cart.php", pages} {
		b.open(page)
		for name, source := range map[string]string{
			"image":  `new Promise(done => { const e = new Image(); e.onload = e.onerror = () => done(true); e.src = %q; })`,
			"iframe": `new Promise(done => { const e = document.createElement("iframe"); e.onload = () => done(true); e.src = %q; document.body.append(e); setTimeout(() => done(true), 1500); })`,
			"object": `new Promise(done => { const e = document.createElement("object"); e.onload = e.onerror = () => done(true); e.data = %q; document.body.append(e); setTimeout(() => done(true), 1500); })`,
			"fetch":  `fetch(%q, {credentials: "include", mode: "no-cors"}).then(() => true, () => true)`,
			"script": `new Promise(done => { const e = document.createElement("script"); e.onload = e.onerror = () => done(true); e.src = %q; document.head.append(e); })`,
			"beacon": `navigator.sendBeacon(%q) || true`,
			"head":   `fetch(%q, {method: "HEAD", credentials: "include", mode: "no-cors"}).then(() => true, () => true)`,
		} {
			script[bool](b, fmt.Sprintf(source, link))
			if n := s.redemptions(); n != 1 {
				b.t.Fatalf("%s on %s spent the link", name, page)
			}
		}
	}
	b.enter(link)
	b.wantText("John Newman", "Hot Talks Messenger")
}

// pageServer serves one page at another origin.
func pageServer(t *testing.T, html string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(html))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // the same site, another origin
}

func browserPrefetches(s *site, b *tab) {
	b.enter(s.cartLink(john, "PRODS=1112233"))
	link := s.cartLink(john, "PRODS=4639321")
	rules := `<script type="speculationrules">{"prerender":[{"source":"list","urls":[%q],"eagerness":"immediate"}],"prefetch":[{"source":"list","urls":[%q],"eagerness":"immediate"}]}</script>`
	b.open(pageServer(b.t, `<!doctype html><link rel="prefetch" href="`+link+`"><link rel="prerender" href="`+link+`">`+fmt.Sprintf(rules, link, link)+`<a href="`+link+`">go</a>`))
	script[bool](b, `new Promise(done => setTimeout(() => done(true), 1500))`) // what does not happen takes time to see
	if n := s.redemptions(); n != 1 {
		b.t.Fatalf("looking ahead spent the link")
	}
	b.submit("a")
	b.goOn()
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("John Newman", "Hot Talks Messenger")
}

func TestBrowserWithoutCookies(t *testing.T) {
	t.Parallel()
	b := newTab(ownChromium(t, `{"profile":{"default_content_setting_values":{"cookies":2}}}`), t, false)
	under := []signon.Policy{signon.PolicyDirect, signon.PolicyConfirm}
	if allLooks {
		under = policies
	}
	for _, p := range under {
		s := newSite(t, redeemedBy(p))
		s.clock.now = time.Now().UTC()
		link := s.cartLink(john, "PRODS=4639321")
		if status := b.open(link); status != http.StatusForbidden {
			t.Errorf("%s: got status %d", p, status)
		}
		b.wantText("Cookies are needed")
		if p == signon.PolicyDirect {
			b.glance("cookies")
		}
		b.submit("main button") // the same page again, and no circles
		b.wantText("Cookies are needed")
		s.unspent(link)
	}
}

func browserOrders(s *site, b *tab) {
	b.open(s.cartLink(john, "PRODS=4639321,1112233&QTY=1,2"))
	b.click(".choice:nth-of-type(2) input")
	b.fill("#f-city", "Chicago")
	if status := b.submit("button[name=place]"); status != http.StatusOK {
		b.t.Errorf("got status %d", status)
	}
	orders := s.orders()
	if len(orders) != 1 {
		b.t.Fatalf("got %d orders", len(orders))
	}
	o := orders[0]
	if o.Status != directory.OrderPending || o.Card.LastDigits != "4444" || o.Billing.City != "Chicago" || o.Total.Hundredths != 187_90 {
		b.t.Errorf("got order %+v", o)
	}
	b.wantAddress(s.base + "/order/done?order=" + o.RefNo)
	b.wantText("Thank you for your order", o.RefNo, "€187.90", "Mastercard ending in 4444")
	b.glance("done")
	b.open(s.base + "/order/cart.php")
	b.wantText("Your cart is empty")
	b.glance("cart-empty")
}

func browserEntersCard(s *site, b *tab) {
	b.open(s.cartLink(maria, "PRODS=4639321&CART=2&LANG=en"))
	b.variant("cart-details-first")
	b.submit("button[name=place]")
	b.wantText("Enter a test card", "29.90 EUR")
	b.glance("card-entry")
	b.fill("#number", "1234")
	b.fill("#expiry", "12/2035")
	b.submit("main button")
	b.wantText("Only the test numbers")
	b.variant("card-entry-errors")
	b.fill("#number", "4242 4242 4242 4242")
	b.submit("main button")
	b.wantText("Thank you for your order", "Visa ending in 4242")
	if o := s.orders(); len(o) != 1 || o[0].Status != directory.OrderPending {
		b.t.Errorf("got orders %+v", o)
	}
}

func browserDoubleClicks(s *site, b *tab) {
	b.open(s.cartLink(john, "PRODS=4639321"))
	ctx := b.ctx
	if _, err := chromedp.RunResponse(ctx, chromedp.DoubleClick(chromedp.CSS("button[name=place]"))); err != nil {
		b.t.Fatal(err)
	}
	b.await(func() bool { return strings.Contains(b.address(), "/order/done") })
	b.wantText("Thank you for your order")
	if n := len(s.orders()); n != 1 {
		b.t.Errorf("got %d orders, want 1", n)
	}
}

func browserErrs(s *site, b *tab) {
	b.open(s.cartLink(john, "PRODS=4639321"))
	b.fill("#f-email", "john")
	b.fill("#f-city", "")
	b.fill("#f-address1", "5 Elm Street")
	if status := b.submit("button[name=place]"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("Please check 2 things", "City is missing", "Enter an e-mail address", "5 Elm Street")
	b.await(func() bool { // browsers move the focus after the page is drawn
		return script[string](b, `document.activeElement.getAttribute("role") ?? ""`) == "alert"
	})
	described := script[string](b, `document.getElementById(document.querySelector("#f-city").getAttribute("aria-describedby")).innerText`)
	if described != "City is missing" {
		b.t.Errorf("the field is described by %q", described)
	}
	b.glance("cart-errors")
	b.fill("#f-email", "john@example.com")
	b.fill("#f-city", "Chicago")
	b.submit("button[name=place]")
	b.wantText("Thank you for your order")
	if o := s.orders()[0]; o.Billing.Address1 != "5 Elm Street" || o.Billing.Email != "john@example.com" {
		b.t.Errorf("got order %+v", o)
	}
}

// browserPressesEnter: the Enter key in a field neither removes a product nor
// orders.
func browserPressesEnter(s *site, b *tab) {
	b.open(s.cartLink(john, "PRODS=4639321,1112233"))
	ctx := b.ctx
	if _, err := chromedp.RunResponse(ctx, chromedp.SendKeys(chromedp.CSS("#f-city"), "\r")); err != nil {
		b.t.Fatal(err)
	}
	b.wantText("Hot Talks Messenger", "Photo Desk Studio", "Place order")
	if n := len(s.orders()); n != 0 {
		b.t.Errorf("got %d orders", n)
	}
}

func browserAccount(s *site, b *tab) {
	b.open(s.link(john, signon.KindAccount, "/myaccount/my_products/?lang=en", time.Minute))
	b.wantAddress(s.base + "/myaccount/my_products/?lang=en")
	b.wantText("Subscriptions", "John Newman", "123D40F123", "115D3F5ED1", "Active")
	b.submit(".person button")
	b.wantAddress(s.base + "/myaccount/signed-out")
	b.wantText("You are signed out")
	b.glance("signed-out")
	if status := b.open(s.base + "/myaccount/"); status != http.StatusForbidden {
		b.t.Errorf("got status %d after signing out", status)
	}
	b.wantText("You are not signed in")
}

func browserDelivery(s *site, b *tab) {
	visible := func() bool { return script[bool](b, `document.querySelector("#f-delivery_city").checkVisibility()`) }
	b.open(s.cartLink(john, "PRODS=4639321"))
	if !visible() {
		b.t.Errorf("a delivery address of one's own is hidden")
	}
	b.click("input[name=same]")
	if visible() {
		b.t.Errorf("the delivery address is shown though it is the billing address")
	}
	b.submit("button[name=place]")
	if o := s.orders()[0]; o.Delivery != o.Billing {
		b.t.Errorf("got delivery %+v", o.Delivery)
	}
}

func browserStarts(s *site, b *tab) {
	b.open(s.base + "/")
	b.wantText("Latchkey is running", "AVANGATE", "SECRET_KEY", "352365983", "curl -H")
	b.glance("start")
	for value, want := range map[string]string{"cart": "John Newman", "cart-without-cards": "Maria Keller", "account": "Hello, John"} {
		b.open(s.base + "/")
		b.submit("button[value=" + value + "]")
		b.goOn()
		b.wantText(want)
	}
}

func browserPictures(s *site, b *tab) {
	b.open(s.cartLink(zoe, "PRODS=4639321,1112233,unpriced,gone&QTY=1,2&COUPON=WELCOME10"))
	b.glance("cart-problems")
	link := s.cartLink(john, "PRODS=4639321,1112233&QTY=1,2&COUPON=WELCOME10")
	b.enter(link)
	b.glance("cart")
	other := newTab(b.ctx, b.t, true)
	other.refused(link)
	other.glance("refused")
	other.open(s.base + "/order/checkout.php?PRODS=4639321")
	other.variant("cart-nobody")
	other.open(s.base + "/nowhere")
	other.glance("nowhere")
	other.open(s.base + "/myaccount/")
	other.variant("account-nobody")
}

func browserForged(s *site, b *tab) {
	b.open(s.cartLink(john, "PRODS=4639321"))
	id := script[string](b, `document.querySelector("input[name=cart]").value`)
	b.open(pageServer(b.t, fmt.Sprintf(`<!doctype html><form method="post" action="%s/order/cart.php"><input name="cart" value="%s"><input name="place" value="1"><button>go</button></form>`, s.base, url.QueryEscape(id))))
	if status := b.submit("button"); status != http.StatusForbidden {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("That form was not accepted")
	if n := len(s.orders()); n != 0 {
		b.t.Errorf("got %d orders", n)
	}
}

// browserViolations: the pages need nothing that their own policy forbids.
func browserViolations(s *site, b *tab) {
	complaints := b.complaints()
	b.open(s.base + "/")
	b.open(s.cartLink(john, "PRODS=4639321&CARD=1"))
	b.submit("button[name=place]")
	b.fill("#number", "5555 5555 5555 4444")
	b.fill("#expiry", "12/2035")
	b.submit("main button")
	b.wantText("Mastercard ending in 4444")
	b.open(s.link(john, signon.KindAccount, "/myaccount/", time.Minute))
	b.enter(s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4639321", 5*time.Minute)) // by the page that posts itself
	b.wantAddress(s.base + "/order/cart.php")
	b.enter(s.cartLink(maria, "PRODS=4639321")) // by the page that asks who
	b.wantText("Maria Keller")
	if styled := script[bool](b, `getComputedStyle(document.querySelector(".panel")).borderRadius !== "0px"`); !styled {
		b.t.Errorf("the style sheet is missing")
	}
	for _, text := range complaints() {
		b.t.Errorf("the browser complains: %s", text)
	}
	b.open(s.base + "/order/cart.php")
	for _, address := range b.requested.foreign(s.base) {
		b.t.Errorf("a page fetched %s", address)
	}
	if n := len(b.requested.all); n < 15 {
		b.t.Errorf("only %d requests were seen", n)
	}
}
