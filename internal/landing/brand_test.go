package landing_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// drawn returns a logo with that in it, of that size.
func drawn(width int, shapes string) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d 40">%s</svg>`, width, shapes)
}

// branded declares brands: the demo vendor's and the other one's.
func branded(shop, other signon.Brand) siteOption {
	return func(tenants *[]signon.Tenant) { (*tenants)[0].Brand, (*tenants)[1].Brand = shop, other }
}

var assetRefs = regexp.MustCompile(`/assets/[^"]+`)

// own returns the assets that a page refers to which are of a brand.
func (a *answer) own() []string {
	refs := slices.DeleteFunc(assetRefs.FindAllString(a.body, -1), func(ref string) bool {
		return strings.HasPrefix(ref, "/assets/page.") || strings.HasPrefix(ref, "/assets/icon.") || strings.HasSuffix(ref, ".js")
	})
	slices.Sort(refs)
	return slices.Compact(refs)
}

// strangersPages are addresses that anybody can ask for at a registered host.
var strangersPages = []string{
	"/order/cart.php", "/order/checkout.php?PRODS=4639321", "/order/done?order=1", "/order/signed-out", "/myaccount/", "/myaccount/signed-out",
	"/order/checkout.php?logintoken=" + strings.Repeat("0", signon.TokenLen), "/myaccount/?logintoken=x",
}

func TestEveryPageWearsTheTenantsBrand(t *testing.T) {
	s := newSite(t, branded(signon.Brand{Logo: drawn(40, "<g/>"), LogoDark: drawn(40, "<path/>"), Accent: "#0a7d4f"}, signon.Brand{}))
	answers := map[string]*answer{}
	for _, address := range strangersPages {
		browser := s.browser()
		browser.get(address)
		answers[address] = browser.follow(address)
	}
	john1, wary := s.browser(), s.browser()
	answers["the cart"] = john1.follow(s.cartLink(john, "PRODS=4639321"))
	answers["the confirmation"] = john1.onward(john1.post("/order/cart.php", with(answers["the cart"].form(), "place", "1")))
	answers["the account"] = s.browser().follow(s.link(john, signon.KindAccount, "/myaccount/", time.Minute))
	answers["the question"] = wary.follow(s.cartLink(maria, "PRODS=4639321")) // signed on at once
	answers["the question"] = wary.follow(s.cartLink(john, "PRODS=4639321"))
	answers["the question"].shows(t, `name="ticket"`)
	answers["a form that is none"] = john1.post("/order/cart.php", nil)
	for name, a := range answers {
		a.shows(t, "<img ", "Avangate Demo", `<a href="mailto:help@demo.example">`)
		refs := a.own()
		if len(refs) != 3 {
			t.Errorf("%s (%d) refers to %q, want two logos and a style sheet", name, a.StatusCode, refs)
		}
		for _, ref := range assetRefs.FindAllString(a.body, -1) {
			asset := s.browser().get(ref).status(t, http.StatusOK)
			if asset.Header.Get("X-Content-Type-Options") != "nosniff" || asset.Header.Get("Content-Type") == "" || len(asset.Cookies()) > 0 {
				t.Errorf("%s: got headers %v", ref, asset.Header)
			}
		}
	}
}

func TestNoPageRefersToAnotherTenantsBrand(t *testing.T) {
	s := newSite(t, branded(
		signon.Brand{Logo: drawn(40, "<g/>"), LogoDark: drawn(40, "<path/>"), Accent: "#0a7d4f"},
		signon.Brand{Logo: drawn(120, "<rect/>"), Accent: "#7a2048"},
	))
	otherHost := strings.TrimPrefix(strings.Replace(s.base, "localhost", "127.0.0.1", 1), "http://")
	at := func(host string) *browser {
		b := s.browser()
		b.host = host
		return b
	}
	shop, other := s.browser().get("/order/cart.php").own(), at(otherHost).get("/order/cart.php").own()
	if len(shop) != 3 || len(other) != 2 {
		t.Fatalf("got %q and %q", shop, other)
	}
	for host, want := range map[string][]string{"": shop, otherHost: other, "unknown.example.com": nil} {
		for _, address := range append(slices.Clone(strangersPages), "/nowhere", "/order/cart.php/%2e") {
			page := at(host).follow(address)
			for _, ref := range page.own() {
				if !slices.Contains(want, ref) {
					t.Errorf("%s at %q refers to %s", address, host, ref)
				}
			}
			if host == "unknown.example.com" {
				page.hides(t, "<img", "mailto:", "Avangate", "Other Shop")
			}
		}
		for _, ref := range slices.Concat(shop, other) {
			status := http.StatusNotFound
			if slices.Contains(want, ref) {
				status = http.StatusOK
			}
			at(host).get(ref).status(t, status)
		}
	}
}

