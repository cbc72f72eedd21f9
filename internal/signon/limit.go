package signon

import (
	"net/netip"
	"sync"
	"time"
)

// Throttle counts failures by key and says when a key had too many.
type Throttle interface {
	// Blocked returns how long the key has to wait, or 0 when it may go on.
	Blocked(key string, now time.Time) time.Duration
	// Count notes one failure of the key and reports whether there was room for it:
	// others may have failed since Blocked was asked.
	Count(key string, now time.Time) bool
}

// blocked returns CodeLimit while the key has to wait.
func (s *Service) blocked(t Throttle, key string) error {
	if wait := t.Blocked(key, s.store.Now()); wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// failed counts a failure. Where there was no room for it any more it returns
// CodeLimit, which is to be answered instead: many calls at once must not learn
// more than as many one after the other.
func (s *Service) failed(t Throttle, key string) error {
	now := s.store.Now()
	if t.Count(key, now) {
		return nil
	}
	return tooMany(max(t.Blocked(key, now), time.Second))
}

func tooMany(wait time.Duration) error {
	return &Error{Code: CodeLimit, Reason: ReasonLimit, RetryAfter: wait}
}

// throttleKey is how an address counts towards a throttle: an IPv6 address by
// its /64, of which one household has all addresses.
func throttleKey(addr netip.Addr) string { return BindAddr(addr, AddrNet64).String() }

// liveGrants counts live grants by tenant and by subject, for tenants that have
// limits. Counts are kept in memory, by the second in which a grant expires, so
// that time alone brings them down. Where other processes issue and redeem, too,
// what they did is counted later, and a count may be below zero until then.
type liveGrants struct {
	mu      sync.Mutex
	shared  bool // with other processes
	tenants map[TenantID]*tenantLive
}

// tenantLive are the live grants of a tenant. Those of a subject lose what has
// expired when somebody asks, and all of them when half may be of nobody any more.
type tenantLive struct {
	all      tally
	subjects map[Person]tally
	tidyAt   int // with so many subjects
}

// tidySubjects is how many subjects there are at least before they are looked through.
const tidySubjects = 1024

func newLiveGrants() *liveGrants { return &liveGrants{tenants: map[TenantID]*tenantLive{}} }

// add counts one more live grant, or returns how long to wait until one of
// those that are in the way has expired.
func (l *liveGrants) add(tenant TenantID, limits TenantLimits, subject Person, expiresAt, now time.Time) time.Duration {
	if limits == (TenantLimits{}) {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.of(tenant)
	if t.all.expire(now.Unix()); limits.LiveGrants > 0 && t.all.total >= limits.LiveGrants {
		return t.all.wait(now)
	}
	own := t.subjects[subject]
	if own.expire(now.Unix()); limits.LinksPerSubject > 0 && own.total >= limits.LinksPerSubject {
		return own.wait(now)
	}
	t.count(subject, own, int64(expirySecond(expiresAt)), 1)
	t.tidy(now.Unix())
	return 0
}

// reset forgets all that was counted.
func (l *liveGrants) reset() {
	l.mu.Lock()
	l.tenants = map[TenantID]*tenantLive{}
	l.mu.Unlock()
}

// of returns the counts of a tenant.
func (l *liveGrants) of(tenant TenantID) *tenantLive {
	t := l.tenants[tenant]
	if t == nil {
		t = &tenantLive{subjects: map[Person]tally{}, tidyAt: tidySubjects}
		l.tenants[tenant] = t
	}
	return t
}

// follow counts what another process did to a grant.
func (l *liveGrants) follow(tenant TenantID, subject Person, expiresAt, now time.Time, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, second := l.of(tenant), int64(expirySecond(expiresAt))
	if t.all.expire(now.Unix()); n != 0 && second > t.all.expired {
		t.count(subject, t.subjects[subject], second, n)
	}
}

// remove counts a grant out that was redeemed, revoked or not stored after all.
func (l *liveGrants) remove(tenant TenantID, subject Person, expiresAt time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, second := l.of(tenant), int64(expirySecond(expiresAt))
	if second <= t.all.expired {
		return
	}
	own := t.subjects[subject]
	if own.at(second) > 0 || l.shared { // another process may have issued it
		t.count(subject, own, second, -1)
	}
}

// forget counts out all grants of a subject.
func (l *liveGrants) forget(tenant TenantID, subject Person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tenants[tenant]
	if t == nil {
		return
	}
	for _, r := range t.subjects[subject].runs {
		if r.second > t.all.expired {
			t.all.count(r.second, -r.n)
		}
	}
	delete(t.subjects, subject)
}

// count counts n more of a subject, whose tally so far is own.
func (t *tenantLive) count(subject Person, own tally, second int64, n int) {
	t.all.count(second, n)
	own.count(second, n)
	if len(own.runs) == 0 {
		delete(t.subjects, subject)
	} else {
		t.subjects[subject] = own
	}
}

// tidy forgets subjects of whom everything has expired, once there are twice as many
// as after the last time.
func (t *tenantLive) tidy(now int64) {
	if len(t.subjects) < t.tidyAt {
		return
	}
	for subject, own := range t.subjects {
		if own.expire(now); len(own.runs) == 0 {
			delete(t.subjects, subject)
		} else {
			t.subjects[subject] = own
		}
	}
	t.tidyAt = max(tidySubjects, 2*len(t.subjects))
}
