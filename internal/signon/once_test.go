package signon_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const callTTL = 8 * time.Second

type replier = func(answer []byte) *signon.Reply

// errCall is an error of a call: nothing was done.
var errCall = &signon.Error{Code: signon.CodeForbidden}

// call asks for something to be done once. What was asked for is a, unless said
// otherwise.
func (w *world) call(key string, do func(replier) ([]byte, error), parts ...string) (answer string, repeated bool, err error) {
	if parts == nil {
		parts = []string{"a"}
	}
	got, repeated, err := w.Once(w.t.Context(), &signon.OnceRequest{Client: w.client("SHOP"), Key: key, Call: parts, Until: w.Now().Add(callTTL)}, do)
	return string(got), repeated, err
}

// issuing returns a call that issues a link and answers with a text of its own.
func (w *world) issuing(answer string) func(replier) ([]byte, error) {
	return func(reply replier) ([]byte, error) {
		req := w.request()
		req.Reply = func(*signon.Issued) *signon.Reply { return reply([]byte(answer)) }
		_, err := w.Issue(w.t.Context(), req)
		return []byte(answer), err
	}
}

// failing returns a call that fails with that error.
func failing(err error) func(replier) ([]byte, error) {
	return func(replier) ([]byte, error) { return nil, err }
}

// wantCall fails the test unless the call has that outcome.
func (w *world) wantCall(what, key string, do func(replier) ([]byte, error), want string, repeated bool) {
	w.t.Helper()
	got, again, err := w.call(key, do)
	if err != nil || got != want || again != repeated {
		w.t.Errorf("%s: got %q, repeated %v, %v; want %q, %v", what, got, again, err, want, repeated)
	}
}

// wantBusy fails the test unless the call is being done by somebody.
func (w *world) wantBusy(key string) {
	w.t.Helper()
	_, _, err := w.call(key, failing(errors.New("done twice at once")))
	e := signon.AsError(err)
	if e == nil || e.Code != signon.CodeConflict || e.Argument != signon.ArgOnce || e.RetryAfter <= 0 {
		w.t.Errorf("got %v, want a conflict while the call is being done", err)
	}
}

// issued returns how many links were issued.
func (w *world) issued() (n int) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == signon.EventIssued {
			n++
		}
	}
	return n
}

func TestACallIsAnsweredAsTheFirstTime(t *testing.T) {
	w := newWorld(t)
	w.wantCall("the first", "k", w.issuing("one"), "one", false)
	w.clock.move(signon.ReplyTTL - time.Second)
	w.wantCall("a repeat", "k", w.issuing("two"), "one", true)
	w.wantCall("another key", "K", w.issuing("three"), "three", false)
	if n := w.issued(); n != 2 {
		t.Errorf("%d links were issued, want 2", n)
	}
	w.clock.move(time.Second)
	w.wantCall("a day later", "k", w.issuing("four"), "four", false)
}

func TestAKeyIsItsClientsOwn(t *testing.T) {
	w := newWorld(t)
	w.wantCall("the first", "k", w.issuing("one"), "one", false)
	theirs, repeated, err := w.Once(t.Context(), &signon.OnceRequest{Client: w.client("OTHER"), Key: "k", Call: []string{"a"}, Until: w.Now().Add(callTTL)}, w.issuing("theirs"))
	if err != nil || repeated || string(theirs) != "theirs" {
		t.Errorf("got %q, %v, %v", theirs, repeated, err)
	}
}

func TestAKeyIsForOneCall(t *testing.T) {
	w := newWorld(t)
	if _, _, err := w.call("k", w.issuing("one"), "ab", "c"); err != nil {
		t.Fatal(err)
	}
	for _, parts := range [][]string{{"a", "bc"}, {"ab", "c", ""}, {"abc"}, {"ab"}, {"AB", "c"}, {"c", "ab"}, {}} {
		answer, _, err := w.call("k", failing(errors.New("was done")), parts...)
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeInvalid || e.Argument != signon.ArgOnce || answer != "" {
			t.Errorf("%q: got %q, %v, want it refused", parts, answer, err)
		}
	}
	if answer, repeated, err := w.call("k", w.issuing("two"), "ab", "c"); err != nil || !repeated || answer != "one" {
		t.Errorf("the same call: got %q, %v, %v", answer, repeated, err)
	}
}

