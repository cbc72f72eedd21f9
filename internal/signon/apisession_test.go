package signon_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func (w *world) session(id signon.Secret) (*signon.Client, error) {
	return w.APISession(signon.APISessionRequest{Realm: "r", ID: id.Reveal(), Caller: home, SupportCode: "SESSION"})
}

func wantNoSession(t *testing.T, w *world, id signon.Secret, reason signon.Reason) {
	t.Helper()
	c, err := w.session(id)
	if e := signon.AsError(err); c != nil || e == nil || e.Code != signon.CodeSessionInvalid || e.Reason != reason {
		t.Errorf("got %v, want session_invalid because of %q", err, reason)
	}
}

func TestAPISessionIsItsClientsForTenMinutesFromLogin(t *testing.T) {
	w := newWorld(t)
	id := w.StartAPISession(w.client("SHOP"), "s1")
	if text := id.Reveal(); len(text) != signon.APISessionLen || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Error("the id is not 32 lower-case letters and digits")
	}
	for range 2 { // the second time at the last moment: calls don't prolong it
		if c, err := w.session(id); err != nil || c.ID != "SHOP" || c.Tenant != "shop" {
			t.Fatalf("got %v, %v", c, err)
		}
		w.clock.move(10*time.Minute - time.Millisecond)
		if c, err := w.session(id); err != nil || c.ID != "SHOP" {
			t.Fatalf("at the last moment: got %v, %v", c, err)
		}
		w.clock.move(time.Millisecond)
		wantNoSession(t, w, id, signon.ReasonExpired)
		w.clock.move(time.Second)
		wantNoSession(t, w, id, signon.ReasonExpired)
		id = w.StartAPISession(w.client("SHOP"), "s1")
	}
}

func TestAPISessionOfAnEarlierClockStaysEnded(t *testing.T) {
	w := newWorld(t)
	id := w.StartAPISession(w.client("SHOP"), "s1")
	w.clock.move(11 * time.Minute)
	wantNoSession(t, w, id, signon.ReasonExpired)
	w.clock.move(-10 * time.Minute)
	wantNoSession(t, w, id, signon.ReasonExpired)
}

func TestAPISessionHasOneSpelling(t *testing.T) {
	w := newWorld(t)
	for range 2000 { // some of them end so that a character less would decode to the same
		w.clock.move(time.Millisecond)
		text := w.StartAPISession(w.client("SHOP"), "s1").Reveal()
		for _, other := range []string{text[:31] + "\n", "\r" + text[:31], text[:15] + "\n" + text[16:], text[:30] + "\r\n", "\n" + text[1:]} {
			if _, err := w.session(signon.Secret(other)); err == nil {
				t.Fatal("a session has two spellings")
			}
		}
	}
}

func TestAMadeUpAPISessionOfAClientIsRecorded(t *testing.T) {
	w := newWorld(t)
	made := []byte(w.StartAPISession(w.client("SHOP"), "s1").Reveal())
	before := len(w.events())
	w.clock.move(time.Hour) // its session is over, and still it is made up
	made[31] = map[bool]byte{true: 'b', false: 'a'}[made[31] == 'a']
	wantNoSession(t, w, signon.Secret(made), signon.ReasonBadProof)
	w.Finish()
	if e := w.lastEvent(); len(w.events()) != before+1 || e.Type != signon.EventClientRefused || e.Client != "SHOP" || e.Reason != signon.ReasonBadProof || e.SupportCode != "SESSION" {
		t.Errorf("got %+v", e)
	}
	wantNoSession(t, w, w.StartAPISession(&signon.Client{Realm: "r", ID: "NOBODY"}, "x"), signon.ReasonUnknownID)
	w.Finish()
	if len(w.events()) != before+1 {
		t.Error("a session of nobody was recorded")
	}
}

