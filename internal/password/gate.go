package password

import (
	"net/netip"
	"slices"
	"sync"
)

// How much a gate lets in.
const (
	// atOnce is how many are through at a time, in all and of one address: memory
	// and processors that are set aside, 19 MiB and one core each.
	atOnce = 2
	// mostOfOne is how many of one address are through or waiting. When a client that
	// calls in parallel is new, its others wait for its first.
	mostOfOne = 32
	// mostOfAll is how many are through or waiting.
	mostOfAll = 64
)

// gate lets a few through at a time and a bounded number wait, in the order in
// which they came. One address is never ahead of another by more than atOnce, and
// when all places are taken the address that has most of them gives one up.
type gate struct {
	mu      sync.Mutex
	inside  int // through or waiting
	through int
	came    uint64
	line    []*waiter // who is next, at most atOnce of one address
	queues  map[netip.Prefix]*queue
}

// queue is those of one address.
type queue struct {
	inside  int
	ahead   int       // of those inside: through, or in the line
	waiting []*waiter // the others, in order
}

// waiter is somebody whose turn is to come.
type waiter struct {
	queue  *queue
	number uint64
	// turn receives true when it has come, false when it will not.
	turn chan bool
}

func newGate() *gate { return &gate{queues: map[netip.Prefix]*queue{}} }

// enter waits for its turn and returns what gives it back; entered is false when
// too many are waiting, also when that turns out later.
func (g *gate) enter(from netip.Addr) (leave func(), entered bool) {
	place := neighbourhood(from)
	w := g.admit(place)
	if w == nil || !<-w.turn {
		return nil, false
	}
	return func() { g.leave(place, w.queue) }, true
}

// admit returns a place to wait in, or nil when there is none.
func (g *gate) admit(place netip.Prefix) *waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queues[place]
	if q == nil {
		q = &queue{}
	}
	if q.inside >= mostOfOne || g.inside >= mostOfAll && !g.makeRoom(q) {
		return nil
	}
	g.came++
	w := &waiter{queue: q, number: g.came, turn: make(chan bool, 1)}
	g.inside++
	q.inside++
	q.waiting = append(q.waiting, w)
	g.queues[place] = q
	g.advance(q)
	return w
}

// makeRoom turns away the newest waiter of the address that has most inside, unless
// that would be the newcomer's.
func (g *gate) makeRoom(newcomer *queue) bool {
	var out *waiter
	for _, q := range g.queues {
		w := g.newest(q)
		if w != nil && (out == nil || q.inside > out.queue.inside || q.inside == out.queue.inside && w.number > out.number) {
			out = w
		}
	}
	if out == nil || out.queue.inside <= newcomer.inside+1 {
		return false
	}
	q := out.queue
	if n := len(q.waiting); n > 0 {
		q.waiting = q.waiting[:n-1]
	} else {
		g.line = slices.DeleteFunc(g.line, func(w *waiter) bool { return w == out })
		q.ahead--
	}
	g.inside--
	q.inside-- // one at least is left: it had more than the newcomer
	out.turn <- false
	return true
}

// newest returns who came last of those of an address that wait, or nil.
func (g *gate) newest(q *queue) *waiter {
	if n := len(q.waiting); n > 0 {
		return q.waiting[n-1]
	}
	for _, w := range slices.Backward(g.line) {
		if w.queue == q {
			return w
		}
	}
	return nil
}

// leave gives a turn back, to whoever is next.
func (g *gate) leave(place netip.Prefix, q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.through--
	g.inside--
	q.ahead--
	q.inside--
	if q.inside == 0 {
		delete(g.queues, place)
	}
	g.advance(q)
}

// advance lets those of an address into the line, and those through whose turn it
// is.
func (g *gate) advance(q *queue) {
	for q.ahead < atOnce && len(q.waiting) > 0 {
		g.line = append(g.line, q.waiting[0])
		q.waiting = q.waiting[1:]
		q.ahead++
	}
	for g.through < atOnce && len(g.line) > 0 {
		g.line[0].turn <- true
		g.line = g.line[1:]
		g.through++
	}
}

// neighbourhood is the address, or the /64 of an IPv6 address, whose holder has
// all of it.
func neighbourhood(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}
