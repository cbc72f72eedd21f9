package landing_test

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The merchants of the demo that share a portal host, and some of their users. The
// number of Olivia is that of Peter, too.
const (
	north = signon.TenantID("avangate")
	south = signon.TenantID("merchant-23424")
	far   = signon.TenantID("merchant-99999")

	olivia = dev.UserID // maintains users, sees API credentials
	samuel = 1111002
	grace  = 1111005 // an administrator
	yuki   = 1111006 // may do nothing
	peter  = dev.UserID
	mary   = 1222001 // an administrator
	nora   = 1333001
)

const (
	portalCookie = "__Host-lk_portal"
	browserAddr  = "192.0.2.7" // of the tests' browsers
)

// farClient is an API user of the merchant that nobody else acts for.
func farClient(tenants *[]signon.Tenant) {
	for i := range *tenants {
		if t := &(*tenants)[i]; t.ID == far {
			t.Clients = append(t.Clients, signon.Client{
				Realm: "bluesnap", ID: "far", Name: "Far API", Secrets: []signon.Secret{"x"}, Capabilities: []signon.Capability{signon.CapPrincipal},
			})
		}
	}
}

// portalLink returns a link for the user, bound to the address that the tests'
// browsers have.
func (s *site) portalLink(tenant signon.TenantID, user int64) string {
	s.t.Helper()
	return s.portalLinkFor(tenant, user, browserAddr)
}

