// Package throttle counts failures by key and says when a key had too many.
package throttle

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Throttle allows every key a number of failures at once, and as many again in
// every minute after. It remembers a bounded number of keys and forgets the one
// that was asked for longest ago, so a flood of keys costs a fixed amount of
// memory. It is safe for concurrent use.
type Throttle struct {
	perMinute int
	keys      *lru.Cache[string, *rate.Limiter]
}

// Keys is how many keys a server's throttle remembers, about 200 bytes each.
const Keys = 20_000

// New returns a throttle that allows perMinute failures a minute and remembers
// that many keys. With perMinute 0 or less it allows everything.
func New(perMinute, keys int) *Throttle {
	cache, err := lru.New[string, *rate.Limiter](max(keys, 1))
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Throttle{perMinute: perMinute, keys: cache}
}

// Blocked returns how long the key has to wait until it has a failure to spare,
// or 0 when it has one now.
func (t *Throttle) Blocked(key string, now time.Time) time.Duration {
	if t.perMinute <= 0 {
		return 0
	}
	limiter, ok := t.keys.Get(key)
	if !ok {
		return 0
	}
	missing := 1 - limiter.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	// Rounded up to a microsecond, so that the wait is over when it is over.
	return time.Duration(missing*float64(time.Minute)/float64(t.perMinute)) + time.Microsecond
}

// Count notes one failure of the key and reports whether it had one to spare.
// Whoever asks Blocked, works and then counts has to heed it: others may have
// failed meanwhile.
func (t *Throttle) Count(key string, now time.Time) bool {
	if t.perMinute <= 0 {
		return true
	}
	fresh := rate.NewLimiter(rate.Limit(float64(t.perMinute)/60), t.perMinute)
	limiter, found, _ := t.keys.PeekOrAdd(key, fresh)
	if !found {
		limiter = fresh
	}
	return limiter.AllowN(now, 1)
}
