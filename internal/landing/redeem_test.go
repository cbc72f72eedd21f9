package landing_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// state returns how the link's grant stands.
func (s *site) state(link string) signon.GrantState {
	s.t.Helper()
	grants, err := s.store.Grants(s.t.Context(), signon.GrantKey{}, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	token := link[strings.LastIndex(link, "=")+1:]
	for _, g := range grants {
		if strings.HasPrefix(token, string(g.Key.Reference())[:8]) { // the expiry second; each test has one link at a time
			return g.State
		}
	}
	s.t.Fatal("no such grant")
	return 0
}

func (s *site) unspent(link string) {
	s.t.Helper()
	if got := s.state(link); got != signon.GrantLive {
		s.t.Errorf("the grant is %s, want live", got)
	}
}

func TestFirstGetBindsAndSpendsNothing(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	a := s.browser().get(link).status(t, http.StatusSeeOther)
	s.unspent(link)
	want := strings.TrimPrefix(link, s.base) + "&_lk=1"
	if got := a.Header.Get("Location"); got != want {
		t.Errorf("sent to %q, want %q: relative, to the same link with the marker", got, want)
	}
	if a.body != "" {
		t.Errorf("the redirect has a body")
	}
}

func TestCookiesAreBoundToTheHost(t *testing.T) {
	s := newSite(t, func(tenants *[]signon.Tenant) {
		for i := range (*tenants)[0].Destinations {
			d := &(*tenants)[0].Destinations[i]
			d.Origins = append(d.Origins, signon.Origin{Scheme: "http", Host: "shop.test", Port: 80})
		}
	})
	for _, c := range []struct {
		host, secureHeader, prefix string
	}{
		{"", "", "__Host-"},
		{"store.avancart.com", "", "__Host-"}, // registered for https, whatever stands before the server
		{"shop.test", "", ""},
		{"shop.test", "yes", "__Host-"},
	} {
		b := s.browser()
		b.host, b.headers["X-Test-Secure"] = c.host, c.secureHeader
		link := strings.TrimPrefix(s.cartLink(john, "PRODS=4639321"), s.base)
		cookies := b.get(link).status(t, http.StatusSeeOther).Cookies()
		cookies = append(cookies, b.get(link).status(t, http.StatusSeeOther).Cookies()...)
		var names []string
		for _, k := range cookies {
			names = append(names, k.Name)
			if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.Secure != (c.prefix != "") || k.MaxAge != 0 {
				t.Errorf("%s: cookie %s has attributes %s", c.host, k.Name, k.Raw)
			}
		}
		want := []string{c.prefix + "lk_browser", c.prefix + "lk_cart", c.prefix + "lk_basket"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%q: cookies differ (-want +got):\n%s", c.host, diff)
		}
	}
}

func TestRedemptionShowsTheCartAtACleanAddress(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321&QTY=3")
	b.get(link)
	a := b.get(link).status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/order/cart.php" {
		t.Errorf("sent to %q, want /order/cart.php", got)
	}
	a = b.onward(a).status(t, http.StatusOK)
	a.shows(t, `value="John"`, `value="Newman"`, `value="12 Orchard Street"`, `value="Unit 5, 400 Market Road"`,
		"Visa ending in 1111", "Mastercard ending in 4444", "Hot Talks Messenger", "€89.70", `<html lang="en">`)
	a.hides(t, link[len(link)-signon.TokenLen:], "demo-visa-1111")
}

func TestARepeatKeepsSessionAndCart(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321&QTY=3")
	first := b.follow(link).status(t, http.StatusOK)
	session := b.cookies["__Host-lk_cart"]
	b.onward(b.post("/order/cart.php", with(first.form(), "qty.4639321", "5", "update", "1")))
	again := b.follow(link).status(t, http.StatusOK).shows(t, "€149.50")
	if b.cookies["__Host-lk_cart"] != session || again.form().Get("cart") != first.form().Get("cart") {
		t.Errorf("the repeat got another session or cart")
	}
	s.clock.advance(2 * time.Minute)
	b.follow(link).status(t, http.StatusForbidden)
	b.get("/order/cart.php").status(t, http.StatusOK).shows(t, "John", "€149.50")
}

func TestASecondBrowserIsRefused(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	s.browser().follow(link).status(t, http.StatusOK)
	s.browser().follow(link).status(t, http.StatusForbidden).shows(t, "This link can’t be used").hides(t, "John", "Hot Talks")
}

