package storetest

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

var sweepPromises = []promise{
	{"SweepRemovesExpiredGrantsOnly", func(t *testing.T, b *bench) {
		var over, live []signon.GrantKey
		for i := range 10 {
			expiresAt := b.clock.Now().Add(time.Duration(i) * time.Second)
			g := b.issue(t, func(g *signon.Grant) { g.Key, g.ExpiresAt = newKey(expiresAt), expiresAt })
			if i < 6 {
				over = append(over, g.Key)
			} else {
				live = append(live, g.Key)
			}
		}
		b.sweepGrants(t, b.clock.Now().Add(6*time.Second))
		for _, key := range over {
			_, err := b.Store.Grant(b.ctx, key)
			fails(t, "grant that is over", err, signon.ErrNotFound)
		}
		for _, key := range live {
			b.grant(t, key)
		}
	}},
	{"SweepTakesAFewAtATime", func(t *testing.T, b *bench) {
		for range 5 {
			b.issue(t)
		}
		below := signon.ExpiryKey(b.clock.Now().Add(time.Hour))
		for i, want := range []int{2, 2, 1, 0} {
			if n, err := b.Store.Sweep(b.ctx, below, time.Time{}, 2); err != nil || n != want {
				t.Errorf("grants, step %d: got %d, %v, want %d", i+1, n, err, want)
			}
		}
		for range 5 {
			b.signOn(t, time.Minute)
		}
		b.clock.Advance(time.Hour)
		for i, want := range []int{2, 2, 1, 0} {
			if n, err := b.Store.Sweep(b.ctx, signon.GrantKey{}, b.clock.Now(), 2); err != nil || n != want {
				t.Errorf("sessions, step %d: got %d, %v, want %d", i+1, n, err, want)
			}
		}
	}},
	{"SweepRemovesSessionsThatAreOver", func(t *testing.T, b *bench) {
		ended, expired, live := b.signOn(t, 10*time.Hour), b.signOn(t, time.Minute), b.signOn(t, 10*time.Hour)
		if _, err := b.Store.EndSession(b.ctx, ended, nil); err != nil {
			t.Fatalf("end session: %v", err)
		}
		b.clock.Advance(time.Hour)
		just := b.signOn(t, 10*time.Hour)
		if _, err := b.Store.EndSession(b.ctx, just, nil); err != nil {
			t.Fatalf("end session: %v", err)
		}
		if n, err := b.Store.Sweep(b.ctx, signon.GrantKey{}, b.clock.Now().Add(-30*time.Minute), 100); err != nil || n != 2 {
			t.Errorf("got %d, %v, want 2 removed", n, err)
		}
		for _, key := range []signon.GrantKey{ended, expired} {
			_, err := b.Store.Session(b.ctx, key)
			fails(t, "session that is over", err, signon.ErrNotFound)
		}
		for _, key := range []signon.GrantKey{live, just} {
			b.session(t, key)
		}
	}},
	{"SweepFindsEverySessionThatIsOver", func(t *testing.T, b *bench) {
		// Few among many that live: a step may not find them all, a few steps must.
		over := map[signon.GrantKey]bool{}
		for i := range 300 {
			ttl := 10 * time.Hour
			if i%50 == 7 {
				ttl = time.Minute
			}
			if key := b.signOn(t, ttl); ttl == time.Minute {
				over[key] = true
			}
		}
		b.clock.Advance(time.Hour)
		for range 300 {
			if _, err := b.Store.Sweep(b.ctx, signon.GrantKey{}, b.clock.Now(), 2); err != nil {
				t.Fatalf("sweep: %v", err)
			}
		}
		left, err := b.Store.Sessions(b.ctx, signon.GrantKey{}, lastKey, 1000)
		if err != nil {
			t.Fatalf("list sessions: %v", err)
		}
		for _, s := range left {
			if over[s.Key] {
				t.Error("a session that is over was left")
			}
		}
		if want := 300 - len(over); len(left) != want {
			t.Errorf("got %d sessions left, want %d", len(left), want)
		}
	}},
	{"SweptGrantLeavesItsSession", func(t *testing.T, b *bench) {
		g := b.issue(t)
		out := b.redeem(t, redemption(g, 1))
		b.sweepGrants(t, g.ExpiresAt.Add(time.Minute))
		same(t, "session", b.session(t, g.Key), out.Session)
		if out := b.redeem(t, redemption(g, 1)); out.Won || out.Known {
			t.Errorf("got %+v, want an unknown grant", out)
		}
	}},
}

// sweepGrants removes all grants that expired before that instant.
func (b *bench) sweepGrants(t *testing.T, before time.Time) {
	t.Helper()
	for range 1000 {
		n, err := b.Store.Sweep(b.ctx, signon.ExpiryKey(before), time.Time{}, 4)
		if err != nil {
			t.Fatalf("sweep: %v", err)
		}
		if n < 4 {
			return
		}
	}
	t.Fatal("sweeping does not come to an end")
}

// signOn issues and redeems a grant and returns the key of its session.
func (b *bench) signOn(t *testing.T, ttl time.Duration) signon.GrantKey {
	t.Helper()
	g := b.issue(t)
	r := redemption(g, 1)
	r.SessionTTL = ttl
	if out := b.redeem(t, r); !out.Won {
		t.Fatalf("redeem: got %+v, want it won", out)
	}
	return g.Key
}
