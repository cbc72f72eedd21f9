package tables

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	selectReply = "SELECT key, call, sealed, outdated_at, tenant, kind, subject FROM replies WHERE key = ? AND outdated_at > ?"
	putReply    = `INSERT INTO replies (key, call, sealed, outdated_at, tenant, kind, subject) VALUES (?, ?, ?, ?, nullif(?, ''), nullif(?, ''), nullif(?, ''))
ON CONFLICT (key) DO UPDATE SET call = excluded.call, sealed = excluded.sealed, outdated_at = excluded.outdated_at,
tenant = excluded.tenant, kind = excluded.kind, subject = excluded.subject`
	// emptyReplies leaves of answers about a person that there were some.
	emptyReplies = "UPDATE replies SET sealed = substr(sealed, 1, 0), tenant = NULL, kind = NULL, subject = NULL WHERE tenant = ? AND kind = ? AND subject = ?"
	dropReplies  = "DELETE FROM replies WHERE key IN (SELECT key FROM replies WHERE outdated_at <= ? ORDER BY outdated_at LIMIT ?)"
)

// reply reads a row of selectReply.
func (r Row) reply() (reply signon.Reply, err error) {
	if copy(reply.Key[:], r.Blob(0)) != len(reply.Key) || copy(reply.Call[:], r.Blob(1)) != len(reply.Call) {
		return reply, errors.New("the key of a reply has another length")
	}
	reply.Sealed, reply.OutdatedAt = r.Blob(2), r.Instant(3)
	reply.Tenant, reply.About = signon.TenantID(r.Text(4)), signon.Person{Kind: signon.SubjectKind(r.Text(5)), Ref: signon.SubjectRef(r.Text(6))}
	return reply, nil
}

// ReadClaimed returns the reply with that key that is not out of date at that instant.
// Without one it is signon.ErrNotFound for whoever has the lease of the key, and
// signon.ErrConflict for others.
func (s *Tables) ReadClaimed(ctx context.Context, key signon.ReplyKey, at time.Time, leased bool) (*signon.Reply, error) {
	reply, err := readOne(ctx, s, "read reply", Row.reply, selectReply, key[:], at.UnixMilli())
	if errors.Is(err, signon.ErrNotFound) && !leased {
		return nil, signon.ErrConflict
	}
	return reply, err
}

// SweepReplies removes up to limit replies that are out of date at that instant, and
// returns how many. Nothing is written when there are none.
func (s *Tables) SweepReplies(ctx context.Context, at time.Time, limit int) (int, error) {
	before, outdated := at.UnixMilli(), false
	err := s.engine.Read(ctx, "sweep replies", func(c Reader) error {
		found, err := c.One("SELECT 1 FROM replies WHERE outdated_at <= ? LIMIT 1", before)
		outdated = found != nil
		return err
	})
	if err != nil || !outdated {
		return 0, err
	}
	var removed int64 // the writer's own until it has answered
	err = s.engine.Write(ctx, "sweep replies", func(t Tx) error {
		removed = t.Exec(dropReplies, before, int64(limit))
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(removed), nil
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
func (r *replyRow) answered(t Tx) bool { return r != nil && exists(t, selectReply, r.key, now(t)) }

func (r *replyRow) put(t Tx) {
	if r != nil {
		t.Exec(putReply, r.key, r.call, r.sealed, r.outdatedAt, r.tenant, r.kind, r.subject)
	}
}
