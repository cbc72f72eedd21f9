package postgres

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// patience is far more than any step takes.
const patience = 2 * time.Minute

// persist calls do until it succeeds, as clients do that are told to come again.
func persist[T any](t *testing.T, do func() (T, error)) T {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		v, err := do()
		if err == nil {
			return v
		}
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeUnavailable || time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func newGrant(s *Store, n byte) *signon.Grant {
	now := s.Now().Truncate(time.Millisecond)
	g := &signon.Grant{Tenant: "shop", Client: "SHOP", Destination: "cart", Subject: "1", SubjectKind: signon.SubjectCustomer, IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
	g.Key = signon.ExpiryKey(g.ExpiresAt)
	g.Key[len(g.Key)-1] = n
	return g
}

func issue(t *testing.T, s *Store, n byte) *signon.Grant {
	t.Helper()
	g := newGrant(s, n)
	if err := s.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued, Tenant: "shop"}, nil); err != nil {
		t.Fatal(err)
	}
	return g
}

// redemption is one by a browser with that binding.
func redemption(g *signon.Grant, binding byte) *signon.Redemption {
	return &signon.Redemption{
		Key: g.Key, From: g.Destination, Binding: signon.BindingDigest{binding}, SessionTTL: time.Hour,
		Addr:    []signon.AddrKey{signon.BindAddr(netip.MustParseAddr("192.0.2.1"), signon.AddrExact)},
		Session: signon.BrowserSession{Tenant: g.Tenant, Destination: g.Destination, Subject: g.Subject, SubjectKind: g.SubjectKind, Secret: signon.SecretDigest{binding, 1}},
		Record: func(o *signon.RedeemOutcome) *signon.Event {
			if o.Won {
				return &signon.Event{Type: signon.EventRedeemed, Tenant: "shop"}
			}
			return nil
		},
	}
}

// caughtUp waits until the standby has all that the primary has.
func (p *pair) caughtUp(t *testing.T) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), p.primary.URL("latchkey"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var same bool
		if err := c.QueryRow(t.Context(), "SELECT count(*) = 1 FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()").Scan(&same); err != nil {
			t.Fatal(err)
		}
		if same {
			return
		}
	}
	t.Fatal("the standby does not catch up")
}

