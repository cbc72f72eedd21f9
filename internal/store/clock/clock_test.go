package clock

import (
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// settable is a machine's clock that is set, beside the time that passes.
type settable struct {
	at      time.Time
	elapsed time.Duration
}

func (s *settable) Now() time.Time         { return s.at }
func (s *settable) Elapsed() time.Duration { return s.elapsed }

// pass lets time pass, which the clock follows.
func (s *settable) pass(d time.Duration) { s.at, s.elapsed = s.at.Add(d), s.elapsed+d }

// wallOnly hides that the clock knows how much time has passed.
type wallOnly struct{ source signon.Clock }

func (w wallOnly) Now() time.Time { return w.source.Now() }

func TestAClockSetBackAndRightAgainDoesNotMakeTimeJump(t *testing.T) {
	t.Parallel()
	machine := &settable{at: time.Unix(1_000_000, 0).UTC()}
	c := New(machine, time.Time{}, nil)
	start := c.Now()
	for range 20 { // a source of time that is wrong now and then
		machine.at = machine.at.Add(-90 * time.Second)
		c.Now()
		machine.at = machine.at.Add(90 * time.Second)
		c.Now()
		machine.pass(time.Second)
	}
	if got := c.Now().Sub(start); got != 20*time.Second {
		t.Errorf("20 s have passed, the store's clock went on by %v", got)
	}
}

func TestTimeRunsAtHalfSpeedWhileTheMachinesClockIsBehind(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(*settable) signon.Clock{
		"a clock that knows what has passed": func(s *settable) signon.Clock { return s },
		"one that does not":                  func(s *settable) signon.Clock { return wallOnly{s} },
	} {
		machine := &settable{at: time.Unix(1_000_000, 0).UTC()}
		c := New(source(machine), time.Time{}, nil)
		start := c.Now()
		machine.at = machine.at.Add(-time.Minute)
		if got := c.Now(); !got.Equal(start) {
			t.Errorf("%s: set back: got %v, want %v", name, got, start)
		}
		machine.pass(time.Minute)
		if got := c.Now().Sub(start); got != 30*time.Second {
			t.Errorf("%s: a minute later: got %v more, want 30s", name, got)
		}
		machine.pass(2 * time.Minute)
		if got := c.Now(); !got.Equal(machine.at) {
			t.Errorf("%s: caught up with: got %v, want %v", name, got, machine.at)
		}
	}
}
