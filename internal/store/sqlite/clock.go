package sqlite

import (
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// lead is how far the instant kept in the mark is ahead of what was handed out:
// the mark is written that often at most. After a crash the time goes on from
// there, which is less than the time that it takes to start again.
const lead = 100 * time.Millisecond

// clock is the store's authority on time. It follows the machine's clock and
// never goes back: while that one is behind, after it was set back, time runs
// at half its speed until it has been caught up with. So an expired grant stays
// expired, and a live one does not live forever.
type clock struct {
	source signon.Clock
	// watch tells how much time has passed while the machine's clock is behind; nil
	// when only that clock itself can tell. One that is set back and then right again
	// must not make time jump by half of that.
	watch signon.Stopwatch
	mark  *mark

	mu       sync.Mutex
	last     int64 // what was handed out last, in unix nanoseconds
	behind   bool  // the machine's clock said less
	passed   int64 // what the watch said then
	reserved int64 // what the mark holds
}

// newClock returns a clock that hands out no instant before floor.
func newClock(source signon.Clock, floor time.Time, m *mark) *clock {
	c := &clock{source: source, mark: m}
	c.watch, _ = source.(signon.Stopwatch)
	if !floor.IsZero() {
		c.last = floor.UnixNano()
		c.follow(source.Now().UnixNano())
	}
	return c
}

// Now returns the current instant.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow(c.source.Now().UnixNano()) // the wall clock: what may be set back is what counts
	if c.last >= c.reserved {
		c.reserved = c.last + int64(lead)
		c.mark.setTime(time.Unix(0, c.reserved))
	}
	return time.Unix(0, c.last).UTC()
}

// follow moves the time on to what the machine's clock says, or, while that is
// behind, by half of what has passed since it was asked before.
func (c *clock) follow(read int64) {
	if read >= c.last && !c.behind {
		c.last = read
		return
	}
	passed := read
	if c.watch != nil {
		passed = int64(c.watch.Elapsed())
	}
	if c.behind {
		c.last += max(passed-c.passed, 0) / 2
	}
	c.last = max(c.last, read)
	c.behind, c.passed = read < c.last, passed
}
