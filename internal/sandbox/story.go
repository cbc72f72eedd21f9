package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Story is what is known of a link or a person.
type Story struct {
	// Person is whom it is about; nil when nobody knows any more.
	Person *Person
	// Grants are the links and tokens that it is about, with how they stand now, the
	// oldest first; without those that the store has removed.
	Grants []StandingGrant
	// Entries are what happened, in order of time.
	Entries []Entry
	// More: there are older calls than the filter's limit lets in.
	More bool
}

// StandingGrant is a link or a token and how it stands.
type StandingGrant struct {
	signon.Grant

	Standing signon.Standing
}

// Entry is one thing that happened: a call or an audit event.
type Entry struct {
	At    time.Time // by the sandbox's clock
	Call  *Call
	Event *AuditEvent
}

// AuditEvent is an entry of the audit log, with what it holds of a person.
type AuditEvent struct {
	signon.Event

	Seq int64
	// About is what it holds of the story's person; nil when that is nothing.
	About *signon.Personal
}

// Story tells what is known of a link (Filter.Grant) or of a person (Filter.Person):
// the calls that the filter selects, what the audit log says, and how the links
// stand. It returns signon.ErrNotFound when nothing is known, and of a person who is
// known but has done nothing yet a story without entries.
func (s *Sandbox) Story(ctx context.Context, f Filter) (*Story, error) {
	if f.Grant == "" && f.Person == nil {
		return nil, signon.ErrNotFound
	}
	calls, more := s.Calls(f)
	t := &teller{filter: f, story: &Story{Person: f.Person, More: more}, codes: map[string]bool{}, grants: map[signon.Reference]bool{}}
	for _, c := range calls {
		t.story.Entries = append(t.story.Entries, Entry{At: c.Clock, Call: c})
		t.codes[c.SupportCode] = true
	}
	if t.story.Person == nil {
		t.story.Person = onlyPerson(calls)
	}
	if err := s.with(func(core *Core) error { return t.tell(ctx, core) }); err != nil {
		return nil, fmt.Errorf("tell a story: %w", err)
	}
	if len(t.story.Entries)+len(t.story.Grants) == 0 && (f.Person == nil || !t.keyed) {
		return nil, signon.ErrNotFound
	}
	slices.SortStableFunc(t.story.Entries, before)
	return t.story, nil
}

// onlyPerson returns the one person whom the calls concern, or nil.
func onlyPerson(calls []*Call) (only *Person) {
	for _, c := range calls {
		for i := range c.People {
			if only != nil && *only != c.People[i] {
				return nil
			}
			only = &c.People[i]
		}
	}
	return only
}

// before orders what happened: in one millisecond a call comes before its events,
// and events in the order of their numbers.
func before(a, b Entry) int {
	if order := a.At.Truncate(time.Millisecond).Compare(b.At.Truncate(time.Millisecond)); order != 0 {
		return order
	}
	switch {
	case a.Call != nil && b.Call != nil:
		return a.At.Compare(b.At)
	case a.Call != nil:
		return -1
	case b.Call != nil:
		return 1
	}
	return cmp.Compare(a.Event.Seq, b.Event.Seq)
}

// teller is a story that is being put together.
type teller struct {
	filter Filter
	story  *Story
	// codes are the support codes of its calls, and grants those that it is about.
	codes  map[string]bool
	grants map[signon.Reference]bool
	key    signon.PrivacyKey // the person's
	keyed  bool
}

func (t *teller) tell(ctx context.Context, core *Core) error {
	if core == nil || core.SignOn == nil {
		return nil
	}
	if err := t.stand(ctx, core.SignOn); err != nil {
		return err
	}
	if p := t.story.Person; p != nil && core.Directory != nil {
		subject, err := core.Directory.Subject(ctx, p.Tenant, p.Kind, p.Ref)
		if err != nil && !errors.Is(err, signon.ErrNotFound) {
			return err
		}
		t.key, t.keyed = subject.PrivacyKey, err == nil
	}
	return core.SignOn.LatestEvents(ctx, func(seq int64, e *signon.Event) {
		about := t.opened(e)
		if t.isAbout(e, about) {
			t.story.Entries = append(t.story.Entries, Entry{At: e.At, Event: &AuditEvent{Event: *e, Seq: seq, About: about}})
		}
	})
}

// stand finds the links that the story is about.
func (t *teller) stand(ctx context.Context, signOn *signon.Service) error {
	filter := signon.GrantFilter{}
	if t.filter.Grant != "" {
		t.grants[t.filter.Grant] = true
		g, err := signOn.GrantByReference(ctx, t.filter.Grant)
		if e := signon.AsError(err); e != nil && (e.Code == signon.CodeNotFound || e.Code == signon.CodeInvalid) {
			return nil // it is gone, or never was
		} else if err != nil {
			return err
		}
		t.story.Person = &Person{g.Tenant, g.SubjectKind, g.Subject}
	}
	p := t.story.Person
	filter.Tenant, filter.Kind, filter.Subject = p.Tenant, p.Kind, p.Ref
	err := signOn.ListGrants(ctx, filter, func(g *signon.Grant, standing signon.Standing) bool {
		ref := g.Key.Reference()
		if t.filter.Grant == "" || t.filter.Grant == ref {
			t.grants[ref] = true
			t.story.Grants = append(t.story.Grants, StandingGrant{*g, standing})
		}
		return true
	})
	slices.SortStableFunc(t.story.Grants, func(a, b StandingGrant) int { return a.IssuedAt.Compare(b.IssuedAt) })
	return err
}

// opened returns what the event holds of the story's person.
func (t *teller) opened(e *signon.Event) *signon.Personal {
	if !t.keyed || e.Tenant != t.story.Person.Tenant || len(e.Personal) == 0 {
		return nil
	}
	personal, err := signon.OpenPersonal(t.key, e.Personal)
	if err != nil {
		return nil
	}
	return &personal
}

// isAbout reports whether the event belongs to the story: a link's are those of the
// link and of the calls with it, a person's those that are about the person.
func (t *teller) isAbout(e *signon.Event, about *signon.Personal) bool {
	if e.Grant != "" {
		return t.grants[e.Grant] || t.filter.Grant == "" && about != nil
	}
	return t.filter.Grant == "" && about != nil || e.SupportCode != "" && t.codes[e.SupportCode]
}
