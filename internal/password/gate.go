package password

import (
	"net/netip"
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
// which they came. One address is never ahead of another by more than atOnce.
type gate struct {
	slots chan struct{}

	mu     sync.Mutex
	inside int
	queues map[netip.Prefix]*queue
}

// queue is those of one address.
type queue struct {
	slots  chan struct{}
	inside int
}

func newGate() *gate {
	return &gate{slots: make(chan struct{}, atOnce), queues: map[netip.Prefix]*queue{}}
}

// enter waits for its turn and returns what gives it back; entered is false at
// once when too many are waiting.
func (g *gate) enter(from netip.Addr) (leave func(), entered bool) {
	place := neighbourhood(from)
	q := g.admit(place)
	if q == nil {
		return nil, false
	}
	q.slots <- struct{}{}
	g.slots <- struct{}{}
	return func() {
		<-g.slots
		<-q.slots
		g.dismiss(place, q)
	}, true
}

// admit returns the queue of the address, or nil when too many are inside.
func (g *gate) admit(place netip.Prefix) *queue {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queues[place]
	if g.inside >= mostOfAll || q != nil && q.inside >= mostOfOne {
		return nil
	}
	if q == nil {
		q = &queue{slots: make(chan struct{}, atOnce)}
		g.queues[place] = q
	}
	g.inside++
	q.inside++
	return q
}

func (g *gate) dismiss(place netip.Prefix, q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	q.inside--
	if q.inside == 0 {
		delete(g.queues, place)
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
