package signon

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Explanation is what is known of a request by its support code.
type Explanation struct {
	// Traces are the decisions of the request: those still in memory, or else those
	// that its events tell of.
	Traces []Trace
	// Retold: the traces are gone from memory and were made of the events.
	Retold bool
	// Events are the audit events that it caused, with their numbers.
	Events []ChainedEvent
}

// maxExplained is how many of the latest audit events are searched.
const maxExplained = 200_000

// Explain tells what is known of the request with that support code: CodeNotFound
// when nothing is.
func (s *Service) Explain(ctx context.Context, code string) (*Explanation, error) {
	found := &Explanation{Traces: s.traces.find(code)}
	var retold []Trace
	err := s.latestEvents(ctx, func(chained *ChainedEvent, e *Event) {
		if e.SupportCode != code {
			return
		}
		found.Events = append(found.Events, *chained)
		if trace, ok := e.trace(); ok {
			retold = append(retold, trace)
		}
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("explain: %w", err)
	case len(found.Traces)+len(found.Events) == 0:
		return nil, &Error{Code: CodeNotFound, Argument: "support code", Err: errors.New("no trace and no audit event has this code")}
	case len(found.Traces) == 0:
		found.Traces, found.Retold = retold, true
	}
	return found, nil
}

// LatestEvents visits the latest 200,000 audit events with their numbers, in order.
func (s *Service) LatestEvents(ctx context.Context, visit func(seq int64, e *Event)) error {
	err := s.latestEvents(ctx, func(chained *ChainedEvent, e *Event) { visit(chained.Seq, e) })
	if err != nil {
		return fmt.Errorf("list audit events: %w", err)
	}
	return nil
}

// latestEvents visits the latest audit events, in order.
func (s *Service) latestEvents(ctx context.Context, visit func(*ChainedEvent, *Event)) error {
	anchor, err := s.store.AuditAnchor(ctx)
	if err != nil {
		return err
	}
	for after := max(0, anchor.Seq-maxExplained); ; {
		events, err := s.store.Events(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for i := range events {
			e, err := events[i].Event()
			if err != nil {
				return fmt.Errorf("event %d: %w", events[i].Seq, err)
			}
			visit(&events[i], e)
		}
		if len(events) < pageSize {
			return nil
		}
		after = events[len(events)-1].Seq
	}
}

// decisions are the operations that events tell of.
var decisions = map[EventType]Operation{
	EventIssued: OpIssue, EventIssueRefused: OpIssue,
	EventRedeemed: OpRedeem, EventReplayed: OpRedeem, EventRedeemRefused: OpRedeem,
	EventResolved: OpResolve, EventResolveRefused: OpResolve,
	EventClientRefused: OpAuthenticate,
}

// trace returns the decision that the event tells of, as its trace was; ok is
// false for events of another kind.
func (e *Event) trace() (t Trace, ok bool) {
	operation, ok := decisions[e.Type]
	if !ok {
		return t, false
	}
	if e.Reason == ReasonBadPassword {
		operation = OpPassword
	}
	t = Trace{
		SupportCode: e.SupportCode, At: e.At, Operation: operation, Tenant: e.Tenant, Client: e.Client,
		Destination: e.Destination, Grant: e.Grant, Reason: e.Reason,
	}
	if e.Type == EventReplayed {
		t.Outcome = OutcomeRepeated
	}
	if e.Reason == "" {
		t.Note = e.Note
		return t, true
	}
	if t.Expected, ok = strings.CutPrefix(e.Note, notedExpected); ok {
		t.Expected, t.Received, _ = strings.Cut(t.Expected, notedReceived)
	}
	t.Failed = operation.Failing(&Error{Reason: e.Reason})
	if e.Reason == ReasonLimit {
		t.Failed = operation.Failing(&Error{Code: CodeLimit})
	}
	for argument, check := range argumentChecks {
		if e.Reason == ReasonArgument && strings.HasPrefix(t.Expected, argument+" ") {
			t.Failed = check
		}
	}
	return t, true
}
