package signon_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// slowStore waits for leave before it lists grants.
type slowStore struct {
	signon.Store
	leave chan error // what listing fails with, or nil
}

func (s *slowStore) Grants(ctx context.Context, after signon.GrantKey, limit int) ([]signon.Grant, error) {
	select {
	case err := <-s.leave:
		if err != nil {
			return nil, err
		}
		return s.Store.Grants(ctx, after, limit)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// countedLater has a service start on a store with three links, of which it has counted
// only the first page when it is there.
func countedLater(t *testing.T, limit int) (*world, *slowStore) {
	t.Helper()
	w := newWorld(t)
	for range 3 {
		w.issue(nil)
	}
	slow := &slowStore{Store: w.store, leave: make(chan error)}
	w.standOn(slow)
	w.CountInPages(1)
	ts := tenants()
	ts[0].Limits = signon.TenantLimits{LiveGrants: limit}
	go func() { slow.leave <- nil }()
	if err := w.Apply(t.Context(), ts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Finish)
	return w, slow
}

func TestNobodyWaitsUntilMillionsAreCounted(t *testing.T) {
	w, slow := countedLater(t, 5)
	w.clock.move(time.Second)
	w.issue(nil) // one is counted, so this is the second
	slow.leave <- errors.New("for the moment")
	for range 4 { // the second, the third, the one that is known already, and none
		slow.leave <- nil
	}
	w.issue(nil) // the fifth
	_, err := w.Issue(t.Context(), w.request())
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeLimit {
		t.Errorf("a sixth link: got %v, want a limit", err)
	}
}

func TestACountThatGoesOnEndsWithTheService(t *testing.T) {
	w, _ := countedLater(t, 4)
	w.Finish() // else it would wait for leave for ever
	if _, err := w.Issue(t.Context(), w.request()); err != nil {
		t.Error(err)
	}
}
