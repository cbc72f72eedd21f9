package sqlite

import (
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// recentGrants is how many grants are remembered at most: some megabytes.
const recentGrants = 8192

// recent remembers the grants stored last, as they are in the database. Most
// links are followed within seconds, and to find them here spares the read: a
// reader's page cache is void after every commit. It is a filter like any read:
// the conditional update alone redeems.
//
// The writer keeps it true. It remembers a grant when its row is committed, and
// forgets it before and after it changes the row; nobody else adds to it.
type recent struct {
	mu     sync.Mutex
	grants map[signon.GrantKey]*signon.Grant
	order  []signon.GrantKey // a ring: the oldest is at next once it is full
	next   int
}

func newRecent() *recent { return &recent{grants: map[signon.GrantKey]*signon.Grant{}} }

// find returns a remembered grant.
func (r *recent) find(key signon.GrantKey) (signon.Grant, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.grants[key]; g != nil {
		return *g, true
	}
	return signon.Grant{}, false
}

// remember adds a grant, in place of the oldest when there are enough.
func (r *recent) remember(g *signon.Grant) {
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

// forget removes a grant.
func (r *recent) forget(key signon.GrantKey) {
	r.mu.Lock()
	delete(r.grants, key)
	r.mu.Unlock()
}

// close forgets all grants for good. The writer must have ended.
func (r *recent) close() {
	r.mu.Lock()
	r.grants = nil
	r.mu.Unlock()
}
