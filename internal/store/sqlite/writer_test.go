package sqlite

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

var errInjected = errors.New("injected")

// testGrant returns the n-th grant of a test.
func (f *fixture) testGrant(n int) *signon.Grant {
	now := f.Now().Truncate(time.Millisecond)
	g := &signon.Grant{
		Key: signon.ExpiryKey(now.Add(time.Minute)), Tenant: "shop", Client: "SHOP", Destination: "cart", Subject: "352365983", SubjectKind: signon.SubjectCustomer,
		Target: "https://store.example.com/order/checkout.php?PRODS=4639321&QTY=1", Language: "en", IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	}
	digest := sha256.Sum256(fmt.Append(nil, n))
	copy(g.Key[4:], digest[:])
	return g
}

func (f *fixture) create(g *signon.Grant) error {
	return f.CreateGrant(context.Background(), g, &signon.Event{Type: signon.EventIssued, Tenant: g.Tenant}, nil)
}

func testRedemption(g *signon.Grant, binding byte) *signon.Redemption {
	return &signon.Redemption{
		Key: g.Key, From: g.Destination, Binding: signon.BindingDigest{binding}, SessionTTL: time.Hour,
		Session: signon.BrowserSession{Tenant: g.Tenant, Destination: g.Destination, Client: g.Client, Subject: g.Subject, SubjectKind: g.SubjectKind, Target: g.Target},
		Record: func(o *signon.RedeemOutcome) *signon.Event {
			if !o.Known {
				return nil
			}
			return &signon.Event{Type: signon.EventRedeemed, Tenant: g.Tenant}
		},
	}
}

// hold keeps the writer busy until the function returned is called. What is
// given to change runs on the writer first.
func (f *fixture) hold(t *testing.T, change func(*tx)) (release func()) {
	t.Helper()
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		err := f.write(context.Background(), "hold", func(x *tx) error {
			if change != nil {
				change(x)
			}
			close(begun)
			<-end
			return nil
		})
		if err != nil {
			t.Errorf("hold the writer: %v", err)
		}
	}()
	<-begun
	return func() { close(end); <-done }
}

// inject makes statements of later groups fail where fail returns an error, and
// counts transactions that were committed.
func (f *fixture) inject(t *testing.T, fail func(query string, args []any) error) *atomic.Int32 {
	t.Helper()
	var commits atomic.Int32
	f.hold(t, func(x *tx) {
		x.inject = func(query string, args []any) error {
			if fail != nil {
				if err := fail(query, args); err != nil {
					return err
				}
			}
			if query == "COMMIT" {
				commits.Add(1)
			}
			return nil
		}
	})()
	commits.Store(0)
	return &commits
}

// together has the calls wait for the writer at the same moment, so that they
// make one group, in their order, and returns their errors.
func (f *fixture) together(t *testing.T, calls ...func() error) []error {
	t.Helper()
	release := f.hold(t, nil)
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() { errs[i] = call() })
		f.waitQueued(i + 1)
	}
	release()
	wg.Wait()
	return errs
}

func (f *fixture) waitQueued(n int) {
	for {
		queued := f.writer.queue.Len()
		if queued >= n {
			return
		}
		runtime.Gosched()
	}
}

// verify fails the test unless the audit log is whole, ends at the mark, and
// has so many events.
func (f *fixture) verify(t *testing.T, want int64) {
	t.Helper()
	anchor := f.mark.known().head
	n, err := f.options.Keys.VerifyAudit(t.Context(), f, anchor, nil)
	if err != nil || n != want || anchor.Seq != want {
		t.Errorf("verify: got %d events and a mark at %d, %v, want %d", n, anchor.Seq, err, want)
	}
}

// stored fails the test unless exactly the grants whose call succeeded exist.
func (f *fixture) stored(t *testing.T, grants []*signon.Grant, errs []error) {
	t.Helper()
	for i, g := range grants {
		_, err := f.Grant(t.Context(), g.Key)
		if (err == nil) != (errs[i] == nil) {
			t.Errorf("grant %d: the call returned %v, reading it %v", i, errs[i], err)
		}
	}
}

// creations returns n grants and a call for each that creates it.
func (f *fixture) creations(n int) (grants []*signon.Grant, calls []func() error) {
	for i := range n {
		g := f.testGrant(i)
		grants = append(grants, g)
		calls = append(calls, func() error { return f.create(g) })
	}
	return grants, calls
}

func hasCode(err error, code signon.Code) bool {
	e := signon.AsError(err)
	return e != nil && e.Code == code
}

func TestWaitingCallsShareATransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	commits := f.inject(t, nil)
	grants, calls := f.creations(50)
	errs := f.together(t, calls...)
	f.stored(t, grants, errs)
	f.verify(t, 50)
	if n := commits.Load(); n != 2 { // the one that held the writer, and the group
		t.Errorf("got %d transactions, want 2", n)
	}
}

func TestGroupIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	commits := f.inject(t, nil)
	_, calls := f.creations(maxGroup + 1)
	if err := errors.Join(f.together(t, calls...)...); err != nil {
		t.Fatal(err)
	}
	if n := commits.Load(); n != 3 {
		t.Errorf("got %d transactions, want 3", n)
	}
}

func TestFailingStatementTouchesItsOwnCallOnly(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{insertGrant, insertEvent} {
		f := newFixture(t, storetest.NewClock())
		grants, calls := f.creations(9)
		guilty := false
		f.inject(t, func(query string, args []any) error {
			if isOne(query, insertGrant) {
				key, _ := args[0].([]byte)
				guilty = slices.Equal(key, grants[4].Key[:])
			}
			if guilty && isOne(query, statement) {
				return errInjected
			}
			return nil
		})
		errs := f.together(t, calls...)
		for i, err := range errs {
			if want := i == 4; errors.Is(err, errInjected) != want || (err != nil) != want {
				t.Errorf("call %d: got %v, want it to fail: %v", i, err, want)
			}
		}
		if !hasCode(errs[4], signon.CodeInternal) {
			t.Errorf("got %v, want CodeInternal", errs[4])
		}
		f.stored(t, grants, errs)
		f.verify(t, 8)
	}
}

func TestPanicTouchesItsOwnCallOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	g := f.testGrant(100)
	if err := f.create(g); err != nil {
		t.Fatal(err)
	}
	r := testRedemption(g, 1)
	r.Record = func(*signon.RedeemOutcome) *signon.Event { panic("injected") }
	grants, calls := f.creations(4)
	calls = slices.Insert(calls, 2, func() error { _, err := f.RedeemGrant(t.Context(), r); return err })
	errs := f.together(t, calls...)
	if !hasCode(errs[2], signon.CodeInternal) {
		t.Errorf("got %v, want CodeInternal", errs[2])
	}
	f.stored(t, grants, slices.Delete(errs, 2, 3))
	f.verify(t, 5)
	if out, err := f.RedeemGrant(t.Context(), testRedemption(g, 1)); err != nil || !out.Won {
		t.Errorf("redeem after the panic: got %+v, %v, want it won", out, err)
	}
}

func TestFailedCommitIsUnavailableForAll(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{"BEGIN IMMEDIATE", "COMMIT"} {
		f := newFixture(t, storetest.NewClock())
		grants, calls := f.creations(5)
		if err := calls[0](); err != nil {
			t.Fatal(err)
		}
		failures := 0
		f.inject(t, func(query string, _ []any) error {
			if isOne(query, statement) {
				failures++
			}
			if failures == 2 && isOne(query, statement) { // the first one is that of together
				return errInjected
			}
			return nil
		})
		failures = 0
		errs := f.together(t, calls[1:]...)
		for i, err := range errs {
			if !hasCode(err, signon.CodeUnavailable) {
				t.Errorf("%s, call %d: got %v, want CodeUnavailable", statement, i, err)
			}
		}
		f.stored(t, grants[1:], errs)
		f.verify(t, 1)
		if err := calls[1](); err != nil {
			t.Errorf("%s: the next call: %v", statement, err)
		}
		f.verify(t, 2)
	}
}

func TestFullDiskLosesNothingAndPasses(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	limit := func(pages int) {
		f.hold(t, func(x *tx) {
			if _, err := x.conn.exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
				t.Errorf("limit pages: %v", err)
			}
		})()
	}
	limit(60)
	grants, calls := f.creations(600)
	errs := make([]error, 0, len(calls))
	for part := range slices.Chunk(calls, 50) {
		errs = append(errs, f.together(t, part...)...)
	}
	failed := int64(0)
	for i, err := range errs {
		if err != nil {
			failed++
			if !hasCode(err, signon.CodeUnavailable) {
				t.Errorf("call %d: got %v, want CodeUnavailable", i, err)
			}
		}
	}
	if failed == 0 || failed == int64(len(calls)) {
		t.Fatalf("%d of %d calls failed, want some", failed, len(calls))
	}
	f.stored(t, grants, errs)
	f.verify(t, int64(len(calls))-failed)
	limit(1 << 30)
	if err := f.create(f.testGrant(1000)); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	f.reopen(t)
	f.stored(t, grants, errs)
	f.verify(t, int64(len(calls))-failed+1)
}

func TestGroupThatChangesNothingWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	g := f.testGrant(0)
	if err := f.create(g); err != nil {
		t.Fatal(err)
	}
	before := f.walBytes(t)
	unknown := f.testGrant(1)
	errs := f.together(t,
		func() error { _, err := f.RedeemGrant(t.Context(), testRedemption(unknown, 1)); return err },
		func() error { _, err := f.EndSession(t.Context(), g.Key, nil); return err },
	)
	_, err := f.Sweep(t.Context(), signon.GrantKey{}, time.Time{}, 100)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if err := f.create(g); !errors.Is(err, signon.ErrConflict) {
		t.Fatalf("create again: got %v, want a conflict", err)
	}
	if after := f.walBytes(t); !slices.Equal(before, after) {
		t.Errorf("the write-ahead log grew from %d to %d bytes, or was changed", len(before), len(after))
	}
}

func (f *fixture) walBytes(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(f.options.Path + "-wal")
	if err != nil || len(b) == 0 {
		t.Fatalf("read the write-ahead log: %d bytes, %v", len(b), err)
	}
	return b
}

func TestWriteAheadLogIsCopiedBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	batch := &directory.Batch{}
	for n := range 100 { // a page each
		batch.Products = append(batch.Products, &directory.Product{Tenant: "shop", ID: strconv.Itoa(n), Name: strings.Repeat("x", 3000)})
	}
	for round := range 200 {
		for _, p := range batch.Products {
			p.Code = strconv.Itoa(round)
		}
		if err := f.Import(t.Context(), batch, nil); err != nil {
			t.Fatal(err)
		}
	}
	const page = 4096 + 24
	if n := len(f.walBytes(t)) / page; n > 3*checkpointPages/2 {
		t.Errorf("the write-ahead log has %d pages, want about %d", n, checkpointPages)
	}
	if info, err := os.Stat(f.options.Path); err != nil || info.Size() < 100*4096 {
		t.Errorf("the database has %d bytes, %v, want what was copied into it", info.Size(), err)
	}
}

func TestCallThatIsGivenUpInTheQueueIsNotDone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	g := f.testGrant(0)
	ctx, cancel := context.WithCancel(t.Context())
	release := f.hold(t, nil)
	done := make(chan error)
	go func() { done <- f.CreateGrant(ctx, g, &signon.Event{Type: signon.EventIssued}, nil) }()
	f.waitQueued(1)
	cancel()
	if err := <-done; !hasCode(err, signon.CodeUnavailable) {
		t.Errorf("got %v, want CodeUnavailable", err)
	}
	release()
	if err := f.create(f.testGrant(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Grant(t.Context(), g.Key); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("got %v, want no such grant", err)
	}
	f.verify(t, 1)
}

func TestCallThatIsGivenUpWhileItRunsIsCommitted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	ctx, cancel := context.WithCancel(t.Context())
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- f.write(ctx, "append", func(x *tx) error {
			close(begun)
			<-end
			x.Append(&signon.Event{Type: signon.EventIssued})
			return nil
		})
	}()
	<-begun
	cancel()
	if err := <-done; !hasCode(err, signon.CodeUnavailable) {
		t.Errorf("got %v, want CodeUnavailable", err)
	}
	close(end)
	if err := f.create(f.testGrant(1)); err != nil {
		t.Fatal(err)
	}
	f.verify(t, 2)
}

// careless redeems as a store must not: it reads, decides, and then writes.
type careless struct{ *Store }

func (c *careless) RedeemGrant(ctx context.Context, r *signon.Redemption) (signon.RedeemOutcome, error) {
	out := signon.RedeemOutcome{Epoch: c.Epoch()}
	g, err := c.Grant(ctx, r.Key)
	if err != nil {
		return out, err
	}
	err = c.write(ctx, "redeem", func(t *tx) error {
		out.At, out.Known = t.at, true
		if g.State != signon.GrantLive {
			out.Grant = g
			if found := t.One("SELECT "+tables.SessionColumns+" FROM grants WHERE key = ?", r.Key[:]); found != nil {
				out.Session, t.fault = found.Session()
			}
			return nil
		}
		b := r.Session
		b.Key, b.StartedAt, b.ExpiresAt, b.Epoch = r.Key, t.at, t.at.Add(r.SessionTTL), t.epoch
		t.Exec("UPDATE grants SET state = 1, binding = ?, redeemed_at = ?, session_secret = ?, session_expires_at = ? WHERE key = ?",
			r.Binding[:], t.at.UnixMilli(), b.Secret[:], b.ExpiresAt.UnixMilli(), r.Key[:])
		out.Won, out.Session = true, b
		return nil
	})
	return out, err
}

func TestRaceCatchesAStoreThatReadsBeforeItWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	binding := func(racer int) byte { return byte(racer) }
	err := storetest.Race(t.Context(), &careless{f.Store}, 20, 64, binding)
	t.Logf("the race found: %v", err)
	if err == nil {
		t.Error("select-then-update went unnoticed")
	}
	if err := storetest.Race(t.Context(), f.Store, 20, 64, binding); err != nil {
		t.Errorf("the store itself: %v", err)
	}
}
