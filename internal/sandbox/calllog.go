package sandbox

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// Bounds of what is kept, and of what waits to be.
const (
	maxCalls   = 10_000
	maxText    = 64 << 20 // bytes of texts
	maxWaiting = 512      // calls that have ended and are yet to be looked at
)

// answerPatience is how long who asks for the calls waits for those to end whose
// answers have begun.
const answerPatience = 200 * time.Millisecond

// lookPatience is how long they wait for what has ended to be looked at.
const lookPatience = 2 * time.Second

// callLog keeps the latest calls, in the order in which they ended. What has ended
// is looked at afterwards, one after the other, so that no request waits for that.
type callLog struct {
	mu      sync.Mutex
	changed sync.Cond // whenever something has ended or was kept

	calls []*Call
	size  int64
	// last is the ID that was given last. What has one up to done has been looked at,
	// and what has one up to cleared is not kept.
	last, done, cleared int64

	waiting []*exchange
	working bool
	// answering are those whose answers have begun.
	answering map[*exchange]struct{}

	watchers map[chan *Call]struct{}
}

func newCallLog() *callLog {
	l := &callLog{answering: map[*exchange]struct{}{}, watchers: map[chan *Call]struct{}{}}
	l.changed.L = &l.mu
	return l
}

// begun says that the answer has begun.
func (l *callLog) begun(x *exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answering[x] = struct{}{}
}

// ended gives the call its ID and has it looked at. Only when many wait already,
// the caller does.
func (l *callLog) ended(x *exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) >= maxWaiting {
		l.changed.Wait()
	}
	delete(l.answering, x)
	l.last++
	x.call.ID = l.last
	l.waiting = append(l.waiting, x)
	if !l.working {
		l.working = true
		go l.work()
	}
	l.changed.Broadcast()
}

// work looks at what has ended, until there is no more.
func (l *callLog) work() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 {
		x := l.waiting[0]
		l.waiting[0], l.waiting = nil, l.waiting[1:]
		hurry := len(l.waiting) > maxWaiting/2
		if x.call.ID > l.cleared {
			l.mu.Unlock()
			x.look(hurry)
			l.mu.Lock()
		}
		if l.done = x.call.ID; l.done > l.cleared { // not cleared meanwhile
			l.keep(x.call)
		}
		l.changed.Broadcast()
	}
	l.waiting, l.working = nil, false
}

// keep adds the call, and removes the oldest as far as there are too many.
func (l *callLog) keep(c *Call) {
	l.calls = append(l.calls, c)
	l.size += c.size()
	gone := 0
	for len(l.calls)-gone > maxCalls || l.size > maxText && len(l.calls)-gone > 1 {
		l.size -= l.calls[gone].size()
		l.calls[gone] = nil
		gone++
	}
	l.calls = l.calls[gone:]
	l.tell(c)
}

// settle waits until the calls are kept whose answers somebody may have seen. The
// caller has the lock.
func (l *callLog) settle() {
	if len(l.answering) > 0 {
		answered := make([]*exchange, 0, len(l.answering))
		for x := range l.answering {
			answered = append(answered, x)
		}
		l.waitFor(answerPatience, func() bool {
			return !slices.ContainsFunc(answered, func(x *exchange) bool { _, ok := l.answering[x]; return ok })
		})
	}
	target := l.last
	l.waitFor(lookPatience, func() bool { return l.done >= target })
}

// waitFor waits until that is so, or until so much time has gone by. The caller has
// the lock.
func (l *callLog) waitFor(most time.Duration, isSo func() bool) {
	if isSo() {
		return
	}
	patient := true
	timer := time.AfterFunc(most, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		patient = false
		l.changed.Broadcast()
	})
	defer timer.Stop()
	for patient && !isSo() {
		l.changed.Wait()
	}
}

// all returns the calls that are kept, the oldest first.
func (l *callLog) all() []*Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	return slices.Clone(l.calls)
}

// find returns the call with that ID.
func (l *callLog) find(id int64) (*Call, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle()
	i := sort.Search(len(l.calls), func(i int) bool { return l.calls[i].ID >= id })
	if i < len(l.calls) && l.calls[i].ID == id {
		return l.calls[i], true
	}
	return nil, false
}

// clear forgets all that has ended so far.
func (l *callLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls, l.size, l.cleared = nil, 0, l.last
}

// Clear forgets all calls that have ended. IDs go on.
func (s *Sandbox) Clear() {
	s.calls.clear()
	s.sessions.clear()
	s.encoded.clear()
}

// Call returns the recorded call with that ID.
func (s *Sandbox) Call(id int64) (*Call, bool) { return s.calls.find(id) }
