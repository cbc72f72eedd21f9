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

type tenantLive struct {
	total    int
	subjects map[Person]int
	expiring map[int64]map[Person]int // by unix second, rounded up
	swept    int64                    // seconds up to this one have been counted out
}

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
	t.sweep(now.Unix())
	if limits.LiveGrants > 0 && t.total >= limits.LiveGrants {
		return t.wait(now, func(map[Person]int) bool { return true })
	}
	if limits.LinksPerSubject > 0 && t.subjects[subject] >= limits.LinksPerSubject {
		return t.wait(now, func(s map[Person]int) bool { return s[subject] > 0 })
	}
	t.count(subject, int64(expirySecond(expiresAt)), 1)
	return 0
}

// of returns the counts of a tenant.
func (l *liveGrants) of(tenant TenantID) *tenantLive {
	t := l.tenants[tenant]
	if t == nil {
		t = &tenantLive{subjects: map[Person]int{}, expiring: map[int64]map[Person]int{}}
		l.tenants[tenant] = t
	}
	return t
}

// follow counts what another process did to a grant.
func (l *liveGrants) follow(tenant TenantID, subject Person, expiresAt, now time.Time, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, second := l.of(tenant), int64(expirySecond(expiresAt))
	t.sweep(now.Unix())
	if n != 0 && second > t.swept {
		t.count(subject, second, n)
	}
}

// remove counts a grant out that was redeemed, revoked or not stored after all.
func (l *liveGrants) remove(tenant TenantID, subject Person, expiresAt time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, second := l.of(tenant), int64(expirySecond(expiresAt))
	if t.expiring[second][subject] > 0 || l.shared && second > t.swept { // another process may have issued it
		t.count(subject, second, -1)
	}
}

// forget counts out all grants of a subject.
func (l *liveGrants) forget(tenant TenantID, subject Person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tenants[tenant]
	if t == nil || t.subjects[subject] == 0 {
		return
	}
	for second, subjects := range t.expiring {
		if n := subjects[subject]; n > 0 {
			t.count(subject, second, -n)
		}
	}
}

func (t *tenantLive) count(subject Person, second int64, n int) {
	at := t.expiring[second]
	if at == nil {
		at = map[Person]int{}
		t.expiring[second] = at
	}
	t.total += n
	if at[subject] += n; at[subject] == 0 {
		delete(at, subject)
	}
	if len(at) == 0 {
		delete(t.expiring, second)
	}
	if t.subjects[subject] += n; t.subjects[subject] == 0 {
		delete(t.subjects, subject)
	}
}

// sweep counts out what has expired before the second now.
func (t *tenantLive) sweep(now int64) {
	if now-t.swept > int64(len(t.expiring)) {
		for second, subjects := range t.expiring {
			if second < now {
				t.drop(second, subjects)
			}
		}
	} else {
		for second := t.swept + 1; second < now; second++ {
			t.drop(second, t.expiring[second])
		}
	}
	t.swept = max(t.swept, now-1)
}

func (t *tenantLive) drop(second int64, subjects map[Person]int) {
	for subject, n := range subjects {
		t.total -= n
		if t.subjects[subject] -= n; t.subjects[subject] == 0 {
			delete(t.subjects, subject)
		}
	}
	delete(t.expiring, second)
}

// wait returns the time until the first second in which a matching grant
// expires.
func (t *tenantLive) wait(now time.Time, match func(map[Person]int) bool) time.Duration {
	first := now.Unix() + 1
	found := int64(0)
	for second, subjects := range t.expiring {
		if (found == 0 || second < found) && match(subjects) {
			found = second
		}
	}
	return time.Duration(max(first, found+1)-now.Unix()) * time.Second
}
