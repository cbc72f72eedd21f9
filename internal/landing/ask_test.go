package landing_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// policies are the three policies, each with a site whose links are redeemed so.
var policies = []signon.Policy{signon.PolicyDirect, signon.PolicyAuto, signon.PolicyConfirm}

// redeemedBy makes every destination redeem its links so.
func redeemedBy(p signon.Policy) siteOption {
	return func(tenants *[]signon.Tenant) {
		for i := range *tenants {
			for j := range (*tenants)[i].Destinations {
				(*tenants)[i].Destinations[j].Policy = p
			}
		}
	}
}

// confirm presses the button of the page that asks, at the address it has.
func (b *browser) confirm(link string, page *answer) *answer {
	b.t.Helper()
	page.status(b.t, http.StatusOK).shows(b.t, `name="ticket"`)
	b.headers["Origin"] = "null" // what browsers send from pages with an address to keep
	defer delete(b.headers, "Origin")
	return b.post(link, page.form())
}

func TestLinksAskAsTheirPolicySays(t *testing.T) {
	for _, c := range []struct {
		name   string
		option siteOption
		ttl    time.Duration
		shows  []string
		hides  []string
		script bool
	}{
		{"confirm", redeemedBy(signon.PolicyConfirm), time.Minute, []string{"Is this you?", "John N.", "j•••@example.com", "Continue as John N."}, []string{"Newman", "john.newman"}, false},
		{"auto", redeemedBy(signon.PolicyAuto), time.Minute, []string{"Signing you in", "Continue", "data-submit"}, []string{"John", "example.com"}, true},
		{"long", func(*[]signon.Tenant) {}, 5 * time.Minute, []string{"Signing you in", "data-submit"}, []string{"John"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, c.option)
			link := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4639321", c.ttl)
			b := s.browser()
			page := b.follow(link).status(t, http.StatusOK).shows(t, c.shows...).hides(t, c.hides...)
			page.hides(t, link[len(link)-signon.TokenLen:])
			checkHeaders(t, page, "no-referrer")
			if script := strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'self'"); script != c.script || strings.Contains(page.body, "<script") != c.script {
				t.Errorf("got content policy %q", page.Header.Get("Content-Security-Policy"))
			}
			s.unspent(link)
			b.get(link) // asking again spends nothing either
			s.unspent(link)
			if strings.HasPrefix(c.name, "auto") {
				b.headers["Sec-Fetch-Site"] = "" // as over plain http
			}
			a := b.confirm(link, page)
			if got := a.status(t, http.StatusSeeOther).Header.Get("Location"); got != "/order/cart.php" {
				t.Errorf("sent to %q", got)
			}
			b.onward(a).status(t, http.StatusOK).shows(t, "John Newman", "Hot Talks")
			session := b.cookies["__Host-lk_cart"]
			b.onward(b.confirm(link, page)).shows(t, "John Newman") // pressed twice
			b.follow(link).shows(t, "John Newman")                  // and reloaded
			if b.cookies["__Host-lk_cart"] != session || s.redemptions() != 1 {
				t.Errorf("got %d redemptions, or another session", s.redemptions())
			}
			s.browser().confirm(link, page).status(t, http.StatusSeeOther) // another browser only gets its binding
			if s.redemptions() != 1 {
				t.Errorf("another browser's answer counted")
			}
		})
	}
}

func TestAnAnswerCountsForAMinute(t *testing.T) {
	s := newSite(t, redeemedBy(signon.PolicyConfirm))
	b := s.browser()
	link := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4639321", 30*time.Second)
	page := b.follow(link)
	s.clock.advance(signon.AskTTL)
	b.onward(b.confirm(link, page)).status(t, http.StatusOK).shows(t, "John Newman") // the link has expired meanwhile

	late := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=1112233", 2*time.Minute)
	other := s.browser()
	page = other.follow(late)
	s.clock.advance(signon.AskTTL + time.Second)
	again := other.onward(other.confirm(late, page)).status(t, http.StatusOK).shows(t, "Is this you?")
	s.unspent(late)
	other.onward(other.confirm(late, again)).shows(t, "John Newman")

	expired := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=1112233", time.Minute)
	third := s.browser()
	page = third.follow(expired)
	s.clock.advance(2 * time.Minute)
	third.confirm(expired, page).status(t, http.StatusForbidden).shows(t, "This link can’t be used")
}

