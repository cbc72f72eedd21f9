package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

var auditPromises = []promise{
	{"EventReadsBackAsAppended", func(t *testing.T, b *bench) {
		want := &signon.Event{
			Type: signon.EventIssueRefused, Tenant: shop, Client: "AVANGATE", Destination: "cart", Grant: "0123456789abcdef01234567",
			Reason: signon.ReasonLimit, SupportCode: "K7QX2M", Caller: "192.0.2.1", Note: "target", Personal: []byte{0, 1, 2},
		}
		b.append(t, want)
		got := b.decoded(t)
		stamped := *want
		stamped.At = b.clock.Now()
		same(t, "events", got, []*signon.Event{&stamped})
	}},
	{"EventsAreNumberedFromOneWithoutGaps", func(t *testing.T, b *bench) {
		for i := range 5 {
			b.append(t, event(signon.EventClientRefused))
			if i == 2 {
				b.Store = b.Reopen(t)
			}
		}
		events, err := b.Store.Events(b.ctx, 1, 3)
		if err != nil {
			t.Fatalf("read events: %v", err)
		}
		var got []int64
		for _, e := range events {
			got = append(got, e.Seq)
		}
		same(t, "numbers after 1, three at most", got, []int64{2, 3, 4})
		if n := len(b.events(t)); n != 5 {
			t.Errorf("got %d events, want 5", n)
		}
	}},
	{"ChangedEventIsNamed", func(t *testing.T, b *bench) {
		for range 5 {
			b.append(t, event(signon.EventClientRefused))
		}
		events, err := b.Store.Events(b.ctx, 2, 1)
		if err != nil || len(events) != 1 {
			t.Fatalf("read event 3: %v", err)
		}
		body := append([]byte(nil), events[0].Body...)
		body[len(body)-1] ^= 1
		b.ChangeEvent(t, 3, body)
		b.broken(t, 3)
	}},
	{"RemovedEventIsNamed", func(t *testing.T, b *bench) {
		for range 5 {
			b.append(t, event(signon.EventClientRefused))
		}
		b.RemoveEvent(t, 4)
		b.broken(t, 4)
	}},
	{"AnchorShowsThatTheEndIsMissing", func(t *testing.T, b *bench) {
		for range 5 {
			b.append(t, event(signon.EventClientRefused))
		}
		b.RemoveEvent(t, 5)
		b.broken(t, 5)
	}},
	{"SweepRemovesTheOldestEventsAndTheLogStaysWhole", func(t *testing.T, b *bench) {
		for range 9 {
			b.append(t, did(staff("1"), "A"))
			b.clock.Advance(time.Hour)
		}
		b.sweepAudit(t, NewClock().Now(), 0)
		b.sweepAudit(t, NewClock().Now().Add(4*time.Hour+time.Minute), 5)
		same(t, "events left", len(b.events(t)), 4)
		listed, err := b.Store.Activity(b.ctx, signon.ActivityQuery{Tenant: shop, Limit: 100})
		if err != nil || len(listed) != 4 || listed[3].Seq != 6 {
			t.Errorf("activity: got %v, %v, want that of events 9 to 6", listed, err)
		}
		err = b.Store.Archive(b.ctx, func(r tables.Reader, _ tables.State) error {
			counts, err := tables.Count(r)
			same(t, "rows of activity", counts["activity"], int64(4))
			return err
		})
		if err != nil {
			t.Errorf("count rows: %v", err)
		}
		b.Store = b.Reopen(t)
		start, err := b.Store.AuditStart(b.ctx)
		if err != nil || start.Seq != 5 {
			t.Errorf("start of the log: got %d, %v, want 5", start.Seq, err)
		}
		b.mustRestore(t, b.backup(t))
		same(t, "events left after a restore", len(b.events(t)), 5) // and one of the restore
	}},
	{"SweepLeavesTheLastEvent", func(t *testing.T, b *bench) {
		for range 3 {
			b.append(t, event(signon.EventClientRefused))
		}
		b.clock.Advance(time.Hour)
		b.sweepAudit(t, b.clock.Now(), 2)
		b.Store = b.Reopen(t)
		b.append(t, event(signon.EventIssued))
		same(t, "events", b.events(t), []signon.EventType{signon.EventClientRefused, signon.EventIssued})
	}},
	{"OtherRemovalsAreNamedBesideTheSweep", func(t *testing.T, b *bench) {
		for range 9 {
			b.append(t, event(signon.EventClientRefused))
			b.clock.Advance(time.Hour)
		}
		b.sweepAudit(t, NewClock().Now().Add(90*time.Minute), 2)
		b.RemoveEvent(t, 3)
		b.broken(t, 3)
		b.RemoveEvent(t, 7)
		b.broken(t, 3)
	}},
	{"SweepRemovesNoTraceOfAChange", func(t *testing.T, b *bench) {
		for range 5 {
			b.append(t, event(signon.EventClientRefused))
			b.clock.Advance(time.Hour)
		}
		b.RemoveEvent(t, 3)
		var broken *signon.BrokenChain
		if n, err := b.Store.SweepAudit(b.ctx, b.clock.Now(), 100); !errors.As(err, &broken) || broken.Seq != 3 || n != 0 {
			t.Errorf("got %d, %v, want it to name event 3", n, err)
		}
		b.broken(t, 3)
	}},
	{"SweepsAtTheSameTimeLeaveTheLogWhole", func(t *testing.T, b *bench) {
		for range 60 {
			b.append(t, did(staff("1"), "A"))
		}
		b.clock.Advance(time.Hour)
		together(4, func(int) {
			for range 20 {
				if _, err := b.Store.SweepAudit(b.ctx, b.clock.Now(), 3); err != nil {
					t.Errorf("sweep: %v", err)
				}
				b.events(t)
			}
		})
		same(t, "events left", len(b.events(t)), 1)
	}},
	{"TimesNeverGoBack", func(t *testing.T, b *bench) {
		for _, step := range []time.Duration{0, time.Second, -time.Hour, time.Millisecond, 2 * time.Hour, -time.Minute} {
			b.clock.Advance(step)
			b.append(t, event(signon.EventClientRefused))
		}
		var last time.Time
		for i, e := range b.decoded(t) {
			if e.At.Before(last) {
				t.Errorf("event %d is of %v, before the one before it, of %v", i+1, e.At, last)
			}
			last = e.At
		}
	}},
}

func (b *bench) append(t *testing.T, e *signon.Event) {
	t.Helper()
	if err := b.Store.AppendEvent(b.ctx, e); err != nil {
		t.Fatalf("append event: %v", err)
	}
}

// sweepAudit removes events from before that instant, a few at a time, and fails the
// test unless that are so many.
func (b *bench) sweepAudit(t *testing.T, before time.Time, want int) {
	t.Helper()
	for all := 0; ; {
		n, err := b.Store.SweepAudit(b.ctx, before, 2)
		if err != nil {
			t.Fatalf("sweep audit log: %v", err)
		}
		if all += n; n == 0 {
			same(t, "events removed", all, want)
			return
		}
	}
}

// broken fails the test unless verifying names that event.
func (b *bench) broken(t *testing.T, seq int64) {
	t.Helper()
	anchor, err := b.Store.AuditAnchor(b.ctx)
	if err != nil {
		t.Fatalf("read anchor: %v", err)
	}
	_, err = b.Keys.VerifyAudit(b.ctx, b.Store, anchor, nil)
	var broken *signon.BrokenChain
	if !errors.As(err, &broken) || broken.Seq != seq {
		t.Errorf("verify: got %v, want it to name event %d", err, seq)
	}
}
