package signon

import "time"

// Clock tells the time. Everything that depends on the time takes it from a
// Clock, so that tests and the sandbox can move it.
type Clock interface {
	// Now returns the current instant.
	Now() time.Time
}

// Stopwatch is what a Clock may be, too: it tells how much time has passed whatever
// the clock was set to meanwhile.
type Stopwatch interface {
	// Elapsed returns the time since some instant that stays the same.
	Elapsed() time.Duration
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now returns time.Now in UTC.
func (SystemClock) Now() time.Time { return time.Now().UTC() }

// started is when this process began.
var started = time.Now()

// Elapsed returns the time since the process began.
func (SystemClock) Elapsed() time.Duration { return time.Since(started) }
