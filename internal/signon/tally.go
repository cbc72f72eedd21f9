package signon

import (
	"cmp"
	"slices"
	"time"
)

// tally counts by the second in which what is counted expires. Its zero value has
// counted nothing.
type tally struct {
	total   int
	expired int64 // seconds up to this one have been counted out
	runs    []run // by second
}

// run is how many expire in a unix second, rounded up; not 0.
type run struct {
	second int64
	n      int
}

// find returns where the run of a second is, or would be.
func (t *tally) find(second int64) (int, bool) {
	return slices.BinarySearchFunc(t.runs, second, func(r run, second int64) int { return cmp.Compare(r.second, second) })
}

// at returns how many expire in a second.
func (t *tally) at(second int64) int {
	if i, ok := t.find(second); ok {
		return t.runs[i].n
	}
	return 0
}

// count counts n more.
func (t *tally) count(second int64, n int) {
	t.total += n
	i, ok := t.find(second)
	if !ok {
		t.runs = slices.Insert(t.runs, i, run{second, n})
		return
	}
	if t.runs[i].n += n; t.runs[i].n == 0 {
		t.runs = slices.Delete(t.runs, i, i+1)
	}
}

// expire counts out what has expired before the second now.
func (t *tally) expire(now int64) {
	over := 0
	for over < len(t.runs) && t.runs[over].second < now {
		t.total -= t.runs[over].n
		over++
	}
	if t.runs = t.runs[over:]; len(t.runs) == 0 {
		t.runs = nil // with its room
	}
	t.expired = max(t.expired, now-1)
}

// wait returns the time until the first second in which something expires.
func (t *tally) wait(now time.Time) time.Duration {
	next := now.Unix() + 1
	for _, r := range t.runs {
		if r.n > 0 {
			next = max(next, r.second+1)
			break
		}
	}
	return time.Duration(next-now.Unix()) * time.Second
}
