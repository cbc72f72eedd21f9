package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

var errInjected = errors.New("injected")

// together has the calls wait for the committer at the same moment, so that they
// make one group, and returns their errors.
func (f *fixture) together(t *testing.T, calls ...func() error) []error {
	t.Helper()
	begun, end := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := f.committer.write(newOp(context.Background(), func(tables.Tx) error {
			close(begun)
			<-end
			return nil
		}), "hold")
		if err != nil {
			t.Errorf("hold the committer: %v", err)
		}
	})
	<-begun
	errs := make([]error, len(calls))
	for i, call := range calls {
		wg.Go(func() { errs[i] = call() })
		for f.committer.queue.Len() <= i {
			runtime.Gosched()
		}
	}
	close(end)
	wg.Wait()
	return errs
}

func (f *fixture) create(g *signon.Grant) error {
	return f.CreateGrant(context.Background(), g, &signon.Event{Type: signon.EventIssued, Tenant: "shop"}, nil)
}

func (f *fixture) verify(t *testing.T, want int64) {
	t.Helper()
	if n, err := f.keys.VerifyAudit(t.Context(), f, signon.ChainHead{}, nil); err != nil || n != want {
		t.Errorf("audit log: %d events, %v, want %d", n, err, want)
	}
}

func TestOneStatementServesAGroup(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	var grants []*signon.Grant
	var creations, redemptions []func() error
	for n := range 40 {
		g := newGrant(f.Store, byte(n))
		grants = append(grants, g)
		creations = append(creations, func() error { return f.create(g) })
	}
	calls := f.counted(t)
	if err := errors.Join(f.together(t, creations...)...); err != nil {
		t.Fatal(err)
	}
	won := make([]bool, len(grants))
	for n, g := range grants {
		redemptions = append(redemptions, func() error {
			out, err := f.RedeemGrant(context.Background(), redemption(g, 1))
			won[n] = out.Won
			return err
		})
	}
	if err := errors.Join(f.together(t, redemptions...)...); err != nil {
		t.Fatal(err)
	}
	for n := range won {
		if !won[n] {
			t.Errorf("grant %d was not redeemed", n)
		}
	}
	if calls["batch"].Load() != 2 || calls["other"].Load() != 0 {
		t.Errorf("got %d statements for all and %d for one, want 2 and 0", calls["batch"].Load(), calls["other"].Load())
	}
	f.verify(t, 80)
}

// counted counts statements from now on.
func (f *fixture) counted(t *testing.T) map[string]*atomic.Int32 {
	t.Helper()
	counts := map[string]*atomic.Int32{"batch": {}, "other": {}}
	f.inject(t, func(query string) error {
		switch query {
		case "batch":
			counts["batch"].Add(1)
		case "BEGIN", "COMMIT":
		default:
			counts["other"].Add(1)
		}
		return nil
	})
	return counts
}

// inject makes statements of later groups fail where fail returns an error.
func (f *fixture) inject(t *testing.T, fail func(query string) error) {
	t.Helper()
	err := f.committer.write(newOp(context.Background(), func(tables.Tx) error {
		f.committer.inject = fail
		return nil
	}), "inject")
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKeyTwiceInAGroupIsCreatedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	g := newGrant(f.Store, 1)
	again, other := *g, newGrant(f.Store, 2)
	errs := f.together(t, func() error { return f.create(g) }, func() error { return f.create(&again) }, func() error { return f.create(other) })
	if (errs[0] == nil) == (errs[1] == nil) || errs[2] != nil {
		t.Errorf("got %v, want one of the first two to conflict", errs)
	}
	if err := f.create(&again); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("again: got %v, want a conflict", err)
	}
	f.verify(t, 2)
}

func TestAFailingOperationTouchesItselfOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	var grants []*signon.Grant
	var calls []func() error
	for n := range 9 {
		g := newGrant(f.Store, byte(n))
		grants = append(grants, g)
		calls = append(calls, func() error { return f.create(g) })
	}
	calls[4] = func() error {
		return f.committer.write(newOp(context.Background(), func(x tables.Tx) error {
			x.Append(&signon.Event{Type: signon.EventIssued})
			x.Exec("INSERT INTO grants (key) VALUES (?)", []byte{1}) // lacks what must be there
			return nil
		}), "fail")
	}
	panicking := func() error {
		return f.committer.write(newOp(context.Background(), func(tables.Tx) error { panic("of one operation") }), "panic")
	}
	for i, err := range f.together(t, append(calls, panicking)...) {
		if wrong := i == 4 || i == 9; (err != nil) != wrong {
			t.Errorf("call %d: got %v, want it to fail: %v", i, err, wrong)
		}
	}
	for i, g := range grants {
		if _, err := f.Grant(t.Context(), g.Key); (err == nil) != (i != 4) {
			t.Errorf("grant %d: got %v", i, err)
		}
	}
	f.verify(t, 8)
}

// What is done for many in one statement is told to each, and one may be in the way of
// that, too: by a record that panics, or by a row that can't be read.
func TestOneOfManyThatCannotBeToldTouchesItselfOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(*fixture, *signon.Redemption)
	}{
		{"a panic", func(_ *fixture, r *signon.Redemption) {
			r.Record = func(*signon.RedeemOutcome) *signon.Event { panic("of one record") }
		}},
		{"a row", func(f *fixture, r *signon.Redemption) {
			if _, err := f.RedeemGrant(t.Context(), r); err != nil {
				t.Error(err)
			}
			f.exec(t, "UPDATE grants SET about = '\\x00' WHERE key = $1", r.Key[:])
		}},
	} {
		for _, straight := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, straight %v", c.name, straight), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, nil)
				var calls []func() error
				for n := range byte(5) {
					g := newGrant(f.Store, n)
					if err := f.create(g); err != nil {
						t.Fatal(err)
					}
					r := redemption(g, 1)
					if n == 2 {
						c.spoil(f, r)
					}
					calls = append(calls, func() error {
						out, err := f.RedeemGrant(context.Background(), r)
						if err == nil && !out.Won {
							t.Errorf("call %d: got %+v, want it won", n, out)
						}
						return err
					})
				}
				if straight {
					f.patient(t)
					f.settled(t)
				} else {
					f.exec(t, "UPDATE head SET at = at + 60000000")
				}
				for i, err := range f.together(t, calls...) {
					if wrong := i == 2; (err != nil) != wrong {
						t.Errorf("call %d: got %v, want it to fail: %v", i, err, wrong)
					}
				}
			})
		}
	}
}

func TestACommitThatFailsIsNoSuccessForAnybody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	var commits atomic.Int32
	f.inject(t, func(query string) error {
		if query == "COMMIT" && commits.Add(1) == 2 { // the first is that of who holds the committer
			return errInjected
		}
		return nil
	})
	one, two := newGrant(f.Store, 1), newGrant(f.Store, 2)
	for i, err := range f.together(t, func() error { return f.create(one) }, func() error { return f.create(two) }) {
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeUnavailable {
			t.Errorf("call %d: got %v, want CodeUnavailable", i, err)
		}
	}
	if err := f.create(newGrant(f.Store, 3)); err != nil {
		t.Fatal(err)
	}
	f.verify(t, 1)
}

// nodes are stores of one database, of which each call takes the next one.
type nodes struct {
	storetest.Store
	all  []*Store
	next atomic.Int64
}

func (n *nodes) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	return n.all[int(n.next.Add(1))%len(n.all)].RedeemGrant(ctx, r)
}

