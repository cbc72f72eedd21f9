package signon_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestAClientActsForItsOwnTenantAndForThoseItIsLinkedTo(t *testing.T) {
	w := newStaffWorld(t)
	for _, c := range []struct {
		client, number string
		want           signon.TenantID
		reason         signon.Reason
	}{
		{"shop", "", "shop", ""},
		{"shop", "1000001", "shop", ""},
		{"shop", "23424", "other", ""},
		{"shop", "99999", "", signon.ReasonNotLinked},
		{"shop", "5", "", signon.ReasonNotLinked},
		{"shop", "other", "", signon.ReasonNotLinked},
		{"shop", "023424", "", signon.ReasonNotLinked},
		{"shop", " 23424", "", signon.ReasonNotLinked},
		{"weak", "", "", signon.ReasonCapability},
		{"weak", "1000001", "", signon.ReasonCapability},
		{"weak", "23424", "", signon.ReasonCapability},
		{"other", "", "other", ""},
		{"other", "1000001", "", signon.ReasonNotLinked}, // a link is no two-way street
	} {
		actor, err := w.Registry().Actor(w.api(c.client), signon.CapPrincipal, c.number)
		switch {
		case c.reason != "":
			wantCode(t, c.client+" for "+c.number, err, signon.CodeForbidden, c.reason)
			if actor != nil {
				t.Errorf("%s for %q: got a tenant with the error", c.client, c.number)
			}
		case err != nil || actor.ID != c.want:
			t.Errorf("%s for %q: got %v, %v, want %s", c.client, c.number, actor, err, c.want)
		}
	}
}

func TestATenantThatIsNotLinkedIsRefusedAsOneThatDoesNotExist(t *testing.T) {
	w := newStaffWorld(t)
	refused := func(number string) signon.Error {
		_, err := w.Registry().Actor(w.api("shop"), signon.CapPrincipal, number)
		e := *signon.AsError(err)
		e.Received = "" // what came
		return e
	}
	if refused("99999") != refused("5") {
		t.Errorf("got %+v and %+v", refused("99999"), refused("5"))
	}
}

func TestIssueKeepsToWhomAClientMayActFor(t *testing.T) {
	w := newStaffWorld(t)
	cartOf := func(r *signon.IssueRequest, tenant signon.TenantID) {
		r.Tenant, r.Destination, r.Target = tenant, w.dest(tenant, signon.KindCart), "https://"+string(tenant)+".example/buy"
		r.Kind = signon.SubjectCustomer
	}
	for name, c := range map[string]struct {
		change func(*signon.IssueRequest)
		code   signon.Code
		reason signon.Reason
	}{
		"not linked":             {func(r *signon.IssueRequest) { *r = *w.asks("apart") }, signon.CodeForbidden, signon.ReasonNotLinked},
		"of no tenant":           {func(r *signon.IssueRequest) { r.Tenant = "nobody" }, signon.CodeForbidden, signon.ReasonNotLinked},
		"linked the other way":   {func(r *signon.IssueRequest) { *r = *w.asks("shop"); r.Client = w.api("other") }, signon.CodeForbidden, signon.ReasonNotLinked},
		"without capability":     {func(r *signon.IssueRequest) { r.Client = w.api("weak") }, signon.CodeForbidden, signon.ReasonCapability},
		"at home without it":     {func(r *signon.IssueRequest) { *r = *w.asks("shop"); r.Client = w.api("weak") }, signon.CodeForbidden, signon.ReasonCapability},
		"where nothing is asked": {func(r *signon.IssueRequest) { cartOf(r, "other") }, signon.CodeForbidden, signon.ReasonNotLinked},
		"user in a cart":         {func(r *signon.IssueRequest) { cartOf(r, "shop"); r.Kind = signon.SubjectUser }, signon.CodeSubjectUnknown, signon.ReasonSubject},
		"customer in a portal":   {func(r *signon.IssueRequest) { *r = *w.asks("shop"); r.Kind = signon.SubjectCustomer }, signon.CodeSubjectUnknown, signon.ReasonSubject},
		"unknown user":           {func(r *signon.IssueRequest) { r.Subject = "9" }, signon.CodeSubjectUnknown, signon.ReasonSubject},
	} {
		req := w.asks("other")
		c.change(req)
		_, err := w.Issue(t.Context(), req)
		wantCode(t, name, err, c.code, c.reason)
		if e := w.lastEvent(); e.Type != signon.EventIssueRefused || e.Reason != c.reason {
			t.Errorf("%s: recorded as %s, %s", name, e.Type, e.Reason)
		}
	}
	for _, tenant := range []signon.TenantID{"shop", "other", ""} {
		req := w.asks("shop")
		if tenant != "" {
			req = w.asks(tenant)
		}
		req.Tenant = tenant
		want := tenant
		if want == "" {
			want = "shop"
		}
		if g := w.link(req).Grant; g.Tenant != want || g.Client != "shop" {
			t.Errorf("for %q: got a grant of %s by %s", tenant, g.Tenant, g.Client)
		}
	}
	w.api("shop")
	issued := 0
	for _, e := range w.events() {
		if e.Type == signon.EventIssued {
			issued++
		}
	}
	if issued != 3 {
		t.Errorf("%d links were issued, want 3", issued)
	}
}

