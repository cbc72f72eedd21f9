package tables

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	selectStart = "SELECT head FROM audit_start WHERE place = 1"
	putStart    = "INSERT INTO audit_start (place, head) VALUES (1, ?) ON CONFLICT (place) DO UPDATE SET head = excluded.head"
	dropEvents  = "DELETE FROM audit WHERE seq <= ?"
	dropListed  = "DELETE FROM activity WHERE tenant = ? AND seq <= ?"
)

var startPlace = signon.Place{Table: "audit_start", Column: "head"}

// AuditStart returns the last event that was removed. See [signon.AuditStore].
func (s *Tables) AuditStart(ctx context.Context) (head signon.ChainHead, err error) {
	err = s.engine.Read(ctx, "read start of audit log", func(c Reader) error {
		found, err := c.One(selectStart)
		if err == nil {
			head, err = openStart(s.keys, found)
		}
		return err
	})
	return head, err
}

func sealStart(keys *signon.Keyring, head signon.ChainHead) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(head.Seq)) //nolint:gosec // positive
	return keys.Seal(append(b, head.Hash[:]...), startPlace)
}

// openStart reads a row of selectStart, which may be nil.
func openStart(keys *signon.Keyring, found Row) (head signon.ChainHead, err error) {
	if found == nil {
		return head, nil
	}
	b, err := keys.Open(found.Blob(0), startPlace)
	if err != nil {
		return head, fmt.Errorf("start of audit log: %w", err)
	}
	head.Seq = int64(binary.BigEndian.Uint64(b)) //nolint:gosec // written from one
	copy(head.Hash[:], b[8:])
	return head, nil
}

// SweepAudit removes the oldest events. See [signon.AuditStore].
func (s *Tables) SweepAudit(ctx context.Context, before time.Time, limit int) (int, error) {
	start, err := s.AuditStart(ctx)
	if err != nil {
		return 0, err
	}
	oldest, err := s.Events(ctx, start.Seq, 1) // most of the time it is not old enough
	if err != nil || len(oldest) == 0 || !isBefore(&oldest[0], before) {
		return 0, err
	}
	events, err := s.Events(ctx, start.Seq, limit+1)
	if err != nil {
		return 0, err
	}
	count := 0
	for count < len(events)-1 && isBefore(&events[count], before) { // the last one stays
		count++
	}
	events = events[:count]
	if count == 0 {
		return 0, nil
	}
	// What is removed can't be checked any more.
	if err := s.keys.VerifyEvents(start, events); err != nil {
		if now, moved := s.AuditStart(ctx); moved == nil && now != start {
			return 0, nil // another process removed some meanwhile
		}
		return 0, fmt.Errorf("remove audit events: %w", err)
	}
	return count, s.dropEvents(ctx, events)
}

func isBefore(e *signon.ChainedEvent, at time.Time) bool {
	event, err := e.Event()
	return err != nil || event.At.Before(at) // one that can't be read is found out later
}

func (s *Tables) dropEvents(ctx context.Context, events []signon.ChainedEvent) error {
	last := events[len(events)-1]
	tenants := map[string]bool{}
	for i := range events {
		if e, err := events[i].Event(); err == nil {
			tenants[string(e.Tenant)] = true
		}
	}
	sealed := sealStart(s.keys, signon.ChainHead{Seq: last.Seq, Hash: last.Hash})
	return s.engine.Write(ctx, "remove audit events", func(t Tx) error {
		start, err := openStart(s.keys, t.One(selectStart))
		if err != nil || start.Seq >= last.Seq {
			return err // another process did it
		}
		t.Exec(dropEvents, last.Seq)
		for tenant := range tenants {
			t.Exec(dropListed, tenant, last.Seq)
		}
		t.Exec(putStart, sealed)
		return nil
	})
}
