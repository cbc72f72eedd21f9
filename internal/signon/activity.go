package signon

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ActivityQuery selects what is listed as activity of a tenant's people.
type ActivityQuery struct {
	Tenant TenantID
	// Person is whose; the zero Person means everybody's.
	Person Person
	// Before selects events with lower numbers; 0 means all.
	Before int64
	Limit  int
}

// ListedEvent is an event that is listed as activity, and its number in the log.
type ListedEvent struct {
	Seq   int64
	Event *Event
}

// Activity is one thing that happened to the sign-ons of somebody who works for a
// tenant.
type Activity struct {
	Seq    int64
	At     time.Time
	Type   EventType
	Person Person
	// Client is the id of the client that asked for the link.
	Client string
	Reason Reason // why, for refusals
	// Addr is the browser's address, or the one that the link is bound to; empty when
	// it is not known, or not any more.
	Addr        string
	SupportCode string
}

// Activity returns what happened to the sign-ons of people who work for a tenant,
// the latest first.
func (s *Service) Activity(ctx context.Context, q ActivityQuery) ([]Activity, error) {
	events, err := s.store.Activity(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list activity: %w", err)
	}
	keys := map[Person]PrivacyKey{}
	list := make([]Activity, 0, len(events))
	for i := range events {
		e := events[i].Event
		key, known := keys[e.Activity]
		if !known {
			subject, err := s.people.Subject(ctx, q.Tenant, e.Activity.Kind, e.Activity.Ref)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return nil, fmt.Errorf("list activity: %w", err)
			}
			key = subject.PrivacyKey
			keys[e.Activity] = key
		}
		a := Activity{
			Seq: events[i].Seq, At: e.At, Type: e.Type, Person: e.Activity, Client: e.Client, Reason: e.Reason, SupportCode: e.SupportCode,
		}
		if personal, err := OpenPersonal(key, e.Personal); err == nil {
			a.Addr = personal.Addr
		}
		list = append(list, a)
	}
	return list, nil
}