// newNodes opens more stores on the fixture's database.
func (f *fixture) newNodes(t *testing.T, count int) *nodes {
	t.Helper()
	n := &nodes{Store: f.Store, all: []*Store{f.Store}}
	for len(n.all) < count {
		s, err := Open(t.Context(), f.options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		n.all = append(n.all, s)
	}
	return n
}

func TestOneOfManyWinsOverThreeNodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	n := f.newNodes(t, 3)
	tokens := 100
	if testing.Short() {
		tokens = 10
	}
	for name, binding := range map[string]func(int) byte{
		"different browsers": func(racer int) byte { return byte(racer) },
		"one browser":        func(int) byte { return 1 },
	} {
		if err := storetest.Race(t.Context(), n, tokens, 64, binding); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.keys.VerifyAudit(t.Context(), f, signon.ChainHead{}, nil); err != nil {
		t.Error(err)
	}
}

// careless redeems as one does who looks first and writes then.
type careless struct{ *nodes }

func (c careless) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	s := c.all[int(c.next.Add(1))%len(c.all)]
	out := signon.RedeemOutcome{Epoch: s.Epoch(), Known: true}
	g, err := s.Grant(ctx, r.Key)
	if err != nil || g.State != signon.GrantLive {
		out.Grant = g
		return out, err
	}
	err = s.committer.write(newOp(ctx, func(t tables.Tx) error {
		b := r.Session
		b.Key, b.StartedAt, b.ExpiresAt, b.Epoch = r.Key, t.At(), t.At().Add(r.SessionTTL), t.Epoch()
		t.Exec("UPDATE grants SET state = 1, binding = ?, redeemed_at = ?, session_secret = ?, session_expires_at = ? WHERE key = ?",
			r.Binding[:], t.At().UnixMilli(), b.Secret[:], b.ExpiresAt.UnixMilli(), r.Key[:])
		out.Won, out.Session = true, b
		return nil
	}), "redeem")
	return out, err
}

func TestTheRaceCatchesNodesThatReadBeforeTheyWrite(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	err := storetest.Race(t.Context(), careless{f.newNodes(t, 3)}, 20, 64, func(racer int) byte { return byte(racer) })
	t.Logf("the race found: %v", err)
	if err == nil {
		t.Error("select-then-update went unnoticed")
	}
}

func TestInstantsNeverGoBackOverNodesWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	f := newFixture(t, clock)
	late := storetest.NewClock()
	late.Advance(-time.Hour)
	behind := f.options
	behind.Clock = late
	other, err := Open(t.Context(), behind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	for range 3 {
		for _, s := range []*Store{f.Store, other} {
			if err := s.AppendEvent(t.Context(), &signon.Event{Type: signon.EventClientRefused}); err != nil {
				t.Fatal(err)
			}
		}
		clock.Advance(time.Second)
	}
	events, err := f.Events(t.Context(), 0, 9)
	if err != nil || len(events) != 6 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	var last time.Time
	for i := range events {
		e, err := events[i].Event()
		if err != nil || e.At.Before(last) {
			t.Errorf("event %d is of %v, the one before of %v, %v", i+1, e.At, last, err)
		}
		last = e.At
	}
	if now := other.Now(); now.Before(last) {
		t.Errorf("a node hands out %v after it has judged by %v", now, last)
	}
}

func TestAProcessThatStopsInATransactionLosesIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		config, err := pgx.ParseConfig(f.options.URL)
		if err != nil {
			return err
		}
		config.RuntimeParams["idle_in_transaction_session_timeout"] = "300ms"
		stopped, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer stopped.Close(ctx)
		if _, err := stopped.Exec(ctx, "BEGIN; SELECT * FROM head FOR UPDATE"); err != nil {
			return err
		}
		return f.create(newGrant(f.Store, 1)) // waits until the other has lost the head
	})
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		var limit string
		err := f.pool.QueryRow(ctx, "SHOW idle_in_transaction_session_timeout").Scan(&limit)
		if limit == "0" || limit == "" {
			t.Errorf("the store's own connections have no limit: %q", limit)
		}
		return err
	})
}
