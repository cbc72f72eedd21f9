package config

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const withApps = `
public_url: https://login.example.com:8443
data_dir: data
tenants:
  - id: group
    domains: [api.example.com, "lob.example.com:8443", "login.example.com:8443"]
    networks: [192.0.2.0/24, "2001:db8::1"]
    return_code_as_string: true
    issuers:
      - {kind: own, clients: [group-app], scopes: [sso/generate]}
      - {url: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example", clients: [4example], scopes: [sso/generate, sso/all]}
      - {kind: oidc, url: "https://login.example.net/", keys_url: "https://keys.example.net/k.json", audience: "https://api.example.com", clients: [other]}
    clients:
      - {kind: lob, id: 1RrLMyLrZGA=, name: Group app, bearers: [group-app, 4example], issues_for: ["01", "03"], is: ["01"]}
      - {kind: oauth, id: group-app, secret: {env: S}, previous_secret: {env: P}, scopes: [sso/generate]}
    destinations:
      apps:
        - {id: "01", name: Funds, description: Mutual funds, page: {client: 1RrLMyLrZGA=, bearer: group-app}}
        - {id: "03", algorithm: ES256, lifetime: 900, reuse: true}
`

func TestLinesOfBusinessAreDeclared(t *testing.T) {
	tenants, err := mustLoad(t, withApps, "S=s", "P=p").Declared()
	if err != nil {
		t.Fatal(err)
	}
	want := []signon.Tenant{{
		ID: "group", Name: "group", Language: "en", Limits: signon.TenantLimits{LiveGrants: 100_000, LinksPerSubject: 50},
		Hosts:    []string{"api.example.com", "lob.example.com:8443", "login.example.com:8443"},
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128")},
		Issuers: []signon.Issuer{
			{URL: "https://login.example.com:8443/oauth2", Own: true, Clients: []string{"group-app"}, Scopes: []string{"sso/generate"}},
			{
				URL:     "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example",
				KeysURL: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example/.well-known/jwks.json",
				Clients: []string{"4example"}, Scopes: []string{"sso/generate", "sso/all"},
			},
			{URL: "https://login.example.net/", KeysURL: "https://keys.example.net/k.json", Audience: "https://api.example.com", Clients: []string{"other"}},
		},
		Clients: []signon.Client{
			{Realm: "lob", ID: "1RrLMyLrZGA=", Tenant: "group", Name: "Group app", Bearers: []string{"group-app", "4example"}, IssuesFor: []string{"01", "03"}, Is: []string{"01"}},
			{Realm: "oauth", ID: "group-app", Tenant: "group", Secrets: []signon.Secret{"s", "p"}, Scopes: []string{"sso/generate"}},
		},
		Destinations: []signon.Destination{{
			ID: "01", Kind: signon.KindApp, DefaultTTL: time.Hour, MaxTTL: time.Hour,
			Settings: map[string]string{
				"name": "Funds", "description": "Mutual funds", "algorithm": "HS256", "return_code_as_string": "true",
				"page_client": "1RrLMyLrZGA=", "page_bearer": "group-app", "page_api": "https://login.example.com:8443",
			},
		}, {
			ID: "03", Kind: signon.KindApp, DefaultTTL: 15 * time.Minute, MaxTTL: 15 * time.Minute, Reusable: true,
			Settings: map[string]string{"name": "03", "algorithm": "ES256", "return_code_as_string": "true"},
		}},
	}}
	if diff := cmp.Diff(want, tenants, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("declared tenants (-want +got):\n%s", diff)
	}
}

func TestWithoutDomainsLinesOfBusinessCallThePublicURL(t *testing.T) {
	text := "data_dir: d\npublic_url: https://Login.example.com:443\ntenants: [{id: group, destinations: {apps: [{id: \"01\"}]}}, {id: shop}]\n"
	c := mustLoad(t, text)
	if got := c.Tenants[0].Domains; !cmp.Equal(got, []string{"login.example.com"}) {
		t.Errorf("got domains %v", got)
	}
	if got := c.Tenants[1].Domains; got != nil {
		t.Errorf("a tenant without lines of business has the domains %v", got)
	}
}
