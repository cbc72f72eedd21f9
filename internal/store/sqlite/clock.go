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
	mark   *mark

	mu       sync.Mutex
	seen     int64 // what the machine's clock said last, in unix nanoseconds
	last     int64 // what was handed out last
	reserved int64 // what the mark holds
}

// newClock returns a clock that hands out no instant before floor.
func newClock(source signon.Clock, floor time.Time, m *mark) *clock {
	c := &clock{source: source, mark: m, seen: source.Now().UnixNano()}
	if !floor.IsZero() {
		c.last = floor.UnixNano()
	}
	return c
}

// Now returns the current instant.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := c.source.Now().UnixNano() // the wall clock: what may be set back is what counts
	c.last = max(read, c.last+max(read-c.seen, 0)/2)
	c.seen = read
	if c.last >= c.reserved {
		c.reserved = c.last + int64(lead)
		c.mark.setTime(time.Unix(0, c.reserved))
	}
	return time.Unix(0, c.last).UTC()
}
