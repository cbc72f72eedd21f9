package config

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func destinations(t *testing.T, text string) (cart, account signon.Destination) {
	t.Helper()
	tenants, err := mustLoad(t, text, "SHOP_SECRET=s").Declared()
	if err != nil {
		t.Fatal(err)
	}
	return tenants[0].Destinations[0], tenants[0].Destinations[1]
}

func TestADestinationsPoliciesComeBeforeTheTenants(t *testing.T) {
	tenants := strings.Replace(small, "  - id: shop\n", "  - id: shop\n    redemption: confirm\n    ip_mismatch: report\n", 1)
	cart, account := destinations(t, strings.Replace(tenants, "account: {}", "account: {redemption: direct, ip_mismatch: refuse}", 1))
	if cart.Policy != signon.PolicyConfirm || cart.OnMismatch != signon.MismatchReport {
		t.Errorf("cart: got %s and %s, want the tenant's confirm and report", cart.Policy, cart.OnMismatch)
	}
	if account.Policy != signon.PolicyDirect || account.OnMismatch != signon.MismatchRefuse {
		t.Errorf("account: got %s and %s, want its own direct and refuse", account.Policy, account.OnMismatch)
	}
}

func TestRefreshURLsAreByHostThenByDestinationThenByTenant(t *testing.T) {
	cart, account := destinations(t, `
data_dir: data
tenants:
  - id: shop
    clients: [{id: SHOP, secret: {env: SHOP_SECRET}}]
    refresh_url: https://example.com/tenant
    refresh_urls:
      https://Shop.Example.com: https://example.com/shop
      https://a.example.net:8443: https://example.com/a?from=mail#top
      http://localhost:8080: http://localhost:8080/again
    destinations:
      cart: {hosts: [https://shop.example.com, "http://localhost:8080"]}
      account: {hosts: [https://my.example.com, "https://*.example.net:8443"], refresh_url: https://example.com}
`)
	want := map[string]string{
		"refresh_url": "https://example.com/tenant", "refresh_url@shop.example.com": "https://example.com/shop",
		"refresh_url@localhost:8080": "http://localhost:8080/again",
	}
	if diff := cmp.Diff(want, cart.Settings); diff != "" {
		t.Errorf("cart (-want +got):\n%s", diff)
	}
	want = map[string]string{"refresh_url": "https://example.com", "refresh_url@a.example.net:8443": "https://example.com/a?from=mail#top"}
	if diff := cmp.Diff(want, account.Settings); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
}

// Where the addresses that are accepted lead a browser is judged in signon.
func TestNoKnownRedirectPayloadIsARefreshURLUnlessItIsAPlainURL(t *testing.T) {
	folder := os.Getenv("LATCHKEY_CORPORA")
	if folder == "" {
		t.Skip("SKIPPED: LATCHKEY_CORPORA does not name a folder of public test data")
	}
	text, err := os.ReadFile(filepath.Join(folder, "redirects", "openredirects.txt"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for payload := range strings.Lines(string(text)) {
		payload = strings.TrimRight(payload, "\n")
		for _, spelling := range []string{payload, url.QueryEscape(payload), url.QueryEscape(url.QueryEscape(payload)), strings.ToUpper(payload)} {
			k := &checker{Config: Default(), seen: map[string]string{}, unread: map[string]bool{}}
			tenant := DefaultTenant("shop")
			tenant.Destinations.Cart.Hosts = []string{"https://shop.example"}
			tenant.Destinations.Account.Hosts = tenant.Destinations.Cart.Hosts
			tenant.RefreshURL = "https:" + spelling
			tenant.Destinations.Cart.RefreshURL = spelling
			tenant.RefreshURLs = map[string]string{"https://shop.example": "https://" + spelling}
			k.tenant(&tenant, "t")
			bad := map[string]bool{}
			for _, p := range k.problems {
				bad[p.Path] = true
			}
			for path, page := range map[string]string{
				"t.refresh_url": tenant.RefreshURL, "t.destinations.cart.refresh_url": spelling, "t.refresh_urls[https://shop.example]": "https://" + spelling,
			} {
				to, err := signon.PageOrigin(page)
				if want := page != "" && (err != nil || to.Scheme != "https"); bad[path] != want {
					t.Errorf("%s: %q: got refused %v, want %v", path, page, bad[path], want)
				}
				if bad[path] {
					refused++
				}
			}
		}
	}
	if refused < 5000 {
		t.Errorf("only %d were refused: the test tries nothing", refused)
	}
}
