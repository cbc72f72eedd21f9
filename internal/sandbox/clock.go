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

// advance moves the clock further ahead.
func (c *clock) advance(by time.Duration) { c.ahead.Add(int64(by)) }

// reset sets the clock to the machine's.
func (c *clock) reset() { c.ahead.Store(0) }
