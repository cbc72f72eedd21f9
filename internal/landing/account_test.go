package landing_test

import (
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
	"github.com/latchkey-sso/latchkey/internal/landing"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Subscriptions of the demo.
const (
	johnsTalks = "123D40F123"
	johnsPhoto = "115D3F5ED1"
	mariasOne  = "DC47E143FA"
)

// sessions sets how long sessions last without being used, and at all.
func sessions(idle, whole time.Duration) siteOption {
	return func(tenants *[]signon.Tenant) {
		for i := range *tenants {
			for j := range (*tenants)[i].Destinations {
				d := &(*tenants)[i].Destinations[j]
				d.IdleTTL, d.SessionTTL = idle, whole
			}
		}
	}
}

// member returns a browser in which the person is signed in at the account.
func (s *site) member(customer int) *browser {
	s.t.Helper()
	b := s.browser()
	b.signIn(customer)
	return b
}

// signIn signs the person in at the account, answering what is asked on the way.
func (b *browser) signIn(customer int) {
	b.t.Helper()
	link := b.site.link(customer, signon.KindAccount, "/myaccount/", 0)
	a := b.follow(link)
	if strings.Contains(a.body, `name="ticket"`) {
		a = b.onward(b.confirm(link, a))
	}
	a.status(b.t, http.StatusOK)
}

// add puts rows of the demo vendor into the directory.
func (s *site) add(b *directory.Batch) {
	s.t.Helper()
	if _, err := s.people.Import(s.t.Context(), "avangate", b, directory.Act{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) subscription(reference string) *directory.Subscription {
	s.t.Helper()
	sub, err := s.people.Subscription(s.t.Context(), "avangate", reference)
	if err != nil {
		s.t.Fatal(err)
	}
	return sub
}

func (s *site) customer(id int64) *directory.Customer {
	s.t.Helper()
	c, err := s.people.CustomerByID(s.t.Context(), "avangate", id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// change changes a customer as an API call does.
func (s *site) change(id int64, change func(*directory.Customer)) {
	s.t.Helper()
	c := s.customer(id).Clone()
	change(c)
	if err := s.people.UpdateCustomer(s.t.Context(), c, directory.Act{}); err != nil {
		s.t.Fatal(err)
	}
}

// events returns the audit events of those types.
func (s *site) events(types ...signon.EventType) (found []*signon.Event) {
	s.t.Helper()
	for after := int64(0); ; {
		page, err := s.store.Events(s.t.Context(), after, 500)
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range page {
			e, err := page[i].Event()
			if err != nil {
				s.t.Fatal(err)
			}
			if slices.Contains(types, e.Type) {
				found = append(found, e)
			}
			after = page[i].Seq
		}
		if len(page) < 500 {
			return found
		}
	}
}

// wantAudited fails the test unless exactly one event of the type was written, by
// the session of a browser.
func (s *site) wantAudited(t *testing.T, kind signon.EventType, note string) {
	t.Helper()
	events := s.events(kind)
	if len(events) != 1 {
		t.Errorf("got %d events %s, want 1", len(events), kind)
		return
	}
	if e := events[0]; e.Note != note || e.Grant == "" || e.Destination != "account" || e.SupportCode == "" {
		t.Errorf("got event %+v, want one of the browser's session about %q", e, note)
	}
}

// order places an order of the person through the cart and returns its number.
func (s *site) order(customer int, query string) string {
	s.t.Helper()
	before := map[string]bool{}
	for _, o := range s.orders() {
		before[o.RefNo] = true
	}
	b := s.browser()
	b.onward(b.post("/order/cart.php", with(b.follow(s.cartLink(customer, query)).form(), "place", "1"))).status(s.t, http.StatusOK)
	for _, o := range s.orders() {
		if !before[o.RefNo] {
			return o.RefNo
		}
	}
	s.t.Fatal("nothing was ordered")
	return ""
}

// issueOther returns an account link of the other vendor.
func (s *site) issueOther(customer int) string {
	s.t.Helper()
	client, _ := s.signOn.Registry().Client("avangate", dev.OtherMerchantCode)
	dest, _ := s.signOn.Registry().Destination(client.Tenant, signon.KindAccount)
	issued, err := s.signOn.Issue(s.t.Context(), &signon.IssueRequest{
		Client: client, Destination: dest, Kind: signon.SubjectCustomer, Subject: signon.SubjectRef(strconv.Itoa(customer)),
		Target: s.otherBase() + "/myaccount/", TTL: time.Minute, Bind: netip.Addr{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return issued.Link
}

func (s *site) otherBase() string { return strings.Replace(s.base, "localhost", "127.0.0.1", 1) }

// TestEveryAccountLinkHasItsPage: links lead to pages, not to a path without one.
func TestEveryAccountLinkHasItsPage(t *testing.T) {
	tenants, err := dev.Config(80).Declared()
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := landing.AccountPaths()
	for _, d := range tenants[0].Destinations {
		for _, path := range d.Paths {
			if d.Kind == signon.KindAccount && !slices.Contains(paths, path) {
				t.Errorf("there is no page at %s", path)
			}
		}
	}
}

// The canaries: nobody but their owner may ever see them.
var (
	johnsCanaries = []string{
		"Newman", "john.newman", "Orchard", "Market Road", "2175550100", "352365983", "HotTalks1Customer123", "ending in 1111", "ending in 4444",
		johnsTalks, johnsPhoto, "Hot Talks", "Photo Desk", "HT4-DEMO", "PD12-DEMO", "€29.90",
	}
	marias      = []string{"Keller", "maria.keller", "Lindenweg", "03055501234", mariasOne, "352365984"}
	otherShops  = []string{"Other Shop", "Otherside", "twin@example.net", "Twin Product", "TWIN-CODE", "ending in 9999"}
	openToEvery = map[string]bool{"/myaccount/signed-out": true, "/myaccount/sign-out": true} // show nobody's data
)

// twin gives the other vendor a customer and a subscription with the numbers of
// John's.
func (s *site) twin() {
	s.t.Helper()
	batch := &directory.Batch{
		Customers: []*directory.Customer{{
			ID: john, Billing: directory.Contact{
				FirstName: "Twin", LastName: "Otherside", Address1: "9 Far Street", City: "Ghent", Zip: "9000", CountryCode: "be", Email: "twin@example.net",
			},
			Cards: []directory.Card{{Type: "visa", LastDigits: "9999", ExpirationMonth: 1, ExpirationYear: 2030, Token: "twin-card"}},
		}},
		Subscriptions: []*directory.Subscription{{
			Reference: johnsTalks, CustomerID: john, Product: directory.SubscribedProduct{ID: "9000001", Name: "Twin Product"},
			StartsOn: directory.Date{Year: 2026, Month: 1, Day: 1}, ExpiresOn: directory.Date{Year: 2030, Month: 1, Day: 1}, Recurring: true,
			DeliveryCodes: []directory.DeliveryCode{{Code: "TWIN-CODE"}},
		}},
	}
	if _, err := s.people.Import(s.t.Context(), "othershop", batch, directory.Act{}); err != nil {
		s.t.Fatal(err)
	}
}

// walkOf are the addresses of a path that ask for John's things.
func walkOf(path, order, card string) []string {
	return []string{
		path, path + "?code=" + johnsTalks, path + "?order=" + order, path + "?remove=" + card, path + "?page=2", path + "?note=saved",
		path + "?state=x&token=tok_1&brand=visa&last4=1111&exp=12/2030",
	}
}

// johnsForm is a form as John's own pages would send it, whatever its path.
func johnsForm(owner, card string) url.Values {
	return url.Values{
		"owner": {owner}, "code": {johnsTalks}, "renewal": {"off"}, "card": {card}, "prefer": {card}, "remove": {card},
		"first_name": {"Mallory"}, "last_name": {"Smith"}, "email": {"mallory@example.org"}, "address1": {"1 Lane"}, "city": {"Town"}, "zip": {"1"},
		"country_code": {"us"}, "same": {"1"}, "language": {"en"},
	}
}

// stranger is a browser that is not signed in at the account as John.
type stranger struct {
	name string
	// as returns it; johns is where John is, or was, signed in.
	as func(s *site, johns *browser) *browser
	// inside: somebody is signed in there, so that pages answer.
	inside bool
	hides  []string
}

// copied returns a browser with the cookies of another.
func (b *browser) copied() *browser {
	own := b.site.browser()
	for name, value := range b.cookies {
		own.cookies[name] = value
	}
	return own
}

const accountCookie = "__Host-lk_account"

var strangers = []stranger{
	{"nobody", func(s *site, _ *browser) *browser { return s.browser() }, false, nil},
	{"garbage", func(s *site, _ *browser) *browser {
		b := s.browser()
		b.cookies[accountCookie] = "garbage"
		return b
	}, false, nil},
	{"a guessed secret", func(_ *site, johns *browser) *browser {
		b := johns.copied()
		token := []byte(b.cookies[accountCookie])
		token[len(token)-5] ^= 1
		b.cookies[accountCookie] = string(token)
		return b
	}, false, nil},
	{"signed out", func(_ *site, johns *browser) *browser {
		b := johns.copied()
		johns.post("/myaccount/sign-out", url.Values{})
		return b
	}, false, nil},
	{"idle", func(s *site, johns *browser) *browser {
		s.clock.advance(10 * time.Minute)
		return johns.copied()
	}, false, nil},
	{"past its lifetime", func(s *site, johns *browser) *browser {
		for range 8 {
			s.clock.advance(9 * time.Minute)
			johns.get("/support/") // so it is never idle
		}
		return johns.copied()
	}, false, nil},
	{"signed out everywhere", func(s *site, johns *browser) *browser {
		elsewhere := s.member(john)
		elsewhere.post("/myaccount/sign-out-everywhere", url.Values{"owner": {elsewhere.get("/myaccount/sign-out-everywhere").form().Get("owner")}})
		return johns.copied()
	}, false, nil},
	{"the cart alone", func(s *site, _ *browser) *browser {
		b := s.browser()
		b.follow(s.cartLink(john, "PRODS=4639321"))
		return b
	}, false, nil},
	{"a cart's session as the account's", func(s *site, _ *browser) *browser {
		b := s.browser()
		b.follow(s.cartLink(john, "PRODS=4639321"))
		b.cookies[accountCookie] = b.cookies["__Host-lk_cart"]
		return b
	}, false, nil},
	{"another vendor's session", func(s *site, _ *browser) *browser {
		b := s.browser()
		b.follow(s.issueOther(john)).status(s.t, http.StatusOK).shows(s.t, "Otherside")
		return b
	}, false, nil},
	{"another person", func(s *site, _ *browser) *browser { return s.member(maria) }, true, johnsCanaries},
	{"John himself", func(_ *site, johns *browser) *browser { return johns.copied() }, true, marias},
}

// TestNoPageShowsAnothersData walks every route of the area with every kind of
// session.
func TestNoPageShowsAnothersData(t *testing.T) {
	paths, takesForm := landing.AccountPaths()
	for _, who := range strangers {
		t.Run(who.name, func(t *testing.T) {
			s := newSite(t, sessions(10*time.Minute, time.Hour))
			s.twin()
			order := s.order(john, "PRODS=4639321")
			johns := s.member(john)
			wallet := johns.get("/myaccount/payment_methods/")
			owner, card := wallet.form().Get("owner"), regexpFind(wallet.body, `name="prefer" value="([0-9a-f]{12})"`)[0][1]
			b := who.as(s, johns)
			b.t = t
			customer, talks, photo, orders := s.customer(john), s.subscription(johnsTalks), s.subscription(johnsPhoto), s.orders()
			hidden := append(slices.Clone(otherShops), who.hides...)
			if !who.inside {
				hidden = append(append(append(hidden, johnsCanaries...), marias...), order)
			} else if who.name != "John himself" {
				hidden = append(hidden, order)
			}
			for _, path := range paths {
				for _, address := range walkOf(path, order, card) {
					checkWalk(t, b.get(address), who, path, hidden)
				}
				if takesForm[path] && who.name != "John himself" && path != "/myaccount/sign-out" {
					a := b.post(path, johnsForm(owner, card))
					if want := map[bool]int{false: http.StatusForbidden, true: http.StatusConflict}[who.inside]; a.StatusCode != want {
						t.Errorf("POST %s: got %d, want %d", path, a.StatusCode, want)
					}
					if who.inside {
						a.hides(t, append(hidden, "Mallory")...)
					} else { // what it sent, it may see again
						a.hides(t, slices.DeleteFunc(slices.Clone(hidden), func(h string) bool { return h == johnsTalks })...)
					}
				}
			}
			for what, diff := range map[string]string{
				"the customer": cmp.Diff(customer, s.customer(john), cmp.Transformer("at", func(c *directory.Customer) directory.Customer {
					own := *c
					own.SignedOutBefore = time.Time{}
					return own
				})),
				"a subscription": cmp.Diff(talks, s.subscription(johnsTalks)), "the other one": cmp.Diff(photo, s.subscription(johnsPhoto)),
				"the orders": cmp.Diff(orders, s.orders()),
			} {
				if diff != "" {
					t.Errorf("%s changed (-before +after):\n%s", what, diff)
				}
			}
			if events := s.events(signon.EventCustomerChanged, signon.EventSubscriptionChanged); len(events) != 0 {
				t.Errorf("got events %v, want none", events)
			}
		})
	}
}

func checkWalk(t *testing.T, a *answer, who stranger, path string, hidden []string) {
	t.Helper()
	asked := a.Request.URL.RawQuery // is shown in the field that it would be typed into
	a.hides(t, slices.DeleteFunc(slices.Clone(hidden), func(h string) bool { return asked == "order="+h })...)
	switch {
	case openToEvery[path]:
	case !who.inside && a.StatusCode != http.StatusForbidden:
		t.Errorf("GET %s: got %d, want 403", a.Request.URL, a.StatusCode)
	case who.inside && a.StatusCode == http.StatusInternalServerError:
		t.Errorf("GET %s: got 500", a.Request.URL)
	}
	if a.StatusCode != http.StatusSeeOther {
		checkHeaders(t, a, a.Header.Get("Referrer-Policy"))
	}
}

// TestTheCanariesLive: what the walk looks for is there for its owner.
func TestTheCanariesLive(t *testing.T) {
	s := newSite(t)
	order := s.order(john, "PRODS=4639321")
	b := s.member(john)
	var all strings.Builder
	for _, address := range []string{
		"/myaccount/", "/myaccount/my_products/", "/myaccount/my_subscription/?code=" + johnsTalks, "/myaccount/my_license/", "/myaccount/order_lookup/",
		"/myaccount/payment_methods/", "/myaccount/user_data/",
	} {
		all.WriteString(b.get(address).status(t, http.StatusOK).body)
	}
	for _, canary := range append(slices.Clone(johnsCanaries), order) {
		if !strings.Contains(all.String(), canary) {
			t.Errorf("the canary %q is dead", canary)
		}
	}
}

func TestTheAreaLeadsToItsParts(t *testing.T) {
	s := newSite(t)
	b := s.member(john)
	for address, current := range map[string]string{
		"/myaccount/": `<a href="/myaccount/" aria-current="page">`, "/myaccount/my_products/": `<a href="/myaccount/my_products/" aria-current="page">`,
		"/myaccount/my_subscription/?code=" + johnsTalks: `<a href="/myaccount/my_products/" aria-current="true">`,
		"/myaccount/order_lookup/?lang=en":               `<a href="/myaccount/order_lookup/" aria-current="page">`,
		"/support/":                                      `<a href="/support/" aria-current="page">`,
	} {
		a := b.get(address).status(t, http.StatusOK)
		if n := strings.Count(a.body, "aria-current="); n != 1 {
			t.Errorf("%s: %d places are current, want 1", address, n)
		}
		a.shows(t, current, `<nav class="nav" aria-label="Account">`)
	}
}

// TestPagesTellWhenTheSessionEnds: the known end is the idle one, or the absolute
// one where that comes first.
func TestPagesTellWhenTheSessionEnds(t *testing.T) {
	s := newSite(t, sessions(40*time.Minute, time.Hour))
	b := s.member(john)
	for _, want := range []string{"2400", "1800", "0"} {
		a := b.get("/myaccount/")
		if got := regexpFind(a.body, `data-ends="(\d+)"`); want != "0" && (len(got) != 1 || got[0][1] != want) {
			t.Errorf("got %q, want %s seconds", got, want)
		}
		if want == "0" {
			a.status(t, http.StatusForbidden).hides(t, "data-ends")
		}
		s.clock.advance(30 * time.Minute)
	}
}
