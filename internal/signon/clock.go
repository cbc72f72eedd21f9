package signon

import "time"

// Clock tells the time. Everything that depends on the time takes it from a
// Clock, so that tests and the sandbox can move it.
type Clock interface {
	// Now returns the current instant.
	Now() time.Time
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now returns time.Now in UTC.
func (SystemClock) Now() time.Time { return time.Now().UTC() }
