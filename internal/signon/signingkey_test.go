package signon_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const ttl = time.Hour // of what is signed in the tests

// rotate puts a new key in the place of the others of application 01.
func rotate(t *testing.T, s *signon.Service, id string, change ...func(*signon.Rotation)) *signon.SigningKey {
	t.Helper()
	r := &signon.Rotation{Tenant: "shop", Owner: signon.AppOwner("01"), ID: id, Secret: signon.Secret("key " + id), Longest: ttl, SupportCode: "ROTATE"}
	for _, c := range change {
		c(r)
	}
	key, err := s.RotateKey(context.Background(), r)
	if err != nil {
		t.Fatalf("rotate to %s: %v", id, err)
	}
	return key
}

func after(d time.Duration) func(*signon.Rotation) { return func(r *signon.Rotation) { r.After = d } }

func atOnce(r *signon.Rotation) { r.Longest = -1 }

// standing returns the IDs of the key that signs and of those that are accepted.
func standing(t *testing.T, s *signon.Service) (signer string, accepted []string) {
	t.Helper()
	keys, err := s.SigningKeys(context.Background(), "shop", signon.AppOwner("01"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys.Accepted {
		accepted = append(accepted, keys.Accepted[i].ID)
	}
	if keys.Signer != nil {
		signer = keys.Signer.ID
	}
	return signer, accepted
}

func wantStanding(t *testing.T, when string, s *signon.Service, signer string, accepted ...string) {
	t.Helper()
	gotSigner, gotAccepted := standing(t, s)
	if diff := cmp.Diff(accepted, gotAccepted); gotSigner != signer || diff != "" {
		t.Errorf("%s: %q signs, want %q; accepted (-want +got):\n%s", when, gotSigner, signer, diff)
	}
}

func TestNewKeySignsAtOnceAndTheOthersAreAcceptedForTheirTime(t *testing.T) {
	w := newWorld(t)
	wantStanding(t, "without a key", w.Service, "")
	rotate(t, w.Service, "a")
	wantStanding(t, "the first", w.Service, "a", "a")
	w.clock.move(time.Minute)
	key := rotate(t, w.Service, "b")
	if !key.CreatedAt.Equal(w.clock.Now()) || !key.SignsFrom.Equal(w.clock.Now()) || !key.RetiresAt.IsZero() {
		t.Errorf("got %+v", key)
	}
	wantStanding(t, "the second", w.Service, "b", "b", "a")
	w.clock.move(ttl + 2*time.Second - time.Millisecond)
	wantStanding(t, "before the first retires", w.Service, "b", "b", "a")
	w.clock.move(time.Millisecond)
	wantStanding(t, "when the first retires", w.Service, "b", "b")
	if e := w.lastEvent(); e.Type != signon.EventKeyAdded || e.Tenant != "shop" || e.SupportCode != "ROTATE" || e.Note != "app 01, key b" {
		t.Errorf("recorded as %+v", e)
	}
	if keys, err := w.SigningKeys(t.Context(), "shop", signon.OwnIssuer); err != nil || len(keys.Accepted) > 0 {
		t.Errorf("another owner has %d keys, %v", len(keys.Accepted), err)
	}
	if keys, err := w.SigningKeys(t.Context(), "other", signon.AppOwner("01")); err != nil || len(keys.Accepted) > 0 {
		t.Errorf("another tenant has %d keys, %v", len(keys.Accepted), err)
	}
}

func TestKeyThatSignsLaterIsAcceptedAtOnce(t *testing.T) {
	w := newWorld(t)
	rotate(t, w.Service, "a", after(time.Hour))
	wantStanding(t, "the first, without another one until then", w.Service, "a", "a")
	w.clock.move(time.Second)
	rotate(t, w.Service, "b", after(10*time.Minute))
	wantStanding(t, "at first", w.Service, "a", "b", "a")
	w.clock.move(10*time.Minute - time.Millisecond)
	wantStanding(t, "a millisecond before", w.Service, "a", "b", "a")
	w.clock.move(time.Millisecond)
	wantStanding(t, "then", w.Service, "b", "b", "a")
	w.clock.move(ttl + time.Second)
	wantStanding(t, "while what the first has signed is valid", w.Service, "b", "b", "a")
	w.clock.move(time.Second)
	wantStanding(t, "afterwards", w.Service, "b", "b")
}

func TestRetiredAtOnceIsNotAcceptedAnyMore(t *testing.T) {
	w := newWorld(t)
	rotate(t, w.Service, "a")
	w.clock.move(time.Second)
	rotate(t, w.Service, "b", after(time.Hour))
	wantStanding(t, "before", w.Service, "a", "b", "a")
	rotate(t, w.Service, "c", atOnce, after(time.Hour)) // nobody else is left to sign
	wantStanding(t, "afterwards", w.Service, "c", "c")
}

func TestRotationOvertakesOnesPlannedBefore(t *testing.T) {
	w := newWorld(t)
	rotate(t, w.Service, "a")
	w.clock.move(time.Minute)
	rotate(t, w.Service, "planned", after(30*time.Minute))
	w.clock.move(time.Minute)
	rotate(t, w.Service, "now")
	for range 70 {
		signer, _ := standing(t, w.Service)
		if signer != "now" {
			t.Fatalf("%q signs, which retires before what it signs expires", signer)
		}
		w.clock.move(time.Minute)
	}
}

func TestLastOfSeveralRotationsOfOneInstantSigns(t *testing.T) {
	w := newWorld(t) // the clock stands still
	for _, id := range []string{"m", "z", "a", "k"} {
		rotate(t, w.Service, id)
		if signer, _ := standing(t, w.Service); signer != id {
			t.Errorf("%q signs, want the last one, %q", signer, id)
		}
	}
}

func TestAcceptedKeysAreFew(t *testing.T) {
	w := newWorld(t)
	for i := range signon.MaxKeys {
		rotate(t, w.Service, fmt.Sprint(i))
		w.clock.move(time.Minute)
	}
	_, err := w.RotateKey(t.Context(), &signon.Rotation{Tenant: "shop", Owner: signon.AppOwner("01"), ID: "more", Longest: ttl})
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit || e.RetryAfter != ttl+2*time.Second-3*time.Minute {
		t.Errorf("got %+v, want limit until the first one retires", e)
	}
	w.clock.move(ttl + 2*time.Second - 3*time.Minute)
	rotate(t, w.Service, "more")
	rotate(t, w.Service, "alone", atOnce)
	wantStanding(t, "at once there is room", w.Service, "alone", "alone")
	_, err = w.RotateKey(t.Context(), &signon.Rotation{Tenant: "shop", Owner: signon.AppOwner("01"), ID: "alone", Longest: ttl})
	if !errors.Is(err, signon.ErrConflict) {
		t.Errorf("with an ID that is taken: got %v, want a conflict", err)
	}
}

func TestParallelRotationsLeaveNoMoreKeysThanATokenIsTriedWith(t *testing.T) {
	w := newWorld(t)
	nodes := []*signon.Service{w.node(w.store), w.node(w.store)}
	rotate(t, nodes[0], "first")
	var wg sync.WaitGroup
	var done atomic.Int32
	for i := range 12 {
		wg.Go(func() {
			_, err := nodes[i%2].RotateKey(t.Context(), &signon.Rotation{Tenant: "shop", Owner: signon.AppOwner("01"), ID: fmt.Sprint(i), Longest: ttl})
			if err == nil {
				done.Add(1)
			} else if e := signon.AsError(err); e.Code != signon.CodeLimit || e.Argument != "keys" || e.RetryAfter <= 0 {
				t.Errorf("got %v, want limit until a key retires", err)
			}
		})
	}
	wg.Wait()
	if got := done.Load(); got != signon.MaxKeys-1 {
		t.Errorf("%d rotations were done, want %d", got, signon.MaxKeys-1)
	}
	w.clock.move(time.Second) // so each node knows
	signer, _ := standing(t, nodes[0])
	for when := range 2 { // then, and when what it signs now is about to expire
		for i, node := range nodes {
			_, accepted := standing(t, node)
			if !slices.Contains(accepted, signer) || len(accepted) > signon.MaxKeys {
				t.Errorf("node %d, time %d: %q signed, accepted are %q", i, when, signer, accepted)
			}
		}
		w.clock.move(ttl - time.Millisecond)
	}
}

// changedMeanwhile is a store that does something after it has read keys, once.
type changedMeanwhile struct {
	signon.Store
	then func()
}

func (s *changedMeanwhile) SigningKeys(ctx context.Context, tenant signon.TenantID, owner string) ([]signon.SigningKey, error) {
	keys, err := s.Store.SigningKeys(ctx, tenant, owner)
	if then := s.then; then != nil {
		s.then = nil
		then()
	}
	return keys, err
}

func TestKeysReadBeforeARotationAreNotRemembered(t *testing.T) {
	w := newWorld(t)
	store := &changedMeanwhile{Store: w.store}
	s := w.node(store)
	rotate(t, s, "a")
	w.clock.move(time.Minute)
	store.then = func() { rotate(t, s, "b", atOnce) }
	standing(t, s) // has read "a" when "b" comes; it may be told either
	wantStanding(t, "from then on", s, "b", "b")
}

func TestAnotherNodeKnowsARotationWithinASecond(t *testing.T) {
	w := newWorld(t)
	one, two := w.node(w.store), w.node(w.store)
	rotate(t, one, "a")
	wantStanding(t, "the other node", two, "a", "a")
	w.clock.move(time.Millisecond)
	rotate(t, one, "b", atOnce)
	wantStanding(t, "this node", one, "b", "b")
	w.clock.move(time.Second)
	wantStanding(t, "the other node, a second later", two, "b", "b")
}

func TestNothingValidIsRefusedWhateverIsRotated(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		nodes := []*signon.Service{w.node(w.store), w.node(w.store)}
		rotate(t, nodes[0], "first")
		type signed struct {
			key   string
			until time.Time
		}
		var valid []signed
		for step := range 300 {
			w.clock.move(time.Second + time.Duration(random.IntN(90_000))*time.Millisecond) // so each node knows
			now := w.Now()
			if random.IntN(12) == 0 {
				r := &signon.Rotation{Tenant: "shop", Owner: signon.AppOwner("01"), ID: fmt.Sprint(step), Longest: ttl}
				if random.IntN(2) == 0 {
					r.After = time.Duration(random.IntN(100)) * time.Minute
				}
				_, err := nodes[random.IntN(2)].RotateKey(t.Context(), r)
				if e := signon.AsError(err); e != nil && e.Code != signon.CodeLimit {
					t.Fatal(err)
				}
			}
			for _, node := range nodes {
				signer, accepted := standing(t, node)
				valid = append(valid, signed{signer, now.Add(ttl)})
				known := map[string]bool{}
				for _, id := range accepted {
					known[id] = true
				}
				for _, s := range valid {
					if now.Before(s.until) && !known[s.key] {
						t.Fatalf("seed %d, step %d: what %q signed is valid until %v, and refused at %v", seed, step, s.key, s.until, now)
					}
				}
			}
		}
	}
}
