package sqlite

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/clock"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

func (f *fixture) markPath() string { return f.options.Path + ".mark" }

// readMark returns what the mark's file holds.
func (f *fixture) readMark(t *testing.T) markState {
	t.Helper()
	b, err := os.ReadFile(f.markPath())
	if err != nil {
		t.Fatalf("read mark: %v", err)
	}
	state, ok := decodeMark(b)
	if !ok {
		t.Fatal("the mark can't be read")
	}
	return state
}

// between closes the store, has change work on its files, and opens it again.
func (f *fixture) between(t *testing.T, change func()) {
	t.Helper()
	f.close(t)
	f.logged.Reset()
	change()
	f.open(t)
}

// live fails the test unless the grant can be redeemed, or can't.
func (f *fixture) live(t *testing.T, g *signon.Grant, want bool) {
	t.Helper()
	out, err := f.RedeemGrant(t.Context(), testRedemption(g, 1))
	if err != nil || out.Won != want {
		t.Errorf("redeem: got %+v, %v, want it won: %v", out, err, want)
	}
}

func (f *fixture) mustCreate(t *testing.T, n int) *signon.Grant {
	t.Helper()
	g := f.testGrant(n)
	if err := f.create(g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestMarkFollowsTheLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	for n := range 3 {
		f.mustCreate(t, n)
		if got := f.readMark(t).head; got != f.writer.chain.Head() || got.Seq != int64(n+1) {
			t.Errorf("got a mark at %d, want %d", got.Seq, n+1)
		}
	}
}

func TestDatabaseWithoutAMarkMayBeOldAndVoidsWhatWasLive(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(string) error{
		"removed":   os.Remove,
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"cut":       func(path string) error { return os.Truncate(path, int64(markLen)) },
		"scribbled": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", markLen+4)), 0o600) },
	} {
		f := newFixture(t, storetest.NewClock())
		g := f.mustCreate(t, 0)
		epoch := f.Epoch()
		f.between(t, func() {
			if err := spoil(f.markPath()); err != nil {
				t.Fatal(err)
			}
		})
		if f.Epoch() != epoch+1 || !strings.Contains(f.logged.String(), "no mark beside it") {
			t.Errorf("%s: got epoch %d and the log %q, want epoch %d and a warning", name, f.Epoch(), f.logged, epoch+1)
		}
		f.live(t, g, false)
		later := f.mustCreate(t, 1)
		f.reopen(t)
		if f.Epoch() != epoch+1 || f.readMark(t).head.Seq < 3 {
			t.Errorf("%s: the mark was not made anew", name)
		}
		f.live(t, later, true)
	}
}

func TestNewDatabaseIsNothingToReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	if f.logged.Len() > 0 || f.Epoch() != 1 {
		t.Errorf("got epoch %d and the log %q, want epoch 1 and no word", f.Epoch(), f.logged)
	}
	f.reopen(t)
	if f.logged.Len() > 0 || f.Epoch() != 1 {
		t.Errorf("opened again: got epoch %d and the log %q, want epoch 1 and no word", f.Epoch(), f.logged)
	}
}

func TestMarkThatLagsIsNoRestore(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	f.mustCreate(t, 0)
	lagging := f.readMark(t)
	g := f.mustCreate(t, 1)
	f.between(t, func() {
		if err := os.WriteFile(f.markPath(), lagging.encode(), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if f.Epoch() != 1 || f.logged.Len() > 0 {
		t.Errorf("got epoch %d and the log %q, want epoch 1 and no word", f.Epoch(), f.logged)
	}
	f.live(t, g, true)
}

func TestDatabaseThatVanishedRaisesTheEpoch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	f.mustCreate(t, 0)
	f.between(t, func() {
		if err := os.Remove(f.options.Path); err != nil {
			t.Fatal(err)
		}
	})
	if f.Epoch() != 2 {
		t.Errorf("got epoch %d, want 2", f.Epoch())
	}
	f.verify(t, 1)
}

func TestAnotherHistoryOfTheSameLengthRaisesTheEpoch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	restore := f.copyOut(t)
	f.mustCreate(t, 0)
	markOfFirst := f.readMark(t)
	restore(t) // epoch 2, event 1
	f.between(t, func() {
		if err := os.WriteFile(f.markPath(), markOfFirst.encode(), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if f.Epoch() != 3 || !strings.Contains(f.logged.String(), "older than its mark") {
		t.Errorf("got epoch %d and the log %q, want epoch 3 and a warning", f.Epoch(), f.logged)
	}
}

func TestTimeGoesOnFromTheLastEventWithoutAMark(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	f := newFixture(t, clock)
	clock.Advance(time.Hour)
	f.mustCreate(t, 0)
	last := f.Now()
	f.between(t, func() {
		clock.Advance(-2 * time.Hour)
		if err := os.Remove(f.markPath()); err != nil {
			t.Fatal(err)
		}
	})
	if now := f.Now(); now.Before(last) {
		t.Errorf("got %v, want nothing before %v", now, last)
	}
	if !strings.Contains(f.logged.String(), "clock is behind") {
		t.Errorf("got the log %q, want a word on the clock", f.logged)
	}
}

const lead = clock.Lead

func TestMarkHoldsEveryInstantBeforeItIsHandedOut(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	f := newFixture(t, clock)
	for _, step := range []time.Duration{0, time.Nanosecond, lead - 1, 1, 1, lead, time.Hour, -time.Hour, 3 * lead} {
		clock.Advance(step)
		if now, held := f.Now(), f.readMark(t).at; held.Before(now) {
			t.Errorf("handed out %v, the mark holds %v", now, held)
		}
	}
}

func TestUnwritableMarkDoesNotStopTheStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	readOnly, err := os.Open(f.markPath())
	if err != nil {
		t.Fatal(err)
	}
	f.mark.mu.Lock()
	writable := f.mark.file
	f.mark.file = readOnly
	f.mark.mu.Unlock()
	defer writable.Close()
	f.mustCreate(t, 0)
	f.mustCreate(t, 1)
	if n := strings.Count(f.logged.String(), "mark beside the database can't be written"); n != 1 {
		t.Errorf("the log tells it %d times, want once: %s", n, f.logged)
	}
	f.Close() // an error: a file that is open for reading can be synced or not
}

func TestOnlyOneStoreOpensADirectory(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	if s, err := Open(t.Context(), f.options); !errors.Is(err, ErrLocked) || s != nil {
		t.Errorf("got %v, want ErrLocked", err)
	}
	f.mustCreate(t, 0)
	f.reopen(t)
}

func FuzzDecodeMark(f *testing.F) {
	state := markState{head: signon.ChainHead{Seq: 7}, epoch: 2, at: time.Unix(1, 2)}
	f.Add(state.encode())
	f.Add([]byte(markMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if state, ok := decodeMark(b); ok && string(state.encode()) != string(b) {
			t.Errorf("%x reads as %+v, which is written as %x", b, state, state.encode())
		}
	})
}
