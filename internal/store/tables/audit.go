package tables

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// InsertEvent stores an event of the audit log.
const InsertEvent = "INSERT INTO audit (seq, body, hash) VALUES (?, ?, ?)"

// AppendEvent appends an event on its own. See [signon.AuditStore].
func (s *Tables) AppendEvent(ctx context.Context, e *signon.Event) error {
	return s.engine.Write(ctx, "append event", func(t Tx) error {
		t.Append(e)
		return nil
	})
}

// Events returns events in order. See [signon.AuditStore].
func (s *Tables) Events(ctx context.Context, after int64, limit int) (events []signon.ChainedEvent, err error) {
	err = s.engine.Scan(ctx, "read audit log", func(c Reader) error {
		events, err = readEvents(c, after, limit)
		return err
	})
	return events, err
}

func readEvents(c Reader, after int64, limit int) (events []signon.ChainedEvent, err error) {
	err = c.Each("SELECT seq, body, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", func(r Row) error {
		e := signon.ChainedEvent{Seq: r.Int(0), Body: r.Blob(1)}
		copy(e.Hash[:], r.Blob(2))
		events = append(events, e)
		return nil
	}, after, int64(limit))
	return events, err
}
