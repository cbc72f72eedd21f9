package page

// Countdown says when the person's session ends for good, whatever is done until
// then: pages count the last minutes down, and when it is over they show nothing
// of what was on them.
type Countdown struct {
	// Seconds are from now.
	Seconds int
	// Owner is a mark of the person: pages of the same one tell each other of a
	// session that ends later.
	Owner string
	// At is when it ends, as people read it.
	At string
	// NewLink is where to get a new link, or empty; Home what the browser loads when
	// the page that is over is loaded again.
	NewLink, Home string
}
