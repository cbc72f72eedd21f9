package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// A standby that hears nothing keeps commits waiting for as long as it does.
func TestCloseDoesNotWaitForAServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	g, queued := issue(t, p.store, 1), newGrant(p.store, 2)
	if err := p.standby.Pause(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.standby.Resume(); err != nil {
			t.Error(err)
		}
	})
	outcomes := make(chan error, 2)
	go func() {
		_, err := p.store.RedeemGrant(context.Background(), redemption(g, 1))
		outcomes <- err
	}()
	p.commitWaits(t, false)
	go func() {
		outcomes <- p.store.CreateGrant(context.Background(), queued, &signon.Event{Type: signon.EventIssued}, nil)
	}()
	for p.store.committer.queue.Len() == 0 {
		time.Sleep(time.Millisecond)
	}
	p.store.committer.patience = time.Second
	closed := make(chan error, 1)
	go func() { closed <- p.store.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Errorf("close: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the store is not closed")
	}
	for range 2 {
		if err := <-outcomes; signon.AsError(err) == nil || signon.AsError(err).Code != signon.CodeUnavailable {
			t.Errorf("got %v, want CodeUnavailable", err)
		}
	}
}