func TestAKeyHasItsForm(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []string{"", strings.Repeat("k", signon.MaxOnceKey+1), "a b", " a", "a\n", "a\x7f", "ä", "a\x00"} {
		_, _, err := w.call(bad, failing(errors.New("was done")))
		if e := signon.AsError(err); e == nil || e.Code != signon.CodeInvalid || e.Argument != signon.ArgOnce {
			t.Errorf("%q: got %v, want it refused", bad, err)
		}
	}
	for _, good := range []string{"!", "~", strings.Repeat("k", signon.MaxOnceKey), "550e8400-e29b-41d4-a716-446655440000"} {
		w.wantCall(good, good, w.issuing("one"), "one", false)
	}
}

func TestACallThatIsBeingDoneIsNotDoneBesides(t *testing.T) {
	w := newWorld(t)
	w.wantCall("the first", "k", func(reply replier) ([]byte, error) {
		w.wantBusy("k")
		w.clock.move(callTTL - time.Millisecond)
		w.wantBusy("k")
		answer, err := w.issuing("one")(reply)
		w.wantCall("committed, not told yet", "k", nil, "one", true)
		return answer, err
	}, "one", false)
}

func TestACallThatFailedCanBeDone(t *testing.T) {
	w := newWorld(t)
	for _, err := range []error{errCall, signon.Invalid("x", "must be y"), signon.ErrConflict, errors.New("a fault")} {
		if _, repeated, got := w.call("k", failing(err)); !errors.Is(got, err) || repeated {
			t.Errorf("got %v, %v, want %v", got, repeated, err)
		}
	}
	w.wantCall("at last", "k", w.issuing("one"), "one", false)
	if _, _, err := w.call("k2", func(reply replier) ([]byte, error) {
		req := w.request()
		req.Subject, req.Reply = "9", func(*signon.Issued) *signon.Reply { return reply(nil) }
		_, err := w.Issue(t.Context(), req)
		return nil, err
	}); signon.AsError(err).Code != signon.CodeSubjectUnknown {
		t.Errorf("got %v", err)
	}
	w.wantCall("after one that the core refused", "k2", w.issuing("two"), "two", false)
}

func TestACallOfUnknownOutcomeIsLeftAloneUntilItIsOver(t *testing.T) {
	w := newWorld(t)
	away := failing(signon.Unavailable("write", errors.New("the disk is full")))
	if _, _, err := w.call("k", away); signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	w.wantBusy("k")
	w.clock.move(callTTL - time.Millisecond)
	w.wantBusy("k")
	w.clock.move(time.Millisecond)
	w.wantCall("then", "k", w.issuing("one"), "one", false)

	// It may have been done all the same: a repeat finds out at once.
	if _, _, err := w.call("k2", func(reply replier) ([]byte, error) {
		_, err := w.issuing("two")(reply)
		return nil, errors.Join(err, signon.Unavailable("write", context.DeadlineExceeded))
	}); signon.AsError(err).Code != signon.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	w.wantCall("a repeat of what was done", "k2", nil, "two", true)
}

func TestNoCallKeepsOthersAwayForLong(t *testing.T) {
	w := newWorld(t)
	until := w.Now().Add(24 * time.Hour)
	_, _, err := w.Once(t.Context(), &signon.OnceRequest{Client: w.client("SHOP"), Key: "k", Call: []string{"a"}, Until: until}, failing(signon.Unavailable("write", errCall)))
	if err == nil {
		t.Fatal("the call did not fail")
	}
	w.clock.move(time.Minute - time.Millisecond)
	w.wantBusy("k")
	w.clock.move(time.Millisecond)
	w.wantCall("after a minute", "k", w.issuing("one"), "one", false)
}