func TestAnAnswerThatDoesNotCountIsAskedForAgain(t *testing.T) {
	for _, p := range []signon.Policy{signon.PolicyAuto, signon.PolicyConfirm} {
		s := newSite(t, redeemedBy(p))
		b := s.browser()
		link := s.cartLink(john, "PRODS=4639321")
		page := b.follow(link)
		for name, forged := range map[string]url.Values{
			"no ticket":     with(page.form(), "ticket", ""),
			"made up":       with(page.form(), "ticket", strings.Repeat("A", 54)),
			"someone there": with(page.form(), "here", "AAAAAAAAAAA"),
		} {
			a := b.post(link, forged).status(t, http.StatusSeeOther)
			if got := a.Header.Get("Location"); !strings.HasSuffix(got, "&_lk=3") {
				t.Errorf("%s: sent to %q", name, got)
			}
			b.onward(a).status(t, http.StatusOK).shows(t, `name="ticket"`)
			// A second time, and nothing goes on by itself any more.
			b.post(a.Header.Get("Location"), forged).status(t, http.StatusOK).shows(t, `name="ticket"`).hides(t, "<script", "data-submit")
			s.unspent(link)
		}
		// From another site a form spends nothing, whatever it holds.
		b.headers["Sec-Fetch-Site"] = "cross-site"
		b.post(link, page.form()).status(t, http.StatusSeeOther)
		s.unspent(link)
	}
}

// TestTheLinkOfAnotherPersonAsksFirst: two people in one browser are never mixed.
func TestTheLinkOfAnotherPersonAsksFirst(t *testing.T) {
	for _, p := range policies {
		t.Run(string(p), func(t *testing.T) {
			s := newSite(t, redeemedBy(p))
			b := s.browser()
			enter := func(link string) *answer {
				a := b.follow(link)
				if strings.Contains(a.body, `name="ticket"`) {
					a = b.onward(b.confirm(link, a))
				}
				return a.status(t, http.StatusOK)
			}
			enter(s.cartLink(john, "PRODS=4639321"))
			enter(s.link(john, signon.KindAccount, "/myaccount/", 0)).shows(t, "Hello, John")
			johns := map[string]string{}
			for name, value := range b.cookies {
				johns[name] = value
			}

			hers := s.link(maria, signon.KindAccount, "/myaccount/?lang=en", 0)
			page := b.follow(hers).status(t, http.StatusOK)
			page.shows(t, "Switch to another account?", "John Newman", "Maria K.", "m•••@example.com", "Continue as Maria K.", "Stay signed in as John Newman", `href="/myaccount/"`)
			page.hides(t, "Keller", "maria.keller", "<script")
			unspent := func() {
				t.Helper()
				if n := s.redemptions(); n != 2 {
					t.Errorf("got %d redemptions, want his two", n)
				}
			}
			unspent()
			if diff := cmp.Diff(johns, b.cookies); diff != "" {
				t.Errorf("asking changed the cookies:\n%s", diff)
			}
			b.get("/myaccount/").shows(t, "Hello, John") // who stays, stays
			unspent()

			b.onward(b.confirm(hers, page)).status(t, http.StatusOK).shows(t, "Hello, Maria").hides(t, "John")
			if names := slices.Sorted(mapKeys(b.cookies)); !slices.Equal(names, []string{"__Host-lk_account", "__Host-lk_account_seen", "__Host-lk_browser", "__Host-lk_person"}) {
				t.Errorf("got cookies %q", names)
			}
			b.get("/order/cart.php").hides(t, "John", "Hot Talks")
			old := s.browser() // his sessions are not only forgotten here: they are over
			old.cookies = johns
			old.get("/order/cart.php").hides(t, "John")
			old.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "John")
		})
	}
}

func TestStayingLeadsToWhereThePersonIsSignedIn(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321"))
	hers := s.link(maria, signon.KindAccount, "/myaccount/", 0)
	b.follow(hers).shows(t, "Zu einem anderen Konto wechseln?", `href="/order/cart.php"`) // she reads German
	b.get("/order/cart.php").shows(t, "John Newman", "Hot Talks")
	s.unspent(hers)
}

