// Package clock is a store's authority on time: it follows a clock of the
// machine's, or of a database server's, and never goes back.
package clock

import (
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Lead is how far the instant kept for the time after a restart is ahead of what
// was handed out: it is written that often at most. After a crash the time goes on
// from there, which is less than the time that it takes to start again.
const Lead = 100 * time.Millisecond

// Clock follows its source and never goes back: while the source is behind, after
// it was set back, time runs at half its speed until it has been caught up with.
// So an expired grant stays expired, and a live one does not live forever.
type Clock struct {
	source signon.Clock
	// watch tells how much time has passed while the source is behind; nil when only
	// the source itself can tell. One that is set back and then right again must not
	// make time jump by half of that.
	watch   signon.Stopwatch
	reserve func(time.Time)

	mu       sync.Mutex
	last     int64 // what was handed out last, in unix nanoseconds
	behind   bool  // the source said less
	passed   int64 // what the watch said then
	reserved int64 // what was given to reserve last
}

// New returns a clock that hands out no instant before floor. It calls reserve,
// unless that is nil, with an instant before it hands out one that is later than
// the one reserved last.
func New(source signon.Clock, floor time.Time, reserve func(time.Time)) *Clock {
	c := &Clock{source: source, reserve: reserve}
	c.watch, _ = source.(signon.Stopwatch)
	if !floor.IsZero() {
		c.last = floor.UnixNano()
		c.follow(source.Now().UnixNano())
	}
	return c
}

// Now returns the current instant.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow(c.source.Now().UnixNano()) // the wall clock: what may be set back is what counts
	if c.reserve != nil && c.last >= c.reserved {
		c.reserved = c.last + int64(Lead)
		c.reserve(time.Unix(0, c.reserved))
	}
	return time.Unix(0, c.last).UTC()
}

// NotBefore has the clock hand out no instant before that one from now on.
func (c *Clock) NotBefore(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, at.UnixNano())
}

// follow moves the time on to what the source says, or, while that is behind, by
// half of what has passed since it was asked before.
func (c *Clock) follow(read int64) {
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
