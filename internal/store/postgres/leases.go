package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// leases are who is doing calls that must not be done twice. Within this process
// they are in memory; other processes see them as advisory locks of one connection,
// which the server gives back when this process dies.
type leases struct {
	mu    sync.Mutex
	until map[signon.ReplyKey]time.Time
	conn  *pgx.Conn
}

func lockOf(key signon.ReplyKey) int64 { return int64(binary.BigEndian.Uint64(key[:])) } //nolint:gosec // any number will do

// take gives the lease of a key, unless somebody has it, here or in another process.
func (s *Store) take(ctx context.Context, key signon.ReplyKey, now, until time.Time) (bool, error) {
	l := &s.leases
	l.mu.Lock()
	defer l.mu.Unlock()
	if held, ok := l.until[key]; ok && now.Before(held) {
		return false, nil
	}
	if l.conn == nil || l.conn.IsClosed() {
		c, err := pgx.ConnectConfig(ctx, s.config)
		if err != nil {
			return false, err
		}
		l.conn = c
	}
	if _, mine := l.until[key]; !mine {
		var free bool
		if err := l.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockOf(key)).Scan(&free); err != nil || !free {
			return false, err
		}
	}
	if l.until == nil {
		l.until = map[signon.ReplyKey]time.Time{}
	}
	l.until[key] = until
	return true, nil
}

// release gives a lease back, unless it is another one by now.
func (l *leases) release(ctx context.Context, key signon.ReplyKey, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held, ok := l.until[key]; !ok || !held.Equal(until) {
		return nil
	}
	return l.drop(ctx, key)
}

func (l *leases) drop(ctx context.Context, key signon.ReplyKey) error {
	delete(l.until, key)
	if l.conn == nil || l.conn.IsClosed() {
		return nil // with the connection all locks are gone
	}
	_, err := l.conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", lockOf(key))
	return err
}

// expire forgets leases that ran out and were not given back.
func (l *leases) expire(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, until := range l.until {
		if !now.Before(until) {
			_ = l.drop(unbounded, key) // where that fails, the connection is over, and the lock with it
		}
	}
}

func (l *leases) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close(unbounded) // nothing is lost with it
	}
}

// ClaimReply returns a reply, or gives the lease of its key. See
// [signon.ReplyStore].
func (s *Store) ClaimReply(ctx context.Context, key signon.ReplyKey, until time.Time) (*signon.Reply, error) {
	if err := s.ready(ctx, "claim reply"); err != nil {
		return nil, err
	}
	taken, err := s.take(ctx, key, s.Now(), until)
	if err != nil {
		return nil, signon.Unavailable("claim reply", err)
	}
	// It is read after the lease was taken: whoever had it before has written then.
	reply, err := s.ReadClaimed(ctx, key, s.Now(), taken)
	if err == nil {
		err = s.confirm(ctx, "claim reply")
	}
	if taken && !errors.Is(err, signon.ErrNotFound) {
		err = errors.Join(err, s.leases.release(ctx, key, until))
	}
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// ReleaseReply gives a lease back. See [signon.ReplyStore].
func (s *Store) ReleaseReply(ctx context.Context, key signon.ReplyKey, until time.Time) error {
	if err := s.ready(ctx, "release reply"); err != nil {
		return err
	}
	if err := s.leases.release(ctx, key, until); err != nil {
		return signon.Unavailable("release reply", err)
	}
	return nil
}
