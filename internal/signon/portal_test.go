package signon_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestTheTokenOfASharedHostTellsWhoseItIs(t *testing.T) {
	w := newStaffWorld(t)
	r := w.Registry()
	apart := w.asks("apart")
	apart.Client = w.api("apart")
	for tenant, req := range map[signon.TenantID]*signon.IssueRequest{"shop": w.asks("shop"), "other": w.asks("other"), "apart": apart} {
		token := w.link(req).Token.Reveal()
		if len(token) != signon.LongTokenLen {
			t.Fatalf("got a token of %d characters, want %d", len(token), signon.LongTokenLen)
		}
		for _, host := range []string{portalHost, strings.ToUpper(portalHost)} {
			site, ok := r.Addressed(host, signon.KindPortal, token)
			if !ok || site.Tenant.ID != tenant || site.Destination.ID != "portal" {
				t.Errorf("at %s: got %+v, %v, want %s", host, site, ok, tenant)
			}
		}
		for name, c := range map[string]struct {
			host  string
			kind  signon.DestinationKind
			token string
		}{
			"another host": {"shop.example", signon.KindPortal, token}, "another kind": {"shop.example", signon.KindCart, token},
			"a part": {portalHost, signon.KindPortal, token[:signon.TokenLen]}, "capital letters": {portalHost, signon.KindPortal, strings.ToUpper(token)},
			"nothing": {portalHost, signon.KindPortal, ""}, "a tag of nobody": {portalHost, signon.KindPortal, token[:8] + "00000000" + token[16:]},
		} {
			if site, ok := r.Addressed(c.host, c.kind, c.token); ok {
				t.Errorf("%s: got %+v, want nobody's", name, site)
			}
		}
	}
	if issued := w.issue(nil); len(issued.Token.Reveal()) != signon.TokenLen {
		t.Error("the token of a host that is one tenant's is not of the usual length")
	}
}

func TestSitesOfASharedHost(t *testing.T) {
	w := newStaffWorld(t)
	r := w.Registry()
	for _, tenant := range []signon.TenantID{"shop", "other", "apart"} {
		if site, ok := r.Shared(portalHost, signon.KindPortal, tenant); !ok || site.Tenant.ID != tenant {
			t.Errorf("%s: got %+v, %v", tenant, site, ok)
		}
	}
	if _, ok := r.Shared(portalHost, signon.KindPortal, "nobody"); ok {
		t.Error("nobody has a portal there")
	}
	if _, ok := r.Shared("shop.example", signon.KindCart, "shop"); ok {
		t.Error("a cart is no site that is shared")
	}
	if tenant, dest, ok := r.At(portalHost, signon.KindPortal); !ok || tenant.ID != "shop" || dest.Kind != signon.KindPortal {
		t.Errorf("the host itself: got %v, want the tenant declared first", tenant)
	}
}

