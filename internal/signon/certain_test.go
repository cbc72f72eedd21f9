package signon_test

import (
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// What others did can be read before it is certain to stay: a failover may take it
// back, and a session that was told to be over would live again.
func TestNobodyIsToldOfAnEndThatIsNotCertain(t *testing.T) {
	signedOut := func(w *world) {
		for _, ref := range []signon.SubjectRef{"1", "m"} {
			s := w.people.known[ref]
			s.SignedOutBefore = w.store.Now().AddDate(1, 0, 0)
			w.people.known[ref] = s
		}
	}
	removed := func(w *world) {
		delete(w.people.known, "1")
		delete(w.people.known, "m")
	}
	unlinked := func(w *world) { w.enrol("m") }
	revoked := func(w *world) {
		if err := w.store.VoidDestination(w.t.Context(), "shop", "01", &signon.Event{Type: signon.EventDestinationVoided, Tenant: "shop"}); err != nil {
			w.t.Fatal(err)
		}
	}
	session := func(w *world) func() error {
		on := w.signOn("1", 1)
		return func() error {
			_, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: on.Token})
			return err
		}
	}
	link := func(w *world) func() error {
		issued := w.issue(nil)
		return func() error { _, err := w.redeem(issued.Token, 1, nil); return err }
	}
	resolved := func(w *world) func() error {
		issued := w.issue(nil)
		return func() error { _, err := w.resolve(issued.Token, "SHOP", signon.KindCart); return err }
	}
	number := func(w *world) func() error {
		n := w.number("01")
		return func() error { _, err := w.read("01", n.Number); return err }
	}
	for _, c := range []struct {
		name string
		use  func(*world) func() error
		end  func(*world)
		want signon.Reason
	}{
		{"a session of somebody who signed out everywhere", session, signedOut, signon.ReasonRevoked},
		{"a session of somebody who was removed", session, removed, signon.ReasonSubject},
		{"a link of somebody who signed out everywhere", link, signedOut, signon.ReasonRevoked},
		{"a link of somebody who was removed", link, removed, signon.ReasonSubject},
		{"resolving for somebody who signed out everywhere", resolved, signedOut, signon.ReasonRevoked},
		{"resolving for somebody who was removed", resolved, removed, signon.ReasonSubject},
		{"a token of somebody who signed out everywhere", number, signedOut, signon.ReasonRevoked},
		{"a token of somebody who was removed", number, removed, signon.ReasonSubject},
		{"a token of somebody who is not linked any more", number, unlinked, signon.ReasonNotMember},
		{"a token of an application whose tokens were revoked", number, revoked, signon.ReasonRevoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t).withApps()
			broken := &brokenStore{Store: w.store}
			w.standOn(broken)
			if err := w.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			use := c.use(w)
			c.end(w)
			events := len(w.events())
			broken.fail = "Confirm"
			if e := signon.AsError(use()); e == nil || e.Code != signon.CodeUnavailable {
				t.Errorf("before it is certain: got %v, want CodeUnavailable", e)
			}
			if got := len(w.events()); got != events {
				t.Errorf("%d events tell of it", got-events)
			}
			broken.fail = ""
			if e := signon.AsError(use()); e == nil || e.Reason != c.want {
				t.Errorf("afterwards: got %v, want %s", e, c.want)
			}
		})
	}
}
