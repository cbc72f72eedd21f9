package operator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// shopWithCustomers declares a shop with a cart, and makes two customers.
func shopWithCustomers(t *testing.T) (w *world, ids [2]int64) {
	t.Helper()
	w = newWorld(t, "other")
	host, err := signon.ParseOrigin("https://shop.example")
	if err != nil {
		t.Fatal(err)
	}
	declared := []signon.Tenant{{ID: "other", Name: "Other"}, {
		ID: "shop", Name: "Shop", Destinations: []signon.Destination{{
			ID: "cart", Kind: signon.KindCart, Origins: []signon.Origin{host}, Paths: []string{"/buy"}, TokenParam: "t", QueryRequired: true,
			DefaultTTL: time.Minute, MaxTTL: time.Hour, SessionTTL: time.Hour, AddrPolicy: signon.AddrExact,
		}},
	}}
	if err := w.store.ApplyTenants(t.Context(), declared, &signon.Event{Type: signon.EventTenantsApplied}); err != nil {
		t.Fatal(err)
	}
	for i := range ids {
		id, err := w.dir.CreateCustomer(t.Context(), &directory.Customer{Tenant: "shop", ExternalRef: fmt.Sprint("ext", i), Billing: directory.Contact{
			FirstName: "Jo", LastName: "Kept", Address1: "1 Main Street", City: "Springfield", Zip: "62704", CountryCode: "us", Email: "jo@example.com",
		}}, directory.Act{})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	return w, ids
}

// grant stores a customer's grant as the core would.
func (w *world) grant(t *testing.T, n byte, customer int64) *signon.Grant {
	t.Helper()
	return w.grantFor(t, n, signon.SubjectCustomer, signon.SubjectRef(fmt.Sprint(customer)))
}

func (w *world) grantFor(t *testing.T, n byte, kind signon.SubjectKind, ref signon.SubjectRef) *signon.Grant {
	t.Helper()
	now := fixedClock{}.Now()
	g := &signon.Grant{
		Key: signon.ExpiryKey(now.Add(time.Minute)), Tenant: "shop", Client: "SHOP", Destination: "cart",
		Subject: ref, SubjectKind: kind, Target: "https://shop.example/buy?p=1",
		IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	g.Key[5] = n
	if err := w.store.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued, Tenant: "shop", Grant: g.Key.Reference(), SupportCode: "0000000000"}, nil); err != nil {
		t.Fatal(err)
	}
	return g
}

func (w *world) grants(t *testing.T, c *operator.Client, q operator.GrantQuery) (states []string) {
	t.Helper()
	if err := c.Grants(t.Context(), q, func(g *operator.Grant) { states = append(states, g.Subject+" "+g.State) }); err != nil {
		t.Fatal(err)
	}
	return states
}

func TestGrantsAreListedAndRevoked(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w, ids := shopWithCustomers(t)
			c := way(t, w.handler(w.store))
			first := w.grant(t, 1, ids[0])
			w.grant(t, 2, ids[0])
			w.grant(t, 3, ids[1])
			live := func(id int64) string { return fmt.Sprint(id, " live") }
			revoked := func(id int64) string { return fmt.Sprint(id, " revoked") }
			if diff := cmp.Diff([]string{live(ids[0]), live(ids[0]), live(ids[1])}, w.grants(t, c, operator.GrantQuery{})); diff != "" {
				t.Errorf("all (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{live(ids[1])}, w.grants(t, c, operator.GrantQuery{Tenant: "shop", Customer: "ext1"})); diff != "" {
				t.Errorf("of a customer (-want +got):\n%s", diff)
			}
			if got := w.grants(t, c, operator.GrantQuery{Until: fixedClock{}.Now().Add(-time.Nanosecond)}); len(got) != 0 {
				t.Errorf("issued before: got %v", got)
			}
			if got := w.grants(t, c, operator.GrantQuery{Limit: 2}); len(got) != 2 {
				t.Errorf("limited to 2: got %v", got)
			}
			done, err := c.Revoke(t.Context(), operator.RevokeRequest{Tenant: "shop", Reference: string(first.Key.Reference())})
			if err != nil || done.Ended != 1 || done.Tenant != "shop" {
				t.Fatalf("got %+v, %v", done, err)
			}
			if diff := cmp.Diff([]string{revoked(ids[0]), live(ids[0]), live(ids[1])}, w.grants(t, c, operator.GrantQuery{})); diff != "" {
				t.Errorf("after one was revoked (-want +got):\n%s", diff)
			}
			events := 0
			if err := c.Events(t.Context(), operator.EventQuery{SupportCode: done.SupportCode}, func(e *operator.Event) {
				if events++; e.Type != "grant.revoked" || e.Grant != string(first.Key.Reference()) {
					t.Errorf("recorded as %+v", e)
				}
			}); err != nil || events != 1 {
				t.Errorf("got %d events, %v, want one", events, err)
			}
			if done, err := c.Revoke(t.Context(), operator.RevokeRequest{Tenant: "shop", Client: "SHOP"}); err != nil || done.Ended != 2 {
				t.Errorf("the rest: got %+v, %v, want 2", done, err)
			}
		})
	}
}

