package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Whoever holds the head may take its time and then change nothing: what was read of
// the clock before that wait is not the time any more.
func TestATokenThatExpiresDuringAWaitForTheHeadIsRefused(t *testing.T) {
	t.Parallel()
	t.Run("straight", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, nil)
		f.settled(t)
		f.expireWaiting(t, func() {})
	})
	t.Run("step by step", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, nil)
		f.expireWaiting(t, func() {
			f.exec(t, "UPDATE head SET at = 300000 + "+serverNow) // as another process that has written
		})
	})
}

func (f *fixture) expireWaiting(t *testing.T, before func()) {
	t.Helper()
	g := newGrant(f.Store, 1)
	g.ExpiresAt = g.IssuedAt.Add(2 * time.Second)
	if err := f.create(g); err != nil {
		t.Fatal(err)
	}
	before()
	outcome := make(chan signon.RedeemOutcome, 1)
	f.holding(t, func(context.Context, pgx.Tx) error {
		go func() {
			out, err := f.RedeemGrant(context.Background(), redemption(g, 1))
			if err != nil {
				t.Error(err)
			}
			outcome <- out
		}()
		time.Sleep(3 * time.Second)
		return nil
	})
	if out := <-outcome; out.Won {
		t.Errorf("a token that had expired at %s was redeemed at %s", g.ExpiresAt, out.At)
	}
	if f.Now().Before(g.ExpiresAt) {
		t.Errorf("the time is %s, after %s was over", f.Now(), g.ExpiresAt)
	}
}

func TestTheEstimateOfTheServersClock(t *testing.T) {
	t.Parallel()
	began := time.Now()
	told := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var c serverClock
	c.set(told.UnixMicro(), began)
	same := func(what string, at time.Time) {
		t.Helper()
		passed := time.Since(began)
		if got := c.Now(); got.Before(at) || got.After(at.Add(passed)) {
			t.Errorf("%s: got %s, want %s or up to %s later", what, got, at, passed)
		}
	}
	same("at first", told)
	c.set(told.Add(-4*time.Second).UnixMicro(), time.Now().Add(-5*time.Second))
	same("after a reading that was five seconds on its way", told)
	c.set(told.Add(time.Hour).UnixMicro(), time.Now().Add(-5*time.Second))
	same("after a later reading", told.Add(time.Hour))
	c.set(told.UnixMicro(), time.Now())
	same("after a clock that was set back", told)
}