// What a synchronous standby was given is not lost with the primary: its links and
// sessions go on.
func TestAPromotedSynchronousStandbyGoesOn(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	spent, live, epoch := issue(t, p.store, 1), issue(t, p.store, 2), p.store.Epoch()
	if out, err := p.store.RedeemGrant(t.Context(), redemption(spent, 1)); err != nil || !out.Won {
		t.Fatalf("redeem: %+v, %v", out, err)
	}
	before := p.store.Now().UnixMicro() // later than any count so far: one change takes longer than a microsecond
	p.failOver(t)
	out := persist(t, func() (signon.RedeemOutcome, error) { return p.store.RedeemGrant(t.Context(), redemption(live, 2)) })
	if !out.Won || p.store.Epoch() != epoch {
		t.Errorf("a link of before: got %+v in epoch %d, want it won in %d", out, p.store.Epoch(), epoch)
	}
	if out := persist(t, func() (signon.RedeemOutcome, error) { return p.store.RedeemGrant(t.Context(), redemption(spent, 2)) }); out.Won {
		t.Error("a redeemed link was redeemed again")
	}
	// A change that was given up may have been seen and remembered, and is not there.
	if after := p.customerChanges(t); after < before {
		t.Errorf("changes of customers are counted on from %d, want at least %d: they come to a number of before again", after, before)
	}
	// A process that starts now knows nothing of what was acknowledged, but that this
	// history is known.
	other, err := Open(t.Context(), Options{URL: p.standby.URL("latchkey"), Keys: testKeys(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if other.Epoch() != epoch {
		t.Errorf("another process: got epoch %d, want %d", other.Epoch(), epoch)
	}
}

func (p *pair) customerChanges(t *testing.T) int64 {
	t.Helper()
	time.Sleep(trusted)
	return persist(t, func() (int64, error) { return p.store.CustomerChanges(t.Context()) })
}

// A process that does not know what was acknowledged takes nothing for granted.
func TestAProcessThatKnowsNothingOfTheHistoryBeforeVoidsIt(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	live, epoch := issue(t, p.store, 1), p.store.Epoch()
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	p.failOver(t)
	s, err := Open(t.Context(), Options{URL: p.standby.URL("latchkey"), Keys: testKeys(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if out, err := s.RedeemGrant(t.Context(), redemption(live, 1)); err != nil || out.Won || s.Epoch() != epoch+1 {
		t.Errorf("got %+v, %v in epoch %d, want it refused in %d", out, err, s.Epoch(), epoch+1)
	}
}

func TestAPromotedStandbyVoidsWhatWasIssuedBefore(t *testing.T) {
	t.Parallel()
	p := newPair(t, false)
	spent, live, epoch := issue(t, p.store, 1), issue(t, p.store, 2), p.store.Epoch()
	if out, err := p.store.RedeemGrant(t.Context(), redemption(spent, 1)); err != nil || !out.Won {
		t.Fatalf("redeem: %+v, %v", out, err)
	}
	p.caughtUp(t)
	p.failOver(t)
	for _, g := range []*signon.Grant{spent, live} {
		out := persist(t, func() (signon.RedeemOutcome, error) { return p.store.RedeemGrant(t.Context(), redemption(g, 2)) })
		if out.Won || !out.Known {
			t.Errorf("got %+v, want it known and refused", out)
		}
	}
	if got := p.store.Epoch(); got != epoch+1 {
		t.Errorf("got epoch %d, want %d", got, epoch+1)
	}
	session := persist(t, func() (signon.BrowserSession, error) { return p.store.Session(t.Context(), spent.Key) })
	if session.Epoch != epoch {
		t.Errorf("a session of before has epoch %d, want %d", session.Epoch, epoch)
	}
	anew := persist(t, func() (*signon.Grant, error) {
		g := newGrant(p.store, 3)
		return g, p.store.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued, Tenant: "shop"}, nil)
	})
	if out := persist(t, func() (signon.RedeemOutcome, error) { return p.store.RedeemGrant(t.Context(), redemption(anew, 1)) }); !out.Won {
		t.Errorf("a new grant: got %+v, want it won", out)
	}
	if n, err := p.store.keys.VerifyAudit(t.Context(), p.store, signon.ChainHead{}, nil); err != nil || n != 6 {
		t.Errorf("audit log: %d events, %v, want 6", n, err)
	}
}

// A commit that is cancelled while it waits for the standby is done on the primary
// and nowhere else: the server says so in a warning only.
func TestACommitThatTheStandbyHasNotSeenIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	g := issue(t, p.store, 1)
	if err := p.standby.Pause(); err != nil {
		t.Fatal(err)
	}
	redeemed := make(chan error, 1)
	go func() {
		out, err := p.store.RedeemGrant(t.Context(), redemption(g, 1))
		if err == nil {
			t.Errorf("got %+v, want that it is not known", out)
		}
		redeemed <- err
	}()
	err := p.cancelUntil(t, redeemed)
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeUnavailable || !errors.Is(err, errAmbiguous) {
		t.Errorf("got %v, want CodeUnavailable", err)
	}

	// Somebody who asks again is told nothing either that the standby does not know.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if out, err := p.store.RedeemGrant(ctx, redemption(g, 1)); err == nil {
		t.Errorf("a repeat beside a paused standby: got %+v, want no answer", out)
	}
	// Nor is somebody who only looks.
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if seen, err := p.store.Grant(ctx, g.Key); err == nil {
		t.Errorf("a look beside a paused standby: got %+v, want no answer", seen)
	}
	// Nor is a refusal certain that rests on what was read.
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := p.store.Confirm(ctx); err == nil {
		t.Error("what was read beside a paused standby counts as certain")
	}
	if err := p.standby.Resume(); err != nil {
		t.Fatal(err)
	}
	persist(t, func() (bool, error) { return true, p.store.Confirm(t.Context()) })
	out := persist(t, func() (signon.RedeemOutcome, error) { return p.store.RedeemGrant(t.Context(), redemption(g, 1)) })
	if out.Won || out.Grant.Binding != (signon.BindingDigest{1}) {
		t.Errorf("a repeat after it: got %+v, want what the first one did", out)
	}
}

// A reply that the standby has not seen was sent to nobody: were it given to who
// repeats the call, a failover would take back what it tells.
func TestAReplyThatTheStandbyHasNotSeenIsNotGiven(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	issue(t, p.store, 1) // this process knows that commits wait
	key := signon.ReplyKey{1}
	claim := func(d time.Duration) (*signon.Reply, error) {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		return p.store.ClaimReply(ctx, key, p.store.Now().Add(time.Hour))
	}
	if _, err := claim(time.Minute); !errors.Is(err, signon.ErrNotFound) {
		t.Fatalf("claim: got %v, want the lease", err)
	}
	if err := p.standby.Pause(); err != nil {
		t.Fatal(err)
	}
	created := make(chan error, 1)
	go func() {
		reply := &signon.Reply{Key: key, Sealed: []byte("sealed"), OutdatedAt: p.store.Now().Add(time.Hour)}
		created <- p.store.CreateGrant(t.Context(), newGrant(p.store, 2), &signon.Event{Type: signon.EventIssued, Tenant: "shop"}, reply)
	}()
	if err := p.cancelUntil(t, created); !errors.Is(err, errAmbiguous) {
		t.Errorf("create: got %v, want that it is not known", err)
	}
	if reply, err := claim(2 * time.Second); signon.AsError(err) == nil || signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("a repeat beside a paused standby: got %+v, %v, want CodeUnavailable", reply, err)
	}
	if err := p.standby.Resume(); err != nil {
		t.Fatal(err)
	}
	if reply := persist(t, func() (*signon.Reply, error) { return claim(time.Minute) }); string(reply.Sealed) != "sealed" {
		t.Errorf("a repeat after it: got %+v, want the reply", reply)
	}
}

// cancelUntil cancels commits that wait for the standby until there is an answer, and
// returns it: the first one may be that of the process's own look at the server.
func (p *pair) cancelUntil(t *testing.T, answered <-chan error) error {
	t.Helper()
	for range 10 {
		p.commitWaits(t, true)
		select {
		case err := <-answered:
			return err
		case <-time.After(5 * time.Second):
		}
	}
	t.Fatal("there is no answer")
	return nil
}

// commitWaits returns when a commit waits for the standby, having cancelled it or not.
func (p *pair) commitWaits(t *testing.T, cancel bool) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), p.primary.URL("latchkey"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var found int
		err := c.QueryRow(t.Context(), "SELECT count(*) FILTER (WHERE NOT $1 OR pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_type = 'client backend'", cancel).Scan(&found)
		if err != nil {
			t.Fatal(err)
		}
		if found > 0 {
			return
		}
	}
	t.Fatal("no commit waits for the standby")
}