// user stores a user of the shop who has the same number as somebody else.
func (w *world) user(t *testing.T, id int64, username string) *directory.User {
	t.Helper()
	u := &directory.User{Tenant: "shop", ID: id, Username: username, FirstName: "Una", LastName: "Works", Email: "una@example.com", PrivacyKey: signon.PrivacyKey{byte(id), 7}, Version: 1}
	if err := w.store.CreateUser(t.Context(), u, &signon.Event{Type: signon.EventUserCreated, Tenant: "shop"}, nil); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestGrantsOfAUserAreToldFromThoseOfACustomerWithTheSameNumber(t *testing.T) {
	w, ids := shopWithCustomers(t)
	w.user(t, ids[0], "una")
	w.grant(t, 1, ids[0])
	w.grantFor(t, 2, signon.SubjectUser, signon.SubjectRef(fmt.Sprint(ids[0])))
	c := inProcess(t, w.handler(w.store))
	for name, q := range map[string]operator.GrantQuery{
		"customer": {Tenant: "shop", Customer: fmt.Sprint(ids[0])}, "user": {Tenant: "shop", User: fmt.Sprint(ids[0])}, "user by name": {Tenant: "shop", User: "UNA"},
	} {
		var kinds []string
		if err := c.Grants(t.Context(), q, func(g *operator.Grant) { kinds = append(kinds, g.SubjectKind) }); err != nil || len(kinds) != 1 || !strings.HasPrefix(name, kinds[0]) {
			t.Errorf("of the %s: got %v, %v", name, kinds, err)
		}
	}
	if done, err := c.Revoke(t.Context(), operator.RevokeRequest{Tenant: "shop", User: "una"}); err != nil || done.Ended != 1 {
		t.Errorf("got %+v, %v, want one ended", done, err)
	}
	if diff := cmp.Diff([]string{fmt.Sprint(ids[0], " live")}, w.grants(t, c, operator.GrantQuery{State: "live"})); diff != "" {
		t.Errorf("left live (-want +got):\n%s", diff)
	}
	for want, q := range map[string]operator.GrantQuery{
		`tenant shop has no user "nobody"`: {Tenant: "shop", User: "nobody"}, "name a customer, a user or a member: one of them": {Tenant: "shop", User: "una", Customer: "ext0"},
	} {
		if err := c.Grants(t.Context(), q, nil); text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
}

func TestRevokingNeedsToKnowWhat(t *testing.T) {
	w, _ := shopWithCustomers(t)
	c := inProcess(t, w.handler(w.store))
	for want, req := range map[string]operator.RevokeRequest{
		"name a reference, a customer, a user, a member, an app or a client: exactly one of them": {Tenant: "shop", User: "A", Customer: "B"},
		"which tenant? declared are other, shop":                                                  {Client: "A"},
		`tenant shop has no customer "nobody"`:                                                    {Tenant: "shop", Customer: "nobody"},
		"reference must be 24 hexadecimal digits":                                                 {Tenant: "shop", Reference: "0123"},
	} {
		if _, err := c.Revoke(t.Context(), req); text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
}

func TestAURLIsJudgedAtEachDestination(t *testing.T) {
	w, _ := shopWithCustomers(t)
	c := inProcess(t, w.handler(w.store))
	for url, rule := range map[string]string{
		"https://shop.example/buy?p=1": "", "https://SHOP.example:443/buy?p=1#x": "", "https://shop.example/buy": "must have a query that says what it links to",
		"https://shop.example:8443/buy?p=1": "must be on a registered host and port", "": "must be given",
	} {
		got, err := c.CheckURL(t.Context(), operator.URLQuery{URL: url})
		want := []operator.URLVerdict{{Tenant: "shop", Destination: "cart", Accepted: rule == "", Rule: rule}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: error %v (-want +got):\n%s", url, err, diff)
		}
	}
	for want, q := range map[string]operator.URLQuery{
		"no such destination is declared": {Tenant: "other"}, `tenant "none" is not declared; declared are other, shop`: {Tenant: "none"},
	} {
		if _, err := c.CheckURL(t.Context(), q); text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
}

func TestAnExplanationOpensWhatIsKnownOfThePerson(t *testing.T) {
	w, ids := shopWithCustomers(t)
	keyOf := func(id int64) signon.PrivacyKey {
		c, err := w.dir.CustomerByID(t.Context(), "shop", id)
		if err != nil {
			t.Fatal(err)
		}
		return c.PrivacyKey
	}
	record := func(grant signon.Reference, key signon.PrivacyKey, subject int64) {
		if err := w.store.AppendEvent(t.Context(), &signon.Event{
			Type: signon.EventRedeemRefused, Tenant: "shop", Client: "SHOP", Destination: "cart", Grant: grant, Reason: signon.ReasonUsed, SupportCode: "1234567890",
			Note:     "expected not used before; received used at noon",
			Personal: signon.SealPersonal(key, signon.Personal{Subject: signon.SubjectRef(fmt.Sprint(subject)), Addr: "192.0.2.1"}),
		}); err != nil {
			t.Fatal(err)
		}
	}
	record(w.grant(t, 1, ids[0]).Key.Reference(), keyOf(ids[0]), ids[0])
	record("0123456789abcdef01234567", keyOf(ids[1]), ids[1]) // its grant is gone
	una := w.user(t, 77, "una")
	record("0123456789abcdef01234567", una.PrivacyKey, una.ID)
	record("0123456789abcdef01234567", signon.PrivacyKey{9}, 9)
	c := inProcess(t, w.handler(w.store))
	got, err := c.Explain(t.Context(), "1234-567890")
	if err != nil || len(got.Events) != 4 || !got.Retold || got.Standalone || len(got.Decisions) != 4 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, want := range []operator.Person{
		{Subject: fmt.Sprint(ids[0]), Address: "192.0.2.1"},
		{Subject: fmt.Sprint(ids[1]), Address: "192.0.2.1"},
		{Subject: "77", Address: "192.0.2.1"},
		{Erased: true},
	} {
		if got.Events[i].Person == nil || *got.Events[i].Person != want {
			t.Errorf("event %d: got %+v, want %+v", i, got.Events[i].Person, want)
		}
	}
	if d := got.Decisions[0]; d.Failed != "first use" || d.Expected != "not used before" || d.Received != "used at noon" || d.Allowed {
		t.Errorf("decided: got %+v", d)
	}
	if strings.Contains(w.log.String(), "192.0.2.1") || strings.Contains(w.log.String(), fmt.Sprint(ids[0])) {
		t.Errorf("the log tells of the person: %s", w.log)
	}
	if _, err := c.Explain(t.Context(), "0000000001"); text(err) != "nothing is known of support code 0000000001: no decision in memory and no audit event has it" {
		t.Errorf("unknown: got %v", err)
	}
}
