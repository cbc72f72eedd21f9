package sandbox

import (
	"sync"
	"time"
)

// gatePatience is how long a reset lets others go in before it.
const gatePatience = 2 * time.Second

// gate is a sync.RWMutex of which readers may be nested: a page's request is
// answered by requests that the page makes itself, which must come in while it
// is waited for. So who waits to have it alone holds nobody up at first; only
// after a while, when there are always others, new ones wait, but for those that
// are known to be nested.
type gate struct {
	mu      sync.Mutex
	changed *sync.Cond
	readers int
	closed  bool // to new readers
	alone   bool // somebody has it alone
}

func (g *gate) lock() {
	g.mu.Lock()
	if g.changed == nil {
		g.changed = sync.NewCond(&g.mu)
	}
}

// RLock goes in, with others.
func (g *gate) RLock() {
	g.lock()
	defer g.mu.Unlock()
	for g.closed {
		g.changed.Wait()
	}
	g.readers++
}

// RLockNested goes in, for somebody who is in.
func (g *gate) RLockNested() {
	g.lock()
	defer g.mu.Unlock()
	for g.alone || g.closed && g.readers == 0 { // nobody is: it's for somebody who has left
		g.changed.Wait()
	}
	g.readers++
}

// RUnlock goes out.
func (g *gate) RUnlock() {
	g.lock()
	defer g.mu.Unlock()
	if g.readers--; g.readers == 0 {
		g.changed.Broadcast()
	}
}

// Lock waits until nobody is in, and keeps everybody out.
func (g *gate) Lock() {
	impatient := false
	timer := time.AfterFunc(gatePatience, func() {
		g.lock()
		defer g.mu.Unlock()
		impatient = true
		g.changed.Broadcast()
	})
	defer timer.Stop()
	g.lock()
	defer g.mu.Unlock()
	mine := false
	for g.readers > 0 || g.closed && !mine {
		if impatient && !g.closed {
			g.closed, mine = true, true
		}
		g.changed.Wait()
	}
	g.closed, g.alone = true, true
}

// Unlock lets others in again.
func (g *gate) Unlock() {
	g.lock()
	defer g.mu.Unlock()
	g.closed, g.alone = false, false
	g.changed.Broadcast()
}
