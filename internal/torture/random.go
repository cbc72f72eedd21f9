package torture

import (
	"math/rand/v2"
	"sync"
	"time"
)

// random draws for several goroutines. What is drawn follows from the seed; what it
// meets in the servers does not.
type random struct {
	mu  sync.Mutex
	src *rand.Rand
}

func newRandom(seed, stream uint64) *random {
	return &random{src: rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // repeatable, and nothing secret
}

// upTo returns a number from 0 to n-1.
func (r *random) upTo(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.src.IntN(n)
}

// of reports yes that often in a hundred times.
func (r *random) of(percent int) bool { return r.upTo(100) < percent }

// between returns a time between the two.
func (r *random) between(least, most time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return least + time.Duration(r.src.Int64N(int64(most-least)+1))
}
