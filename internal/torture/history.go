package torture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// action is what a client asks for.
type action uint8

const (
	// issue makes the token. One whose answer did not come is in no history: nobody
	// has the token.
	issue action = iota
	// redeem spends a link's token for a session, or an application's for an answer.
	redeem
	// resolve reads an application's token without spending it.
	resolve
	// visit opens a page that is for who is signed in.
	visit
	// signOut ends the session of a browser.
	signOut
	// revoke ends the token, and the session that came of it.
	revoke
	// reset is a fault that may void every token there is: a database that was
	// allowed to lose what it had acknowledged.
	reset
)

func (a action) String() string {
	return [...]string{"issue", "redeem", "resolve", "visit", "sign out", "revoke", "reset"}[a]
}

// outcome is what the client knows of it afterwards.
type outcome uint8

const (
	// uncertain: no answer came, or one that says that it is not known. It may have
	// taken effect, and may still.
	uncertain outcome = iota
	// done: it was acknowledged.
	done
	// refused: the answer was that there is nothing to do it with.
	refused
)

func (o outcome) String() string { return [...]string{"?", "done", "refused"}[o] }

// operation is one call of one client, as that client saw it. Instants are counted
// from the start of the run.
type operation struct {
	action  action
	outcome outcome
	// browser is who redeemed, visited or signed out: a number within the token.
	browser int
	// session is the session that a browser was given or showed: a number within the
	// token, from 1. Sessions with different cookies have different numbers.
	session int
	// whole: it was about everything of a person, so that it is done whether or not
	// there is something to do.
	whole        bool
	call, ret    time.Duration
	client, node int
}

// never is when an operation returns whose outcome nobody learns.
const never = time.Duration(math.MaxInt64)

// end is when the operation has taken effect, if it ever has.
func (o *operation) end() time.Duration {
	if o.outcome == uncertain {
		return never
	}
	return o.ret
}

// kind is a sort of token.
type kind uint8

const (
	link     kind = iota // a browser follows it, and is signed in
	once                 // a back end reads it, once
	reusable             // a back end reads it until it expires
)

func (k kind) String() string { return [...]string{"link", "app token", "reusable app token"}[k] }

// token is a token that was acknowledged, and what became of it.
type token struct {
	kind kind
	// name is its public reference or number; secret is the link or the token, which
	// nothing prints.
	name   string
	secret string
	ttl    time.Duration
	member string // whom an application's token is for
	round  int

	mu       sync.Mutex
	ops      []operation
	browsers []*browser
	sessions map[string]int
}

// browser is a browser that tries a link.
type browser struct {
	number  int
	binding string
	session string // its session cookie, once it has one
}

// add appends an operation.
func (t *token) add(o *operation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ops = append(t.ops, *o)
}

// addBrowser returns one more browser.
func (t *token) addBrowser() *browser {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := &browser{number: len(t.browsers), binding: newBinding()}
	t.browsers = append(t.browsers, b)
	return b
}

// sessionNumber returns the number of the session with that cookie.
func (t *token) sessionNumber(cookie string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, ok := t.sessions[cookie]
	if !ok {
		if t.sessions == nil {
			t.sessions = map[string]int{}
		}
		n = len(t.sessions) + 1
		t.sessions[cookie] = n
	}
	return n
}

// history returns the operations in the order of their calls.
func (t *token) history() []operation {
	t.mu.Lock()
	defer t.mu.Unlock()
	ops := slices.Clone(t.ops)
	slices.SortStableFunc(ops, func(a, b operation) int { return cmp.Compare(a.call, b.call) })
	return ops
}

// tried returns the browsers that redeemed the token, and whether the last answer
// that each of them got is certain.
func (t *token) tried() map[int]outcome {
	last := map[int]outcome{}
	for _, o := range t.history() {
		if o.action == redeem {
			last[o.browser] = o.outcome
		}
	}
	return last
}

// print returns the history for people, a line for each operation.
func (t *token) print() []string {
	ops := t.history()
	lines := make([]string, len(ops))
	for i := range ops {
		o := &ops[i]
		who := ""
		switch o.action {
		case redeem, visit, signOut:
			who = fmt.Sprintf(" by browser %d", o.browser)
		}
		if o.session > 0 {
			who += fmt.Sprintf(", session %d", o.session)
		}
		lines[i] = fmt.Sprintf("%10.4f s – %10.4f s  client %d, node %d: %s%s: %s",
			o.call.Seconds(), o.ret.Seconds(), o.client, o.node, o.action, who, o.outcome)
	}
	return lines
}