func TestTheRetryOfARefusalShowsTheSameSupportCode(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	s.browser().follow(link).status(t, http.StatusOK)
	b := s.stranger()
	a := b.follow(link).status(t, http.StatusForbidden)
	body, code := neutral(t, a), a.Header.Get(inbound.Header)
	_, location, ok := strings.Cut(a.Header.Get("Refresh"), "1;url=")
	if !ok || !strings.HasSuffix(location, "&_lk=2."+code) {
		t.Fatalf("the page does not try once more")
	}
	again := b.get(location).status(t, http.StatusForbidden)
	if neutral(t, again) != body || again.Header.Get(inbound.Header) != code {
		t.Errorf("the retry shows another page, or another code than %s", code)
	}
	if again.Header.Get("Refresh") != "" {
		t.Errorf("the retry tries again")
	}
	made := b.get(strings.Replace(location, code, "%3Cb%3EX", 1)).status(t, http.StatusForbidden)
	if neutral(t, made) != body {
		t.Errorf("a made-up code changes the page")
	}
}

var supportCode = regexp.MustCompile(`<code>([0-9A-Z]{10})</code>`)

// stranger returns a browser at a server that is not for development.
func (s *site) stranger() *browser {
	b := s.browser()
	b.headers["X-Test-Serve"] = "yes"
	return b
}

// reason returns why a request was refused, as an operator learns it.
func (s *site) reason(a *answer) string {
	traces := s.signOn.Traces(a.Header.Get(inbound.Header))
	if len(traces) != 1 {
		s.t.Errorf("%s: got %d traces, want 1", a.Header.Get(inbound.Header), len(traces))
		return ""
	}
	for _, step := range traces[0].Steps() {
		if step.Result == signon.StepFailed {
			return string(traces[0].Reason)
		}
	}
	s.t.Errorf("no check of %s failed", traces[0].Reason)
	return ""
}

// neutral returns the body without its support code, which must be that of the
// header.
func neutral(t *testing.T, a *answer) string {
	t.Helper()
	m := supportCode.FindStringSubmatch(a.body)
	if m == nil || m[1] != a.Header.Get(inbound.Header) {
		t.Fatalf("no support code in the refusal, or another than the header's")
	}
	return strings.Replace(a.body, m[1], "CODE", 1)
}

func TestRefusalsDifferInTheSupportCodeOnly(t *testing.T) {
	s := newSite(t)
	used := s.cartLink(john, "PRODS=1")
	s.browser().follow(used).status(t, http.StatusOK)
	signedOut, leaver := s.cartLink(john, "PRODS=2"), s.stranger()
	leaver.follow(signedOut)
	leaver.post("/order/sign-out", url.Values{}).status(t, http.StatusSeeOther)
	revoked := s.cartLink(maria, "PRODS=3")
	if _, err := s.signOn.Revoke(t.Context(), signon.Selection{Tenant: "avangate", Kind: signon.SubjectCustomer, Subject: "352365984"}, ""); err != nil {
		t.Fatal(err)
	}
	expired := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4", time.Second)
	s.clock.advance(2 * time.Second)
	fresh := s.cartLink(john, "PRODS=5")
	token := fresh[len(fresh)-signon.TokenLen:]
	base := strings.TrimSuffix(fresh, token)
	account := s.link(john, signon.KindAccount, "/myaccount/", 0)

	bound := s.stranger()
	bound.get(fresh)
	var first string
	for _, c := range []struct {
		reason, link string
		b            *browser
	}{
		{"used", used, bound},
		{"session_ended", signedOut, leaver},
		{"revoked", revoked, bound},
		{"expired", expired, bound},
		{"malformed", base + strings.ToUpper(token), bound},
		{"malformed", base + token[:39], bound},
		{"malformed", base + "%20" + token, bound},
		{"malformed", fresh + "&logintoken=" + token, bound},
		{"malformed", fresh + "&LOGINTOKEN=x", bound},
		{"malformed", fresh + strings.Repeat("&a=b", 64), bound},
		{"malformed", base + "%zz", bound},
		{"unknown", base + token[:8] + strings.Repeat("0", 32), bound},
		{"unknown", base + strings.Repeat("f", 40), bound},
		{"unknown", base + account[len(account)-signon.TokenLen:], bound},
	} {
		a := c.b.get(c.link).status(t, http.StatusForbidden)
		if got := s.reason(a); got != c.reason {
			t.Errorf("got reason %q, want %q", got, c.reason)
		}
		if a.Header.Get("Latchkey-Reason") != "" {
			t.Errorf("%s: names the reason", c.reason)
		}
		body := neutral(t, a)
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("%s: the body differs:\n%s", c.reason, cmp.Diff(first, body))
		}
		if len(a.Cookies()) > 0 {
			t.Errorf("%s: sets cookies", c.reason)
		}
		checkHeaders(t, a, "no-referrer")
	}
	s.unspent(fresh)
	if strings.Contains(s.log.String(), token) {
		t.Errorf("the log holds the token")
	}
}