func TestAHostOfTwoTenantsHasTheBrandsOfBoth(t *testing.T) {
	s := newSite(t, branded(signon.Brand{Accent: "#0a7d4f"}, signon.Brand{Accent: "#7a2048"}), func(tenants *[]signon.Tenant) {
		(*tenants)[0].Destinations[1], (*tenants)[1].Destinations[1] = (*tenants)[1].Destinations[1], (*tenants)[0].Destinations[1]
	})
	cart, account := s.browser().get("/order/cart.php").own(), s.browser().get("/myaccount/").own()
	if len(cart) != 1 || len(account) != 1 || cart[0] == account[0] {
		t.Fatalf("got %q and %q", cart, account)
	}
	s.browser().get(cart[0]).status(t, http.StatusOK).shows(t, "#0a7d4f")
	s.browser().get(account[0]).status(t, http.StatusOK).shows(t, "#7a2048")
}

func TestANewBrandIsWornAtOnce(t *testing.T) {
	s := newSite(t)
	const refused = "/order/checkout.php?logintoken=x" // a page that is kept rendered
	seen := map[string]bool{}
	for name, step := range map[string]struct {
		brand  signon.Brand
		assets int
	}{
		"colours": {signon.Brand{Accent: "#0a7d4f"}, 1}, "others": {signon.Brand{Accent: "#7a2048"}, 1},
		"logo": {signon.Brand{Logo: drawn(40, "")}, 1}, "none": {signon.Brand{}, 0},
	} {
		declared := *mustTenant(t, s)
		declared.ActsFor = nil // those who are not declared any more
		declared.Brand, declared.SupportEmail = step.brand, name+"@example.com"
		if err := s.signOn.Apply(t.Context(), []signon.Tenant{declared}); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{refused, "/order/cart.php", "/myaccount/"} {
			browser := s.browser()
			browser.headers["X-Test-Serve"] = "1"
			refs := browser.follow(address).shows(t, "mailto:"+declared.SupportEmail).own()
			if len(refs) != step.assets {
				t.Errorf("%s: %s refers to %q", name, address, refs)
			}
			for _, ref := range refs {
				if seen[ref] {
					t.Errorf("%s: %s still refers to %s", name, address, ref)
				}
				browser.get(ref).status(t, http.StatusOK)
			}
		}
		for _, ref := range s.browser().get("/order/cart.php").own() {
			seen[ref] = true
		}
	}
}

func mustTenant(t *testing.T, s *site) *signon.Tenant {
	t.Helper()
	tenant, ok := s.signOn.Registry().Tenant("avangate")
	if !ok {
		t.Fatal("no tenant")
	}
	return tenant
}

func TestABrandThatIsNotRightIsLeftOut(t *testing.T) {
	s := newSite(t, branded(signon.Brand{Logo: drawn(40, "<script/>"), Accent: "#0a7d4f"}, signon.Brand{}))
	if refs := s.browser().get("/order/cart.php").status(t, http.StatusOK).own(); len(refs) > 0 {
		t.Errorf("the page refers to %q", refs)
	}
	if log := s.log.String(); !strings.Contains(log, "brand is not shown") || strings.Contains(log, "<svg") {
		t.Errorf("got log %s", log)
	}
}