func TestARegistryNamesWhatIsWrongWithLinksAndNetworks(t *testing.T) {
	networks := func(texts ...string) func([]signon.Tenant) {
		return func(ts []signon.Tenant) {
			for _, text := range texts {
				ts[0].Clients[0].Networks = append(ts[0].Clients[0].Networks, netip.MustParsePrefix(text))
			}
		}
	}
	for name, c := range map[string]struct {
		spoil func([]signon.Tenant)
		want  string // empty: nothing is wrong
	}{
		"as it is":              {func([]signon.Tenant) {}, ""},
		"for nobody":            {func(ts []signon.Tenant) { ts[0].ActsFor = []signon.TenantID{"nobody"} }, `can't act for "nobody"`},
		"for itself":            {func(ts []signon.Tenant) { ts[0].ActsFor = []signon.TenantID{"shop"} }, `can't act for "shop"`},
		"for one of no number":  {func(ts []signon.Tenant) { ts[1].Number = "" }, `can't act for "other"`},
		"a number twice":        {func(ts []signon.Tenant) { ts[1].Number = "99999" }, `that of tenant "other"`},
		"a number with letters": {func(ts []signon.Tenant) { ts[1].Number = "23424a" }, "digits only"},
		"networks":              {networks("192.0.2.0/24", "2001:db8::/32", "192.0.2.7/32", "0.0.0.0/0"), ""},
		"a network's host":      {networks("192.0.2.0/24", "192.0.2.7/24"), "192.0.2.7/24 is no network"},
		"IPv4 as IPv6":          {networks("::ffff:192.0.2.0/120"), "is no network"},
		"no prefix":             {func(ts []signon.Tenant) { ts[0].Clients[0].Networks = make([]netip.Prefix, 1) }, "is no network"},
		"a wild portal": {func(ts []signon.Tenant) {
			d := &ts[0].Destinations[2]
			d.Origins = append(d.Origins, origin("https://*.portal.example"))
		}, "must not have a wildcard"},
		"two portals of one tenant": {func(ts []signon.Tenant) {
			second := ts[0].Destinations[2]
			second.ID = "second"
			ts[0].Destinations = append(ts[0].Destinations, second)
		}, `registered already for its destination "portal"`},
		"a cart of two tenants": {func(ts []signon.Tenant) { ts[1].Destinations[0].Origins = ts[0].Destinations[0].Origins }, `for a cart of tenant "shop"`},
	} {
		ts := staffTenants()
		c.spoil(ts)
		_, err := signon.NewRegistry(ts)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// inNetworks lets the client call from there alone.
func (w *staffWorld) inNetworks(texts ...string) {
	w.t.Helper()
	ts := staffTenants()
	for i := range ts[0].Clients {
		for _, text := range texts {
			ts[0].Clients[i].Networks = append(ts[0].Clients[i].Networks, netip.MustParsePrefix(text))
		}
	}
	if err := w.Apply(w.t.Context(), ts); err != nil {
		w.t.Fatal(err)
	}
}

// proving is a claim to be shop's client, from that address.
func proving(from netip.Addr, verdicts ...signon.Reason) signon.Claim {
	return signon.Claim{Realm: "api", ID: "shop", Caller: from, SupportCode: "AUTH", Verify: func(*signon.Client, string) signon.Reason {
		verdict := verdicts[0]
		if len(verdicts) > 1 {
			verdicts = verdicts[1:]
		}
		return verdict
	}}
}

func TestAClientCallsFromItsNetworksOnly(t *testing.T) {
	w := newStaffWorld(t)
	w.inNetworks("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/48")
	for text, admitted := range map[string]bool{
		"192.0.2.0": true, "192.0.2.255": true, "192.0.3.0": false, "198.51.100.7": true, "198.51.100.8": false,
		"::ffff:192.0.2.9": true, "::ffff:192.0.3.9": false, "::192.0.2.9": false,
		"2001:db8:0:5::1": true, "2001:db8:0:5::1%eth0": true, "2001:db8:1::1": false, "2001:db8:1::1%eth0": false, "": false,
	} {
		from, _ := netip.ParseAddr(text)
		c, err := w.Authenticate(proving(from, ""))
		id := w.StartAPISession(w.api("shop"), "s")
		sessions, inSession := w.APISession(signon.APISessionRequest{Realm: "api", ID: id.Reveal(), Caller: from, SupportCode: "SESSION"})
		if admitted {
			if err != nil || c.ID != "shop" || inSession != nil || sessions.ID != "shop" {
				t.Errorf("from %s: got %v and %v", text, err, inSession)
			}
			continue
		}
		wantCode(t, "from "+text, err, signon.CodeForbidden, signon.ReasonCaller)
		wantCode(t, "with a session from "+text, inSession, signon.CodeForbidden, signon.ReasonCaller)
		if c != nil || sessions != nil {
			t.Errorf("from %s: got a client with the error", text)
		}
	}
	if len(w.failures.count) != 0 {
		t.Errorf("who proved itself counts as a failure: %v", w.failures.count)
	}
}

func TestAClientThatCallsFromElsewhereIsRecorded(t *testing.T) {
	w := newStaffWorld(t)
	w.inNetworks("192.0.2.0/24")
	if _, err := w.Authenticate(proving(abroad, signon.ReasonBadProof)); signon.AsError(err).Code != signon.CodeUnauthenticated {
		t.Errorf("a wrong proof from elsewhere: got %v, want it unauthenticated", err)
	}
	_, _ = w.Authenticate(proving(abroad, ""))
	w.Finish()
	e := w.lastEvent()
	if e.Type != signon.EventClientRefused || e.Reason != signon.ReasonCaller || e.Client != "shop" || e.Tenant != "shop" || e.Caller != abroad.String() ||
		e.Note != "expected a call from 192.0.2.0/24; received 198.51.100.9" {
		t.Errorf("recorded as %+v", e)
	}
	trace := w.Traces("AUTH")[1]
	if trace.Failed != signon.CheckCaller || trace.Client != "shop" || trace.Tenant != "shop" {
		t.Errorf("traced as %+v", trace)
	}
}

func TestAProofThatCouldNotBeJudgedIsNoFailure(t *testing.T) {
	w := newStaffWorld(t)
	w.failures.most = 1
	for name, c := range map[string]struct {
		id       string
		verdicts []signon.Reason
	}{
		"known": {"shop", []signon.Reason{signon.ReasonLimit}}, "unknown": {"nobody", []signon.Reason{signon.ReasonLimit}},
		"the second secret": {"shop", []signon.Reason{signon.ReasonBadProof, signon.ReasonLimit}},
	} {
		ts := staffTenants()
		if len(c.verdicts) > 1 {
			ts[0].Clients[1].Secrets = append(ts[0].Clients[1].Secrets, "older")
		}
		if err := w.Apply(t.Context(), ts); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			claim := proving(home, c.verdicts...)
			claim.ID = c.id
			client, err := w.Authenticate(claim)
			wantCode(t, name, err, signon.CodeLimit, signon.ReasonLimit)
			if client != nil || signon.AsError(err).RetryAfter <= 0 {
				t.Errorf("%s: got %v, retry after %v", name, client, signon.AsError(err).RetryAfter)
			}
		}
	}
	if len(w.failures.count) != 0 {
		t.Errorf("counted: %v", w.failures.count)
	}
	if _, err := w.Authenticate(proving(home, "")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAUserAndACustomerOfOneNumberAreCountedApart(t *testing.T) {
	w := newStaffWorld(t)
	ts := staffTenants()
	ts[0].Limits = signon.TenantLimits{LiveGrants: 10, LinksPerSubject: 1}
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	user, customer := w.asks("shop"), w.request()
	for name, req := range map[string]*signon.IssueRequest{"user": user, "customer": customer} {
		w.link(req)
		if _, err := w.Issue(t.Context(), req); signon.AsError(err).Code != signon.CodeLimit {
			t.Errorf("%s: a second link: got %v, want the limit", name, err)
		}
	}
	if err := w.CountLive(t.Context()); err != nil { // as after a start
		t.Fatal(err)
	}
	for name, req := range map[string]*signon.IssueRequest{"user": user, "customer": customer} {
		if _, err := w.Issue(t.Context(), req); signon.AsError(err).Code != signon.CodeLimit {
			t.Errorf("%s, counted anew: got %v, want the limit", name, err)
		}
	}
}
