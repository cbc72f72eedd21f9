package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// What the races are run with.
const (
	racers     = 64
	raceTokens = 1000
)

// shortened is n, and a tenth of it under -short.
func shortened(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// Race has racers goroutines redeem each of a number of new grants at the same
// time, each with the binding that is its own, and returns an error that tells
// what an engine must never do: redeem a grant more than once, or not at all,
// or tell two callers different things of it.
func Race(ctx context.Context, s Store, tokens, racers int, binding func(racer int) byte) error {
	b := &bench{Harness: &Harness{Store: s}}
	var problems []error
	for range tokens {
		g := b.newGrant()
		if err := s.CreateGrant(ctx, g, event(signon.EventIssued), nil); err != nil {
			return fmt.Errorf("create grant: %w", err)
		}
		outcomes := make([]signon.RedeemOutcome, racers)
		errs := make([]error, racers)
		together(racers, func(i int) { outcomes[i], errs[i] = s.RedeemGrant(ctx, redemption(g, binding(i))) })
		if err := errors.Join(append(errs, judge(ctx, s, g, outcomes))...); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d of %d tokens; the first: %w", len(problems), tokens, problems[0])
	}
	return nil
}

// judge compares what the racers for one grant were told.
func judge(ctx context.Context, s Store, g *signon.Grant, outcomes []signon.RedeemOutcome) error {
	var winner *signon.RedeemOutcome
	for i := range outcomes {
		if !outcomes[i].Won {
			continue
		}
		if winner != nil {
			return errors.New("redeemed more than once")
		}
		winner = &outcomes[i]
	}
	if winner == nil {
		return errors.New("redeemed by nobody")
	}
	stored, err := s.Grant(ctx, g.Key)
	if err != nil {
		return fmt.Errorf("read grant: %w", err)
	}
	session, err := s.Session(ctx, g.Key)
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	if stored.State != signon.GrantRedeemed || stored.Binding[0] != winner.Session.Secret[0] || session != winner.Session {
		return errors.New("stored otherwise than the winner was told")
	}
	for i := range outcomes {
		if o := &outcomes[i]; !o.Won && (o.Grant != stored || o.Session != session) {
			return fmt.Errorf("a loser was told otherwise: %s", cmp.Diff(stored, o.Grant)+cmp.Diff(session, o.Session))
		}
	}
	return nil
}

// together runs do in n goroutines that start at the same moment.
func together(n int, do func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

var racePromises = []promise{
	{"TokenIsRedeemedOnceByDifferentBrowsers", func(t *testing.T, b *bench) {
		if err := Race(b.ctx, b.Store, shortened(raceTokens), racers, func(racer int) byte { return byte(racer) }); err != nil {
			t.Error(err)
		}
		b.count(t, signon.EventRedeemed, shortened(raceTokens))
	}},
	{"TokenIsRedeemedOnceByOneBrowser", func(t *testing.T, b *bench) {
		if err := Race(b.ctx, b.Store, shortened(raceTokens/10), racers, func(int) byte { return 1 }); err != nil {
			t.Error(err)
		}
		b.count(t, signon.EventRedeemed, shortened(raceTokens/10))
	}},
	{"TokenIsRedeemedOnceWithoutASession", func(t *testing.T, b *bench) {
		for range shortened(raceTokens / 10) {
			g := b.issue(t)
			won := make([]int, racers)
			together(racers, func(i int) {
				out, err := b.Store.RedeemGrant(b.ctx, sessionless(g))
				won[i] = count(out.Won)
				if err != nil || out.Session != (signon.BrowserSession{}) {
					t.Errorf("racer %d: got %+v, %v, want no session", i, out.Session, err)
				}
			})
			if total := sum(won); total != 1 {
				t.Errorf("redeemed %d times, want 1", total)
			}
		}
		b.count(t, signon.EventRedeemed, shortened(raceTokens/10))
	}},
	{"RevokedTokenIsNotRedeemed", func(t *testing.T, b *bench) {
		for range shortened(100) {
			g := b.issue(t)
			var mu sync.Mutex
			won, revoked := 0, 0
			together(16, func(i int) {
				var redeemedNow, revokedNow bool
				var err error
				if i%2 == 0 {
					var out signon.RedeemOutcome
					out, err = b.Store.RedeemGrant(b.ctx, redemption(g, byte(i)))
					redeemedNow = out.Won
				} else {
					revokedNow, err = b.Store.RevokeGrant(b.ctx, g.Key, event(signon.EventRevoked))
				}
				mu.Lock()
				defer mu.Unlock()
				won, revoked = won+count(redeemedNow), revoked+count(revokedNow)
				if err != nil {
					t.Errorf("racer %d: %v", i, err)
				}
			})
			if won > 1 || revoked != 1 {
				t.Errorf("redeemed %d times, revoked %d times, want at most 1 and exactly 1", won, revoked)
			}
			b.revoked(t, g.Key, won == 1)
		}
	}},
	{"MissesAreCountedOneByOne", func(t *testing.T, b *bench) {
		g := b.issue(t, bound(home))
		together(racers, func(i int) {
			if out, err := b.Store.RedeemGrant(b.ctx, redemption(g, byte(i), abroad)); err != nil || out.Won {
				t.Errorf("got %+v, %v, want a miss", out, err)
			}
		})
		if got := b.grant(t, g.Key); got.State != signon.GrantVoided || got.Misses != signon.MaxMisses {
			t.Errorf("got %d misses, state %v, want %d, voided", got.Misses, got.State, signon.MaxMisses)
		}
	}},
	{"FailuresOfNeighboursAreTheirOwn", func(t *testing.T, b *bench) {
		taken := b.issue(t)
		b.create(t, named(1, "taken"))
		good := make([]*signon.Grant, racers)
		together(racers, func(i int) {
			for range 5 {
				b.neighbour(t, i, taken, good)
			}
		})
		for i, g := range good {
			if g != nil {
				same(t, fmt.Sprintf("grant %d", i), b.grant(t, g.Key), *g)
			}
		}
		b.count(t, signon.EventIssued, 1+5*racers/4)
		b.count(t, signon.EventImported, 0)
		b.count(t, signon.EventCustomerCreated, 1)
	}},
	{"AuditLogStaysWhole", func(t *testing.T, b *bench) {
		together(racers, func(int) {
			for range 20 {
				b.append(t, event(signon.EventClientRefused))
			}
		})
		b.count(t, signon.EventClientRefused, 20*racers)
		var last time.Time
		for _, e := range b.decoded(t) {
			if e.At.Before(last) {
				t.Fatal("the times of the events go back")
			}
			last = e.At
		}
	}},
	{"OneUpdateOfAVersionWins", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		const rounds, updaters = 20, 16
		for round := range rounds {
			won := make([]int, updaters)
			together(updaters, func(i int) {
				c := customer(1)
				c.Version, c.Billing.FirstName = int64(round+1), fmt.Sprint(i)
				err := b.Store.UpdateCustomer(b.ctx, c, event(signon.EventCustomerChanged))
				won[i] = count(err == nil)
				if err != nil {
					fails(t, "update", err, signon.ErrConflict)
				}
			})
			got := b.customer(t, 1)
			for i := range won {
				if (won[i] == 1) != (got.Billing.FirstName == fmt.Sprint(i)) {
					t.Errorf("round %d: updater %d won %d times, the name is %q", round, i, won[i], got.Billing.FirstName)
				}
			}
			if got.Version != int64(round+2) {
				t.Errorf("got version %d, want %d", got.Version, round+2)
			}
		}
	}},
	{"OneUpdateOfAVersionOfASubscriptionWins", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		b.subscribe(t, subscription("AA", 1))
		const rounds, updaters = 20, 16
		for round := range rounds {
			won := make([]int, updaters)
			together(updaters, func(i int) {
				s := subscription("AA", 1)
				s.Version, s.CardToken = int64(round+1), fmt.Sprint("tok-", i)
				var err error
				if i%2 == 0 {
					err = b.Store.UpdateSubscription(b.ctx, s, event(signon.EventSubscriptionChanged))
				} else {
					err = b.Store.Import(b.ctx, &directory.Batch{Subscriptions: []*directory.Subscription{s}}, event(signon.EventSubscriptionChanged))
				}
				won[i] = count(err == nil)
				if err != nil {
					fails(t, "update", err, signon.ErrConflict)
				}
			})
			got := b.subscription(t, "AA")
			for i := range won {
				if (won[i] == 1) != (got.CardToken == fmt.Sprint("tok-", i)) {
					t.Errorf("round %d: updater %d won %d times, the card is %q", round, i, won[i], got.CardToken)
				}
			}
			if got.Version != int64(round+2) {
				t.Errorf("got version %d, want %d", got.Version, round+2)
			}
		}
		b.count(t, signon.EventSubscriptionChanged, rounds)
	}},
	{"NoSigningOutIsLost", func(t *testing.T, b *bench) {
		b.create(t, customer(1))
		start := b.Store.Now().Truncate(time.Millisecond)
		const rounds = 20
		together(16, func(i int) {
			for range rounds {
				if i%4 > 0 { // others change the customer meanwhile
					_ = b.Store.UpdateCustomer(b.ctx, b.customer(t, 1), event(signon.EventCustomerChanged)) // many conflict
					continue
				}
				before := b.customer(t, 1).SignedOutBefore
				b.signOut(t, 1)
				if now := b.Store.Now(); !b.customer(t, 1).SignedOutBefore.After(later(before, now)) {
					t.Errorf("signed out: the instant is not after %v", later(before, now))
				}
			}
		})
		want := start.Add(4 * rounds * time.Millisecond) // the clock stands still: each takes one more
		if got := b.customer(t, 1).SignedOutBefore; !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		b.count(t, signon.EventSignedOutEverywhere, 4*rounds)
	}},
	{"OneTextIsGivenToOneCustomer", func(t *testing.T, b *bench) {
		for i := range 20 {
			for n, c := range clashes {
				pair := []*directory.Customer{inTenant(c.first, n), inTenant(c.second, n)}
				won := make([]int, racers/4)
				together(len(won), func(racer int) {
					own := *pair[racer%2]
					own.Tenant += signon.TenantID(fmt.Sprint(i))
					won[racer] = count(b.Store.CreateCustomer(b.ctx, &own, nil) == nil)
				})
				if total := sum(won); total != 1 {
					t.Errorf("%s: %d customers were created, want 1", c.name, total)
				}
			}
		}
	}},
	{"CartPlacesOneOrder", func(t *testing.T, b *bench) {
		for i := range 20 {
			cart := fmt.Sprintf("cart %d", i)
			told := make([]string, 16)
			together(len(told), func(racer int) {
				o, err := b.Store.PutOrder(b.ctx, order(fmt.Sprintf("%d%02d", i+1, racer), cart), event(signon.EventOrderPlaced))
				if err != nil {
					t.Errorf("put order: %v", err)
					return
				}
				told[racer] = o.RefNo
			})
			for _, refNo := range told {
				if refNo != told[0] {
					t.Errorf("%s: callers were told numbers %s and %s", cart, told[0], refNo)
				}
			}
		}
		b.count(t, signon.EventOrderPlaced, 20)
	}},
}

