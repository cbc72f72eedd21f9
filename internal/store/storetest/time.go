package storetest

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

var timePromises = []promise{
	{"NowFollowsTheClock", func(t *testing.T, b *bench) {
		for range 3 {
			if got := b.Store.Now(); !got.Equal(b.clock.Now()) {
				t.Errorf("got %v, want %v", got, b.clock.Now())
			}
			b.clock.Advance(time.Hour)
		}
	}},
	{"NowNeverGoesBack", func(t *testing.T, b *bench) {
		last := b.Store.Now()
		for _, step := range []time.Duration{-time.Hour, time.Second, -time.Minute, time.Minute, 3 * time.Hour, -1} {
			b.clock.Advance(step)
			now := b.Store.Now()
			if now.Before(last) {
				t.Errorf("after a step of %v: got %v, want nothing before %v", step, now, last)
			}
			last = now
		}
	}},
	{"NowNeverGoesBackOverARestart", func(t *testing.T, b *bench) {
		b.clock.Advance(time.Hour)
		last := b.Store.Now()
		b.clock.Advance(-2 * time.Hour)
		b.Store = b.Reopen(t)
		if now := b.Store.Now(); now.Before(last) {
			t.Errorf("got %v, want nothing before %v", now, last)
		}
	}},
	{"ClockSetBackRevivesNothing", func(t *testing.T, b *bench) {
		g := b.issue(t)
		b.clock.Advance(time.Minute)
		if out := b.redeem(t, redemption(g, 1)); out.Won {
			t.Fatal("an expired grant was redeemed")
		}
		b.clock.Advance(-time.Hour)
		if out := b.redeem(t, redemption(g, 1)); out.Won {
			t.Error("redeemed after the clock was set back")
		}
		b.Store = b.Reopen(t)
		if out := b.redeem(t, redemption(g, 1)); out.Won {
			t.Error("redeemed after the clock was set back and the store was opened again")
		}
	}},
	{"TimeGoesOnWhileTheClockIsBehind", func(t *testing.T, b *bench) {
		b.Store.Now()
		b.clock.Advance(-time.Hour)
		g := b.issue(t)
		for range 2 * 60 {
			b.clock.Advance(time.Second)
			b.Store.Now()
		}
		if out := b.redeem(t, redemption(g, 1)); out.Won {
			t.Error("a grant of one minute was redeemed two minutes later")
		}
	}},
	{"RestartKeepsTheEpoch", func(t *testing.T, b *bench) {
		before := b.Store.Epoch()
		g := b.issue(t)
		b.Store = b.Reopen(t)
		if b.Store.Epoch() != before {
			t.Errorf("got epoch %d, want %d", b.Store.Epoch(), before)
		}
		if out := b.redeem(t, redemption(g, 1)); !out.Won {
			t.Errorf("got %+v, want it won", out)
		}
	}},
	{"RestoredCopyVoidsGrantsAndSessions", func(t *testing.T, b *bench) {
		spent, live, before := b.issue(t), b.issue(t), b.Store.Epoch()
		b.redeem(t, redemption(live, 1))
		restore := b.Snapshot(t)
		b.redeem(t, redemption(spent, 1))
		b.Store = restore(t)
		if b.Store.Epoch() <= before {
			t.Errorf("got epoch %d, want more than %d", b.Store.Epoch(), before)
		}
		out := b.redeem(t, redemption(spent, 2))
		if out.Won || out.Grant.State != signon.GrantLive || out.Grant.Epoch != before || out.Epoch != b.Store.Epoch() {
			t.Errorf("a token that had been redeemed: got %+v, want it refused for its epoch", out)
		}
		if s := b.session(t, live.Key); s.Epoch != before {
			t.Errorf("got a session of epoch %d, want %d", s.Epoch, before)
		}
		if out := b.redeem(t, redemption(b.issue(t), 1)); !out.Won {
			t.Errorf("a new grant: got %+v, want it won", out)
		}
		if types := b.events(t); types[3] != signon.EventEpoch {
			t.Errorf("got events %v, want the fourth to be %s", types, signon.EventEpoch)
		}
	}},
	{"EachRestoreRaisesTheEpoch", func(t *testing.T, b *bench) {
		b.issue(t)
		restore := b.Snapshot(t)
		last := b.Store.Epoch()
		for range 3 {
			b.issue(t)
			b.Store = restore(t)
			if b.Store.Epoch() <= last {
				t.Errorf("got epoch %d, want more than %d", b.Store.Epoch(), last)
			}
			last = b.Store.Epoch()
		}
		b.Store = b.Reopen(t)
		if b.Store.Epoch() != last {
			t.Errorf("after a restart without a restore: got epoch %d, want %d", b.Store.Epoch(), last)
		}
	}},
}
