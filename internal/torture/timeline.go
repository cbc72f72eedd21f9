package torture

import (
	"sync"
	"time"
)

// timeline bounds what the servers' clock can have said at an instant. Both count
// from the start of the run; without steps they are the same, but for a margin.
type timeline struct {
	mu sync.Mutex
	// steps are when the machine's clock was stepped, and its offset from then on.
	steps []clockStep
	// seen are what the machine's clock said when a server has surely read it: from
	// the instant at on no server may go back behind it.
	seen []clockStep
}

type clockStep struct{ at, offset time.Duration }

// margin is how far a server's clock may be from the machine's all the same: it
// reads ahead by up to 100 ms after each crash, and answers take their time.
const margin = time.Second

// step says that the clock is set to that distance from the real one.
func (l *timeline) step(at, offset time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = append(l.steps, clockStep{at, offset})
}

// read says that the servers have read, by the instant at, a clock that said what
// the machine's says at since.
func (l *timeline) read(at, since time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, clockStep{at, since + l.offset(since)})
}

// offset returns the distance that is in force at the instant.
func (l *timeline) offset(at time.Duration) time.Duration {
	var in time.Duration
	for _, s := range l.steps {
		if s.at <= at {
			in = s.offset
		}
	}
	return in
}

// low returns the earliest that the servers' clock may say at the instant: the
// machine's clock, and nothing before what they have read.
func (l *timeline) low(at time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	low := at + l.offset(at)
	for _, s := range l.seen {
		if s.at <= at {
			low = max(low, s.offset)
		}
	}
	return low - margin
}

// high returns the latest that it may say: the machine's clock, or, while that one
// is behind, what was read before and half of the time since.
func (l *timeline) high(at time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var from, offset, high time.Duration
	advance := func(to time.Duration) {
		high = max(to+offset, high+(to-from)/2)
		from = to
	}
	for _, s := range l.steps {
		if s.at > at {
			break
		}
		advance(s.at)
		offset = s.offset
		high = max(high, s.at+offset)
	}
	advance(at)
	return high + margin
}
