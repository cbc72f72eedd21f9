package sandbox

import (
	"context"
	"slices"
)

// follower goes through the calls in the order in which they end. It leaves none out
// as long as it is kept.
type follower struct {
	sandbox *Sandbox
	filter  Filter
	watched <-chan *Call
	seen    int64 // the ID up to which all was looked at
	found   []*Call
	over    bool // there will be no more
}

// follow returns a follower of the calls that the filter selects and that have IDs
// above that one, until stop is called or the context ends.
func (s *Sandbox) follow(ctx context.Context, f Filter, after int64) (_ *follower, stop func()) {
	ctx, stop = context.WithCancel(ctx)
	following := &follower{sandbox: s, filter: f, watched: s.Watch(ctx), seen: after}
	following.reload()
	return following, stop
}

// next returns the next call; nil when none comes until the context ends.
func (l *follower) next(ctx context.Context) *Call {
	for len(l.found) == 0 {
		select {
		case c, ok := <-l.watched:
			if !ok {
				l.over = true
				return nil
			}
			l.take(c)
		case <-ctx.Done():
			return nil
		case <-l.sandbox.stopping:
			l.over = true
			return nil
		}
	}
	c := l.found[0]
	l.found = l.found[1:]
	return c
}

// take looks at a call that has ended, and at those that were missed before it.
func (l *follower) take(c *Call) {
	switch {
	case c.ID <= l.seen:
	case c.ID > l.seen+1:
		l.reload()
	default:
		if l.seen = c.ID; l.filter.Selects(c) {
			l.found = append(l.found, c)
		}
	}
}

// reload looks at all calls that are kept.
func (l *follower) reload() {
	latest := l.sandbox.calls.latest()
	calls, _ := l.sandbox.Calls(l.filter)
	for _, c := range slices.Backward(calls) {
		if c.ID > l.seen {
			l.seen, l.found = c.ID, append(l.found, c)
		}
	}
	l.seen = max(l.seen, latest)
}

// latest returns the ID up to which calls are kept or were, 0 before the first one.
// Whatever was answered before counts.
func (l *callLog) latest() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	return l.done
}
