package tables

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	// InsertActivity lists an event, by number, as a person's activity.
	InsertActivity = "INSERT INTO activity (tenant, seq, kind, subject) VALUES (?, ?, ?, ?)"

	// activityColumns looks each event up: joined, all of the log may be read for a few.
	activityColumns = `SELECT a.seq, a.kind, a.subject, (SELECT e.body FROM audit e WHERE e.seq = a.seq)
FROM activity a WHERE a.tenant = ? AND a.seq < ? `
	latestActivity = "ORDER BY a.seq DESC LIMIT ?"
	activityOfAll  = activityColumns + latestActivity
	activityOfOne  = activityColumns + "AND a.kind = ? AND a.subject = ? " + latestActivity
)

// Activity returns what is listed for a tenant's people. See
// [signon.ActivityStore].
func (s *Tables) Activity(ctx context.Context, q signon.ActivityQuery) (events []signon.ListedEvent, err error) {
	before := q.Before
	if before == 0 {
		before = 1<<63 - 1
	}
	query, args := activityOfAll, []any{string(q.Tenant), before, int64(q.Limit)}
	if q.Person != (signon.Person{}) {
		query, args = activityOfOne, []any{string(q.Tenant), before, string(q.Person.Kind), string(q.Person.Ref), int64(q.Limit)}
	}
	err = s.engine.Scan(ctx, "list activity", func(c Reader) error {
		return c.Each(query, func(r Row) error {
			if r.Blob(3) == nil {
				return nil // the log was tampered with, which is told elsewhere
			}
			e, err := signon.DecodeEvent(r.Blob(3))
			if err != nil {
				return err
			}
			e.Activity = signon.Person{Kind: signon.SubjectKind(r.Text(1)), Ref: signon.SubjectRef(r.Text(2))}
			events = append(events, signon.ListedEvent{Seq: r.Int(0), Event: e})
			return nil
		}, args...)
	})
	return events, err
}
