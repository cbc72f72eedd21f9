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
	reply, err := readOne(ctx, s, "read reply", row.reply, selectReply, key[:], s.Now().UnixMilli())
	switch {
	case errors.Is(err, signon.ErrNotFound) && !taken:
		return nil, signon.ErrConflict
	case errors.Is(err, signon.ErrNotFound):
		return nil, err
	case taken:
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

const (
	selectReply = "SELECT key, call, sealed, outdated_at, tenant, kind, subject FROM replies WHERE key = ? AND outdated_at > ?"
	putReply    = "INSERT OR REPLACE INTO replies (key, call, sealed, outdated_at, tenant, kind, subject) VALUES (?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''))"
	// emptyReplies leaves of answers about a person that there were some.
	emptyReplies = "UPDATE replies SET sealed = x'', tenant = NULL, kind = NULL, subject = NULL WHERE tenant = ? AND kind = ? AND subject = ?"
	dropReplies  = "DELETE FROM replies WHERE key IN (SELECT key FROM replies WHERE outdated_at <= ? ORDER BY outdated_at LIMIT ?)"
)

// reply reads a row of selectReply.
func (r row) reply() (reply signon.Reply, err error) {
	if copy(reply.Key[:], r.blob(0)) != len(reply.Key) || copy(reply.Call[:], r.blob(1)) != len(reply.Call) {
		return reply, errors.New("the key of a reply has another length")
	}
	reply.Sealed, reply.OutdatedAt = r.blob(2), r.instant(3)
	reply.Tenant, reply.About = signon.TenantID(r.text(4)), signon.Person{Kind: signon.SubjectKind(r.text(5)), Ref: signon.SubjectRef(r.text(6))}
	return reply, nil
}

// replyRow is a reply to be kept, or nil for none.
type replyRow struct {
	key, call, sealed     []byte
	outdatedAt            int64
	tenant, kind, subject string
}

func newReplyRow(r *signon.Reply) *replyRow {
	if r == nil {
		return nil
	}
	key, call := r.Key, r.Call
	return &replyRow{key[:], call[:], r.Sealed, r.OutdatedAt.UnixMilli(), string(r.Tenant), string(r.About.Kind), string(r.About.Ref)}
}

// answered reports whether there is a reply with the key that is not out of date.
func (r *replyRow) answered(t *tx) bool { return r != nil && t.exists(selectReply, r.key, t.now()) }

func (r *replyRow) put(t *tx) {
	if r != nil {
		t.exec(putReply, r.key, r.call, r.sealed, r.outdatedAt, r.tenant, r.kind, r.subject)
	}
}