func TestWhoeverSignsInMeanwhileIsAskedAbout(t *testing.T) {
	s := newSite(t, redeemedBy(signon.PolicyAuto))
	b := s.browser()
	hers := s.cartLink(maria, "PRODS=1112233&LANG=en")
	page := b.follow(hers)
	johns := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4639321", 2*time.Minute)
	b.confirm(johns, b.follow(johns)).status(t, http.StatusSeeOther)
	b.onward(b.confirm(hers, page)).status(t, http.StatusOK).shows(t, "Switch to another account?", "John Newman")
	b.get("/order/cart.php").shows(t, "John Newman")
}

func TestTheSamePersonIsNotAsked(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321"))
	b.follow(s.link(john, signon.KindAccount, "/myaccount/", 0)).shows(t, "Hello, John")
	b.get("/order/cart.php").shows(t, "John Newman")
}

// TestOnlyAPersonGetsPastAnyPolicy: whatever asks for a link without being a
// person who goes there spends nothing and is not asked.
func TestOnlyAPersonGetsPastAnyPolicy(t *testing.T) {
	for _, p := range policies {
		t.Run(string(p), func(t *testing.T) {
			s := newSite(t, redeemedBy(p))
			b := s.browser()
			b.follow("/order/cart.php")
			link := s.cartLink(john, "PRODS=4639321")
			s.browser().get(link).status(t, http.StatusSeeOther) // a fetcher without cookies
			s.browser().get(link+"&_lk=1").status(t, http.StatusForbidden).shows(t, "Cookies are needed")
			b.get(link)
			form := url.Values{"ticket": {"any"}}
			if p != signon.PolicyDirect {
				form = b.get(link).form()
			}
			for _, c := range []struct{ method, header, value string }{
				{"HEAD", "", ""},
				{"OPTIONS", "", ""},
				{"GET", "Sec-Purpose", "prefetch"},
				{"GET", "Sec-Purpose", "prefetch;prerender"},
				{"GET", "Purpose", "prefetch"},
				{"GET", "X-Moz", "prefetch"},
				{"GET", "Sec-Fetch-Dest", "image"},
				{"GET", "Sec-Fetch-Dest", "iframe"},
				{"GET", "Sec-Fetch-Mode", "cors"},
				{"POST", "Sec-Purpose", "prefetch"},
				{"POST", "Sec-Fetch-Mode", "cors"},
				{"POST", "Sec-Fetch-Dest", "iframe"},
			} {
				b.headers = map[string]string{c.header: c.value}
				if c.header == "" {
					b.headers = map[string]string{}
				}
				sent := url.Values(nil)
				if c.method == http.MethodPost {
					sent = form
				}
				a := b.do(c.method, link, sent)
				if strings.Contains(a.body, "ticket") {
					t.Errorf("%+v: was asked", c)
				}
				s.unspent(link)
			}
			b.headers = map[string]string{}
			if page := b.follow(link); p != signon.PolicyDirect {
				b.onward(b.confirm(link, page)).shows(t, "John Newman")
			} else {
				page.shows(t, "John Newman")
			}
		})
	}
}

func TestRefusalsSpeakTheLanguageOfLinkOrBrowser(t *testing.T) {
	s := newSite(t)
	used := s.cartLink(maria, "PRODS=1")
	s.browser().follow(used)
	for _, c := range []struct{ query, accept, language, text string }{
		{"", "", "en", "This link can’t be used"},
		{"", "xx, de;q=0.4, ja;q=0.8", "ja", "このリンクは使用できません"},
		{"&lang=fr", "de", "fr", "Ce lien ne peut pas être utilisé"},
		{"&LANG=ES", "de", "es", "Este enlace no se puede usar"},
		{"&LANG=xx", "ro", "ro", "Acest link nu poate fi folosit"},
		{"&LANG=pl", "de", "de", "Dieser Link kann nicht verwendet werden"},
	} {
		bodies := map[string]bool{}
		for _, link := range []string{used, used[:len(used)-1] + "!", used + "&logintoken=", strings.Replace(used, "logintoken=", "logintoken=%zz", 1)} {
			b := s.stranger()
			b.headers["Accept-Language"] = c.accept
			b.get(used)
			a := b.get(link+c.query).status(t, http.StatusForbidden).shows(t, c.text, `<html lang="`+c.language+`">`)
			if got := a.Header.Get("Content-Language"); got != c.language {
				t.Errorf("%+v: got language %q", c, got)
			}
			bodies[neutral(t, a)] = true
		}
		if len(bodies) != 1 {
			t.Errorf("%+v: got %d pages for one language", c, len(bodies))
		}
	}
}

