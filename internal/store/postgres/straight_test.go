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

// TestWhatChangedWhileAGroupWaitedIsSeen has somebody hold the head, change something
// without moving it, and let it go.
func TestWhatChangedWhileAGroupWaitedIsSeen(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"the grant expired":     "UPDATE grants SET expires_at = 1 WHERE key = $1",
		"the grant was revoked": "UPDATE grants SET state = 2 WHERE key = $1",
		"the grant is gone":     "DELETE FROM grants WHERE key = $1",
		"it was redeemed":       "UPDATE grants SET state = 1, redeemed_at = issued_at, binding = '' WHERE key = $1",
		"all is void":           "WITH voided AS (UPDATE head SET epoch = epoch + 1) SELECT $1::bytea",
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
			f.with(t, func(ctx context.Context, c *pgx.Conn) error {
				tx, err := c.Begin(ctx)
				if err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, "SELECT FROM head FOR UPDATE"); err != nil {
					return err
				}
				go func() {
					defer close(redeemed)
					if out, err := f.RedeemGrant(context.Background(), redemption(g, 1)); err != nil || out.Won {
						t.Errorf("won %v, %v", out.Won, err)
					}
				}()
				for waiting := 0; waiting == 0; time.Sleep(10 * time.Millisecond) {
					const query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
					if err := tx.QueryRow(ctx, query).Scan(&waiting); err != nil {
						return err
					}
				}
				if _, err := tx.Exec(ctx, change, g.Key[:]); err != nil {
					return err
				}
				return tx.Commit(ctx)
			})
			<-redeemed
			if *straight != 1 || *steps == 0 {
				t.Errorf("%d attempts straight and %d step by step, want one, and then others", *straight, *steps)
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
