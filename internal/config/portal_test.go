package config

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// a hash of "correct horse"
const hash = "$argon2id$v=19$m=19456,t=2,p=1$Auk0NXrRhbnXX4IqexTavw$kpfPt4EoqaEsYvIAjKTQ4WcdcmKCBSlLAlKK9BwesLQ"

const withPortal = `
public_url: https://login.example.com
data_dir: data
tenants:
  - id: shop
    number: 1000001
    acts_for: [other]
    redemption: confirm
    ip_mismatch: report
    refresh_url: https://example.com/sign-in
    refresh_urls: {"https://portal.example.com": "https://example.com/staff"}
    clients:
      - {kind: bluesnap, id: API_1@example.com, secret: {env: HASH}, capabilities: [principal], addresses: [192.0.2.1, "::ffff:192.0.2.2", "2001:db8::/32"]}
      - {id: SHOP, secret: {env: KEY}, addresses: [198.51.100.0/24]}
    destinations:
      cart: {}
      account: {hosts: ["https://account.example.com"]}
      portal: {hosts: ["https://portal.example.com"]}
      entrance: {contracts: {2121730: "4639321"}}
  - id: other
    number: "23424"
    destinations:
      portal: {hosts: ["https://portal.example.com"], default_ttl: 60, session_ttl: 10m, redemption: auto, ip_mismatch: refuse, ip_binding: net64}
`

func TestPortalsEntrancesAndUsersOfAnAPIAreDeclared(t *testing.T) {
	tenants, err := mustLoad(t, withPortal, "HASH="+hash, "KEY=k").Declared()
	if err != nil {
		t.Fatal(err)
	}
	shop, other := tenants[0], tenants[1]
	if shop.Number != "1000001" || other.Number != "23424" || !cmp.Equal(shop.ActsFor, []signon.TenantID{"other"}) {
		t.Errorf("got the numbers %q and %q, and %v to act for", shop.Number, other.Number, shop.ActsFor)
	}
	wantClients := []signon.Client{{
		Realm: "bluesnap", ID: "API_1@example.com", Tenant: "shop", Secrets: []signon.Secret{hash}, Capabilities: []signon.Capability{signon.CapPrincipal},
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32"), netip.MustParsePrefix("2001:db8::/32")},
	}, {
		Realm: "avangate", ID: "SHOP", Tenant: "shop", Secrets: []signon.Secret{"k"}, Algorithms: []string{"sha256", "sha3-256", "md5"},
		ProofSkew: 10 * time.Minute, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
	}}
	if diff := cmp.Diff(wantClients, shop.Clients, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	portal := signon.Destination{
		ID: "portal", Kind: signon.KindPortal, Origins: origins([]string{"https://portal.example.com"}), Paths: []string{"/jsp/developer_login.jsp"},
		TokenParam: "ref", DefaultTTL: 5 * time.Minute, MaxTTL: 5 * time.Minute, SessionTTL: 30 * time.Minute, AddrPolicy: signon.AddrExact,
		OnMismatch: signon.MismatchReport, Policy: signon.PolicyDirect, Requires: signon.CapPrincipal,
		Settings: map[string]string{"refresh_url": "https://example.com/sign-in", "refresh_url@portal.example.com": "https://example.com/staff"},
	}
	entrance := signon.Destination{
		ID: "entrance", Kind: signon.KindEntrance, Origins: origins([]string{"https://account.example.com"}), Paths: []string{"/jsp/entrance.jsp"},
		TokenParam: "token", DefaultTTL: 10 * time.Minute, MaxTTL: 24 * time.Hour, SessionTTL: time.Hour, AddrPolicy: signon.AddrExact,
		OnMismatch: signon.MismatchReport, Policy: signon.PolicyConfirm, Requires: signon.CapPrincipal,
		Settings: map[string]string{"refresh_url": "https://example.com/sign-in", "contract@2121730": "4639321"},
	}
	if diff := cmp.Diff([]signon.Destination{portal, entrance}, shop.Destinations[2:]); diff != "" {
		t.Errorf("destinations (-want +got):\n%s", diff)
	}
	portal.DefaultTTL, portal.SessionTTL, portal.Policy = time.Minute, 10*time.Minute, signon.PolicyAuto
	portal.AddrPolicy, portal.OnMismatch, portal.Settings = signon.AddrNet64, signon.MismatchRefuse, map[string]string{}
	if diff := cmp.Diff([]signon.Destination{portal}, other.Destinations); diff != "" {
		t.Errorf("the other tenant's destinations (-want +got):\n%s", diff)
	}
}

func TestAnEntranceWithoutAHostIsAtTheAccountElseAtTheCart(t *testing.T) {
	for destinations, want := range map[string]string{
		"{cart: {}, entrance: {}}":              "https://login.example.com",
		"{account: {}, entrance: {}}":           "https://login.example.com",
		"{cart: {}, account: {}, entrance: {}}": "https://login.example.com",
		`{cart: {hosts: ["https://c.example.com", "https://*.example.com"]}, entrance: {}}`:                                 "https://c.example.com",
		`{cart: {hosts: ["https://c.example.com"]}, account: {hosts: ["https://a.example.com"]}, entrance: {}}`:             "https://a.example.com",
		`{cart: {hosts: ["https://c.example.com", "https://*.example.com"]}, entrance: {hosts: ["https://d.example.com"]}}`: "https://d.example.com",
	} {
		c := mustLoad(t, "data_dir: d\npublic_url: https://login.example.com\ntenants: [{id: shop, destinations: "+destinations+"}]\n")
		got := c.Tenants[0].Destinations.Entrance.Hosts
		if len(got) == 0 || got[0] != want {
			t.Errorf("%s: got %v, want %s first", destinations, got, want)
		}
	}
}

func TestWhatIsNoHashOfAPasswordIsNamedWithItsPlaceAndNotPrinted(t *testing.T) {
	const canary = "canary-7f3a"
	text := strings.ReplaceAll(withPortal, "secret: {env: HASH}", "secret: {env: HASH}, previous_secret: {env: OLD}")
	for environ, want := range map[string]string{
		"HASH=" + canary: "latchkey.yaml:13:49: tenants[0].clients[0].secret is no Argon2id hash, as in $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY; `latchkey password` prints the hash of a password",
		"HASH=$argon2id$v=19$m=8,t=1,p=1$" + canary:         "is no Argon2id hash",
		"HASH=" + strings.Replace(hash, "19456", "4096", 1): "tenants[0].clients[0].secret is an Argon2id hash whose memory is not 7168 to 65536 KiB",
		"OLD=" + canary: "tenants[0].clients[0].previous_secret is no Argon2id hash",
	} {
		_, err := mustLoad(t, text, "HASH="+hash, "KEY=k", "OLD="+hash, environ).Declared()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Error("the error holds the secret")
		}
	}
	if err := password.Check(hash); err != nil {
		t.Fatal(err)
	}
}