// checkHeaders holds a page to the headers that every page has.
func checkHeaders(t *testing.T, a *answer, referrer string) {
	t.Helper()
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": referrer,
		"X-Robots-Tag": "noindex, nofollow", "Cross-Origin-Opener-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: header %s is %q, want %q", a.Request.URL.Path, name, got, want)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("%s: content policy %q lacks %q", a.Request.URL.Path, policy, part)
		}
	}
}

func TestWhatIsNoNavigationSpendsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		method, header, value string
		status                int
	}{
		"head":      {"HEAD", "", "", 200},
		"options":   {"OPTIONS", "", "", 204},
		"post":      {"POST", "", "", 303},
		"put":       {"PUT", "", "", 405},
		"prefetch":  {"GET", "Sec-Purpose", "prefetch", 503},
		"prerender": {"GET", "Sec-Purpose", "prefetch;prerender", 503},
		"purpose":   {"GET", "Purpose", "prefetch", 503},
		"x-purpose": {"GET", "X-Purpose", "preview", 503},
		"x-moz":     {"GET", "X-Moz", "Prefetch", 503},
		"fetch":     {"GET", "Sec-Fetch-Mode", "cors", 403},
		"no-cors":   {"GET", "Sec-Fetch-Mode", "no-cors", 403},
		"image":     {"GET", "Sec-Fetch-Dest", "image", 403},
		"iframe":    {"GET", "Sec-Fetch-Dest", "iframe", 403},
		"embed":     {"GET", "Sec-Fetch-Dest", "embed", 403},
		"empty":     {"GET", "Sec-Fetch-Dest", "empty", 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			b := s.browser()
			b.follow("/order/cart.php")
			link := s.cartLink(john, "PRODS=4639321")
			b.get(link).status(t, http.StatusSeeOther) // the binding cookie is there
			if c.header != "" {
				b.headers[c.header] = c.value
			}
			a := b.do(c.method, link, nil).status(t, c.status)
			if a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("may be stored")
			}
			s.unspent(link)
			if _, signedIn := b.cookies["__Host-lk_cart"]; signedIn {
				t.Errorf("signed in")
			}
			b.headers = map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
			b.follow(link).status(t, http.StatusOK).shows(t, "John")
		})
	}
}

func TestAMarkerThatCameWithTheLinkMeansNothing(t *testing.T) {
	for _, mark := range []string{"_lk=1", "_lk=2.AAAAAAAAAA", "_lk", "_lk="} {
		s := newSite(t)
		b := s.browser()
		b.follow(s.cartLink(john, mark+"&PRODS=4639321")).status(t, http.StatusOK).shows(t, "John")
		b.follow(s.cartLink(john, mark+"&PRODS=4639321")).status(t, http.StatusOK).shows(t, "John") // with the binding cookie
	}
}

func TestAnyOfSeveralPurposesIsHeeded(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	r := httptest.NewRequest(http.MethodGet, link+"&_lk=1", nil)
	r.Header["Sec-Purpose"] = []string{"something-new", "prefetch"}
	r.AddCookie(&http.Cookie{Name: "__Host-lk_browser", Value: "AAAAAAAAAAAAAAAAAAAAAA"})
	w := httptest.NewRecorder()
	s.server.Config.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", w.Code)
	}
	s.unspent(link)
}

func TestWithoutCookiesThereIsNoLoop(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	marked := s.browser().get(link).Header.Get("Location")
	a := s.browser().get(marked).status(t, http.StatusForbidden).shows(t, "Cookies are needed", `target="_top"`)
	a.hides(t, link[len(link)-signon.TokenLen:])
	if a.Header.Get("Refresh") != "" {
		t.Errorf("goes on by itself")
	}
	s.unspent(link)
	// With cookies allowed again, the page's button gets there in one go.
	b := s.browser()
	b.onward(b.post(marked, url.Values{})).status(t, http.StatusOK).shows(t, "John")
}

