package signon_test

import (
	"net/netip"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// withBearers applies a shop with the client "A" of bearer "b", which may call from
// home alone, and another's client "B" of the same bearer.
func (w *world) withBearers() *world {
	w.t.Helper()
	all := tenants()
	all[0].Clients = append(all[0].Clients, signon.Client{Realm: "r", ID: "A", Bearers: []string{"b", "c"}, Networks: []netip.Prefix{netip.PrefixFrom(home, 32)}})
	all[1].Clients = append(all[1].Clients, signon.Client{Realm: "r", ID: "B", Bearers: []string{"b"}})
	if err := w.Apply(w.t.Context(), all); err != nil {
		w.t.Fatal(err)
	}
	return w
}

// refusedClients counts the events that say that a client was refused.
func (w *world) refusedClients() (n int) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == signon.EventClientRefused {
			n++
		}
	}
	return n
}

func TestABearerStandsForItsClients(t *testing.T) {
	w := newWorld(t).withBearers()
	listed := signon.Issuer{Clients: []string{"b"}, Scopes: []string{"s1", "s2"}}
	claim := func(change func(*signon.BearerClaim)) signon.BearerClaim {
		c := signon.BearerClaim{Realm: "r", ID: "A", Tenant: "shop", Issuer: &listed, Bearer: "b", Scopes: []string{"x", "s2"}, Caller: home, SupportCode: "CLAIM"}
		change(&c)
		return c
	}
	for _, c := range []struct {
		name    string
		change  func(*signon.BearerClaim)
		reason  signon.Reason
		audited bool // a client that exists was refused
	}{
		{"as it is", func(*signon.BearerClaim) {}, "", false},
		{"of an issuer that lists nothing", func(c *signon.BearerClaim) { c.Issuer, c.Bearer, c.Scopes = &signon.Issuer{}, "c", nil }, "", false},
		{"not listed", func(c *signon.BearerClaim) { c.Bearer = "c" }, signon.ReasonUnknownID, true},
		{"nobody, not listed", func(c *signon.BearerClaim) { c.Bearer, c.ID = "c", "" }, signon.ReasonUnknownID, false},
		{"another scope", func(c *signon.BearerClaim) { c.Scopes = []string{"s", "s1 s2"} }, signon.ReasonCapability, true},
		{"no scope", func(c *signon.BearerClaim) { c.Scopes = nil }, signon.ReasonCapability, true},
		{"an unknown client", func(c *signon.BearerClaim) { c.ID = "a" }, signon.ReasonUnknownID, false},
		{"a client of another realm", func(c *signon.BearerClaim) { c.Realm = "q" }, signon.ReasonUnknownID, false},
		{"another tenant's client", func(c *signon.BearerClaim) { c.ID = "B" }, signon.ReasonUnknownID, false},
		{"another client's bearer", func(c *signon.BearerClaim) { c.Issuer, c.Bearer = &signon.Issuer{}, "d" }, signon.ReasonBadProof, true},
		{"a client with a secret", func(c *signon.BearerClaim) { c.ID = "SHOP" }, signon.ReasonBadProof, true},
		{"from elsewhere", func(c *signon.BearerClaim) { c.Caller = abroad }, signon.ReasonCaller, true},
	} {
		before := w.refusedClients()
		client, err := w.AuthenticateBearer(claim(c.change))
		w.Finish()
		if c.reason == "" {
			if err != nil || client == nil || client.ID != "A" {
				t.Errorf("%s: got %v, %v", c.name, client, err)
			}
		} else if wantCode(t, c.name, err, signon.CodeForbidden, c.reason); client != nil {
			t.Errorf("%s: got a client with the error", c.name)
		}
		if got := w.refusedClients() > before; got != c.audited {
			t.Errorf("%s: audited %v, want %v", c.name, got, c.audited)
		}
		traces := w.Traces("CLAIM")
		if last := traces[len(traces)-1]; last.Reason != c.reason || last.Tenant != "shop" || c.reason != "" && (last.Expected == "" || last.Failed == "") {
			t.Errorf("%s: traced as %+v", c.name, last)
		}
	}
	client, err := w.AuthenticateBearer(claim(func(c *signon.BearerClaim) { c.ID = "" }))
	if client != nil || err != nil {
		t.Errorf("nobody: got %v, %v, want neither", client, err)
	}
}

// TestAClientOfABearerIsOneIssuers: bearers are named without their issuer, so that
// one issuer's client must not be able to have the id of another's.
func TestAClientOfABearerIsOneIssuers(t *testing.T) {
	for name, c := range map[string]struct {
		issuers []signon.Issuer
		good    bool
	}{
		"one, of all its clients":     {[]signon.Issuer{{URL: "one"}}, true},
		"each has its own":            {[]signon.Issuer{{URL: "one", Clients: []string{"a", "b", "a"}}, {URL: "two", Clients: []string{"c"}}}, true},
		"one of them has none listed": {[]signon.Issuer{{URL: "one", Clients: []string{"a"}}, {URL: "two"}}, false},
		"two have the same":           {[]signon.Issuer{{URL: "one", Clients: []string{"a", "b"}}, {URL: "two", Clients: []string{"c", "b"}}}, false},
	} {
		all := tenants()
		all[0].Issuers = c.issuers
		if _, err := signon.NewRegistry(all); (err == nil) != c.good {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
