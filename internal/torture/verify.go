package torture

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// The end of a round: the faults are over, and now everybody who has a token, or may
// have been let in by one, wants to know.

// settleWithin is how long a certain answer is waited for when nothing is in the way
// any more.
const settleWithin = time.Minute

// verify tries every token of the round, and some of the rounds before.
func (w *world) verify() {
	all := w.known()
	var next atomic.Int64
	var verifying sync.WaitGroup
	for _, c := range w.clients {
		verifying.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				c.verify(all[i])
			}
		})
	}
	verifying.Wait()
}

// verify lets two to four try the token at the same moment, over all nodes.
func (c *client) verify(t *token) {
	switch {
	case t.kind != link:
		var race sync.WaitGroup
		for range 2 {
			race.Go(func() { c.settle(func() outcome { return c.validate(t, c.anyNode()) }) })
		}
		race.Wait()
	case t.round < c.world.round: // its own round has seen to it
		c.contend(t, []*browser{t.addBrowser()})
	default:
		c.contend(t, c.contenders(t))
	}
}

// contenders returns the browsers that may have been let in, and others.
func (c *client) contenders(t *token) (all []*browser) {
	tried := t.tried()
	for _, b := range t.everybody() {
		if o, ok := tried[b.number]; ok && o != refused {
			all = append(all, b)
		}
	}
	for wanted := 2 + c.random.upTo(3); len(all) < wanted; {
		all = append(all, t.addBrowser())
	}
	return all
}

func (t *token) everybody() []*browser {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.browsers[:len(t.browsers):len(t.browsers)]
}

// contend has the browsers follow the link at the same moment. Who has a session, now
// or from before, looks whether it is there.
func (c *client) contend(t *token, browsers []*browser) {
	var race sync.WaitGroup
	for _, b := range browsers {
		race.Go(func() {
			c.settle(func() outcome { return c.follow(t, b, c.anyNode()) })
			if b.session != "" {
				c.settle(func() outcome { return c.look(t, b, c.anyNode()) })
			}
		})
	}
	race.Wait()
}

var errUnsettled = errors.New("no certain answer came though nothing was in the way any more")

// settle does it again until the outcome is certain.
func (c *client) settle(do func() outcome) outcome {
	for since := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if o := do(); o != uncertain {
			return o
		}
		if time.Since(since) > settleWithin {
			c.world.odd(errUnsettled)
			return uncertain
		}
	}
}
