package storetest

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// declared returns two tenants with every field set that has one.
func declared() []signon.Tenant {
	return []signon.Tenant{
		{
			ID: shop, Name: "A Shop & Co", Number: "1000001", ActsFor: []signon.TenantID{"a-shop", "another"}, Language: "de", SupportURL: "https://shop.example.com/help", SupportEmail: "help@example.com",
			Brand:  signon.Brand{Logo: []byte("<svg>\x00\xff"), LogoDark: []byte("dark"), Accent: "#0a7d4f", AccentDark: "#4cc38a"},
			Limits: signon.TenantLimits{LiveGrants: 100_000, LinksPerSubject: 50},
			Hosts:  []string{"api.example.com", "localhost:8080"}, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
			Issuers: []signon.Issuer{
				{URL: "https://api.example.com/oauth2", Own: true, Clients: []string{"app", "b"}, Scopes: []string{"sso/generate", "sso/all"}},
				{URL: "https://issuer.example.com/pool", KeysURL: "https://keys.example.com/jwks.json", Audience: "latchkey"},
			},
			Clients: []signon.Client{
				{
					Realm: "avangate", ID: "SHOP", Tenant: shop, Name: "back end", Secrets: []signon.Secret{"new", "old \x00 and odd"},
					Algorithms: []string{"md5", "sha3-256"}, ProofSkew: 5*time.Minute + 1,
					Capabilities: []signon.Capability{signon.CapPrincipal, "odd \x00"},
					Networks:     []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::7/128")},
					Bearers:      []string{"app", "another"}, Scopes: []string{"sso/generate"}, IssuesFor: []string{"01", "03"}, Is: []string{"01"},
				},
				{Realm: "avangate", ID: "A_SHOP", Tenant: shop, Secrets: []signon.Secret{""}},
			},
			Destinations: []signon.Destination{
				{
					ID: "cart", Kind: signon.KindCart, Origins: []signon.Origin{
						{Scheme: "https", Host: "store.example.com", Port: 443}, {Scheme: "http", Host: "*.test.example.com", Port: 8080},
					},
					Paths: []string{"/order/*", "/x"}, UnsupportedPaths: []string{"/y"}, UnsupportedHosts: []string{"old.example.com"}, QueryRequired: true,
					TokenParam: "logintoken", DefaultTTL: 10 * time.Second, MaxTTL: time.Hour, SessionTTL: 30 * time.Minute, IdleTTL: 5 * time.Minute, AddrPolicy: signon.AddrNet64,
					OnMismatch: signon.MismatchReport, Policy: signon.PolicyConfirm, Requires: signon.CapPrincipal, Reusable: true,
					Settings: map[string]string{"a_page": "https://pay.example.com/?a=b", "odd \x00": ""},
				},
				{ID: "account", Kind: signon.KindAccount, AddrPolicy: signon.AddrExact},
			},
		},
		{ID: "a-shop", Name: "Another"},
	}
}

// unset returns the fields of a struct, and of those in it, that have no value.
func unset(path string, v reflect.Value) (names []string) {
	for i := range v.NumField() {
		name, field := path+"."+v.Type().Field(i).Name, v.Field(i)
		if field.IsZero() {
			names = append(names, name)
		} else if field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[time.Time]() {
			names = append(names, unset(name, field)...)
		}
	}
	return names
}

// both returns an issuer with what either of the two has.
func both(issuers []signon.Issuer) signon.Issuer {
	all := issuers[0]
	all.KeysURL, all.Audience = issuers[1].KeysURL, issuers[1].Audience
	return all
}

var tenantPromises = []promise{
	{"EveryFieldIsTried", func(t *testing.T, _ *bench) {
		tenant := declared()[0]
		var missing []string
		for _, v := range []any{tenant, tenant.Clients[0], tenant.Destinations[0], both(tenant.Issuers)} {
			missing = append(missing, unset(reflect.TypeOf(v).Name(), reflect.ValueOf(v))...)
		}
		if len(missing) > 0 {
			t.Errorf("no value for %v: whether a store keeps them is not tried", missing)
		}
	}},
	{"TenantsReadBackAsApplied", func(t *testing.T, b *bench) {
		want := declared()
		b.apply(t, want)
		want[0], want[1] = want[1], want[0] // by ID
		same(t, "tenants", b.tenants(t), want)
		b.Store = b.Reopen(t)
		same(t, "tenants after a restart", b.tenants(t), want)
		same(t, "events", b.events(t), []signon.EventType{signon.EventTenantsApplied})
	}},
	{"ApplyReplacesAllOthers", func(t *testing.T, b *bench) {
		b.apply(t, declared())
		next := declared()[:1]
		next[0].Clients = next[0].Clients[1:]
		next[0].Destinations[0].Origins = nil
		b.apply(t, next)
		same(t, "tenants", b.tenants(t), next)
		b.apply(t, nil)
		same(t, "tenants", b.tenants(t), []signon.Tenant{})
	}},
	{"PeopleAndGrantsOfATenantStay", func(t *testing.T, b *bench) {
		b.apply(t, declared())
		g, c := b.issue(t), b.create(t, customer(1))
		b.apply(t, nil)
		same(t, "grant", b.grant(t, g.Key), *g)
		same(t, "customer", b.customer(t, c.ID), c)
	}},
	{"NothingAppliedMeansNoTenants", func(t *testing.T, b *bench) {
		same(t, "tenants", b.tenants(t), []signon.Tenant{})
	}},
}

func (b *bench) apply(t *testing.T, tenants []signon.Tenant) {
	t.Helper()
	if err := b.Store.ApplyTenants(b.ctx, tenants, event(signon.EventTenantsApplied)); err != nil {
		t.Fatalf("apply tenants: %v", err)
	}
}

func (b *bench) tenants(t *testing.T) []signon.Tenant {
	t.Helper()
	tenants, err := b.Store.Tenants(b.ctx)
	if err != nil {
		t.Fatalf("read tenants: %v", err)
	}
	return tenants
}
