package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// leases are who is doing calls that must not be done twice. One process owns the
// file, so they are kept in memory: when it dies, nobody does them any more.
type leases struct {
	mu    sync.Mutex
	until map[signon.ReplyKey]time.Time
}

// take gives the lease of a key, unless somebody has it.
func (l *leases) take(key signon.ReplyKey, now, until time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held, ok := l.until[key]; ok && now.Before(held) {
		return false
	}
	if l.until == nil {
		l.until = map[signon.ReplyKey]time.Time{}
	}
	l.until[key] = until
	return true
}

// release gives a lease back, unless it is another one by now.
func (l *leases) release(key signon.ReplyKey, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until[key].Equal(until) {
		delete(l.until, key)
	}
}

// expire forgets leases that ran out and were not given back.
func (l *leases) expire(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, until := range l.until {
		if !now.Before(until) {
			delete(l.until, key)
		}
	}
}

// ClaimReply returns a reply, or gives the lease of its key. See
// [signon.ReplyStore].
func (s *Store) ClaimReply(ctx context.Context, key signon.ReplyKey, until time.Time) (*signon.Reply, error) {
	taken := s.leases.take(key, s.Now(), until)
	// It is read after the lease was taken: whoever had it before has written then.
	reply, err := s.ReadClaimed(ctx, key, s.Now(), taken)
	if taken && !errors.Is(err, signon.ErrNotFound) {
		s.leases.release(key, until)
	}
	return reply, err
}

// ReleaseReply gives a lease back. See [signon.ReplyStore].
func (s *Store) ReleaseReply(ctx context.Context, key signon.ReplyKey, until time.Time) error {
	if err := s.readers.ready(ctx, "release reply"); err != nil {
		return err
	}
	s.leases.release(key, until)
	return nil
}
