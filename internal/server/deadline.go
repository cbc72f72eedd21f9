package server

import (
	"context"
	"sync/atomic"
	"time"
)

// deadlines hands out contexts that end after a time. Requests that begin
// within the same moment share one: a timer and a chain of contexts for each
// would cost more than some of them do. So a request's context does not end
// when its client goes away; there is little to save by then, for what a request
// has begun is finished anyway.
type deadlines struct {
	after   time.Duration
	current atomic.Pointer[deadline]
}

// deadline is the context of the requests that begin until some instant.
type deadline struct {
	context.Context //nolint:containedctx // it is that context
	release         context.CancelFunc
	until           time.Time
}

// sharing is how many moments a deadline's time is divided into. A context ends
// that part of the time late at most, never early.
const sharing = 64

// from returns the context of a request that begins now.
func (d *deadlines) from(now time.Time) context.Context {
	c := d.current.Load()
	if c != nil && now.Before(c.until) {
		return c
	}
	moment := d.after / sharing
	next := &deadline{until: now.Add(moment)}
	next.Context, next.release = context.WithTimeout(context.Background(), d.after+moment)
	if d.current.CompareAndSwap(c, next) {
		return next // its own timer releases it
	}
	next.release()
	return d.from(now)
}
