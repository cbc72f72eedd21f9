package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// verifyAudit checks the audit log from its first event on.
func (h *handler) verifyAudit(w http.ResponseWriter, r request) error {
	anchor, err := h.Store.AuditAnchor(r.Context())
	if err != nil {
		return fmt.Errorf("read audit anchor: %w", err)
	}
	start, err := h.Store.AuditStart(r.Context())
	if err != nil && !errors.Is(err, signon.ErrSealed) { // which is a finding
		return fmt.Errorf("read start of audit log: %w", err)
	}
	out := newMessages(w)
	n, err := h.Keys.VerifyAudit(r.Context(), h.Store, anchor, func(seq int64) { out.send(Message{Verified: seq}) })
	var broken *signon.BrokenChain
	switch {
	case err == nil:
		out.send(Message{Verdict: &Verdict{Intact: true, Events: n, Removed: start.Seq}})
	case errors.As(err, &broken):
		h.Log.Error("operator: the audit log is broken", "event", broken.Seq, "what", broken.What, "support_code", r.supportCode)
		out.send(Message{Verdict: &Verdict{Events: n, BrokenAt: broken.Seq, What: broken.What}})
	default:
		out.send(Message{Error: err.Error()})
	}
	return nil
}

// EventQuery selects audit events. The zero value selects all.
type EventQuery struct {
	After       int64 // only events with higher numbers
	Last        int64 // 0: all; else only the last so many numbers
	Limit       int64 // 0: all; else the first so many of what is selected
	Tenant      string
	Type        string
	SupportCode string
}

func (q *EventQuery) selects(e *Event) bool {
	return (q.Tenant == "" || e.Tenant == q.Tenant) && (q.Type == "" || e.Type == q.Type) && (q.SupportCode == "" || e.SupportCode == q.SupportCode)
}

// listEvents sends the selected events.
func (h *handler) listEvents(w http.ResponseWriter, r request) error {
	q := EventQuery{Tenant: r.param("tenant"), Type: r.param("type"), SupportCode: r.param("support_code")}
	for name, field := range map[string]*int64{"after": &q.After, "last": &q.Last, "limit": &q.Limit} {
		var err error
		if *field, err = number(r, name); err != nil {
			return err
		}
	}
	if q.Last > 0 {
		end, err := h.lastEvent(r.Context())
		if err != nil {
			return err
		}
		q.After = max(q.After, end-q.Last)
	}
	out := newMessages(w)
	err := h.eachEvent(r.Context(), q.After, func(e *Event) bool {
		if q.selects(e) {
			out.send(Message{Event: e})
			if q.Limit--; q.Limit == 0 {
				return false
			}
		}
		return out.fail == nil
	})
	last := Message{End: true}
	if err != nil {
		last.Error = err.Error()
	}
	out.send(last)
	return nil
}

// eventPage is how many events are read at a time.
const eventPage = 1000

// eachEvent visits the events after that number until visit returns false.
func (h *handler) eachEvent(ctx context.Context, after int64, visit func(*Event) bool) error {
	for {
		page, err := h.Store.Events(ctx, after, eventPage)
		if err != nil {
			return fmt.Errorf("read audit log: %w", err)
		}
		for i := range page {
			after = page[i].Seq
			e, err := page[i].Event()
			if err != nil {
				return fmt.Errorf("read audit event %d: %w", after, err)
			}
			if !visit(newEvent(after, e)) {
				return nil
			}
		}
		if len(page) < eventPage {
			return nil
		}
	}
}

// lastEvent returns the number of the last event.
func (h *handler) lastEvent(ctx context.Context) (int64, error) {
	after := int64(0)
	for step := int64(1); step > 0; {
		found, err := h.Store.Events(ctx, after+step-1, 1)
		if err != nil {
			return 0, fmt.Errorf("read audit log: %w", err)
		}
		if len(found) == 0 {
			step /= 2
			continue
		}
		after = found[0].Seq
		step *= 2
	}
	return after, nil
}