func (s *site) portalLinkFor(tenant signon.TenantID, user int64, addr string) string {
	s.t.Helper()
	id := dev.APIUser
	if tenant == far {
		id = "far"
	}
	client, ok := s.signOn.Registry().Client("bluesnap", id)
	dest, found := s.signOn.Registry().Destination(tenant, signon.KindPortal)
	if !ok || !found {
		s.t.Fatal("no client, or no portal")
	}
	issued, err := s.signOn.Issue(s.t.Context(), &signon.IssueRequest{
		Client: client, Tenant: tenant, Destination: dest, Kind: signon.SubjectUser, Subject: signon.SubjectRef(strconv.FormatInt(user, 10)),
		Target: s.base + "/jsp/developer_login.jsp", Bind: netip.MustParseAddr(addr), SupportCode: inbound.NewSupportCode(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return issued.Link
}

// staff returns a browser in which the user is signed in at the portal.
func (s *site) staff(tenant signon.TenantID, user int64) *browser {
	s.t.Helper()
	b := s.browser()
	b.follow(s.portalLink(tenant, user)).status(s.t, http.StatusOK)
	return b
}

func (s *site) user(tenant signon.TenantID, id int64) *directory.User {
	s.t.Helper()
	u, err := s.people.User(s.t.Context(), tenant, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// let gives the user other permissions, on nobody's word.
func (s *site) let(tenant signon.TenantID, id int64, permissions ...directory.Permission) {
	s.t.Helper()
	u := s.user(tenant, id)
	u.Permissions = permissions
	if err := s.people.UpdateUser(s.t.Context(), u, directory.Act{}); err != nil {
		s.t.Fatal(err)
	}
}

func tokenOf(link string) string { return link[strings.LastIndex(link, "=")+1:] }

func TestAPortalLinkLandsInThePortal(t *testing.T) {
	s := newSite(t)
	link, b := s.portalLink(north, olivia), s.browser()
	a := b.get(link).status(t, http.StatusSeeOther)
	if got, want := a.Header.Get("Location"), strings.TrimPrefix(link, s.base)+"&_lk=1"; got != want {
		t.Errorf("sent to %q, want %q", got, want)
	}
	s.unspent(link)
	a = b.get(link).status(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != "/portal/" {
		t.Errorf("sent to %q, want /portal/", got)
	}
	for _, c := range a.Cookies() {
		if c.Name != portalCookie || !strings.HasPrefix(c.Value, "avangate.") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode ||
			c.Path != "/" || c.Domain != "" || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("got cookie %s", strings.ReplaceAll(c.Raw, c.Value, "…"))
		}
	}
	a = b.onward(a).status(t, http.StatusOK)
	a.shows(t, "Hello, Olivia", "Olivia Bennett", "olivia.bennett", "olivia.bennett@example.com", "Avangate Demo", "1000001", "1111001",
		"Manage users", "View API credentials", "20 November 2026, 12:00 UTC", "20 November 2026, 12:30 UTC")
	a.hides(t, tokenOf(link), "Refund payments", "Peter")
	checkHeaders(t, a, "same-origin")
	if strings.Contains(s.log.String(), tokenOf(link)) {
		t.Error("the log holds the token")
	}
	b.get("/jsp/developer_login.jsp").status(t, http.StatusSeeOther) // without a token it is an address of the portal
}

// TestEachUserIsSignedInAtTheirOwnMerchant: two users of two merchants have the same
// number, and the same host.
func TestEachUserIsSignedInAtTheirOwnMerchant(t *testing.T) {
	s := newSite(t)
	for tenant, names := range map[signon.TenantID][2]string{north: {"Olivia Bennett", "Avangate Demo"}, south: {"Peter Lindqvist", "Harbour Books Demo"}} {
		b := s.browser()
		a := b.follow(s.portalLink(tenant, dev.UserID)).status(t, http.StatusOK)
		a.shows(t, names[0], "<title>Merchant Portal · "+names[1])
		if !strings.HasPrefix(b.cookies[portalCookie], string(tenant)+".") {
			t.Errorf("%s: the cookie names another tenant", tenant)
		}
	}
}

func TestAPortalLinkIsForOneBrowserAtItsAddressForFiveMinutes(t *testing.T) {
	s := newSite(t)
	used := s.portalLink(north, olivia)
	s.browser().follow(used).status(t, http.StatusOK)
	second := s.browser()
	refusedBy(t, s, second.follow(used), "used")

	s.clock.advance(time.Second)
	elsewhere := s.portalLinkFor(north, olivia, "62.216.234.216")
	b := s.browser()
	refusedBy(t, s, b.follow(elsewhere), "wrong_address")
	s.unspent(elsewhere)
	b.headers["X-Test-Addr"] = "62.216.234.216"
	b.follow(elsewhere).status(t, http.StatusOK).shows(t, "Olivia")

	late := s.portalLink(north, olivia)
	s.clock.advance(5*time.Minute - time.Second)
	s.browser().follow(late).status(t, http.StatusOK)
	expired := s.portalLink(north, olivia)
	s.clock.advance(5 * time.Minute)
	refusedBy(t, s, s.browser().follow(expired), "expired")
}

// refusedBy fails the test unless the answer is the neutral page, for that reason.
func refusedBy(t *testing.T, s *site, a *answer, reason string) {
	t.Helper()
	a.status(t, http.StatusForbidden).shows(t, "This link can’t be used").hides(t, "Olivia", "Bennett")
	if got := s.reason(a); got != reason {
		t.Errorf("got reason %q, want %q", got, reason)
	}
}

// brandedPortals gives every merchant a look of its own.
func brandedPortals(tenants *[]signon.Tenant) {
	accents := []string{"#0a7d4f", "#7a2048", "#204a7a", "#7a5c20"}
	for i := range *tenants {
		(*tenants)[i].Brand.Accent = accents[i%len(accents)]
	}
}

// TestPortalRefusalsDifferInTheSupportCodeOnly: whatever merchant a token is for, and
// whatever is wrong with it, the host refuses it as itself.
func TestPortalRefusalsDifferInTheSupportCodeOnly(t *testing.T) {
	s := newSite(t, farClient, brandedPortals)
	expired := s.portalLink(north, samuel)
	s.clock.advance(5 * time.Minute)
	signedOut, leaver := s.portalLink(south, mary), s.stranger()
	leaver.follow(signedOut).status(t, http.StatusOK)
	leaver.post("/portal/sign-out", url.Values{}).status(t, http.StatusSeeOther)
	used := s.portalLink(far, nora)
	s.browser().follow(used).status(t, http.StatusOK)
	deleted := s.portalLink(south, 1222002)
	if err := s.people.DeleteUser(t.Context(), south, 1222002, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	b := s.stranger()
	fresh := map[signon.TenantID]string{north: s.portalLink(north, olivia), south: s.portalLink(south, peter), far: s.portalLink(far, nora)}
	base, token := s.base+"/jsp/developer_login.jsp?ref=", tokenOf(fresh[south])
	b.get(base + token) // the binding
	cart := s.cartLink(john, "PRODS=1")
	var first string
	for _, c := range []struct {
		reason, link string
		b            *browser
	}{
		{"session_ended", signedOut, leaver},
		{"used", used, b},
		{"subject_unknown", deleted, b},
		{"expired", expired, b},
		{"wrong_address", s.portalLinkFor(north, olivia, "198.51.100.9"), b},
		{"wrong_address", s.portalLinkFor(south, peter, "198.51.100.9"), b},
		{"malformed", base + strings.ToUpper(token), b},
		{"malformed", base + token[:103], b},
		{"malformed", base + tokenOf(cart), b},
		{"malformed", base + token + "&ref=" + token, b},
		{"malformed", base + token + "&REF=x", b},
		{"malformed", base + token + strings.Repeat("&a=b", 64), b},
		{"unknown", base + token[:16] + strings.Repeat("0", 88), b},                 // of the second merchant
		{"unknown", base + tokenOf(fresh[far])[:16] + strings.Repeat("0", 88), b},   // of the third
		{"unknown", base + tokenOf(fresh[north])[:16] + strings.Repeat("0", 88), b}, // of the first
		{"unknown", base + token[:8] + strings.Repeat("0", 96), b},                  // of nobody
		{"unknown", base + token[:8] + tokenOf(fresh[north])[8:16] + token[16:], b}, // another merchant's tag before a token
	} {
		a := c.b.get(c.link).status(t, http.StatusForbidden)
		if got := s.reason(a); got != c.reason {
			t.Errorf("got reason %q, want %q", got, c.reason)
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
		a.hides(t, merchantFaces...)
		checkHeaders(t, a, "no-referrer")
	}
	if n := s.redemptions(); n != 2 {
		t.Errorf("got %d redemptions, want the two of before", n)
	}
	for _, path := range []string{"/portal/", "/portal/users", "/portal/signed-out"} { // pages of nobody
		if a := s.stranger().get(path).hides(t, merchantFaces...); len(a.own()) > 0 {
			t.Errorf("%s refers to %q", path, a.own())
		}
	}
}

// merchantFaces is what tells the merchants of the shared host from one another.
var merchantFaces = []string{"Avangate", "Harbour", "Northgate", "help@demo.example"}

// TestAPageOfNobodyShowsWhatAllMerchantsHaveAlike, and all of it where there is one
// merchant alone.
func TestAPageOfNobodyShowsWhatAllMerchantsHaveAlike(t *testing.T) {
	mailed := func(tenants *[]signon.Tenant) {
		for i := range *tenants {
			(*tenants)[i].SupportEmail = "all@example.com"
			for j := range (*tenants)[i].Destinations {
				(*tenants)[i].Destinations[j].Settings = map[string]string{"refresh_url": "https://work.example/link"}
			}
		}
	}
	refused := "/jsp/developer_login.jsp?ref=x"
	s := newSite(t, mailed)
	for _, path := range []string{"/portal/", refused} {
		s.stranger().follow(path).shows(t, "all@example.com", "https://work.example/link").hides(t, merchantFaces...)
	}
	s = newSite(t, brandedPortals, func(tenants *[]signon.Tenant) {
		for i := range *tenants {
			if t := &(*tenants)[i]; t.ID == south || t.ID == far {
				t.Destinations = nil
			}
		}
	})
	for _, path := range []string{"/portal/", "/portal/signed-out", refused} {
		if a := s.stranger().follow(path).shows(t, "Avangate Demo"); len(a.own()) == 0 {
			t.Errorf("%s refers to %q", path, a.own())
		}
	}
}

// TestWhoWasSignedInKeepsTheirMerchantsLook: on the page after the end of the session,
// on that of a form that came late, and after signing out.
func TestWhoWasSignedInKeepsTheirMerchantsLook(t *testing.T) {
	s := newSite(t, brandedPortals)
	b := s.staff(south, mary)
	look := b.get("/portal/").own()
	leaver := s.staff(south, peter)
	wears := func(a *answer) {
		t.Helper()
		a.shows(t, "Harbour Books Demo").hides(t, "Avangate", "Northgate", "Mary", "Peter")
		if diff := cmp.Diff(look, a.own()); diff != "" {
			t.Errorf("looks otherwise (-want +got):\n%s", diff)
		}
	}
	wears(leaver.onward(leaver.post("/portal/sign-out", url.Values{}).status(t, http.StatusSeeOther)).shows(t, "You are signed out"))
	s.clock.advance(30 * time.Minute)
	wears(b.get("/portal/").status(t, http.StatusForbidden))
	wears(b.post("/portal/user/delete?id=1222002", url.Values{"owner": {"x"}}).status(t, http.StatusForbidden).shows(t, "Nothing was saved"))
	for _, merchant := range []string{"", "othershop", "nobody", "Merchant-23424", "avangate&merchant=merchant-23424"} {
		s.stranger().get("/portal/signed-out?merchant="+merchant).status(t, http.StatusOK).hides(t, "Harbour", "Othershop")
	}
}

// TestNobodySignsAnotherPersonOut by the button of a page from before.
func TestNobodySignsAnotherPersonOut(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	before := b.get("/portal/").form()
	if before.Get("owner") == "" {
		t.Fatal("the form that signs out does not say whose page it is on")
	}
	b.post("/portal/sign-out", before).status(t, http.StatusSeeOther)
	b.follow(s.portalLink(north, grace)).status(t, http.StatusOK)
	b.post("/portal/sign-out", before).status(t, http.StatusConflict).hides(t, "Grace", "Olivia")
	b.get("/portal/").status(t, http.StatusOK).shows(t, "Hello, Grace")

	c := s.member(john)
	before = c.get("/myaccount/").form()
	c.post("/myaccount/sign-out", before).status(t, http.StatusSeeOther)
	c.follow(s.link(maria, signon.KindAccount, "/myaccount/?lang=en", time.Minute)).status(t, http.StatusOK)
	c.post("/myaccount/sign-out", before).status(t, http.StatusConflict)
	c.post("/myaccount/sign-out", c.get("/myaccount/").form()).status(t, http.StatusSeeOther)
	c.get("/myaccount/").status(t, http.StatusForbidden)
}

// TestAFormThatCanNotBeReadIsNobodysFault: one without the mark of its page, or in
// another encoding than pages send.
func TestAFormThatCanNotBeReadIsNobodysFault(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	path := "/portal/user/delete?id=1111002"
	b.post(path, url.Values{"x": {"y"}}).status(t, http.StatusBadRequest).shows(t, "That form could not be read")
	b.headers["Content-Type"] = "multipart/form-data; boundary=x"
	b.post(path, b.get(path).form()).status(t, http.StatusBadRequest).shows(t, "That form could not be read")
	s.user(north, samuel)
}

// TestAPageWearsTheUsersMerchant: who is signed in sees their own merchant's look.
func TestAPageWearsTheUsersMerchant(t *testing.T) {
	s := newSite(t, brandedPortals)
	host, own := s.staff(north, olivia), s.staff(south, mary)
	first, second := host.get("/portal/").own(), own.get("/portal/").own()
	if len(first) == 0 || len(second) == 0 || first[0] == second[0] {
		t.Fatalf("got %q and %q", first, second)
	}
	own.get(second[0]).status(t, http.StatusOK)
	s.browser().get(second[0]).status(t, http.StatusOK) // before anybody is signed in, as a page that asks needs it
}

func TestWhatIsNoNavigationSpendsNoPortalLink(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		method, header, value string
		status                int
	}{
		"head": {"HEAD", "", "", 200}, "options": {"OPTIONS", "", "", 204}, "post": {"POST", "", "", 303}, "put": {"PUT", "", "", 405},
		"prefetch": {"GET", "Sec-Purpose", "prefetch", 503}, "x-moz": {"GET", "X-Moz", "Prefetch", 503},
		"fetch": {"GET", "Sec-Fetch-Mode", "cors", 403}, "image": {"GET", "Sec-Fetch-Dest", "image", 403}, "iframe": {"GET", "Sec-Fetch-Dest", "iframe", 403},
	} {
		for kind, link := range map[string]string{"portal": s.portalLink(north, samuel), "entrance": s.entranceLink(john, "target=cp")} {
			b := s.browser()
			b.get(link).status(t, http.StatusSeeOther) // the binding cookie is there
			if c.header != "" {
				b.headers[c.header] = c.value
			}
			a := b.do(c.method, link, nil).status(t, c.status)
			if a.Header.Get("Cache-Control") != "no-store" || len(b.cookies) != 1 {
				t.Errorf("%s, %s: may be stored, or signed in", name, kind)
			}
			s.unspentAll()
		}
	}
}

// unspentAll fails the test when any link was spent.
func (s *site) unspentAll() {
	s.t.Helper()
	if n := s.redemptions(); n != 0 {
		s.t.Errorf("got %d redemptions, want none", n)
	}
}

// TestThePortalCookieNamesAMerchantOfThisHost: nothing else in it, and no session of
// another merchant under its name, opens anything.
func TestThePortalCookieNamesAMerchantOfThisHost(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	_, token, _ := strings.Cut(b.cookies[portalCookie], ".")
	for _, value := range []string{
		token, "." + token, "othershop." + token, "nobody." + token, "Avangate." + token, "avangate.." + token,
		"avangate." + token + "A", "avangate." + token[:len(token)-3], "avangate.", "avangate", "",
	} {
		other := b.copied()
		other.cookies[portalCookie] = value
		other.get("/portal/").status(t, http.StatusForbidden).hides(t, "Olivia", "Bennett", "Harbour")
	}
	other := b.copied()
	other.cookies[portalCookie] = "merchant-23424." + token
	other.get("/portal/").status(t, http.StatusForbidden).hides(t, "Olivia", "Bennett", "Avangate")
	customer := s.member(john)
	customer.cookies[portalCookie] = "avangate." + customer.cookies[accountCookie]
	customer.get("/portal/").status(t, http.StatusForbidden).hides(t, "Olivia", "John")
	b.cookies[accountCookie], b.cookies["__Host-lk_cart"] = token, token
	b.get("/myaccount/").status(t, http.StatusForbidden).hides(t, "Olivia")
	b.get("/order/cart.php").status(t, http.StatusOK).hides(t, "Olivia")
	b.get("/portal/").status(t, http.StatusOK)
}

// TestCustomersAndUsersAreSignedInBesideOneAnother: neither is asked about, or signed
// out with, the other.
func TestCustomersAndUsersAreSignedInBesideOneAnother(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.follow(s.cartLink(john, "PRODS=4639321")).status(t, http.StatusOK).shows(t, "John Newman")
	b.follow(s.link(john, signon.KindAccount, "/myaccount/", time.Minute)).status(t, http.StatusOK).shows(t, "Hello, John")
	b.follow(s.portalLink(south, mary)).status(t, http.StatusOK).shows(t, "Hello, Mary").hides(t, `name="ticket"`)
	b.get("/order/cart.php").shows(t, "John Newman", "Hot Talks")
	b.get("/myaccount/").shows(t, "Hello, John")

	a := b.post("/portal/sign-out", url.Values{}).status(t, http.StatusSeeOther)
	b.onward(a).status(t, http.StatusOK).shows(t, "You are signed out")
	b.get("/portal/").status(t, http.StatusForbidden)
	b.get("/myaccount/").status(t, http.StatusOK).shows(t, "Hello, John")
	b.get("/order/cart.php").shows(t, "John Newman", "Hot Talks")

	b.follow(s.portalLink(north, olivia)).status(t, http.StatusOK)
	b.follow(s.cartLink(maria, "PRODS=1112233&LANG=en")).status(t, http.StatusOK).shows(t, "Switch to another account?").hides(t, "Olivia")
	b.post("/myaccount/sign-out", url.Values{}).status(t, http.StatusSeeOther)
	b.get("/myaccount/").status(t, http.StatusForbidden)
	b.get("/portal/").status(t, http.StatusOK).shows(t, "Hello, Olivia")
	b.get("/myaccount/signed-out").status(t, http.StatusOK)
	b.get("/portal/signed-out").status(t, http.StatusSeeOther) // as she is not

	b.signIn(john)
	b.post("/myaccount/sign-out-everywhere", url.Values{"owner": {b.get("/myaccount/sign-out-everywhere").form().Get("owner")}}).status(t, http.StatusSeeOther)
	b.get("/portal/").status(t, http.StatusOK).shows(t, "Hello, Olivia")
}

// TestAnAnswerIsNotAffectedByTheOtherRole: a customer who is asked may answer though
// a user was signed in meanwhile in another tab.
func TestAnAnswerIsNotAffectedByTheOtherRole(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4639321", 5*time.Minute)
	page := b.follow(link).shows(t, `name="ticket"`)
	b.follow(s.portalLink(north, olivia)).status(t, http.StatusOK)
	b.onward(b.confirm(link, page)).status(t, http.StatusOK).shows(t, "John Newman")
}

func TestAnotherUserIsAskedAbout(t *testing.T) {
	for name, next := range map[string]struct {
		tenant signon.TenantID
		user   int64
		masked string
		name   string
	}{
		"of the same merchant": {north, grace, "Grace W.", "Grace Whitfield"},
		"of another merchant":  {south, mary, "Mary H.", "Mary Hargreaves"},
		"with the same number": {south, peter, "Peter L.", "Peter Lindqvist"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			b := s.staff(north, olivia)
			before := b.cookies[portalCookie]
			link := s.portalLink(next.tenant, next.user)
			page := b.follow(link).status(t, http.StatusOK)
			page.shows(t, "Switch to another account?", "Olivia Bennett", next.masked, "Somebody else is signed in at Avangate Demo", `href="/portal/"`)
			page.hides(t, next.name, tokenOf(link))
			checkHeaders(t, page, "no-referrer")
			if n := s.redemptions(); n != 1 {
				t.Errorf("got %d redemptions before the answer, want Olivia's alone", n)
			}
			b.get("/portal/").shows(t, "Hello, Olivia")
			b.onward(b.confirm(link, page)).status(t, http.StatusOK).shows(t, next.name)
			old := b.copied()
			old.cookies[portalCookie] = before
			old.get("/portal/").status(t, http.StatusForbidden).hides(t, "Olivia") // signed out, not only forgotten
		})
	}
}

// TestTheSameUserIsNotAsked, and has one session in a browser: the earlier one can't
// be taken up again after the user has signed out of the later one.
func TestTheSameUserIsNotAsked(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	first := s.portalLink(north, olivia)
	b.follow(first).status(t, http.StatusOK)
	before := b.cookies[portalCookie]
	b.follow(s.portalLink(north, olivia)).status(t, http.StatusOK).shows(t, "Hello, Olivia")
	old := b.copied()
	old.cookies[portalCookie] = before
	old.get("/portal/").status(t, http.StatusForbidden)
	b.get(first).status(t, http.StatusForbidden) // its session is over
	b.get("/portal/").status(t, http.StatusOK)
	b.post("/portal/sign-out", url.Values{}).status(t, http.StatusSeeOther)
	b.get(first).status(t, http.StatusForbidden)
	b.get("/portal/").status(t, http.StatusForbidden)
}

// TestAPortalSessionEndsForGood: half an hour after it began, however much it is
// used, and when it was signed out of.
func TestAPortalSessionEndsForGood(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.portalLink(north, olivia)
	b.follow(link).status(t, http.StatusOK)
	s.clock.advance(4 * time.Minute)
	b.follow(link).status(t, http.StatusOK).shows(t, "Hello, Olivia", `data-counts="1560"`).hides(t, `<strong class="left num">`) // a repeat begins nothing anew
	form := b.get("/portal/user/edit?id=1111002").status(t, http.StatusOK).form()
	for range 5 {
		s.clock.advance(5 * time.Minute)
		b.get("/portal/").status(t, http.StatusOK).shows(t, "20 November 2026, 12:30 UTC")
	}
	s.clock.advance(time.Minute - time.Second)
	b.get("/portal/").status(t, http.StatusOK).shows(t, `data-counts="1"`, "Your session ends in 1 minute.", `<strong class="left num">Session until 20 November`)
	s.clock.advance(time.Second)
	b.get("/portal/").status(t, http.StatusForbidden).shows(t, "Your session is over").hides(t, "Olivia", "data-counts")
	a := b.post("/portal/user/edit?id=1111002", with(form, "last_name", "Typed")).status(t, http.StatusForbidden)
	a.shows(t, "Nothing was saved").hides(t, "Typed", "Samuel", "Olivia")
	if got := s.user(north, samuel).LastName; got != "Okafor" {
		t.Errorf("got last name %q", got)
	}
	b.get(link).status(t, http.StatusForbidden).shows(t, "This link can’t be used")
	b.follow(s.portalLink(north, olivia)).status(t, http.StatusOK).shows(t, "20 November 2026, 13:00 UTC")
	s.browser().get("/portal/").status(t, http.StatusForbidden).shows(t, "You are not signed in")
}

func TestASignedOutPortalSessionIsOver(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.portalLink(north, olivia)
	b.follow(link)
	kept := b.cookies[portalCookie]
	b.onward(b.post("/portal/sign-out", url.Values{}).status(t, http.StatusSeeOther)).status(t, http.StatusOK).shows(t, "You are signed out").hides(t, "Olivia")
	if left := slices.Collect(maps.Keys(b.cookies)); len(left) != 1 || left[0] != "__Host-lk_browser" {
		t.Errorf("cookies left: %v, want the binding only", left)
	}
	refusedBy(t, s, b.get(link), "session_ended")
	b.cookies[portalCookie] = kept // not only forgotten: ended
	b.get("/portal/").status(t, http.StatusForbidden).hides(t, "Olivia")
	refusedBy(t, s, b.get(link), "session_ended")
}

// TestALostPortalAnswerConverges: a redemption whose outcome is not known is 503, and
// signs in when it is tried again.
func TestALostPortalAnswerConverges(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.portalLink(south, mary)
	b.get(link)
	s.store.loseNextRedeem()
	b.get(link).status(t, http.StatusServiceUnavailable).hides(t, "Mary", "Harbour")
	b.follow(link).status(t, http.StatusOK).shows(t, "Hello, Mary")
	if n := s.redemptions(); n != 1 {
		t.Errorf("got %d redemptions, want 1", n)
	}
}

// TestPortalFormsOfOtherSitesAreRefused, and those of another user's page.
func TestPortalFormsOfOtherSitesAreRefused(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	page := b.get("/portal/user/delete?id=1111002").status(t, http.StatusOK)
	for name, headers := range map[string]map[string]string{
		"cross-site": {"Sec-Fetch-Site": "cross-site"}, "same-site": {"Sec-Fetch-Site": "same-site"},
		"foreign origin": {"Sec-Fetch-Site": "", "Origin": "https://evil.test"}, "opaque origin": {"Sec-Fetch-Site": "", "Origin": "null"},
	} {
		b.headers = headers
		for _, path := range []string{"/portal/user/delete?id=1111002", "/portal/sign-out"} {
			if a := b.post(path, page.form()); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s: got %d, want 403", name, path, a.StatusCode)
			}
		}
	}
	b.headers = nil
	for _, owner := range []string{"", "AAAAAAAAAAA", s.staff(north, grace).get("/portal/user/delete?id=1111002").form().Get("owner")} {
		b.post("/portal/user/delete?id=1111002", url.Values{"owner": {owner}}).status(t, http.StatusConflict).hides(t, "Samuel", "Olivia")
	}
	s.user(north, samuel)
	b.get("/portal/").status(t, http.StatusOK)
}

// CreateUser and UpdateUser are the store's, unless a test loses their outcome.

func (f *failingStore) CreateUser(ctx context.Context, u *directory.User, e *signon.Event, reply *signon.Reply) error {
	return f.lost(f.Store.CreateUser(ctx, u, e, reply))
}

func (f *failingStore) UpdateUser(ctx context.Context, u *directory.User, e *signon.Event) error {
	return f.lost(f.Store.UpdateUser(ctx, u, e))
}

func (f *failingStore) lost(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loseUser {
		f.loseUser = false
		return signon.Unavailable("commit", context.DeadlineExceeded)
	}
	return err
}

// TestTabsAtOnceShareOnePortalSession: with one binding, and with one each, when the
// page of a refusal tries once more.
func TestTabsAtOnceShareOnePortalSession(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	link := s.portalLink(south, mary)
	b.get(link) // the binding
	tabs := b.copies(8)
	atOnce(len(tabs), func(i int) {
		if a := tabs[i].get(link); a.StatusCode != http.StatusSeeOther {
			t.Errorf("tab %d: got %d", i, a.StatusCode)
		}
	})
	other := s.browser()
	other.get(link) // another binding of the same browser, as tabs opened at once have
	refused := other.get(link).status(t, http.StatusForbidden)
	other.cookies[portalCookie] = tabs[0].cookies[portalCookie]
	_, again, _ := strings.Cut(refused.Header.Get("Refresh"), "1;url=")
	other.follow(again).status(t, http.StatusOK).shows(t, "Hello, Mary")
	if n := s.redemptions(); n != 1 {
		t.Errorf("got %d redemptions, want 1", n)
	}
}
