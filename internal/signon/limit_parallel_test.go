package signon_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestCallsAtOnceLearnNoMoreThanOneAfterTheOther has all of them judged before the
// first has failed.
func TestCallsAtOnceLearnNoMoreThanOneAfterTheOther(t *testing.T) {
	const calls, most = 32, 10
	for _, id := range []string{"SHOP", "NOBODY"} {
		w := newWorld(t)
		w.failures.most = most
		var in, all sync.WaitGroup
		var verdicts, limited atomic.Int64
		in.Add(calls)
		for range calls {
			all.Go(func() {
				var once sync.Once
				_, err := w.Authenticate(signon.Claim{Realm: "r", ID: id, Caller: home, Verify: func(*signon.Client, string) signon.Reason {
					once.Do(in.Done)
					in.Wait()
					return signon.ReasonBadProof
				}})
				switch e := signon.AsError(err); {
				case e.Code == signon.CodeUnauthenticated:
					verdicts.Add(1)
				case e.Code == signon.CodeLimit && e.Reason == signon.ReasonLimit && e.RetryAfter > 0:
					limited.Add(1)
				}
			})
		}
		all.Wait()
		if verdicts.Load() != most || limited.Load() != calls-most {
			t.Errorf("%s: got %d verdicts and %d that were limited, want %d and %d", id, verdicts.Load(), limited.Load(), most, calls-most)
		}
	}
}

// TestAWrongProofCostsTheSameForEverybody counts what is judged: it must not tell
// who has two secrets.
func TestAWrongProofCostsTheSameForEverybody(t *testing.T) {
	w := newWorld(t)
	declared := tenants()
	other := &declared[1].Clients[0]
	other.Secrets = other.Secrets[:1]
	if err := w.Apply(t.Context(), declared); err != nil {
		t.Fatal(err)
	}
	for id, right := range map[string]string{"SHOP": "older", "OTHER": "", "NOBODY": ""} {
		judged := 0
		verify := func(want string) func(*signon.Client, string) signon.Reason {
			return func(_ *signon.Client, secret string) signon.Reason {
				if judged++; secret == want {
					return ""
				}
				return signon.ReasonBadProof
			}
		}
		for _, proof := range []string{"wrong", "stranger"} {
			judged = 0
			_, err := w.Authenticate(signon.Claim{Realm: "r", ID: id, Caller: home, Verify: verify(proof)})
			if judged != 2 || signon.AsError(err).Code != signon.CodeUnauthenticated {
				t.Errorf("%s: judged %d times with %v, want twice", id, judged, err)
			}
		}
		if right == "" {
			continue
		}
		if _, err := w.Authenticate(signon.Claim{Realm: "r", ID: id, Caller: home, Verify: verify(right)}); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestARightProofIsNotToldOnceOthersHaveUsedUpTheLimit(t *testing.T) {
	w := newWorld(t)
	w.failures.most = 2
	claim := func(verify func(*signon.Client, string) signon.Reason) error {
		_, err := w.Authenticate(signon.Claim{Realm: "r", ID: "SHOP", Caller: home, Verify: verify})
		return err
	}
	err := claim(func(*signon.Client, string) signon.Reason {
		for range w.failures.most {
			_ = claim(func(*signon.Client, string) signon.Reason { return signon.ReasonBadProof })
		}
		return ""
	})
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit || e.RetryAfter <= 0 {
		t.Errorf("got %v, want the limit", err)
	}
}

// TestRefusedLinksAtOnceLearnNoMore has all of them refused before the first counts.
func TestRefusedLinksAtOnceLearnNoMore(t *testing.T) {
	w := newWorld(t)
	w.misses.most = 1
	spent := w.issue(nil)
	if _, err := w.redeem(spent.Token, 1, nil); err != nil {
		t.Fatal(err)
	}
	const calls = 8
	var in, all sync.WaitGroup
	var told atomic.Int64
	in.Add(calls)
	w.misses.hold = func() {
		in.Done()
		in.Wait()
	}
	for range calls {
		all.Go(func() {
			_, err := w.redeem(spent.Token, 2, nil)
			if signon.AsError(err).Code == signon.CodeTokenInvalid {
				told.Add(1)
			}
		})
	}
	all.Wait()
	if told.Load() != 1 {
		t.Errorf("%d refusals were told, want 1", told.Load())
	}
}
