package postgres

import (
	"errors"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestWhoOnlyLooksChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	issue(t, f.Store, 1)
	epoch := f.Epoch()
	f.close(t)
	f.exec(t, "UPDATE head SET history = 'another/00000001'")
	look := f.options
	look.Looking = true
	s, err := Open(t.Context(), look)
	if err != nil {
		t.Fatal(err)
	}
	if events, err := s.Events(t.Context(), 0, 10); err != nil || len(events) != 1 || s.Epoch() != epoch {
		t.Errorf("got %d events in epoch %d, %v, want one in %d", len(events), s.Epoch(), err, epoch)
	}
	if err := s.AppendEvent(t.Context(), &signon.Event{Type: signon.EventRevoked}); !errors.Is(err, errLooking) {
		t.Errorf("write: got %v, want it refused", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	f.open(t)
	if f.Epoch() != epoch+1 {
		t.Errorf("a server: got epoch %d, want %d", f.Epoch(), epoch+1)
	}
	f.close(t)

	f.exec(t, "UPDATE goose_db_version SET is_applied = false WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
	if _, err := Open(t.Context(), look); !errors.Is(err, errOlder) {
		t.Errorf("older tables: got %v, want them left alone", err)
	}
	f.exec(t, "UPDATE goose_db_version SET is_applied = true WHERE NOT is_applied")
	f.open(t)
}
