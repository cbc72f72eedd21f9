package page

// Notices stand at the top of a page, as the template "notices" shows them: what
// to mend in its form, and what else to know.
type Notices struct {
	Wrong []Fault
	Known []Notice
}

// Notice says one thing.
type Notice struct {
	// Kind is "good", "warn", "bad", or empty for what is merely good to know.
	Kind string
	Text string
	// Alert: what was sent was not done. It has the focus, and is said at once.
	Alert bool
}

// Fault says what is wrong with a part of the form.
type Fault struct {
	// ID is that of the input.
	ID   string
	Text string
}

// Badge is a word in a coloured field, as the template "badge" shows it.
type Badge struct {
	Kind string // as of a Notice
	Text string // key of a text
}

// Nav leads from one page to the others of the same area.
type Nav struct {
	// Label is the name of the area.
	Label string
	Items []NavItem
}

// NavItem is one page, or one part of the area.
type NavItem struct {
	Path, Label string
	// Current is "page" for the page that is shown, "true" for the part that it
	// belongs to, or empty. It is what aria-current takes.
	Current string
}

// SessionEnd says when the person is signed out unless another page is opened
// before: the page says so by itself then, and keeps what was typed.
type SessionEnd struct {
	// Seconds are from now.
	Seconds int
	// Owner is a mark of the person: pages of the same one tell each other when the
	// session was used again.
	Owner string
	// Text says what becomes of what was typed.
	Text string
	// NewLink is where to get a new link, or empty.
	NewLink string
}
