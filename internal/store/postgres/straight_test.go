package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// trips counts the groups that were done straight, and those that were begun step
// by step, from now on.
func (f *fixture) trips(t *testing.T) (straight, steps *int) {
	t.Helper()
	straight, steps = new(int), new(int)
	begun := false
	f.patient(t)
	f.inject(t, func(query string) error { // called by the committer alone
		switch query {
		case "BEGIN":
			begun = true
			*steps++
		case "COMMIT":
			if !begun {
				*straight++
			}
			begun = false
		}
		return nil
	})
	return straight, steps
}

// patient has no group be too old, on whatever machine.
func (f *fixture) patient(t *testing.T) {
	t.Helper()
	err := f.committer.write(newOp(context.Background(), func(tables.Tx) error {
		f.committer.stale = time.Hour
		return nil
	}), "be patient")
	if err != nil {
		t.Fatal(err)
	}
}

// settled has the next group be done straight, but for what is wrong with it.
func (f *fixture) settled(t *testing.T) {
	t.Helper()
	for range 2 {
		if err := f.AppendEvent(t.Context(), &signon.Event{Type: signon.EventIssued}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAGroupThatFollowsOnesOwnTakesOneRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.settled(t)
	straight, steps := f.trips(t)
	g := newGrant(f.Store, 1)
	who := signon.Person{Kind: signon.SubjectUser, Ref: "1"}
	if err := f.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued, Tenant: "shop", Activity: who}, nil); err != nil {
		t.Fatal(err)
	}
	out, err := f.RedeemGrant(t.Context(), redemption(g, 1))
	if err != nil || !out.Won {
		t.Fatalf("redeem: won %v, %v", out.Won, err)
	}
	if *straight != 2 || *steps != 0 {
		t.Errorf("%d straight and %d step by step, want 2 and 0", *straight, *steps)
	}
	listed, err := f.Activity(t.Context(), signon.ActivityQuery{Tenant: "shop", Person: who, Limit: 9})
	if err != nil || len(listed) != 1 || listed[0].Seq != 3 {
		t.Errorf("activity: got %+v, %v, want the third event", listed, err)
	}
	f.verify(t, 4)
}

// TestOneStatementDoesAllOfAGroup has links created, redeemed and listed in it.
func TestOneStatementDoesAllOfAGroup(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	who := signon.Person{Kind: signon.SubjectUser, Ref: "1"}
	var calls []func() error
	var redeemed, created []*signon.Grant
	for n := range byte(10) {
		old, fresh := newGrant(f.Store, n), newGrant(f.Store, 100+n)
		redeemed, created = append(redeemed, old), append(created, fresh)
		if err := f.create(old); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, func() error {
			out, err := f.RedeemGrant(context.Background(), redemption(old, n))
			if err == nil && !out.Won {
				err = errors.New("nobody won")
			}
			return err
		}, func() error {
			return f.CreateGrant(context.Background(), fresh, &signon.Event{Type: signon.EventIssued, Tenant: "shop", Activity: who}, nil)
		})
	}
	f.settled(t)
	straight, steps := f.trips(t)
	if err := errors.Join(f.together(t, calls...)...); err != nil {
		t.Fatal(err)
	}
	if *straight != 1 || *steps > 1 { // a step for what together holds the others with
		t.Errorf("%d straight and %d step by step, want one group of all", *straight, *steps)
	}
	for i := range redeemed {
		old, err := f.Grant(t.Context(), redeemed[i].Key)
		fresh, err2 := f.Grant(t.Context(), created[i].Key)
		if errors.Join(err, err2) != nil || old.State != signon.GrantRedeemed || fresh.State != signon.GrantLive {
			t.Errorf("%d: %v and %v, %v", i, old.State, fresh.State, errors.Join(err, err2))
		}
	}
	listed, err := f.Activity(t.Context(), signon.ActivityQuery{Tenant: "shop", Person: who, Limit: 99})
	if err != nil || len(listed) != len(created) {
		t.Errorf("%d events of the person are listed, want %d: %v", len(listed), len(created), err)
	}
}

