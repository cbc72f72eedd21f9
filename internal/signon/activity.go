package signon

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// Addr is the browser's address, or for a link that was made the one that it is
	// bound to; Bound is the latter, where the browser had another. Both are empty
	// when they are not known, or not any more.
	Addr, Bound string
	SupportCode string
}

// Activity returns what happened to the sign-ons of people who work for a tenant,
// the latest first. That the same browser came to a link again is left out: a page
// loaded again is no activity. What a person did who was removed is not listed.
func (s *Service) Activity(ctx context.Context, q ActivityQuery) ([]Activity, error) {
	events, err := s.store.Activity(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list activity: %w", err)
	}
	keys := map[Person]PrivacyKey{}
	list := make([]Activity, len(events))
	for i := range events {
		who := events[i].Event.Activity
		if _, known := keys[who]; !known {
			if keys[who], err = s.privacyKey(ctx, q.Tenant, who); err != nil {
				return nil, fmt.Errorf("list activity: %w", err)
			}
		}
		list[i] = events[i].activity(keys[who])
	}
	return list, nil
}

// privacyKey returns a person's key; the zero key for one who was removed.
func (s *Service) privacyKey(ctx context.Context, tenant TenantID, who Person) (PrivacyKey, error) {
	subject, err := s.people.Subject(ctx, tenant, who.Kind, who.Ref)
	if errors.Is(err, ErrNotFound) {
		return PrivacyKey{}, nil
	}
	return subject.PrivacyKey, err
}

// activity reads the event with the key of the person whose it is.
func (l *ListedEvent) activity(key PrivacyKey) Activity {
	e := l.Event
	a := Activity{
		Seq: l.Seq, At: e.At, Type: e.Type, Person: e.Activity, Client: e.Client, Reason: e.Reason, SupportCode: e.SupportCode,
	}
	if personal, err := OpenPersonal(key, e.Personal); err == nil {
		a.Addr, a.Bound, _ = strings.Cut(personal.Addr, addrBoundTo)
	}
	return a
}
