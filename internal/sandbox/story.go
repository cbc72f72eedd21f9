package sandbox

import (
	"context"
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
	// Personal is what it holds of a person; nil when that can't be read, or nothing.
	Personal *signon.Personal
}

// Story tells what is known of a link (Filter.Grant) or of a person (Filter.Person).
// Errors: signon.ErrNotFound when there is nothing.
func (s *Sandbox) Story(ctx context.Context, f Filter) (*Story, error) {
	_ = ctx
	calls, more := s.Calls(f)
	story := &Story{Person: f.Person, More: more}
	for _, c := range calls {
		story.Entries = append(story.Entries, Entry{At: c.Clock, Call: c})
	}
	return story, nil
}
