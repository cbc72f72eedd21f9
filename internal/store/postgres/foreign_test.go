package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// told returns the types of the events that are told as others'.
func told(t *testing.T, s *Store) (types []signon.EventType) {
	t.Helper()
	events, _, err := s.Foreign(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		e, err := events[i].Event()
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, e.Type)
	}
	return types
}

func TestAnEventOfWhichNobodyKnowsIsToldAsAnothers(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	g := issue(t, p.store, 1)
	if err := p.store.SkipForeign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Pause(); err != nil {
		t.Fatal(err)
	}
	revoked := make(chan error, 1)
	go func() {
		_, err := p.store.RevokeGrant(t.Context(), g.Key, &signon.Event{Type: signon.EventRevoked, Tenant: "shop"})
		revoked <- err
	}()
	if err := p.cancelUntil(t, revoked); !errors.Is(err, errAmbiguous) {
		t.Errorf("revoke: got %v, want that it is not known", err)
	}
	if err := p.standby.Resume(); err != nil {
		t.Fatal(err)
	}
	issue(t, p.store, 2)
	if types := told(t, p.store); len(types) != 1 || types[0] != signon.EventRevoked {
		t.Errorf("got %v, want what was revoked", types)
	}
}

// A promoted standby may number events anew.
func TestEventsAreToldAlsoWhenTheLogWentBack(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	f := newFixture(t, nil)
	for n := range byte(3) {
		issue(t, f.Store, n)
	}
	if err := f.SkipForeign(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range byte(3) {
		issue(t, f.Store, 10+n) // are this process's own
	}
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		for _, query := range []string{
			"DELETE FROM audit WHERE seq > 1",
			"UPDATE head SET epoch = epoch + 1, seq = 1, hash = (SELECT hash FROM audit WHERE seq = 1)",
		} {
			if _, err := c.Exec(ctx, query); err != nil {
				return err
			}
		}
		return nil
	})
	if err := f.committer.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.SkipForeign(t.Context()); err != nil { // as whoever counts anew
		t.Fatal(err)
	}
	other, err := Open(t.Context(), f.options)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for n := range byte(3) {
		issue(t, other, 20+n)
	}
	if types := told(t, f.Store); len(types) != 3 {
		t.Errorf("got %v, want the three of the other process", types)
	}
}

func TestWhoGoesIsToldThatTheCallGoesOn(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	f := newFixture(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	begun, end := make(chan struct{}), make(chan struct{})
	outcome := make(chan error, 2)
	go func() {
		outcome <- f.committer.write(newOp(ctx, func(tables.Tx) error {
			close(begun)
			<-end
			return nil
		}), "hold")
	}()
	<-begun
	go func() { outcome <- f.CreateGrant(ctx, newGrant(f.Store, 1), nil, nil) }()
	for f.committer.queue.Len() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	first, second := <-outcome, <-outcome
	if errors.Is(first, signon.ErrGoesOn) == errors.Is(second, signon.ErrGoesOn) {
		t.Errorf("one call had begun: got %v and %v", first, second)
	}
	close(end)
}
