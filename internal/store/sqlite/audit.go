package sqlite

import (
	"context"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// AppendEvent appends an event on its own. See [signon.AuditStore].
func (s *Store) AppendEvent(ctx context.Context, e *signon.Event) error {
	return s.write(ctx, "append event", func(t *tx) error {
		t.append(e)
		return nil
	})
}

// Events returns events in order. See [signon.AuditStore].
func (s *Store) Events(ctx context.Context, after int64, limit int) (events []signon.ChainedEvent, err error) {
	err = s.readers.scan(ctx, "read audit log", func(c *conn) error {
		return c.each("SELECT seq, body, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", func(r row) error {
			e := signon.ChainedEvent{Seq: r.int(0), Body: r.blob(1)}
			copy(e.Hash[:], r.blob(2))
			events = append(events, e)
			return nil
		}, after, int64(limit))
	})
	return events, err
}

// AuditAnchor returns what the mark beside the database remembers. See
// [signon.AuditStore].
func (s *Store) AuditAnchor(context.Context) (signon.ChainHead, error) {
	return s.mark.known().head, nil
}
