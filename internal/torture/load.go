package torture

import (
	"context"
	"sync"
	"time"
)

// load has all clients work until the returned function is called, which waits until
// each has its last answer.
func (w *world) load(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	for _, c := range w.clients {
		working.Go(func() {
			for ctx.Err() == nil {
				if !c.work() {
					time.Sleep(c.random.between(0, 20*time.Millisecond)) // a server that is down answers fast
				}
				time.Sleep(c.random.between(0, 3*time.Millisecond)) // or judging takes longer than the rest
			}
		})
	}
	return func() {
		cancel()
		working.Wait()
	}
}

// work has one token issued and does something with it. It reports whether a token
// came.
func (c *client) work() bool {
	switch n := c.random.upTo(100); {
	case n < 70:
		return c.workLink(longTTL)
	case n < 80:
		return c.workLink(shortTTL)
	case n < 90:
		return c.workOnce()
	default:
		return c.workReusable()
	}
}

// workLink lets up to three browsers follow a link at the same moment, while an
// operator may revoke it. The rest is left for the end of the round.
func (c *client) workLink(ttl time.Duration) bool {
	t := c.issueLink(ttl, c.anyNode())
	if t == nil {
		return false
	}
	var race sync.WaitGroup
	for range c.random.upTo(4) {
		b := t.addBrowser()
		race.Go(func() { c.follow(t, b, c.anyNode()) })
	}
	if c.random.of(8) {
		race.Go(func() { c.revokeLink(t, c.anyNode()) })
	}
	race.Wait()
	for _, b := range t.signedIn() {
		c.browse(t, b)
	}
	return true
}

// signedIn returns the browsers that were let in.
func (t *token) signedIn() (in []*browser) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range t.browsers {
		if b.session != "" {
			in = append(in, b)
		}
	}
	return in
}

// browse is what a person does who was signed in.
func (c *client) browse(t *token, b *browser) {
	if c.random.of(30) {
		c.look(t, b, c.anyNode())
	}
	if c.random.of(20) { // a page that is loaded again
		c.follow(t, b, c.anyNode())
	}
	if c.random.of(15) {
		c.leave(t, b, c.anyNode())
		c.look(t, b, c.anyNode())
		c.follow(t, b, c.anyNode())
	}
	if c.random.of(5) {
		c.revokeLink(t, c.anyNode())
		c.look(t, b, c.anyNode())
	}
}

// workOnce has up to two back ends read a token at the same moment.
func (c *client) workOnce() bool {
	t := c.issueAppToken(once, c.anyNode())
	if t == nil {
		return false
	}
	var race sync.WaitGroup
	for range c.random.upTo(3) {
		race.Go(func() { c.validate(t, c.anyNode()) })
	}
	race.Wait()
	return true
}

// workReusable reads a token a few times, while an operator may end everything of
// its member.
func (c *client) workReusable() bool {
	t := c.issueAppToken(reusable, c.anyNode())
	if t == nil {
		return false
	}
	var race sync.WaitGroup
	for range c.random.upTo(3) {
		race.Go(func() { c.validate(t, c.anyNode()) })
	}
	if c.random.of(20) {
		race.Go(func() { c.revokeMember(c.anyNode()) })
	}
	race.Wait()
	c.validate(t, c.anyNode())
	return true
}
