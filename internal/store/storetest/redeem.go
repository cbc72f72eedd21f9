package storetest

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	home   signon.AddrKey = "\xc0\x00\x02\x01"
	abroad signon.AddrKey = "\xc6\x33\x64\x01"
	net64  signon.AddrKey = "\x20\x01\x0d\xb8\x00\x00\x00\x01"
	host6  signon.AddrKey = net64 + "\x00\x00\x00\x00\x00\x00\x00\x02"
)

var redeemPromises = []promise{
	{"RedeemCreatesTheSession", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.clock.Advance(2 * time.Second)
		r := redemption(g, 7)
		out := b.redeem(t, r)
		want := r.Session
		want.Key, want.StartedAt, want.ExpiresAt, want.Epoch = g.Key, b.clock.Now(), b.clock.Now().Add(time.Hour), b.Store.Epoch()
		if !out.Won || !out.Known || !out.At.Equal(b.clock.Now()) || out.Epoch != b.Store.Epoch() {
			t.Errorf("got %+v, want it won now", out)
		}
		same(t, "session of the outcome", out.Session, want)
		same(t, "stored session", b.session(t, g.Key), want)
		spent := *g
		spent.State, spent.Binding, spent.RedeemedAt = signon.GrantRedeemed, signon.BindingDigest{7}, b.clock.Now()
		same(t, "grant", b.grant(t, g.Key), spent)
		same(t, "events", b.events(t), []signon.EventType{signon.EventIssued, signon.EventRedeemed})
	}},
	{"RedeemSecondTimeFails", func(t *testing.T, b *bench) {
		g := b.issue(t)
		first := b.redeem(t, redemption(g, 1))
		b.clock.Advance(time.Second)
		for _, binding := range []byte{1, 2} {
			out := b.redeem(t, redemption(g, binding))
			if out.Won || !out.Known || out.Grant.State != signon.GrantRedeemed || out.Grant.Binding != (signon.BindingDigest{1}) {
				t.Errorf("again with binding %d: got %+v, want a grant redeemed by binding 1", binding, out)
			}
			same(t, "session", out.Session, first.Session)
		}
	}},
	{"RedeemSurvivesARestart", func(t *testing.T, b *bench) {
		g := b.issue(t)
		first := b.redeem(t, redemption(g, 1))
		b.Store = b.Reopen(t)
		out := b.redeem(t, redemption(g, 2))
		if out.Won || out.Grant.State != signon.GrantRedeemed {
			t.Errorf("got %+v, want a redeemed grant", out)
		}
		same(t, "session", out.Session, first.Session)
	}},
	{"RedeemUnknownWritesNothing", func(t *testing.T, b *bench) {
		var seen signon.RedeemOutcome
		r := redemption(b.newGrant(), 1)
		r.Record = func(o *signon.RedeemOutcome) *signon.Event { seen = *o; return nil }
		if out := b.redeem(t, r); out.Won || out.Known || seen.Known {
			t.Errorf("got %+v, want an unknown grant", out)
		}
		same(t, "events", b.events(t), []signon.EventType{})
		_, err := b.Store.Session(b.ctx, r.Key)
		fails(t, "session", err, signon.ErrNotFound)
	}},
	{"RedeemIsRefusedFromTheInstantOfExpiry", func(t *testing.T, b *bench) {
		last, late := b.issue(t), b.issue(t)
		b.clock.Advance(time.Minute - time.Millisecond)
		if out := b.redeem(t, redemption(last, 1)); !out.Won {
			t.Errorf("a millisecond before expiry: got %+v, want it won", out)
		}
		b.clock.Advance(time.Millisecond)
		out := b.redeem(t, redemption(late, 1))
		if out.Won || out.Grant.State != signon.GrantLive || out.At.Before(out.Grant.ExpiresAt) {
			t.Errorf("at expiry: got %+v, want it refused, the grant unspent", out)
		}
	}},
	{"RedeemFromTheBoundAddressSucceeds", func(t *testing.T, b *bench) {
		for _, c := range []struct {
			name  string
			bound signon.AddrKey
			from  []signon.AddrKey
		}{
			{"no binding, no address", "", nil},
			{"no binding, any address", "", []signon.AddrKey{abroad}},
			{"IPv4", home, []signon.AddrKey{home}},
			{"IPv6 exact", host6, []signon.AddrKey{host6, net64}},
			{"IPv6 network", net64, []signon.AddrKey{host6, net64}},
		} {
			if out := b.redeem(t, redemption(b.issue(t, bound(c.bound)), 1, c.from...)); !out.Won {
				t.Errorf("%s: got %+v, want it won", c.name, out)
			}
		}
	}},
	{"RedeemFromAnotherAddressCountsAMiss", func(t *testing.T, b *bench) {
		for _, c := range []struct {
			name  string
			bound signon.AddrKey
			from  []signon.AddrKey
		}{
			{"no address", home, nil},
			{"another IPv4 address", home, []signon.AddrKey{abroad}},
			{"IPv6 for IPv4", home, []signon.AddrKey{host6, net64}},
			{"a host of another network", host6, []signon.AddrKey{net64 + "\x00\x00\x00\x00\x00\x00\x00\x03", net64}},
		} {
			g := b.issue(t, bound(c.bound))
			out := b.redeem(t, redemption(g, 1, c.from...))
			if out.Won || out.Grant.Misses != 1 || out.Grant.State != signon.GrantLive {
				t.Errorf("%s: got %+v, want a live grant with one miss", c.name, out)
			}
			if out := b.redeem(t, redemption(g, 1, c.bound)); !out.Won {
				t.Errorf("%s: from the right address afterwards: got %+v, want it won", c.name, out)
			}
		}
	}},
	{"TooManyMissesVoidTheGrant", func(t *testing.T, b *bench) {
		g := b.issue(t, bound(home))
		for n := 1; n < signon.MaxMisses; n++ {
			if out := b.redeem(t, redemption(g, 1, abroad)); out.Grant.Misses != n || out.Grant.State != signon.GrantLive {
				t.Fatalf("miss %d: got %+v", n, out)
			}
		}
		if out := b.redeem(t, redemption(g, 1, abroad)); out.Grant.State != signon.GrantVoided {
			t.Errorf("the last miss: got %+v, want a voided grant", out)
		}
		if out := b.redeem(t, redemption(g, 1, home)); out.Won || out.Grant.State != signon.GrantVoided || out.Grant.Misses != signon.MaxMisses {
			t.Errorf("from the right address afterwards: got %+v, want a voided grant", out)
		}
	}},
	{"OnlyALiveGrantCountsMisses", func(t *testing.T, b *bench) {
		spent, revoked, expired := b.issue(t, bound(home)), b.issue(t, bound(home)), b.issue(t, bound(home))
		b.redeem(t, redemption(spent, 1, home))
		if _, err := b.Store.RevokeGrant(b.ctx, revoked.Key, nil); err != nil {
			t.Fatalf("revoke: %v", err)
		}
		for _, g := range []*signon.Grant{spent, revoked} {
			if out := b.redeem(t, redemption(g, 2, abroad)); out.Won || out.Grant.Misses != 0 {
				t.Errorf("%v grant: got %+v, want no miss", out.Grant.State, out)
			}
		}
		b.clock.Advance(time.Minute)
		if out := b.redeem(t, redemption(expired, 2, abroad)); out.Won || out.Grant.Misses != 0 {
			t.Errorf("expired grant: got %+v, want no miss", out)
		}
	}},
	{"RecordSeesTheOutcome", func(t *testing.T, b *bench) {
		g := b.issue(t)
		for _, binding := range []byte{1, 2} {
			var seen signon.RedeemOutcome
			r := redemption(g, binding)
			r.Record = func(o *signon.RedeemOutcome) *signon.Event { seen = *o; return nil }
			out := b.redeem(t, r)
			same(t, "what Record saw", seen, out)
		}
		same(t, "events", b.events(t), []signon.EventType{signon.EventIssued})
	}},
	{"SessionEndsAtFullMilliseconds", func(t *testing.T, b *bench) {
		b.clock.Advance(123456 * time.Nanosecond)
		g := b.issue(t)
		out := b.redeem(t, redemption(g, 1))
		same(t, "session", b.session(t, g.Key), out.Session)
	}},
	{"SessionElsewhereTakesItsGrantAlong", func(t *testing.T, b *bench) {
		g := b.issue(t, bound(home))
		out := b.redeem(t, elsewhere(g, 1, "account"))
		want := out.Session
		if !out.Won || want.Destination != "account" {
			t.Fatalf("got %+v, want it won, at the account", out)
		}
		moved := *g
		moved.Destination, moved.State, moved.Binding, moved.RedeemedAt = "account", signon.GrantRedeemed, signon.BindingDigest{1}, b.clock.Now()
		for range 2 {
			same(t, "session", b.session(t, g.Key), want)
			same(t, "grant", b.grant(t, g.Key), moved)
			grants, err := b.Store.Grants(b.ctx, signon.GrantKey{}, 9)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "listed grants", grants, []signon.Grant{moved})
			sessions, err := b.Store.Sessions(b.ctx, signon.GrantKey{}, lastKey, 9)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "listed sessions", sessions, []signon.BrowserSession{want})
			for _, to := range []string{"account", "cart", "elsewhere"} { // what comes later decides nothing
				again := b.redeem(t, elsewhere(&moved, 1, to))
				if again.Won {
					t.Error("redeemed again")
				}
				same(t, "grant of a repeat", again.Grant, moved)
				same(t, "session of a repeat", again.Session, want)
			}
			b.Store = b.Reopen(t)
		}
		if ended, err := b.Store.RevokeGrant(b.ctx, g.Key, event(signon.EventRevoked)); err != nil || !ended {
			t.Errorf("revoke: got %v, %v, want it ended", ended, err)
		}
		b.revoked(t, g.Key, true)
	}},
	{"RedeemedWithoutASessionThereIsNone", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.clock.Advance(time.Second)
		out := b.redeem(t, sessionless(g))
		if !out.Won || !out.Known || !out.At.Equal(b.clock.Now()) {
			t.Errorf("got %+v, want it won now", out)
		}
		same(t, "session of the outcome", out.Session, signon.BrowserSession{})
		spent := *g
		spent.State, spent.RedeemedAt = signon.GrantRedeemed, b.clock.Now()
		b.clock.Advance(time.Second)
		for range 2 {
			same(t, "grant", b.grant(t, g.Key), spent)
			_, err := b.Store.Session(b.ctx, g.Key)
			fails(t, "session", err, signon.ErrNotFound)
			sessions, err := b.Store.Sessions(b.ctx, signon.GrantKey{}, lastKey, 9)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "listed sessions", sessions, []signon.BrowserSession{})
			ended, err := b.Store.EndSession(b.ctx, g.Key, event(signon.EventSessionEnded))
			if err != nil || ended {
				t.Errorf("end session: got %v, %v, want nothing ended", ended, err)
			}
			for _, again := range []*signon.Redemption{sessionless(g), redemption(g, 0), redemption(g, 1)} {
				out := b.redeem(t, again)
				if out.Won || !out.Known {
					t.Errorf("again: got %+v, want it known and not won", out)
				}
				same(t, "grant of a repeat", out.Grant, spent)
				same(t, "session of a repeat", out.Session, signon.BrowserSession{})
			}
			b.Store = b.Reopen(t)
		}
		b.sweepGrants(t, g.ExpiresAt.Add(time.Minute))
		_, err := b.Store.Grant(b.ctx, g.Key)
		fails(t, "grant that was swept", err, signon.ErrNotFound)
	}},
	{"GrantThatIsNotRedeemedStaysWhereItIs", func(t *testing.T, b *bench) {
		g := b.issue(t, bound(home))
		if out := b.redeem(t, elsewhere(g, 1, "account", abroad)); out.Won || out.Grant.Destination != g.Destination {
			t.Errorf("got %+v, want it refused, at %s", out, g.Destination)
		}
		if got := b.grant(t, g.Key); got.Destination != g.Destination {
			t.Errorf("got it at %s, want %s", got.Destination, g.Destination)
		}
	}},
}

// sessionless is a redemption that gives no session.
func sessionless(g *signon.Grant) *signon.Redemption {
	r := redemption(g, 0)
	r.NoSession, r.SessionTTL, r.Session = true, 0, signon.BrowserSession{Destination: g.Destination}
	return r
}

// elsewhere is a redemption whose session is at another destination than the
// grant is for.
func elsewhere(g *signon.Grant, binding byte, destination string, addr ...signon.AddrKey) *signon.Redemption {
	if len(addr) == 0 {
		addr = []signon.AddrKey{g.BoundAddr}
	}
	r := redemption(g, binding, addr...)
	r.Session.Destination = destination
	return r
}
