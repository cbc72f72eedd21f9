package directory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The core judges every page by what Subject says: it must never answer with what
// it remembers of before.
func TestSubjectKnowsAtOnceThatItsPersonSignedOut(t *testing.T) {
	s, store, clock := newService(t)
	id := create(t, s, john())
	ref := (&directory.Customer{ID: id}).Ref()
	ask := func() time.Time {
		t.Helper()
		subject, err := s.Subject(t.Context(), shop, signon.SubjectCustomer, ref)
		if err != nil {
			t.Fatal(err)
		}
		return subject.SignedOutBefore
	}
	var last time.Time
	for range 3 {
		for range 2 {
			if got := ask(); !got.Equal(last) {
				t.Errorf("got %v, want %v", got, last)
			}
		}
		if err := s.SignOut(t.Context(), shop, signon.SubjectCustomer, ref, &signon.Event{Type: signon.EventSignedOutEverywhere}); err != nil {
			t.Fatal(err)
		}
		if last = ask(); !last.After(clock.Now()) {
			t.Errorf("got %v, want an instant after %v", last, clock.Now())
		}
	}
	if n := len(events(t, store, signon.EventSignedOutEverywhere)); n != 3 {
		t.Errorf("got %d events, want 3", n)
	}
	for _, unknown := range []signon.SubjectRef{"1", "x", "", "0" + ref} {
		if err := s.SignOut(t.Context(), shop, signon.SubjectCustomer, unknown, nil); !errors.Is(err, signon.ErrNotFound) {
			t.Errorf("sign %q out: got %v, want not found", unknown, err)
		}
	}
	if err := s.SignOut(t.Context(), shop, "member", ref, nil); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("another kind: got %v, want not found", err)
	}
}

func TestAReadThatBeganBeforeSigningOutIsNotRemembered(t *testing.T) {
	s, slow, c := slowService(t)
	slow.afterRead = func() {
		slow.afterRead = nil
		if err := s.SignOut(context.Background(), shop, signon.SubjectCustomer, c.Ref(), &signon.Event{Type: signon.EventSignedOutEverywhere}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Subject(t.Context(), shop, signon.SubjectCustomer, c.Ref()); err != nil { // as it was before
		t.Fatal(err)
	}
	subject, err := s.Subject(t.Context(), shop, signon.SubjectCustomer, c.Ref())
	if err != nil || subject.SignedOutBefore.IsZero() {
		t.Errorf("got %v, %v, want the instant of signing out", subject.SignedOutBefore, err)
	}
}

func TestAnImportDoesNotUndoSigningOut(t *testing.T) {
	s, _, _ := newService(t)
	id := create(t, s, john())
	c, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignOut(t.Context(), shop, signon.SubjectCustomer, c.Ref(), &signon.Event{Type: signon.EventSignedOutEverywhere}); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateCustomer(t.Context(), c.Clone(), directory.Act{}); err != nil { // signing out is no new version
		t.Fatal(err)
	}
	again := john()
	again.ID = id
	if _, err := s.Import(t.Context(), shop, &directory.Batch{Customers: []*directory.Customer{again}}, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.CustomerByID(t.Context(), shop, id); err != nil || got.SignedOutBefore.IsZero() || got.Version != 3 {
		t.Errorf("got %v at version %d, %v", got.SignedOutBefore, got.Version, err)
	}
}