// neighbour does one of four things, of which only the first succeeds.
func (b *bench) neighbour(t *testing.T, i int, taken *signon.Grant, good []*signon.Grant) {
	switch i % 4 {
	case 0:
		g := b.newGrant()
		if err := b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), nil); err != nil {
			t.Errorf("create grant: %v", err)
			return
		}
		good[i] = g
	case 1:
		g := b.newGrant()
		g.Key = taken.Key
		fails(t, "create under a taken key", b.Store.CreateGrant(b.ctx, g, event(signon.EventIssued), nil), signon.ErrConflict)
	case 2:
		batch := &directory.Batch{Customers: []*directory.Customer{fresh(bare(int64(100 + i))), fresh(named(2, "taken"))}}
		fails(t, "import", b.Store.Import(b.ctx, batch, event(signon.EventImported)), signon.ErrConflict)
	case 3:
		fails(t, "create customer", b.Store.CreateCustomer(b.ctx, named(int64(200+i), "taken"), event(signon.EventCustomerCreated)), signon.ErrConflict)
	}
}

// revoked fails the test unless the grant is revoked, and its session, if it
// has one, has ended.
func (b *bench) revoked(t *testing.T, key signon.GrantKey, redeemed bool) {
	t.Helper()
	if g := b.grant(t, key); g.State != signon.GrantRevoked {
		t.Errorf("got state %v, want %v", g.State, signon.GrantRevoked)
	}
	session, err := b.Store.Session(b.ctx, key)
	if !redeemed {
		fails(t, "session", err, signon.ErrNotFound)
	} else if err != nil || session.EndedAt.IsZero() {
		t.Errorf("got session %+v, %v, want it ended", session, err)
	}
}

// count fails the test unless the audit log is whole and has that many events
// of the type.
func (b *bench) count(t *testing.T, eventType signon.EventType, want int) {
	t.Helper()
	got := 0
	for _, e := range b.events(t) {
		got += count(e == eventType)
	}
	if got != want {
		t.Errorf("got %d events %s, want %d", got, eventType, want)
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sum(list []int) (total int) {
	for _, n := range list {
		total += n
	}
	return total
}