func TestTheOtherOfTwoTabsComesInByTheSession(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	// Both tabs ask before either has an answer, so each gets a binding of its own.
	one, two := s.browser(), s.browser()
	one.get(link)
	two.get(link)
	marked := strings.TrimPrefix(link, s.base) + "&_lk=1"
	one.get(marked).status(t, http.StatusSeeOther)
	a := two.get(marked).status(t, http.StatusForbidden)
	delay, to, ok := strings.Cut(a.Header.Get("Refresh"), ";url=")
	if !ok || delay != "1" {
		t.Fatalf("got Refresh %q, want one second and an address", a.Header.Get("Refresh"))
	}
	two.cookies["__Host-lk_cart"] = one.cookies["__Host-lk_cart"] // one browser after all
	// A third tab asked when the second one's binding was there already.
	three := s.browser()
	three.cookies["__Host-lk_browser"] = two.cookies["__Host-lk_browser"]
	if refresh := three.get(link).status(t, http.StatusForbidden).Header.Get("Refresh"); !strings.Contains(refresh, "&_lk=2.") {
		t.Errorf("the third tab is not sent once more")
	}
	two.follow(to).status(t, http.StatusOK).shows(t, "John")
	// A stranger's page refreshes once, to the same refusal, and then no more.
	stranger := s.stranger()
	a = stranger.onward(stranger.get(link)).status(t, http.StatusForbidden)
	_, to, _ = strings.Cut(a.Header.Get("Refresh"), ";url=")
	again := stranger.get(to).status(t, http.StatusForbidden)
	if again.Header.Get("Refresh") != "" {
		t.Errorf("refreshes again")
	}
	if neutral(t, a) != neutral(t, again) {
		t.Errorf("the refusals differ")
	}
}

func TestALostAnswerConverges(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321")
	b.get(link)
	s.store.loseNextRedeem()
	a := b.get(link).status(t, http.StatusServiceUnavailable).shows(t, "Try again")
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After")
	}
	a.hides(t, link[len(link)-signon.TokenLen:])
	// The cart had not been started; the repeat starts it.
	b.follow(link).status(t, http.StatusOK).shows(t, "John", "Hot Talks Messenger")
}

func TestTooManyMissesAreSlowedDown(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.cartLink(john, "PRODS=4639321")
	b.get(link)
	wrong := strings.TrimSuffix(link, link[len(link)-32:]) + strings.Repeat("0", 32)
	var last *answer
	for range 40 {
		if last = b.get(wrong); last.StatusCode != http.StatusForbidden {
			break
		}
	}
	last.status(t, http.StatusTooManyRequests).shows(t, "One moment, please")
	if last.Header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After")
	}
	s.unspent(link)
	s.clock.advance(10 * time.Second)
	b.follow(link).status(t, http.StatusOK)
}

func TestABoundLinkIsForItsAddress(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.boundLink(john, "198.51.100.9")
	a := b.follow(link).status(t, http.StatusForbidden)
	if got := a.Header.Get("Latchkey-Reason"); got != "wrong_address" {
		t.Errorf("got reason %q, want wrong_address", got)
	}
	b.headers["X-Test-Addr"] = "198.51.100.9"
	b.follow(link).status(t, http.StatusOK).shows(t, "John")
}

func TestASessionFromOutsideIsNotAdopted(t *testing.T) {
	s := newSite(t)
	forged := strings.Repeat("A", 90)
	for _, value := range []string{forged, "x", "", strings.Repeat("A", 5000)} {
		b := s.browser()
		b.cookies["__Host-lk_cart"] = value
		b.follow(s.cartLink(john, "PRODS=4639321")).status(t, http.StatusOK)
		if b.cookies["__Host-lk_cart"] == value {
			t.Errorf("the session cookie was kept as it came")
		}
	}
	b := s.browser()
	b.cookies["__Host-lk_cart"] = forged
	b.get("/order/cart.php?").status(t, http.StatusOK).hides(t, "John")
}

func TestASessionIsForOneDestination(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321"))
	b.cookies["__Host-lk_account"] = b.cookies["__Host-lk_cart"]
	b.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John")
}

func TestAnotherTenantsLinkIsUnknown(t *testing.T) {
	s := newSite(t)
	link := strings.TrimPrefix(s.cartLink(john, "PRODS=4639321"), s.base)
	b := s.browser()
	b.host = strings.Replace(strings.TrimPrefix(s.base, "http://"), "localhost", "127.0.0.1", 1)
	a := b.follow(link)
	a.status(t, http.StatusForbidden).shows(t, "Other Shop Demo").hides(t, "John")
	s.unspent(link)
}