func TestEveryChangedCharacterOfAnAPISessionIsRefused(t *testing.T) {
	w := newWorld(t)
	text := w.StartAPISession(w.client("SHOP"), "s1").Reveal()
	for i := range text {
		for _, c := range []byte("abcdefghijklmnopqrstuvwxyz234567A0=-\n") {
			changed := []byte(text)
			if changed[i] == c {
				continue
			}
			changed[i] = c
			if _, err := w.session(signon.Secret(changed)); err == nil {
				t.Errorf("with %q at %d it is still a session", c, i)
			}
		}
	}
	for _, other := range []string{"", text[1:], text + "a", " " + text[1:], strings.ToUpper(text), strings.Repeat("a", 32)} {
		if _, err := w.session(signon.Secret(other)); err == nil {
			t.Error("a text that no login returned is a session")
		}
	}
}

func TestAPISessionIsVoidWithoutItsSecret(t *testing.T) {
	w := newWorld(t)
	older, newer := w.StartAPISession(w.client("SHOP"), "older"), w.StartAPISession(w.client("SHOP"), "s1")
	if older == newer {
		t.Error("sessions of two secrets are the same")
	}
	rotated := tenants()
	rotated[0].Clients[0].Secrets = []signon.Secret{"s1"}
	if err := w.Apply(t.Context(), rotated); err != nil {
		t.Fatal(err)
	}
	wantNoSession(t, w, older, signon.ReasonBadProof)
	if _, err := w.session(newer); err != nil {
		t.Errorf("the session of the secret that stayed: %v", err)
	}
	if err := w.Apply(t.Context(), rotated[1:]); err != nil {
		t.Fatal(err)
	}
	wantNoSession(t, w, newer, signon.ReasonUnknownID)
}

func TestAPISessionDoesNotFollowItsClientToAnotherTenant(t *testing.T) {
	w := newWorld(t)
	id := w.StartAPISession(w.client("SHOP"), "s1")
	moved := tenants()
	moved[0].Clients, moved[1].Clients = moved[1].Clients, moved[0].Clients
	if err := w.Apply(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	wantNoSession(t, w, id, signon.ReasonBadProof)
}

func TestAPISessionIsOfItsRealmOnly(t *testing.T) {
	w := newWorld(t)
	id := w.StartAPISession(w.client("SHOP"), "s1")
	if _, err := w.APISession(signon.APISessionRequest{Realm: "q", ID: id.Reveal()}); err == nil {
		t.Error("a session of one dialect's client is one of another's")
	}
}

func TestAPISessionHoldsOverARestartAndANewRootKey(t *testing.T) {
	path, old, root := filepath.Join(t.TempDir(), "latchkey.db"), bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	w := openWorld(t, path, old, nil)
	id := w.StartAPISession(w.client("SHOP"), "s1")
	_ = w.store.Close()
	w = openWorld(t, path, root, old)
	if _, err := w.session(id); err != nil {
		t.Errorf("with the previous root key named: %v", err)
	}
	_ = w.store.Close()
	w = openWorld(t, filepath.Join(t.TempDir(), "latchkey.db"), root, nil)
	wantNoSession(t, w, id, signon.ReasonBadProof)
}

func TestAPISessionRefusalIsTracedWithoutTheID(t *testing.T) {
	w := newWorld(t)
	id := w.StartAPISession(w.client("SHOP"), "s1")
	w.clock.move(10*time.Minute + 3*time.Second)
	wantNoSession(t, w, id, signon.ReasonExpired)
	traces := w.Traces("SESSION")
	if len(traces) != 1 {
		t.Fatalf("got %d traces, want 1", len(traces))
	}
	trace := traces[0]
	if trace.Failed != signon.CheckExpiry || trace.Client != "SHOP" || trace.Received != "one that ended 3s ago" || strings.Contains(trace.Expected+trace.Received+trace.Note, id.Reveal()) {
		t.Errorf("got %+v", trace)
	}
	want := []signon.Step{
		{Check: signon.CheckForm, Result: signon.StepPassed},
		{Check: signon.CheckClient, Result: signon.StepPassed},
		{Check: signon.CheckSignature, Result: signon.StepPassed},
		{Check: signon.CheckExpiry, Result: signon.StepFailed},
		{Check: signon.CheckCaller, Result: signon.StepNotReached},
	}
	if diff := cmp.Diff(want, trace.Steps()); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}
