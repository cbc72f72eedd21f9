package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// setBack makes the database what it was when keep was called, under the same history,
// as when a copy of its files is put in their place.
func (f *fixture) setBack(t *testing.T) func(t *testing.T) {
	t.Helper()
	f.exec(t, "CREATE TABLE IF NOT EXISTS kept_head AS SELECT * FROM head")
	f.exec(t, "CREATE TABLE IF NOT EXISTS kept_grants AS SELECT * FROM grants")
	return func(t *testing.T) {
		t.Helper()
		f.asOne(t, "DELETE FROM audit USING kept_head k WHERE audit.seq > k.seq",
			"UPDATE head SET seq = k.seq, hash = k.hash, epoch = k.epoch, customer_changes = k.customer_changes FROM kept_head k",
			"DELETE FROM grants", "INSERT INTO grants SELECT * FROM kept_grants",
			"DROP TABLE kept_head, kept_grants")
	}
}

// asOne does statements in one transaction, at whose end nobody else is connected.
func (f *fixture) asOne(t *testing.T, statements ...string) {
	t.Helper()
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			for _, s := range append(statements, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") {
				if _, err := tx.Exec(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func TestADatabaseThatWasSetBackUnderTheSameHistoryVoids(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	g, epoch := newGrant(f.Store, 1), f.Epoch()
	if err := f.create(g); err != nil {
		t.Fatal(err)
	}
	back := f.setBack(t)
	if out, err := f.RedeemGrant(t.Context(), redemption(g, 1)); err != nil || !out.Won {
		t.Fatalf("redeem: %+v, %v", out, err)
	}
	back(t)
	out := persist(t, func() (signon.RedeemOutcome, error) { return f.RedeemGrant(t.Context(), redemption(g, 2)) })
	if out.Won || f.Epoch() != epoch+1 {
		t.Errorf("won %v in epoch %d, want it refused in %d", out.Won, f.Epoch(), epoch+1)
	}
	anew := newGrant(f.Store, 2)
	if _, err := f.RedeemGrant(t.Context(), redemption(anew, 1)); err != nil {
		t.Fatal(err)
	}
	if f.Epoch() != epoch+1 {
		t.Errorf("the epoch rises on, to %d", f.Epoch())
	}
}

// A database that was set back to before an epoch that is known must not come to that
// number again, nor stay below it.
func TestAnEpochIsNeverUsedTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		back func(f *fixture, t *testing.T)
	}{
		{"another history", func(f *fixture, t *testing.T) { f.asOne(t, "UPDATE head SET epoch = 3, history = 'another'") }},
		{"the same history", func(f *fixture, t *testing.T) { f.asOne(t, "UPDATE head SET epoch = 3") }},
		{"the same connection", func(f *fixture, t *testing.T) { f.exec(t, "UPDATE head SET epoch = 3") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			f.exec(t, "UPDATE head SET epoch = 7")
			for end := time.Now().Add(patience); f.Epoch() != 7; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("the epoch is %d", f.Epoch())
				}
			}
			c.back(f, t)
			g := persist(t, func() (*signon.Grant, error) {
				g := newGrant(f.Store, 1)
				return g, f.create(g)
			})
			out, err := f.RedeemGrant(t.Context(), redemption(g, 1))
			if err != nil || !out.Won || g.Epoch != 8 || f.Epoch() != 8 {
				t.Errorf("won %v, %v; the grant's epoch is %d, the store's %d, want both to be 8", out.Won, err, g.Epoch, f.Epoch())
			}
		})
	}
}

func TestAServerThatDoesNotSyncIsWarnedOf(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil) // on a server for tests, which does not
	f.close(t)
	f.logged.Reset()
	f.open(t)
	if !strings.Contains(f.logged.String(), "setting=fsync") {
		t.Errorf("got %q", f.logged)
	}
}

// Of two nodes the first to find a promoted standby may be the one that knows less.
func TestANodeThatMissesItsOwnCommitVoids(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	g := newGrant(f.Store, 1)
	if err := f.create(g); err != nil {
		t.Fatal(err)
	}
	epoch, back := f.Epoch(), f.setBack(t)
	if out, err := f.RedeemGrant(t.Context(), redemption(g, 1)); err != nil || !out.Won {
		t.Fatalf("redeem: %+v, %v", out, err)
	}
	known := *f.acked.Load()
	back(t)
	// Another one has gone on meanwhile, past where the log had come.
	second, err := Open(t.Context(), f.options)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	for range 3 {
		if err := second.AppendEvent(t.Context(), &signon.Event{Type: signon.EventIssued}); err != nil {
			t.Fatal(err)
		}
	}
	f.acked.Store(&known)
	f.asOne(t, "SELECT 1")
	out := persist(t, func() (signon.RedeemOutcome, error) { return f.RedeemGrant(t.Context(), redemption(g, 2)) })
	if out.Won || f.Epoch() != epoch+1 {
		t.Errorf("won %v in epoch %d, want it refused in %d", out.Won, f.Epoch(), epoch+1)
	}
}