// TestWhatChangedWhileAGroupWaitedIsSeen has somebody hold the head, change something
// without moving it, and let it go.
func TestWhatChangedWhileAGroupWaitedIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		wins   bool
	}{
		"the grant expired":      {"UPDATE grants SET expires_at = 1 WHERE key = $1", false},
		"the grant was revoked":  {"UPDATE grants SET state = 2 WHERE key = $1", false},
		"the grant is gone":      {"DELETE FROM grants WHERE key = $1", false},
		"it was redeemed":        {"UPDATE grants SET state = 1, redeemed_at = issued_at, binding = '' WHERE key = $1", false},
		"all is void":            {"WITH voided AS (UPDATE head SET epoch = epoch + 1) SELECT $1::bytea", false},
		"somebody else missed":   {"UPDATE grants SET misses = misses + 1 WHERE key = $1", true},
		"a customer was changed": {"WITH changed AS (UPDATE head SET customer_changes = customer_changes + 1) SELECT $1::bytea", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			g := newGrant(f.Store, 1)
			if err := f.create(g); err != nil {
				t.Fatal(err)
			}
			f.settled(t)
			straight, steps := f.trips(t)
			redeemed := make(chan struct{})
			f.holding(t, func(ctx context.Context, tx pgx.Tx) error {
				go func() {
					defer close(redeemed)
					if out, err := f.RedeemGrant(context.Background(), redemption(g, 1)); err != nil || out.Won != c.wins {
						t.Errorf("won %v, %v", out.Won, err)
					}
				}()
				for waiting := 0; waiting == 0; time.Sleep(10 * time.Millisecond) {
					const query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
					if err := tx.QueryRow(ctx, query).Scan(&waiting); err != nil {
						return err
					}
				}
				_, err := tx.Exec(ctx, c.change, g.Key[:])
				return err
			})
			<-redeemed
			if *straight != 1 || *steps == 0 != c.wins {
				t.Errorf("%d attempts straight and %d step by step, want one, and others for those who do not win", *straight, *steps)
			}
		})
	}
}

func TestWhatDoesNotHoldIsDoneStepByStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	second := f.newNodes(t, 2).all[1]
	taken, lost, fresh := newGrant(f.Store, 1), newGrant(f.Store, 2), newGrant(f.Store, 3)
	if err := errors.Join(f.create(taken), f.create(lost)); err != nil {
		t.Fatal(err)
	}
	if _, err := second.RedeemGrant(t.Context(), redemption(lost, 1)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		before func() error // after which the head is not where it was left
		call   func() error
	}{
		{"a key is taken", nil, func() error {
			if err := f.create(taken); !errors.Is(err, signon.ErrConflict) {
				t.Errorf("got %v, want ErrConflict", err)
			}
			return nil
		}},
		{"somebody loses", nil, func() error {
			out, err := f.RedeemGrant(context.Background(), redemption(lost, 2))
			if out.Won || !out.Known {
				t.Errorf("got %+v, want a loser", out)
			}
			return err
		}},
		{
			"another node has written", func() error { return second.AppendEvent(context.Background(), &signon.Event{Type: signon.EventIssued}) },
			func() error { return f.create(fresh) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.settled(t)
			straight, steps := f.trips(t)
			if c.before != nil {
				if err := c.before(); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.call(); err != nil {
				t.Fatal(err)
			}
			if *straight != 1 || *steps == 0 {
				t.Errorf("%d attempts straight and %d step by step, want one, and then others", *straight, *steps)
			}
		})
	}
	f.verify(t, 3+3*2+1+1)
}

func TestAWriterBesideOthersGoesStepByStepAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	second := f.newNodes(t, 2).all[1]
	straight, steps := f.trips(t)
	for n := range 10 {
		if err := errors.Join(f.create(newGrant(f.Store, byte(n))), second.AppendEvent(t.Context(), &signon.Event{Type: signon.EventIssued})); err != nil {
			t.Fatal(err)
		}
	}
	if *straight > 2 || *steps < 8 {
		t.Errorf("%d attempts straight and %d step by step, want nearly all step by step", *straight, *steps)
	}
}

// TestStandbysThatCommitsBeginToWaitForAreNotCountedAtFirst has the setting change
// while groups go straight, which ask how many servers follow only where one is waited
// for.
func TestStandbysThatCommitsBeginToWaitForAreNotCountedAtFirst(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	f := &fixture{Store: p.store}
	set := func(names string) {
		t.Helper()
		on(t, p.primary, "latchkey", "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'", "SELECT pg_reload_conf()")
	}
	n := byte(0)
	until := func(want following) (before following) {
		t.Helper()
		before = p.store.acked.Load().following
		for p.store.acked.Load().following != want {
			if n++; n == 200 {
				t.Fatalf("got %+v, want %+v", p.store.acked.Load().following, want)
			}
			if err := f.create(newGrant(p.store, n)); err != nil {
				t.Fatal(err)
			}
			if now := p.store.acked.Load().following; now != want {
				before = now
			}
			time.Sleep(10 * time.Millisecond)
		}
		return before
	}
	set("")
	until(following{})
	f.settled(t)
	set("standby")
	if before := until(following{"standby", 1}); before.names != anybody {
		t.Errorf("before it was known who follows: got %+v, want anybody", before)
	}
}
