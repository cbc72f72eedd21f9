package signon_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// countingStore counts the events that are appended.
type countingStore struct {
	signon.Store
	appended atomic.Int64
}

func (*countingStore) Now() time.Time { return time.Now() }

func (*countingStore) ApplyTenants(context.Context, []signon.Tenant, *signon.Event) error { return nil }

func (s *countingStore) AppendEvent(context.Context, *signon.Event) error {
	s.appended.Add(1)
	return nil
}

func newCounting(t *testing.T) (*signon.Service, *countingStore) {
	t.Helper()
	store := &countingStore{}
	unlimited := func() *counter { return &counter{count: map[string]int{}} }
	s := signon.New(signon.Options{Store: store, Misses: unlimited(), Failures: unlimited(), Refusals: unlimited(), Log: slog.New(slog.DiscardHandler)})
	if err := s.Apply(t.Context(), tenants()); err != nil {
		t.Fatal(err)
	}
	return s, store
}

func fail(s *signon.Service, id string) {
	_, _ = s.Authenticate(signon.Claim{Realm: "r", ID: id, Caller: home, Verify: func(*signon.Client, string) signon.Reason { return signon.ReasonBadProof }})
}

// Work beside the answer slows it down, and would tell who exists.
func TestNothingIsRecordedBesideTheAnswerToAFailedAuthentication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newCounting(t)
		fail(s, "SHOP")
		fail(s, "NOBODY")
		synctest.Wait()
		if n := store.appended.Load(); n != 0 {
			t.Errorf("%d events were appended at once", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := store.appended.Load(); n != 1 {
			t.Errorf("got %d events after a while, want the one of the client that exists", n)
		}
	})
}

func TestFinishRecordsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newCounting(t)
		fail(s, "SHOP")
		s.Finish()
		if n := store.appended.Load(); n != 1 {
			t.Errorf("got %d events, want 1", n)
		}
		s.Finish()
	})
}

func TestEventsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newCounting(t)
		for range 1000 {
			fail(s, "SHOP")
		}
		for range 1000 {
			fail(s, "NOBODY")
		}
		s.Finish()
		if n := store.appended.Load(); n < 1 || n > 64 {
			t.Errorf("got %d events, want 64 at most", n)
		}
	})
}
