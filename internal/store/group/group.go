// Package group lets operations that wait at the same moment be committed
// together: one transaction and one wait for the disk serve all of them. There is
// no timer: a group is whoever came while the last one was written.
package group

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// ErrClosed is what calls get that come after Stop.
var ErrClosed = errors.New("the database is closed")

// Op is an operation that waits. Embed it in what describes the operation.
type Op struct {
	// Err is the outcome, set before Answer is called.
	Err error

	ctx   context.Context //nolint:containedctx // it belongs to the call that waits
	state state           // guarded by the queue
	done  chan struct{}
}

// state is how far an Op has come.
type state int

const (
	queued state = iota
	begun
	left // its caller did not want to wait any longer
)

// New returns an operation whose caller waits until ctx ends.
func New(ctx context.Context) Op { return Op{ctx: ctx, done: make(chan struct{}, 1)} }

// Answer lets the caller go on, with Err.
func (o *Op) Answer() { o.done <- struct{}{} }

func (o *Op) self() *Op { return o }

// Queue holds operations until somebody takes them in groups. O is a pointer to
// what embeds an Op.
type Queue[O interface{ self() *Op }] struct {
	mu      sync.Mutex
	arrived sync.Cond // there is something in the queue, or stopped is set
	queue   []O
	left    int // how many in the queue have left
	stopped bool
}

// NewQueue returns an empty queue.
func NewQueue[O interface{ self() *Op }]() *Queue[O] {
	q := &Queue[O]{}
	q.arrived.L = &q.mu
	return q
}

// Do queues the operation and waits until it is answered, or until its context
// ends: one that has not begun then is left out, one that has goes on without its
// caller (signon.ErrGoesOn). It returns the operation's own error as answered is
// true, else why it was not waited for.
func (q *Queue[O]) Do(op O) (answered bool, err error) {
	o := op.self()
	if err := o.ctx.Err(); err != nil {
		return false, err
	}
	if !q.submit(op) {
		return false, ErrClosed
	}
	select {
	case <-o.done:
		return true, o.Err
	case <-o.ctx.Done():
		if !q.leave(o) {
			return false, fmt.Errorf("%w: %w", signon.ErrGoesOn, o.ctx.Err())
		}
		return false, o.ctx.Err()
	}
}

// leave leaves the operation out, and returns false when it has begun. Where nothing is taken for
// long, because the disk or a server does not answer, callers come and go: the queue
// stays as long as those who wait need, twice at most.
func (q *Queue[O]) leave(o *Op) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if o.state != queued {
		return false
	}
	o.state = left
	if q.left++; q.left > len(q.queue)/2 {
		q.queue = slices.DeleteFunc(q.queue, func(op O) bool { return op.self().state == left })
		q.left = 0
	}
	return true
}

func (q *Queue[O]) submit(op O) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped {
		return false
	}
	q.queue = append(q.queue, op)
	q.arrived.Signal()
	return true
}

// Next waits for operations and returns up to limit of those that still want to be
// done, perhaps none, in the room of group. It returns false when there will be
// none any more.
func (q *Queue[O]) Next(group []O, limit int) ([]O, bool) {
	// Those who were just answered, and are about to ask again, go first: groups
	// get larger, and nobody waits for somebody who is not running already.
	runtime.Gosched()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.queue) == 0 {
		if q.stopped {
			return nil, false
		}
		q.arrived.Wait()
	}
	clear(group)
	group = group[:0]
	seen := 0
	for ; seen < len(q.queue) && len(group) < limit; seen++ {
		op := q.queue[seen]
		if o := op.self(); o.state == left {
			q.left--
		} else {
			o.state = begun
			group = append(group, op)
		}
	}
	q.queue = slices.Delete(q.queue, 0, seen)
	return group, true
}

// Len returns how many operations wait.
func (q *Queue[O]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queue) - q.left
}

// Stop refuses further operations. What is queued can still be taken.
func (q *Queue[O]) Stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	q.arrived.Broadcast()
}
