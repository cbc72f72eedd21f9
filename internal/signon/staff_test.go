package signon_test

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// staffWorld is a world with the real directory and users: shop acts for other but
// not for apart, and all three have their portal at one host.
type staffWorld struct {
	*world
	directory *directory.Service
}

const portalHost = "portal.example"

func staffTenants() []signon.Tenant {
	ts := tenants()
	ts = append(ts, signon.Tenant{ID: "apart"})
	for i, number := range []string{"1000001", "23424", "99999"} {
		ts[i].Number = number
		ts[i].Destinations = append(ts[i].Destinations, signon.Destination{
			ID: "portal", Kind: signon.KindPortal, Origins: []signon.Origin{origin("https://" + portalHost)}, Paths: []string{"/login"}, TokenParam: "ref",
			DefaultTTL: 5 * time.Minute, MaxTTL: 5 * time.Minute, SessionTTL: 30 * time.Minute, AddrPolicy: signon.AddrExact,
			Policy: signon.PolicyDirect, Requires: signon.CapPrincipal,
		})
		ts[i].Clients = append(ts[i].Clients, signon.Client{
			Realm: "api", ID: string(ts[i].ID), Secrets: []signon.Secret{"s"}, Capabilities: []signon.Capability{signon.CapPrincipal},
		})
	}
	ts[0].ActsFor = []signon.TenantID{"other"}
	ts[0].Clients = append(ts[0].Clients, signon.Client{Realm: "api", ID: "weak", Secrets: []signon.Secret{"s"}})
	ts[0].Destinations = append(ts[0].Destinations, signon.Destination{
		ID: "entrance", Kind: signon.KindEntrance, Origins: []signon.Origin{origin("https://shop.example")}, Paths: []string{"/in"}, TokenParam: "token",
		DefaultTTL: 10 * time.Minute, MaxTTL: 24 * time.Hour, SessionTTL: time.Minute, AddrPolicy: signon.AddrExact,
		Policy: signon.PolicyDirect, Requires: signon.CapPrincipal,
	})
	return ts
}

func newStaffWorld(t *testing.T) *staffWorld {
	t.Helper()
	w := &staffWorld{world: newWorld(t)}
	w.directory = directory.New(w.store, w.clock)
	w.Service = signon.New(signon.Options{
		Store: w.store, Keys: w.keys, People: w.directory, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(),
	})
	if err := w.Apply(t.Context(), staffTenants()); err != nil {
		t.Fatal(err)
	}
	w.hire(1)
	w.hire(2)
	b := &directory.Batch{Customers: []*directory.Customer{{Tenant: "shop", ID: 1, PrivacyKey: signon.PrivacyKey{7}}}}
	if err := w.store.Import(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	return w
}

// hire makes a user of that number in every tenant.
func (w *staffWorld) hire(id int64) {
	w.t.Helper()
	b := &directory.Batch{}
	for _, t := range []signon.TenantID{"shop", "other", "apart"} {
		b.Users = append(b.Users, &directory.User{Tenant: t, ID: id, Username: "u" + string(rune('0'+id)), PrivacyKey: signon.PrivacyKey{byte(id), t[0]}})
	}
	if err := w.store.Import(w.t.Context(), b, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *staffWorld) api(id string) *signon.Client {
	w.t.Helper()
	c, ok := w.Registry().Client("api", id)
	if !ok {
		w.t.Fatalf("no client %s", id)
	}
	return c
}

// asks returns shop's request for a link of a user of the tenant.
func (w *staffWorld) asks(tenant signon.TenantID) *signon.IssueRequest {
	return &signon.IssueRequest{
		Client: w.api("shop"), Tenant: tenant, Destination: w.dest(tenant, signon.KindPortal), Kind: signon.SubjectUser, Subject: "1",
		Target: "https://" + portalHost + "/login", Bind: home, SupportCode: "ISSUE",
	}
}

func (w *staffWorld) link(req *signon.IssueRequest) *signon.Issued {
	w.t.Helper()
	issued, err := w.Issue(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("Issue: %v", err)
	}
	return issued
}

// enter redeems a token at the tenant's portal.
func (w *staffWorld) enter(tenant signon.TenantID, token string, browser byte) (*signon.SignOn, error) {
	return w.Redeem(w.t.Context(), &signon.RedeemRequest{
		Tenant: tenant, Destination: w.dest(tenant, signon.KindPortal), Token: token, Binding: signon.Binding{browser}, Addr: home, SupportCode: "REDEEM",
	})
}

func wantCode(t *testing.T, what string, err error, code signon.Code, reason signon.Reason) {
	t.Helper()
	if e := signon.AsError(err); e == nil || e.Code != code || e.Reason != reason {
		t.Errorf("%s: got %v, want %s because of %q", what, err, code, reason)
	}
}