func TestPagesSpeakTheLanguageOfLinkThenPersonThenBrowser(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		customer             int
		query, accept, title string
	}{
		{maria, "&LANG=ro", "fr", "Coș"},
		{maria, "", "fr", "Warenkorb"},
		{john, "", "fr", "Cart"},
		{0, "", "es;q=0.5, fr", "Panier"},
		{0, "", "", "Cart"},
	} {
		b := s.browser()
		b.headers["Accept-Language"] = c.accept
		if c.customer != 0 {
			b.follow(s.cartLink(c.customer, "PRODS=4639321"+c.query))
		} else {
			b.follow("/order/checkout.php?PRODS=4639321" + c.query)
		}
		b.get("/order/cart.php").shows(t, "<h1>"+c.title+"</h1>")
	}
}

func TestTheDecisionIsShownInDevelopmentOnly(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	s.browser().follow(link)
	b := s.browser()
	a := b.follow(link).status(t, http.StatusForbidden).shows(t, "Shown by latchkey dev only", "first use", "failed", "not reached", "not used before")
	a.hides(t, link[len(link)-signon.TokenLen:])
	_, to, _ := strings.Cut(a.Header.Get("Refresh"), ";url=")
	b.get(to).status(t, http.StatusForbidden).shows(t, "first use") // the page that stays
	b.headers["Sec-Fetch-Mode"] = "cors"
	b.get(link).shows(t, "not_a_navigation", "Sec-Fetch-Mode: cors")
	s.stranger().follow(link).hides(t, "dev only", "first use", "failed")
}

func TestEveryRefusalCanBeExplained(t *testing.T) {
	s := newSite(t)
	link := s.cartLink(john, "PRODS=4639321")
	b := s.stranger()
	a := b.get(link + "&_lk=1")
	delete(b.cookies, "__Host-lk_browser")
	for want, a := range map[string]*answer{
		"no_cookies": a,
		"malformed":  b.get(link + "&logintoken=x"),
	} {
		if got := s.reason(a); got != want {
			t.Errorf("got %q for %s, want %q", got, a.Header.Get(inbound.Header), want)
		}
	}
}

func TestNewLinksAreFoundByHost(t *testing.T) {
	s := newSite(t, func(tenants *[]signon.Tenant) {
		cart := &(*tenants)[0].Destinations[0]
		cart.Settings["refresh_url"] = "https://shop.test/anywhere"
		cart.Settings["refresh_url@store.avancart.com"] = "https://store.test/here"
	})
	link := s.cartLink(john, "PRODS=4639321")
	s.browser().follow(link)
	for host, want := range map[string]string{"": "https://shop.test/anywhere", "store.avancart.com": "https://store.test/here", "STORE.avancart.com": "https://store.test/here"} {
		b := s.browser()
		b.host = host
		b.get(strings.TrimPrefix(link, s.base))
		b.get(strings.TrimPrefix(link, s.base)).status(t, http.StatusForbidden).shows(t, `href="`+want+`" rel="noreferrer"`)
	}
}

func TestTwoLinksFollowedAtOnceLeaveOnePersonSignedIn(t *testing.T) {
	s := newSite(t, redeemedBy(signon.PolicyDirect))
	account := s.link(john, signon.KindAccount, "/myaccount/", time.Minute)
	b, twin := s.browser(), s.browser()
	b.get(account)
	for name, c := range b.cookies {
		twin.cookies[name] = c // one browser, two tabs before either has an answer
	}
	b.follow(account).status(t, http.StatusOK).shows(t, "John")
	s.clock.advance(time.Second)
	twin.follow(s.link(maria, signon.KindCart, "/order/checkout.php?PRODS=4639321", time.Minute)).status(t, http.StatusOK).shows(t, "Maria")
	for name, c := range twin.cookies {
		b.cookies[name] = c // the answers have come
	}
	b.get("/myaccount/").hides(t, "John", "Maria")
	b.get("/order/cart.php").status(t, http.StatusOK).shows(t, "Maria").hides(t, "John")
	if _, there := b.cookies["__Host-lk_account"]; there {
		t.Errorf("the first person's session cookie is kept")
	}
}
