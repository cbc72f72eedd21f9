package page

// lastMinutes is how many seconds before the end of a session pages count down from.
const lastMinutes = 300

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

// Late reports whether the page begins in the last five minutes.
func (c *Countdown) Late() bool { return c.Seconds <= lastMinutes }

// Minutes are left when the page begins, rounded up.
func (c *Countdown) Minutes() int { return (c.Seconds + 59) / 60 }
