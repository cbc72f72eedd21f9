package tables

import (
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// recentGrants is how many grants are remembered at most: some megabytes.
const recentGrants = 8192

// Recent remembers the grants that this process stored last, as they were then. Most
// links are followed within seconds, and to find them here spares the read. It is a
// filter like any read: the conditional update alone redeems.
//
// The writer keeps it. It remembers a grant when its row is committed, and forgets
// it before and after it changes the row; nobody else adds to it. So what it tells
// is as the database has it where this process alone writes.
type Recent struct {
	mu     sync.Mutex
	grants map[signon.GrantKey]*signon.Grant
	order  []signon.GrantKey // a ring: the oldest is at next once it is full
	next   int
}

// NewRecent returns a memory of no grants.
func NewRecent() *Recent { return &Recent{grants: map[signon.GrantKey]*signon.Grant{}} }

// Find returns a remembered grant.
func (r *Recent) Find(key signon.GrantKey) (signon.Grant, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.grants[key]; g != nil {
		return *g, true
	}
	return signon.Grant{}, false
}

// Remember adds a grant, in place of the oldest when there are enough.
func (r *Recent) Remember(g *signon.Grant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) < recentGrants {
		r.order = append(r.order, g.Key)
	} else {
		delete(r.grants, r.order[r.next])
		r.order[r.next] = g.Key
		r.next = (r.next + 1) % recentGrants
	}
	r.grants[g.Key] = g
}

// Forget removes a grant.
func (r *Recent) Forget(key signon.GrantKey) {
	r.mu.Lock()
	delete(r.grants, key)
	r.mu.Unlock()
}

// Close forgets all grants for good. The writer must have ended.
func (r *Recent) Close() {
	r.mu.Lock()
	r.grants = nil
	r.mu.Unlock()
}
