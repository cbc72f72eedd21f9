package directory

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// cache remembers customers that were asked for lately. It never answers with
// a customer as it was before a change that is in the store: while a change is
// being written, and for reads that began before its end, nothing of its stripe
// is remembered. Where other processes change the store, too, it asks the store at
// every look-up whether anybody was changed since: that costs less than to read the
// customer, and who asks at the same time shares the answer.
type cache struct {
	shared SharedStore // nil when this process alone changes the store
	byID   *lru.Cache[customerKey, known]
	// byRef tells whose external reference a text was. It is a hint: the customer
	// found by it must still have that reference.
	byRef   *lru.Cache[refKey, int64]
	seed    maphash.Seed
	stripes [64]stripe
}

// known is a customer as of so many changes of the store.
type known struct {
	*Customer
	changes int64
}

type customerKey struct {
	tenant signon.TenantID
	id     int64
}

type refKey struct {
	tenant signon.TenantID
	ref    string
}

// stripe guards the customers whose keys hash to it.
type stripe struct {
	mu       sync.Mutex
	changing int    // changes being written
	changes  uint64 // changes that began
}

// cacheSize is how many customers are remembered: about 10 MB when they all
// have long addresses and several cards.
const cacheSize = 8192

func newCache(store Store) *cache {
	shared, _ := store.(SharedStore)
	return &cache{shared: shared, byID: newLRU[customerKey, known](), byRef: newLRU[refKey, int64](), seed: maphash.MakeSeed()}
}

func newLRU[K comparable, V any]() *lru.Cache[K, V] {
	c, err := lru.New[K, V](cacheSize)
	if err != nil {
		panic(err) // only for a size of zero
	}
	return c
}

func (c *cache) stripe(key customerKey) *stripe {
	return &c.stripes[maphash.Comparable(c.seed, key)%uint64(len(c.stripes))]
}

// customer returns the customer from the cache, or else what read returns,
// which is remembered unless the customer was changed meanwhile.
func (c *cache) customer(ctx context.Context, key customerKey, read func() (*Customer, error)) (*Customer, error) {
	changes, err := c.changesOfOthers(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for changes: %w", err)
	}
	if found, ok := c.byID.Get(key); ok && found.changes == changes {
		return found.Customer, nil
	}
	s := c.stripe(key)
	s.mu.Lock()
	quiet, before := s.changing == 0, s.changes
	s.mu.Unlock()
	found, err := read()
	if err != nil || !quiet {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == before {
		c.byID.Add(key, known{found, changes})
	}
	return found, nil
}

// changesOfOthers returns how often the store was changed, as far as others do that.
// What is read from then on is at least as new.
func (c *cache) changesOfOthers(ctx context.Context) (int64, error) {
	if c.shared == nil {
		return 0, nil
	}
	return c.shared.CustomerChanges(ctx)
}

// begin forgets the customers, and remembers none of their stripes until end is
// called with the same keys.
func (c *cache) begin(keys []customerKey) {
	for _, key := range keys {
		s := c.stripe(key)
		s.mu.Lock()
		s.changing++
		s.changes++
		c.byID.Remove(key)
		s.mu.Unlock()
	}
}

func (c *cache) end(keys []customerKey) {
	for _, key := range keys {
		s := c.stripe(key)
		s.mu.Lock()
		s.changing--
		s.mu.Unlock()
	}
}

// change writes a change of the customers with those keys. When the context
// ends first, the outcome is not known yet: the write goes on, and the cache
// stays clear of these customers until it is over.
func (c *cache) change(ctx context.Context, action string, keys []customerKey, write func(context.Context) error) error {
	c.begin(keys)
	done := make(chan error, 1)
	go func() {
		err := write(context.WithoutCancel(ctx))
		c.end(keys)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return signon.Unavailable(action, context.Cause(ctx))
	}
}
