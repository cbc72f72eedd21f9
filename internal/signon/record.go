package signon

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// record appends an event on its own. The decision stands whether or not that
// works; the log tells when it did not.
func (s *Service) record(ctx context.Context, e *Event) {
	if !s.mayRecord(e) {
		s.log.Warn("audit: too many refusals, not recorded", "tenant", e.Tenant, "event", e.Type, "reason", e.Reason, "support_code", e.SupportCode)
		return
	}
	s.noteRecorded(e.Tenant, e.Type)
	if err := s.store.AppendEvent(ctx, e); err != nil {
		s.log.Error("audit: event not recorded", "event", e.Type, "support_code", e.SupportCode, "error", err)
	}
}

// refusedEvents record that an operation was refused to a client.
var refusedEvents = map[Operation]EventType{OpIssue: EventIssueRefused, OpResolve: EventResolveRefused}

// Turned keeps that a dialect turned a client's call away before the core was
// asked: as a trace, and as an audit event. The event leaves out what came, which
// may be personal and belongs to nobody who could have it erased.
func (s *Service) Turned(ctx context.Context, t *Trace, caller netip.Addr, err error) {
	s.Trace(t, err)
	e, event := AsError(err), refusedEvents[t.Operation]
	if e == nil || event == "" || e.Code == CodeUnavailable || e.Code == CodeInternal {
		return // nothing was decided
	}
	noted := *e
	noted.Received = ""
	if noted.Reason == "" {
		noted.Reason = ReasonArgument
	}
	s.record(ctx, &Event{
		Type: event, Tenant: t.Tenant, Client: t.Client, Destination: t.Destination, Reason: noted.Reason, Note: noted.compared(),
		SupportCode: t.SupportCode, Caller: caller.String(),
	})
}

// mayRecord reports whether the tenant has room for one more event of that
// type. Types are counted apart: strangers can make a client's authentication
// fail as often as they like, and must not crowd out what became of its grants.
func (s *Service) mayRecord(e *Event) bool {
	return s.refusals.Blocked(recordKey(e.Tenant, e.Type), s.store.Now()) == 0
}

func (s *Service) noteRecorded(tenant TenantID, t EventType) {
	s.refusals.Count(recordKey(tenant, t), s.store.Now())
}

func recordKey(tenant TenantID, t EventType) string { return string(t) + "\x00" + string(tenant) }

const (
	// lateBy is how long after its answer an event is recorded at most.
	lateBy = 100 * time.Millisecond
	// maxLate is how many events may wait for that.
	maxLate = 64
)

// lateEvents are events to be recorded after their answer.
type lateEvents struct {
	mu        sync.Mutex
	waiting   []*Event
	left      int // out, because there were too many
	timer     *time.Timer
	recording sync.WaitGroup // from the first that waits until all are recorded
}

// recordLater appends an event some time after the answer, so that neither the
// time of the answer nor the work beside it tells whether there was anything to
// record. Where there is not, worth is false, and all else is the same.
func (s *Service) recordLater(e *Event, worth bool) {
	l := &s.late
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !worth:
	case len(l.waiting) < maxLate:
		l.waiting = append(l.waiting, e)
	default:
		l.left++
	}
	if l.timer == nil {
		l.recording.Add(1)
		l.timer = time.AfterFunc(lateBy, s.recordWaiting)
	}
}

// recordWaiting appends the events that wait.
func (s *Service) recordWaiting() {
	l := &s.late
	defer l.recording.Done()
	l.mu.Lock()
	waiting, left := l.waiting, l.left
	l.waiting, l.left, l.timer = nil, 0, nil
	l.mu.Unlock()
	for _, e := range waiting {
		s.record(context.Background(), e)
	}
	if left > 0 {
		s.log.Warn("audit: too many refusals at once, not recorded", "events", left)
	}
}

// Finish waits until every event is recorded that was still to be, and nothing is
// counted any more. Call it when no more requests come, before the store is closed.
func (s *Service) Finish() {
	s.counting.stop()
	s.counting.mu.Lock()   // and it has ended
	s.counting.mu.Unlock() //nolint:staticcheck // see above
	l := &s.late
	l.mu.Lock()
	timer := l.timer
	l.mu.Unlock()
	if timer != nil && timer.Stop() {
		s.recordWaiting()
	}
	l.recording.Wait()
}
