package operator

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Explanation is what is known of one request.
type Explanation struct {
	SupportCode string `json:"support_code"`
	// Decisions are those of the request, in order.
	Decisions []Decision `json:"decisions"`
	// Retold: they are no longer in memory, and were made of the events.
	Retold bool `json:"retold"`
	// Standalone: no server was asked, so that there was no memory to look in.
	Standalone bool `json:"standalone"`
	// Events are the audit events of the request.
	Events []ExplainedEvent `json:"events"`
}

// Decision is how one decision came about.
type Decision struct {
	At        time.Time `json:"at"`
	Operation string    `json:"operation"`
	Allowed   bool      `json:"allowed"`
	// Outcome is what came of it when that is neither: "asked first" or "followed again".
	Outcome     string `json:"outcome,omitempty"`
	Tenant      string `json:"tenant,omitempty"`
	Client      string `json:"client,omitempty"`
	Destination string `json:"destination,omitempty"`
	Grant       string `json:"grant,omitempty"`
	// Failed is the check that failed, Reason why, and Expected and Received what
	// was compared.
	Failed   string `json:"failed,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Expected string `json:"expected,omitempty"`
	Received string `json:"received,omitempty"`
	Note     string `json:"note,omitempty"`
	// Checks are all checks of the operation, in order, and how each ended.
	Checks []CheckResult `json:"checks"`
}

// CheckResult is how a check ended: passed, failed or not reached.
type CheckResult struct {
	Check  string `json:"check"`
	Result string `json:"result"`
}

// ExplainedEvent is an audit event with what it holds of a person.
type ExplainedEvent struct {
	Event
	// Person is whom it is about; nil when it is about nobody.
	Person *Person `json:"person,omitempty"`
}

// Person is what an event holds of a person, or that it can't be read any more
// because the person was erased.
type Person struct {
	Erased  bool   `json:"erased,omitempty"`
	Subject string `json:"subject,omitempty"`
	Address string `json:"address,omitempty"`
}

// explain tells what is known of a request by its support code.
func (h *handler) explain(w http.ResponseWriter, r request) error {
	code, ok := inbound.ReadSupportCode(r.PathValue("code"))
	if !ok {
		return badRequest(fmt.Errorf("%q is no support code: one has 10 digits and letters, as in 98PWZ8DDH5", r.PathValue("code")))
	}
	found, err := h.SignOn.Explain(r.Context(), code)
	switch e := signon.AsError(err); {
	case e == nil:
	case e.Code == signon.CodeNotFound && h.Standalone:
		return notFound("the audit log knows nothing of support code %s, and no server runs: what one had in memory is gone", code)
	case e.Code == signon.CodeNotFound:
		return notFound("nothing is known of support code %s: no decision in memory and no audit event has it", code)
	default:
		return err
	}
	x := &Explanation{SupportCode: code, Retold: found.Retold, Standalone: h.Standalone, Decisions: []Decision{}, Events: []ExplainedEvent{}}
	for i := range found.Traces {
		x.Decisions = append(x.Decisions, newDecision(&found.Traces[i]))
	}
	reader := personReader{handler: h}
	for i := range found.Events {
		e, err := found.Events[i].Event()
		if err != nil {
			return fmt.Errorf("read audit event %d: %w", found.Events[i].Seq, err)
		}
		person, err := reader.person(r.Context(), e)
		if err != nil {
			return err
		}
		x.Events = append(x.Events, ExplainedEvent{Event: *newEvent(found.Events[i].Seq, e), Person: person})
	}
	h.Log.Info("operator: explain", "code", code, "support_code", r.supportCode)
	return answer(w, x)
}

func newDecision(t *signon.Trace) Decision {
	d := Decision{
		At: t.At, Operation: string(t.Operation), Allowed: t.Failed == "", Outcome: string(t.Outcome), Tenant: string(t.Tenant), Client: t.Client, Destination: t.Destination,
		Grant: string(t.Grant), Failed: string(t.Failed), Reason: string(t.Reason), Expected: t.Expected, Received: t.Received, Note: t.Note,
	}
	for _, s := range t.Steps() {
		d.Checks = append(d.Checks, CheckResult{string(s.Check), string(s.Result)})
	}
	return d
}

// personReader opens what events hold of people. One request is about one
// person, as a rule: the key that fitted is tried first.
type personReader struct {
	*handler
	fitted signon.PrivacyKey
}

// person returns what the event holds of a person, or nil.
func (p *personReader) person(ctx context.Context, e *signon.Event) (*Person, error) {
	if len(e.Personal) == 0 {
		return nil, nil
	}
	if person := p.open(p.fitted, e); person != nil {
		return person, nil
	}
	if kind, ref, err := p.SignOn.SubjectOf(ctx, e.Grant); err == nil {
		if subject, err := p.Directory.Subject(ctx, e.Tenant, kind, ref); err == nil {
			if person := p.open(subject.PrivacyKey, e); person != nil {
				return person, nil
			}
		}
	}
	// The grant is gone, and who it was for is sealed: everybody's key is tried,
	// those of the users first, who are few.
	users := keys(p.Directory.AllUsers(ctx, e.Tenant), func(u *directory.User) signon.PrivacyKey { return u.PrivacyKey })
	customers := keys(p.Directory.AllCustomers(ctx, e.Tenant), func(c *directory.Customer) signon.PrivacyKey { return c.PrivacyKey })
	members := keys(p.Directory.AllMembers(ctx, e.Tenant), func(m *directory.Member) signon.PrivacyKey { return m.PrivacyKey })
	for _, all := range []iter.Seq2[signon.PrivacyKey, error]{users, members, customers} {
		for key, err := range all {
			if err != nil {
				return nil, fmt.Errorf("look for the person of an audit event: %w", err)
			}
			if person := p.open(key, e); person != nil {
				return person, nil
			}
		}
	}
	return &Person{Erased: true}, nil
}

// keys returns the people's privacy keys.
func keys[T any](people iter.Seq2[*T, error], key func(*T) signon.PrivacyKey) iter.Seq2[signon.PrivacyKey, error] {
	return func(yield func(signon.PrivacyKey, error) bool) {
		for one, err := range people {
			if err != nil {
				yield(signon.PrivacyKey{}, err)
				return
			}
			if !yield(key(one), nil) {
				return
			}
		}
	}
}

// open returns what the event holds if the key is the person's.
func (p *personReader) open(key signon.PrivacyKey, e *signon.Event) *Person {
	personal, err := signon.OpenPersonal(key, e.Personal)
	if err != nil {
		return nil
	}
	p.fitted = key
	return &Person{Subject: string(personal.Subject), Address: personal.Addr}
}