// ownServer starts a server for one test, and opens a store there.
func ownServer(ctx context.Context, t *testing.T, o pgtest.Options) (*pgtest.Cluster, *Store) {
	t.Helper()
	server, err := pgtest.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Remove() })
	if err := server.CreateDatabase(ctx, "latchkey", ""); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, Options{URL: server.URL("latchkey"), Keys: testKeys(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return server, s
}

func TestAServerThatComesBackIsUsedAgain(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, s := ownServer(ctx, t, pgtest.Options{})
	g, epoch := issue(t, s, 1), s.Epoch()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RedeemGrant(ctx, redemption(g, 1)); signon.AsError(err) == nil || signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("without a server: got %v, want CodeUnavailable", err)
	}
	if err := server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if out := persist(t, func() (signon.RedeemOutcome, error) { return s.RedeemGrant(ctx, redemption(g, 1)) }); !out.Won || s.Epoch() != epoch {
		t.Errorf("got %+v in epoch %d, want it won in %d: nothing was lost", out, s.Epoch(), epoch)
	}
}

// A server that was started anew has given up all connections: nobody is to notice.
func TestAServerThatWasStartedAnewCostsNoCall(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, s := ownServer(ctx, t, pgtest.Options{NoSync: true, TCP: true})
	for n := range byte(3) {
		if err := server.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if err := server.Start(ctx); err != nil {
			t.Fatal(err)
		}
		issue(t, s, n)
	}
}

func TestAnAddressThatCannotBeReadIsNotRepeated(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Options{URL: "postgres://shop:s3cret-of-mine@[broken/latchkey?sslmode=what", Keys: testKeys(t)})
	if err == nil || strings.Contains(err.Error(), "s3cret-of-mine") {
		t.Errorf("got %v, want an error without the password", err)
	}
}
