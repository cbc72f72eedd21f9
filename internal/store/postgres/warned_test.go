package postgres

import (
	"bytes"
	"errors"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// What the standby has not seen is no success where whole databases are filled either.
func TestARestoreThatTheStandbyHasNotSeenIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	issue(t, p.store, 1)
	var file bytes.Buffer
	if _, err := archive.Write(t.Context(), &file, p.store, archive.Options{Keys: testKeys(t)}); err != nil {
		t.Fatal(err)
	}
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	l := archive.Loading{Src: &file, Keys: testKeys(t), Replace: true}
	f := l.Restore(t.Context())
	f.Committing = func(tables.Reader) error { return p.standby.Pause() }
	filled := make(chan error, 1)
	go func() { filled <- Fill(t.Context(), Options{URL: p.primary.URL("latchkey"), Keys: testKeys(t)}, f) }()
	p.commitWaits(t, true)
	if err := p.standby.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-filled; !errors.Is(err, errAmbiguous) {
		t.Errorf("got %v, want that it is not known", err)
	}
}

func TestAnEpochThatTheStandbyHasNotSeenIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := newPair(t, true)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	on(t, p.primary, "latchkey", "UPDATE head SET history = 'another'")
	if err := p.standby.Pause(); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := Open(t.Context(), Options{URL: p.primary.URL("latchkey"), Keys: testKeys(t)})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	p.commitWaits(t, true)
	if err := p.standby.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; !errors.Is(err, errAmbiguous) {
		t.Errorf("got %v, want that it is not known", err)
	}
	s := p.open(t, "postgres")
	if got := s.Epoch(); got != 2 {
		t.Errorf("got epoch %d, want 2", got)
	}
}
