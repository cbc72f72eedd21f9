package landing_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// directEntrance redeems links to an entrance without asking.
func directEntrance(tenants *[]signon.Tenant) {
	for i := range *tenants {
		for j := range (*tenants)[i].Destinations {
			if d := &(*tenants)[i].Destinations[j]; d.Kind == signon.KindEntrance {
				d.Policy = signon.PolicyDirect
			}
		}
	}
}

// entranceLink returns a link to the entrance as a shop makes it from a token: with
// parameters of its own.
func (s *site) entranceLink(customer int, query string) string {
	s.t.Helper()
	client, _ := s.signOn.Registry().Client("bluesnap", dev.APIUser)
	dest, ok := s.signOn.Registry().Destination(north, signon.KindEntrance)
	if !ok {
		s.t.Fatal("no entrance")
	}
	issued, err := s.signOn.Issue(s.t.Context(), &signon.IssueRequest{
		Client: client, Destination: dest, Kind: signon.SubjectCustomer, Subject: signon.SubjectRef(strconv.Itoa(customer)),
		Target: s.base + "/jsp/entrance.jsp",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.base + "/jsp/entrance.jsp?" + strings.TrimPrefix(query+"&", "&") + "token=" + issued.Token.Reveal()
}

func TestAnEntranceLeadsToWhereItIsAsked(t *testing.T) {
	s := newSite(t, directEntrance)
	for query, want := range map[string]struct {
		path  string
		shows string
	}{
		"contractId=2121730&target=cp":        {"/myaccount/", "Hello, John"},
		"target=cp":                           {"/myaccount/", "Hello, John"},
		"contractId=2121730&target=step1":     {"/order/cart.php", "Hot Talks Messenger"},
		"contractId=2121730&target=step2":     {"/order/cart.php", "Hot Talks Messenger"},
		"contractId=2121730&target=paypal":    {"/order/cart.php", "Hot Talks Messenger"},
		"contractId=1112233&target=step1":     {"/order/cart.php", "Photo Desk Studio"},      // a product's own number
		"contractId=4040404&target=step1":     {"/order/cart.php", "Not available any more"}, // nobody's
		"contractId=4639321,1&target=step1":   {"/order/cart.php", "Your cart is empty"},     // no number at all
		"target=step1":                        {"/order/cart.php", "Your cart is empty"},
		"contractId=2121730":                  {"/myaccount/", "Hello, John"},
		"":                                    {"/myaccount/", "Hello, John"},
		"contractId=2121730&target=somewhere": {"/myaccount/", "Hello, John"},
	} {
		b := s.browser()
		link := s.entranceLink(john, query)
		b.get(link).status(t, http.StatusSeeOther)
		a := b.get(link).status(t, http.StatusSeeOther)
		if got := a.Header.Get("Location"); got != want.path {
			t.Errorf("%q: sent to %q, want %q", query, got, want.path)
		}
		b.onward(a).status(t, http.StatusOK).shows(t, want.shows, "John Newman").hides(t, tokenOf(link))
		if _, both := b.cookies[accountCookie]; both == (b.cookies["__Host-lk_cart"] != "") {
			t.Errorf("%q: got cookies %v, want one session", query, slices.Collect(mapKeys(b.cookies)))
		}
	}
}

// TestARepeatedEntranceLeadsToTheSession: the first call decides.
func TestARepeatedEntranceLeadsToTheSession(t *testing.T) {
	s := newSite(t, directEntrance)
	b := s.browser()
	link := s.entranceLink(john, "contractId=2121730&target=step1")
	b.follow(link).status(t, http.StatusOK).shows(t, "Hot Talks Messenger")
	other := strings.Replace(link, "target=step1", "target=cp", 1)
	for _, again := range []string{link, other} {
		a := b.get(again).status(t, http.StatusSeeOther)
		if got := a.Header.Get("Location"); got != "/order/cart.php" {
			t.Errorf("sent to %q, want the cart", got)
		}
	}
	delete(b.cookies, "__Host-lk_browser") // and by the session alone
	b.onward(b.onward(b.get(other))).status(t, http.StatusOK).shows(t, "Hot Talks Messenger")
	b.get("/myaccount/").status(t, http.StatusForbidden)
	if n := s.redemptions(); n != 1 {
		t.Errorf("got %d redemptions, want 1", n)
	}
	s.clock.advance(10 * time.Minute)
	b.get(link).status(t, http.StatusForbidden)
	s.browser().follow(link).status(t, http.StatusForbidden)
}

// TestAnEntranceAsksAsItsPolicySays, and about another person who is signed in.
func TestAnEntranceAsksAsItsPolicySays(t *testing.T) {
	s := newSite(t) // links of ten minutes post themselves
	b := s.browser()
	link := s.entranceLink(john, "contractId=2121730&target=step1")
	page := b.follow(link).status(t, http.StatusOK).shows(t, "Signing you in", "data-submit").hides(t, "John")
	s.unspentAll()
	b.onward(b.confirm(link, page)).status(t, http.StatusOK).shows(t, "John Newman", "Hot Talks Messenger")

	next := s.entranceLink(maria, "lang=en&target=cp")
	page = b.follow(next).status(t, http.StatusOK).shows(t, "Switch to another account?", "John Newman", "Maria K.")
	b.onward(b.confirm(next, page)).status(t, http.StatusOK).shows(t, "Maria Keller")
	b.get("/order/cart.php").hides(t, "John", "Hot Talks")
}

func TestAnEntranceWithoutATokenShowsNothing(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]string{"": "/myaccount/", "?target=step1": "/order/cart.php", "?target=cp": "/myaccount/"} {
		a := s.browser().get("/jsp/entrance.jsp"+query).status(t, http.StatusSeeOther)
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("%q: sent to %q, want %q", query, got, want)
		}
	}
}

// TestAnEntranceLeadsToWhatThereIs: to the cart where there is no account, and
// nowhere, with nothing spent, where there is neither.
func TestAnEntranceLeadsToWhatThereIs(t *testing.T) {
	without := func(kinds ...signon.DestinationKind) siteOption {
		return func(tenants *[]signon.Tenant) {
			for i := range *tenants {
				if t := &(*tenants)[i]; t.ID == north {
					t.Destinations = slices.DeleteFunc(t.Destinations, func(d signon.Destination) bool { return slices.Contains(kinds, d.Kind) })
				}
			}
		}
	}
	s := newSite(t, directEntrance, without(signon.KindAccount))
	s.browser().follow(s.entranceLink(john, "contractId=2121730&target=cp")).status(t, http.StatusOK).shows(t, "Hot Talks Messenger")
	s = newSite(t, directEntrance, without(signon.KindCart))
	s.browser().follow(s.entranceLink(john, "contractId=2121730&target=step1")).status(t, http.StatusOK).shows(t, "Hello, John")
	s = newSite(t, directEntrance, without(signon.KindCart, signon.KindAccount))
	a := s.browser().follow(s.entranceLink(john, "target=cp")).status(t, http.StatusForbidden).shows(t, "This link can’t be used")
	if got := s.reason(a); got != "wrong_target" {
		t.Errorf("got reason %q", got)
	}
	s.unspentAll()
}
