package signon_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const idle = 5 * time.Minute

// newIdleWorld is a world whose carts' sessions go idle.
func newIdleWorld(t *testing.T) *world {
	w := newWorld(t)
	w.withPolicy(func(d *signon.Destination) { d.IdleTTL = idle })
	return w
}

func (w *world) signOn(subject signon.SubjectRef, browser byte) *signon.SignOn {
	w.t.Helper()
	signOn, err := w.redeem(w.issue(func(r *signon.IssueRequest) { r.Subject = subject }).Token, browser, nil)
	if err != nil || !signOn.First {
		w.t.Fatalf("sign on: %+v, %v", signOn, err)
	}
	return signOn
}

// visit shows the session with that mark at the cart and wants it to live.
func (w *world) visit(token signon.SessionToken, seen string) *signon.LiveSession {
	w.t.Helper()
	live, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: token, Seen: seen})
	if err != nil {
		w.t.Fatalf("the session is over: %v", err)
	}
	return live
}

// wantOver shows the session with that mark at the cart and wants it to be over.
func (w *world) wantOver(token signon.SessionToken, seen string, reason signon.Reason) {
	w.t.Helper()
	live, err := w.browserSession("shop", signon.KindCart, signon.HeldSession{Token: token, Seen: seen})
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeSessionInvalid || e.Reason != reason || live != nil {
		w.t.Errorf("got %v, want session_invalid because of %q", err, reason)
	}
}

func TestASessionThatIsUsedDoesNotGoIdle(t *testing.T) {
	w := newIdleWorld(t)
	signOn := w.signOn("1", 1)
	start, seen := w.clock.Now(), ""
	for w.clock.Now().Sub(start) < 25*time.Minute {
		w.clock.move(idle - time.Millisecond)
		live := w.visit(signOn.Token, seen)
		if want := w.clock.Now().Add(idle); !live.IdleAt.Equal(want) || live.Seen == seen {
			t.Fatalf("goes idle at %v, want %v, with a new mark", live.IdleAt, want)
		}
		seen = live.Seen
	}
	live := w.visit(signOn.Token, seen)
	if want := start.Add(30 * time.Minute); !live.EndsAt().Equal(want) {
		t.Errorf("ends at %v, want %v, by its lifetime", live.EndsAt(), want)
	}
	w.clock.move(start.Add(30 * time.Minute).Sub(w.clock.Now()))
	w.wantOver(signOn.Token, seen, signon.ReasonSessionEnded)
}

func TestASessionThatIsLeftAloneIsOver(t *testing.T) {
	w := newIdleWorld(t)
	signOn := w.signOn("1", 1)
	w.clock.move(time.Minute)
	live := w.visit(signOn.Token, "")
	if want := w.clock.Now().Add(idle); !live.EndsAt().Equal(want) {
		t.Errorf("ends at %v, want %v", live.EndsAt(), want)
	}
	w.clock.move(idle - time.Millisecond)
	w.visit(signOn.Token, live.Seen)
	w.clock.move(time.Millisecond)
	w.wantOver(signOn.Token, live.Seen, signon.ReasonIdle)
	w.wantOver(signOn.Token, "", signon.ReasonIdle)
	w.clock.move(time.Minute)
	w.wantOver(signOn.Token, live.Seen, signon.ReasonIdle)
}

func TestOnlyAMarkOfTheSessionsOwnCounts(t *testing.T) {
	w := newIdleWorld(t)
	signOn, another := w.signOn("1", 1), w.signOn("2", 2)
	w.clock.move(4 * time.Minute)
	own, foreign := w.visit(signOn.Token, "").Seen, w.visit(another.Token, "").Seen
	w.clock.move(2 * time.Minute)
	for name, mark := range map[string]string{
		"none": "", "another session's": foreign, "cut short": own[:len(own)-2], "longer": own + "AA", "padded": own + "=",
		"of another time": own[:9] + flip(own[9]) + own[10:], "in other words": strings.ToLower(own), "with another digest": own[:len(own)-1] + flip(own[len(own)-1]),
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wantOver(signOn.Token, mark, signon.ReasonIdle)
		})
	}
	w.t = t
	w.visit(signOn.Token, own)
}

func flip(c byte) string {
	if c == 'A' {
		return "Q"
	}
	return "A"
}

func TestAPageViewWritesNothing(t *testing.T) {
	w := newIdleWorld(t)
	signOn := w.signOn("1", 1)
	before, err := w.store.AuditAnchor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := w.store.Session(t.Context(), signOn.Session.Key)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.move(time.Minute)
	w.visit(signOn.Token, "")
	w.clock.move(idle)
	w.wantOver(signOn.Token, "", signon.ReasonIdle)
	after, err := w.store.AuditAnchor(t.Context())
	if err != nil || after != before {
		t.Errorf("the audit log grew: %v", err)
	}
	if now, err := w.store.Session(t.Context(), signOn.Session.Key); err != nil || now != stored {
		t.Errorf("the stored session changed: %v", err)
	}
}

func TestWhereSessionsDoNotGoIdleThereIsNoMark(t *testing.T) {
	w := newWorld(t)
	signOn := w.signOn("1", 1)
	w.clock.move(29 * time.Minute)
	live := w.visit(signOn.Token, "")
	if live.Seen != "" || !live.IdleAt.IsZero() || !live.EndsAt().Equal(live.ExpiresAt) {
		t.Errorf("got mark %q, idle at %v, ends at %v", live.Seen, live.IdleAt, live.EndsAt())
	}
}

func TestMarksHoldOverARestartWithANewRootKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	old, next := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	w := openWorld(t, path, old, nil)
	goIdle := func() { w.withPolicy(func(d *signon.Destination) { d.IdleTTL = idle }) }
	goIdle()
	signOn := w.signOn("1", 1)
	w.clock.move(4 * time.Minute)
	seen := w.visit(signOn.Token, "").Seen
	clock := w.clock
	reopen := func(root, previous []byte) {
		t.Helper()
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		w = openWorldAt(t, clock, path, root, previous)
		goIdle()
	}

	reopen(next, old)
	w.clock.move(4 * time.Minute) // eight minutes after the start
	live := w.visit(signOn.Token, seen)
	w.wantOver(signOn.Token, "", signon.ReasonIdle)

	reopen(next, nil)
	w.clock.move(4 * time.Minute)
	w.visit(signOn.Token, live.Seen) // made under the new key
	w.wantOver(signOn.Token, seen, signon.ReasonIdle)
}

func TestARepeatDoesNotReviveASessionThatIsIdle(t *testing.T) {
	w := newIdleWorld(t)
	issued := w.issue(func(r *signon.IssueRequest) { r.TTL = time.Hour })
	ask := w.asked(issued.Token, 1, nil)
	first, err := w.redeem(issued.Token, 1, confirmed(ask.Ticket))
	if err != nil {
		t.Fatal(err)
	}
	holding := func(seen string) func(*signon.RedeemRequest) {
		return func(r *signon.RedeemRequest) { r.Session = &signon.HeldSession{Token: first.Token, Seen: seen} }
	}
	w.clock.move(4 * time.Minute)
	seen := w.visit(first.Token, "").Seen
	w.clock.move(4 * time.Minute)
	if again, err := w.redeem(issued.Token, 1, holding(seen)); err != nil || again.Token != first.Token {
		t.Errorf("in use: got %+v, %v; want the same session", again, err)
	}
	w.clock.move(time.Minute)
	for name, change := range map[string]func(*signon.RedeemRequest){"by session": holding(seen), "by binding": nil} {
		again, err := w.redeem(issued.Token, 1, change)
		if e := signon.AsError(err); e == nil || e.Reason != signon.ReasonIdle || again != nil {
			t.Errorf("%s: got %+v, %v; want it refused as idle", name, again, err)
		}
		if e := w.lastEvent(); e.Type != signon.EventRedeemRefused || e.Reason != signon.ReasonIdle {
			t.Errorf("%s: recorded as %s, %s", name, e.Type, e.Reason)
		}
	}
}

func TestNobodyIsAskedAboutAPersonWhoseSessionIsIdle(t *testing.T) {
	w := newIdleWorld(t)
	first := w.signOn("1", 1)
	w.clock.move(4 * time.Minute)
	seen := w.visit(first.Token, "").Seen
	w.clock.move(4 * time.Minute)
	second := func() signon.Token { return w.issue(func(r *signon.IssueRequest) { r.Subject = "2" }).Token }
	for name, at := range map[string]func(*signon.RedeemRequest, signon.HeldSession){
		"here":      func(r *signon.RedeemRequest, h signon.HeldSession) { r.Session = &h },
		"elsewhere": func(r *signon.RedeemRequest, h signon.HeldSession) { r.Elsewhere = []signon.HeldSession{h} },
	} {
		if ask := w.asked(second(), 2, func(r *signon.RedeemRequest) { at(r, signon.HeldSession{Token: first.Token, Seen: seen}) }); ask.Current == nil {
			t.Errorf("%s: not asked about a session in use", name)
		}
		signOn, err := w.redeem(second(), 2, func(r *signon.RedeemRequest) { at(r, signon.HeldSession{Token: first.Token}) })
		if err != nil || signOn.Ask != nil {
			t.Errorf("%s: got %+v, %v; want no question about a session that is idle", name, signOn, err)
		}
	}
}

func TestASessionThatIsIdleCanBeSignedOutOf(t *testing.T) {
	w := newIdleWorld(t)
	first := w.signOn("1", 1)
	w.clock.move(idle)
	if err := w.SignOut(t.Context(), "shop", w.dest("shop", signon.KindCart), first.Token, "OUT"); err != nil {
		t.Fatal(err)
	}
	w.wantOver(first.Token, "", signon.ReasonSessionEnded)
}

func TestOperatorsSeeWhyASessionIsOver(t *testing.T) {
	w := newIdleWorld(t)
	signOn := w.signOn("1", 1)
	w.clock.move(idle)
	w.wantOver(signOn.Token, "", signon.ReasonIdle)
	trace := w.explained("SESSION")
	if checks := failed(trace); len(checks) != 1 || checks[0] != signon.CheckIdle || trace.Reason != signon.ReasonIdle || trace.Operation != signon.OpSession {
		t.Errorf("got %+v, failed %v", trace, checks)
	}
	if trace.Grant != signOn.Session.Key.Reference() || trace.Expected != "used within 5m0s" ||
		trace.Received != "last used at 2026-11-21T12:00:00.000Z, now 2026-11-21T12:05:00.000Z" {
		t.Errorf("got grant %s, expected %q, received %q", trace.Grant, trace.Expected, trace.Received)
	}
}
