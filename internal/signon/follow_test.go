package signon_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

// shared is a store that fails as a test wants.
type shared struct {
	*sqlite.Store
	events []signon.ChainedEvent // of others, which are told once
	create error                 // what CreateGrant returns after it has created
	broken bool                  // grants can't be read
}

func (s *shared) CreateGrant(ctx context.Context, g *signon.Grant, e *signon.Event, reply *signon.Reply) error {
	return errors.Join(s.Store.CreateGrant(ctx, g, e, reply), s.create)
}

func (s *shared) Foreign(context.Context, int) (events []signon.ChainedEvent, more bool, err error) {
	events, s.events = s.events, nil
	return events, false, nil
}

func (s *shared) SkipForeign(context.Context) error { return nil }

func (s *shared) Grants(ctx context.Context, after signon.GrantKey, limit int) ([]signon.Grant, error) {
	if s.broken {
		return nil, signon.Unavailable("read grants", errors.New("broken"))
	}
	return s.Store.Grants(ctx, after, limit)
}

func (s *shared) GrantsByReference(ctx context.Context, refs []signon.Reference) (found []signon.Grant, err error) {
	all, err := s.Grants(ctx, signon.GrantKey{}, 100)
	for i := range all {
		for _, ref := range refs {
			if all[i].Key.Reference() == ref {
				found = append(found, all[i])
			}
		}
	}
	return found, err
}

// newSharedWorld returns a world with a limit of two links for one person, on a store
// that others share.
func newSharedWorld(t *testing.T) (*world, *shared) {
	t.Helper()
	w := newWorld(t)
	s := &shared{Store: w.store}
	w.Service = signon.New(signon.Options{
		Store: s, Keys: w.keys, People: w.people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(),
	})
	limited := tenants()
	limited[0].Limits.LinksPerSubject = 2
	if err := w.Apply(t.Context(), limited); err != nil {
		t.Fatal(err)
	}
	return w, s
}

// room returns how many links are issued before the limit is met.
func (w *world) room() (n int) {
	w.t.Helper()
	for {
		switch _, err := w.Issue(w.t.Context(), w.request()); {
		case err == nil:
			n++
		case signon.AsError(err).Code == signon.CodeLimit:
			return n
		default:
			w.t.Fatal(err)
		}
	}
}

func TestALinkWhoseClientHasGoneCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		outcome error
		room    int
	}{
		{signon.Unavailable("create grant", fmt.Errorf("%w: %w", signon.ErrGoesOn, context.Canceled)), 1},
		{signon.Unavailable("create grant", context.Canceled), 2}, // it was left out
	} {
		w, s := newSharedWorld(t)
		s.create = c.outcome
		if _, err := w.Issue(t.Context(), w.request()); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the end of the call", err)
		}
		s.create = nil
		if n := w.room(); n != c.room {
			t.Errorf("after %v: got %d more links, want %d", c.outcome, n, c.room)
		}
	}
}

func TestWhatOthersDidIsNotForgottenWhereItCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, types := range map[string][]signon.EventType{
		"a link":                 {signon.EventIssued},
		"a destination was void": {signon.EventIssued, signon.EventDestinationVoided},
	} {
		w, s := newSharedWorld(t)
		there := signon.New(signon.Options{
			Store: w.store, Keys: w.keys, People: w.people, Misses: w.misses, Failures: w.failures, Refusals: w.refusals, Log: quiet(),
		})
		if err := there.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		issued, err := there.Issue(t.Context(), w.request())
		if err != nil {
			t.Fatal(err)
		}
		chain := w.keys.Chain(signon.ChainHead{})
		for _, typ := range types {
			s.events = append(s.events, chain.Append(&signon.Event{Type: typ, Tenant: "shop", Grant: issued.Grant.Key.Reference()}, w.clock.Now(), nil))
		}
		s.broken = true
		for range 2 { // the second time there is nothing new
			if _, err := w.Follow(t.Context()); err == nil {
				t.Errorf("%s: nothing can be read, and it was counted", name)
			}
		}
		s.broken = false
		if _, err := w.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.room(); n != 1 {
			t.Errorf("%s: got room for %d more links, want 1", name, n)
		}
	}
}