func TestUnknownPlacesNameNobody(t *testing.T) {
	s := newSite(t)
	token := strings.TrimPrefix(s.cartLink(john, "PRODS=4639321"), s.base)
	for _, c := range []struct{ host, path string }{
		{"nobody.test", "/order/cart.php"},
		{"nobody.test", token},
		{"", "/nowhere"},
		{"", "/order/"},
		{"", "/order/cart.php/"},
		{"", "/order//cart.php"},
		{"", "//evil.test/order/cart.php"},
		{"", "/order/c%61rt.php"},
		{"", "/order/..%2fcart.php"},
		{"secure.2co.com", "/order/cart.php"},
	} {
		b := s.browser()
		b.host = c.host
		a := b.get(s.base + c.path)
		if strings.Contains(c.path, "%61") { // another spelling of a page's path may be the page, or nothing
			continue
		}
		a.status(t, http.StatusNotFound).hides(t, "Avangate Demo")
		checkHeaders(t, a, "no-referrer")
		if len(a.Cookies()) > 0 || a.Header.Get("Location") != "" {
			t.Errorf("%s%s: sets cookies or redirects", c.host, c.path)
		}
	}
}

func TestAccountLinksLandOnTheirPage(t *testing.T) {
	s := newSite(t)
	for target, heading := range map[string]string{
		"/myaccount/": "Hello, John", "/myaccount/my_products/": "Subscriptions", "/myaccount/user_data/?lang=en": "Personal data",
		"/myaccount/order_lookup/": "Orders", "/myaccount/payment_methods/": "Payment methods", "/myaccount/my_license/": "Licence codes",
		"/myaccount/change_card/?code=123D40F123": "Pay with another card", "/myaccount/view_order/?code=123D40F123": "What you bought",
		"/myaccount/my_subscription/?code=123D40F123": "Hot Talks Messenger", "/support/": "Help",
	} {
		b := s.browser()
		link := s.link(john, signon.KindAccount, target, 0)
		b.get(link)
		a := b.get(link).status(t, http.StatusSeeOther)
		if got := a.Header.Get("Location"); got != target {
			t.Errorf("%s: sent to %q", target, got)
		}
		a = b.onward(a).status(t, http.StatusOK)
		a.shows(t, "<h1>"+heading+"</h1>", "John Newman")
		checkHeaders(t, a, "same-origin")
	}
}

func TestSignOutEndsEverythingHere(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321"))
	b.follow(s.link(john, signon.KindAccount, "/myaccount/", 0)).status(t, http.StatusOK)
	kept := b.cookies["__Host-lk_cart"]
	a := b.post("/myaccount/sign-out", url.Values{}).status(t, http.StatusSeeOther)
	b.onward(a).status(t, http.StatusOK).shows(t, "You are signed out").hides(t, "John")
	if left := slices.Collect(mapKeys(b.cookies)); len(left) != 1 || left[0] != "__Host-lk_browser" {
		t.Errorf("cookies left: %v, want the binding only", left)
	}
	b.cookies["__Host-lk_cart"] = kept // not only forgotten: ended
	b.get("/order/cart.php").status(t, http.StatusOK).hides(t, "John")
	b.get("/myaccount/").status(t, http.StatusForbidden).shows(t, "You are not signed in")
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestNobodyIsLeftInADeadEnd(t *testing.T) {
	const shop = "https://shop.example/again?x=1"
	s := newSite(t, func(tenants *[]signon.Tenant) {
		for i := range (*tenants)[0].Destinations {
			(*tenants)[0].Destinations[i].Settings["refresh_url"] = shop
		}
	})
	link := s.cartLink(john, "PRODS=4639321")
	s.browser().follow(link)
	for _, address := range []string{link, "/myaccount/", "/order/cart.php?PRODS=4639321"} {
		s.browser().follow(address).shows(t, `href="`+shop+`"`)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.follow(s.cartLink(john, "PRODS=4639321"))
	for name, headers := range map[string]map[string]string{
		"cross-site":     {"Sec-Fetch-Site": "cross-site"},
		"same-site":      {"Sec-Fetch-Site": "same-site"},
		"foreign origin": {"Sec-Fetch-Site": "", "Origin": "https://evil.test"},
		"opaque origin":  {"Sec-Fetch-Site": "", "Origin": "null"},
	} {
		b.headers = headers
		for _, path := range []string{"/order/cart.php", "/order/sign-out"} {
			b.post(path, with(page.form(), "place", "1")).status(t, http.StatusForbidden)
			if len(s.orders()) > 0 {
				t.Fatalf("%s: an order was placed", name)
			}
		}
	}
	b.headers = nil
	b.get("/order/cart.php").shows(t, "John")
}