func TestAPanicLeavesNothingStuck(t *testing.T) {
	w := newWorld(t)
	func() {
		defer func() { _ = recover() }()
		_, _, _ = w.call("k", func(replier) ([]byte, error) { panic("in the call") })
	}()
	w.clock.move(callTTL)
	w.wantCall("then", "k", w.issuing("one"), "one", false)
}

func TestTheLeaseOfACallerWhoLeftIsGivenBack(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := w.Once(ctx, &signon.OnceRequest{Client: w.client("SHOP"), Key: "k", Call: []string{"a"}, Until: w.Now().Add(callTTL)}, func(replier) ([]byte, error) {
		cancel()
		return nil, errCall
	})
	if !errors.Is(err, errCall) {
		t.Fatal(err)
	}
	w.wantCall("then", "k", w.issuing("one"), "one", false)
}

func TestWhoIsTooSlowGetsTheAnswerOfWhoWasNot(t *testing.T) {
	w := newWorld(t)
	w.wantCall("the slow one", "k", func(reply replier) ([]byte, error) {
		w.clock.move(callTTL) // its lease has run out
		w.wantCall("the next", "k", w.issuing("fast"), "fast", false)
		return w.issuing("slow")(reply)
	}, "fast", true)
	if n := w.issued(); n != 1 {
		t.Errorf("%d links were issued, want 1", n)
	}
	if traces := w.Traces("ISSUE"); len(traces) != 2 || traces[1].Failed != "" || traces[1].Grant != "" || !strings.Contains(traces[1].Note, "answered before") {
		t.Errorf("traced as %+v", traces)
	}
	_, _, err := w.call("k2", func(reply replier) ([]byte, error) {
		w.clock.move(callTTL)
		if _, _, err := w.call("k2", w.issuing("another"), "b"); err != nil {
			t.Error(err)
		}
		return w.issuing("slow")(reply)
	})
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeInvalid || e.Argument != signon.ArgOnce {
		t.Errorf("where another call was done under its key meanwhile: got %v, want it refused", err)
	}
}

func TestManyCallsAtOnceAreOne(t *testing.T) {
	w := newWorld(t)
	const callers = 64
	answers := make([]string, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for { // as a client does that is told of a conflict
				answer, _, err := w.call("k", w.issuing(strings.Repeat("x", i+1)))
				if signon.AsError(err) == nil {
					answers[i] = answer
					return
				}
				if signon.AsError(err).Code != signon.CodeConflict {
					t.Errorf("caller %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	for i, answer := range answers {
		if answer == "" || answer != answers[0] {
			t.Errorf("caller %d got an answer of %d characters, the first one of %d", i, len(answer), len(answers[0]))
		}
	}
	if n := w.issued(); n != 1 {
		t.Errorf("%d links were issued, want 1", n)
	}
}

func TestWhatWasAskedAndAnsweredIsNotReadableOnDisk(t *testing.T) {
	folder := t.TempDir()
	w := openWorld(t, filepath.Join(folder, "latchkey.db"), bytes.Repeat([]byte{1}, 32), nil)
	if _, _, err := w.call("canary-key", w.issuing("canary-answer"), "canary-call"); err != nil {
		t.Fatal(err)
	}
	_ = w.store.Close()
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err == nil && bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s holds the text of a call", filepath.Base(name))
		}
	}
	w = openWorldAt(t, w.clock, filepath.Join(folder, "latchkey.db"), bytes.Repeat([]byte{1}, 32), nil)
	if answer, repeated, err := w.call("canary-key", nil, "canary-call"); err != nil || !repeated || answer != "canary-answer" {
		t.Errorf("after a restart: got %q, %v, %v", answer, repeated, err)
	}
}
