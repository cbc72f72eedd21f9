package sqlite

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertActivity = "INSERT INTO activity (tenant, seq, kind, subject) VALUES (?, ?, ?, ?)"

	activityColumns = "SELECT a.seq, a.kind, a.subject, e.body FROM activity a JOIN audit e ON e.seq = a.seq WHERE a.tenant = ? AND a.seq < ? "
	latestActivity  = "ORDER BY a.seq DESC LIMIT ?"
	activityOfAll   = activityColumns + latestActivity
	activityOfOne   = activityColumns + "AND a.kind = ? AND a.subject = ? " + latestActivity
)

// Activity returns what is listed for a tenant's people. See
// [signon.ActivityStore].
func (s *Store) Activity(ctx context.Context, q signon.ActivityQuery) (events []signon.ListedEvent, err error) {
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	query, args := activityOfAll, []any{string(q.Tenant), before, int64(q.Limit)}
	if q.Person != (signon.Person{}) {
		query, args = activityOfOne, []any{string(q.Tenant), before, string(q.Person.Kind), string(q.Person.Ref), int64(q.Limit)}
	}
	err = s.readers.scan(ctx, "list activity", func(c *conn) error {
		return c.each(query, func(r row) error {
			e, err := signon.DecodeEvent(r.blob(3))
			if err != nil {
				return err
			}
			e.Activity = signon.Person{Kind: signon.SubjectKind(r.text(1)), Ref: signon.SubjectRef(r.text(2))}
			events = append(events, signon.ListedEvent{Seq: r.int(0), Event: e})
			return nil
		}, args...)
	})
	return events, err
}
