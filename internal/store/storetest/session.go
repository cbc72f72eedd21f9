package storetest

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

var sessionPromises = []promise{
	{"UnknownSessionIsNotFound", func(t *testing.T, b *bench) {
		g := b.issue(t)
		_, err := b.Store.Session(b.ctx, g.Key)
		fails(t, "session of a grant that was not redeemed", err, signon.ErrNotFound)
	}},
	{"SessionEndsOnce", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.redeem(t, redemption(g, 1))
		b.clock.Advance(time.Second)
		endedAt := b.clock.Now()
		for i, want := range []bool{true, false} {
			if ended, err := b.Store.EndSession(b.ctx, g.Key, event(signon.EventSessionEnded)); err != nil || ended != want {
				t.Errorf("end %d: got %v, %v, want %v", i+1, ended, err, want)
			}
			b.clock.Advance(time.Second)
		}
		if s := b.session(t, g.Key); !s.EndedAt.Equal(endedAt) {
			t.Errorf("session ended at %v, want %v", s.EndedAt, endedAt)
		}
		same(t, "events", b.events(t), []signon.EventType{signon.EventIssued, signon.EventRedeemed, signon.EventSessionEnded})
	}},
	{"EndOfAnUnknownSessionWritesNothing", func(t *testing.T, b *bench) {
		if ended, err := b.Store.EndSession(b.ctx, b.newGrant().Key, event(signon.EventSessionEnded)); err != nil || ended {
			t.Errorf("got %v, %v, want nothing ended", ended, err)
		}
		same(t, "events", b.events(t), []signon.EventType{})
	}},
	{"EndedSessionIsNeverRevived", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.redeem(t, redemption(g, 1))
		if _, err := b.Store.EndSession(b.ctx, g.Key, nil); err != nil {
			t.Fatalf("end session: %v", err)
		}
		if out := b.redeem(t, redemption(g, 1)); out.Won || out.Session.EndedAt.IsZero() {
			t.Errorf("got %+v, want the ended session", out)
		}
	}},
	{"SessionsAreListedInOrderOfTheirKeys", func(t *testing.T, b *bench) {
		want := map[signon.GrantKey]bool{}
		for range 7 {
			g := b.issue(t)
			b.redeem(t, redemption(g, 1))
			want[g.Key] = true
		}
		var after signon.GrantKey
		for {
			page, err := b.Store.Sessions(b.ctx, after, lastKey, 3)
			if err != nil {
				t.Fatalf("list sessions: %v", err)
			}
			for _, s := range page {
				if string(s.Key[:]) <= string(after[:]) || !want[s.Key] {
					t.Errorf("got a session out of order, or twice")
				}
				delete(want, s.Key)
				after = s.Key
			}
			if len(page) < 3 {
				break
			}
		}
		if len(want) > 0 {
			t.Errorf("%d sessions were not listed", len(want))
		}
	}},
}