func TestADestinationTakesTokensOfItsLengthOnly(t *testing.T) {
	w := newStaffWorld(t)
	long, short := w.link(w.asks("shop")).Token.Reveal(), w.issue(nil).Token.Reveal()
	_, err := w.enter("shop", short, 1)
	wantRefusal(t, err, signon.ReasonMalformed)
	for _, wrong := range []string{long[:signon.TokenLen], long[:len(long)-1], long + "0", long + long, strings.ToUpper(long)} {
		_, err = w.enter("shop", wrong, 1)
		wantRefusal(t, err, signon.ReasonMalformed)
	}
	_, err = w.redeem(signon.Token(long), 1, nil)
	wantRefusal(t, err, signon.ReasonMalformed)
	_, err = w.resolve(signon.Token(long), "SHOP", signon.KindCart)
	wantRefusal(t, err, signon.ReasonMalformed)
	if _, err = w.enter("shop", long, 1); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if _, err = w.redeem(signon.Token(short), 1, nil); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestOneTenantsTokenIsNothingAtAnothersPortal(t *testing.T) {
	w := newStaffWorld(t)
	ours, theirs := w.link(w.asks("shop")).Token.Reveal(), w.link(w.asks("other")).Token.Reveal()
	before := len(w.events())
	for name, c := range map[string]struct {
		at    signon.TenantID
		token string
	}{
		"theirs at ours": {"shop", theirs}, "ours at theirs": {"other", ours}, "theirs at a third's": {"apart", theirs},
		"ours with their tag, at theirs": {"other", ours[:8] + theirs[8:16] + ours[16:]},
		"ours with their tag, at ours":   {"shop", ours[:8] + theirs[8:16] + ours[16:]},
		"theirs with our tag, at ours":   {"shop", theirs[:8] + ours[8:16] + theirs[16:]},
	} {
		_, err := w.enter(c.at, c.token, 1)
		if e := signon.AsError(err); e == nil || e.Reason != signon.ReasonUnknown {
			t.Errorf("%s: got %v, want an unknown token", name, err)
		}
	}
	if n := len(w.events()); n != before {
		t.Errorf("%d events were written", n-before)
	}
	if n := w.misses.count[home.String()]; n != 6 {
		t.Errorf("counted as %d misses, want 6", n)
	}
	signOn, err := w.enter("other", theirs, 1)
	if err != nil {
		t.Fatalf("theirs at theirs: %v", err)
	}
	if _, err := w.browserSession("other", signon.KindPortal, signon.HeldSession{Token: signOn.Token}); err != nil {
		t.Errorf("their session at theirs: %v", err)
	}
	for _, tenant := range []signon.TenantID{"shop", "apart"} {
		_, err := w.browserSession(tenant, signon.KindPortal, signon.HeldSession{Token: signOn.Token})
		wantCode(t, "their session at "+string(tenant), err, signon.CodeSessionInvalid, signon.ReasonUnknown)
		if err := w.SignOut(t.Context(), tenant, w.dest(tenant, signon.KindPortal), signOn.Token, ""); err != nil {
			t.Errorf("sign out of it at %s: %v", tenant, err)
		}
	}
	if _, err := w.browserSession("other", signon.KindPortal, signon.HeldSession{Token: signOn.Token}); err != nil {
		t.Errorf("their session after others signed out of it: %v", err)
	}
}

func TestMissesBlockAnAddressAtEveryTenantOfAHost(t *testing.T) {
	w := newStaffWorld(t)
	w.misses.most = 3
	theirs := w.link(w.asks("other")).Token.Reveal()
	unknown := theirs[:signon.LongTokenLen-8] + "00000000"
	for range 3 {
		_, err := w.enter("other", unknown, 1)
		wantRefusal(t, err, signon.ReasonUnknown)
	}
	_, err := w.enter("other", theirs, 1)
	wantCode(t, "their own", err, signon.CodeLimit, signon.ReasonLimit)
	_, err = w.enter("shop", w.link(w.asks("shop")).Token.Reveal(), 1)
	wantCode(t, "another's", err, signon.CodeLimit, signon.ReasonLimit)
}

func TestDeletingAUserEndsSessionsAndLinksForGood(t *testing.T) {
	w := newStaffWorld(t)
	session, err := w.enter("shop", w.link(w.asks("shop")).Token.Reveal(), 1)
	if err != nil {
		t.Fatal(err)
	}
	used := w.link(w.asks("shop")).Token.Reveal()
	if _, err := w.enter("shop", used, 2); err != nil {
		t.Fatal(err)
	}
	link, theirs := w.link(w.asks("shop")), w.link(w.asks("other"))
	over := func(why signon.Reason) {
		t.Helper()
		_, err := w.browserSession("shop", signon.KindPortal, signon.HeldSession{Token: session.Token})
		wantCode(t, "the session", err, signon.CodeSessionInvalid, why)
		for browser, token := range map[byte]string{3: link.Token.Reveal(), 2: used} { // and a repeat
			_, err := w.enter("shop", token, browser)
			wantRefusal(t, err, why)
		}
		_, err = w.Resolve(t.Context(), &signon.ResolveRequest{Client: w.api("shop"), Destination: w.dest("shop", signon.KindPortal), Token: link.Token.Reveal()})
		wantRefusal(t, err, why)
	}
	if err := w.directory.DeleteUser(t.Context(), "shop", 1, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	over(signon.ReasonSubject)
	_, err = w.Issue(t.Context(), w.asks("shop"))
	wantCode(t, "a new link", err, signon.CodeSubjectUnknown, signon.ReasonSubject)
	if _, err := w.enter("other", theirs.Token.Reveal(), 4); err != nil {
		t.Errorf("another tenant's user of the same number: %v", err)
	}

	back := &directory.Batch{Users: []*directory.User{{Tenant: "shop", ID: 1, Username: "again"}}}
	if err := w.store.Import(t.Context(), back, nil); err != nil {
		t.Fatal(err)
	}
	over(signon.ReasonRevoked)
	w.clock.move(time.Second)
	if _, err := w.enter("shop", w.link(w.asks("shop")).Token.Reveal(), 5); err != nil {
		t.Errorf("a link of after that: %v", err)
	}
}

func TestAUserSignsOutEverywhere(t *testing.T) {
	w := newStaffWorld(t)
	session, err := w.enter("shop", w.link(w.asks("shop")).Token.Reveal(), 1)
	if err != nil {
		t.Fatal(err)
	}
	customer := w.issue(nil) // of the same number
	theirs := w.link(w.asks("other"))
	w.signOutEverywhere(&session.Session)
	_, err = w.browserSession("shop", signon.KindPortal, signon.HeldSession{Token: session.Token})
	wantCode(t, "the session", err, signon.CodeSessionInvalid, signon.ReasonRevoked)
	if _, err := w.redeem(customer.Token, 2, nil); err != nil {
		t.Errorf("the customer of the same number: %v", err)
	}
	if _, err := w.enter("other", theirs.Token.Reveal(), 3); err != nil {
		t.Errorf("another tenant's user of the same number: %v", err)
	}
}
