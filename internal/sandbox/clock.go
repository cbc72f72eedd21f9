package sandbox

import (
	"sync/atomic"
	"time"
)

// clock is the machine's clock, moved ahead.
type clock struct{ ahead atomic.Int64 }

// Now returns the moved time.
func (c *clock) Now() time.Time { return time.Now().UTC().Add(c.offset()) }

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

// advance moves the clock further ahead, unless that would be more than most.
func (c *clock) advance(by, most time.Duration) (ok bool) {
	for {
		ahead := c.ahead.Load()
		if by > most-time.Duration(ahead) {
			return false
		}
		if c.ahead.CompareAndSwap(ahead, ahead+int64(by)) {
			return true
		}
	}
}

// reach moves the clock ahead to an instant, unless it is nearly there.
func (c *clock) reach(at time.Time) {
	if by := at.Sub(c.Now()); by > time.Second {
		c.ahead.Add(int64(by))
	}
}

// reset sets the clock to the machine's.
func (c *clock) reset() { c.ahead.Store(0) }
