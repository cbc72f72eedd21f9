package operator

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

// Message is a line of an answer that tells what goes on. A
// message with Summary, Verdict, End or Error is the last one.
type Message struct {
	// Refused is a line of a file that was not imported.
	Refused *transfer.Refusal `json:"refused,omitempty"`
	// Progress tells how far an import is.
	Progress *transfer.Progress `json:"progress,omitempty"`
	// Verified is the number of the last audit event that was found right.
	Verified int64 `json:"verified,omitempty"`
	// Summary tells what an import has done; with Error, until it failed.
	Summary *transfer.Summary `json:"summary,omitempty"`
	// Verdict is what was found out about the audit log.
	Verdict *Verdict `json:"verdict,omitempty"`
	// Event is an audit event, Grant a grant, and End comes after the last one.
	Event *Event `json:"event,omitempty"`
	Grant *Grant `json:"grant,omitempty"`
	End   bool   `json:"end,omitempty"`
	// Error says why it ended early.
	Error string `json:"error,omitempty"`
}

// last reports whether no message comes after this one.
func (m *Message) last() bool { return m.Summary != nil || m.Verdict != nil || m.End || m.Error != "" }

// Verdict is what was found out about the audit log.
type Verdict struct {
	// Intact: no event is missing, and none was changed.
	Intact bool `json:"intact"`
	// Events is how many events are right, from the first that is kept on.
	Events int64 `json:"events"`
	// Removed is the number of the last event that was removed because of its age.
	Removed int64 `json:"removed,omitempty"`
	// BrokenAt is the first event that is wrong, and What is wrong with it.
	BrokenAt int64  `json:"broken_at,omitempty"`
	What     string `json:"what,omitempty"`
}

// Event is an entry of the audit log. What it holds of a person is sealed, and
// left out.
type Event struct {
	Seq         int64     `json:"seq"`
	At          time.Time `json:"at"`
	Type        string    `json:"type"`
	Tenant      string    `json:"tenant,omitempty"`
	Client      string    `json:"client,omitempty"`
	Destination string    `json:"destination,omitempty"`
	Grant       string    `json:"grant,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	SupportCode string    `json:"support_code,omitempty"`
	Caller      string    `json:"caller,omitempty"`
	Note        string    `json:"note,omitempty"`
}

func newEvent(seq int64, e *signon.Event) *Event {
	return &Event{
		Seq: seq, At: e.At, Type: string(e.Type), Tenant: string(e.Tenant), Client: e.Client, Destination: e.Destination, Grant: string(e.Grant),
		Reason: string(e.Reason), SupportCode: e.SupportCode, Caller: e.Caller, Note: e.Note,
	}
}

// Status is the state of a store.
type Status struct {
	// Now is the store's time.
	Now time.Time `json:"now"`
	// Epoch rises when the store finds that its history was set back.
	Epoch int64 `json:"epoch"`
	// Events is the number of the last audit event.
	Events int64 `json:"events"`
	// Tenants are the tenants that were declared last, by ID.
	Tenants []TenantStatus `json:"tenants"`
}

// TenantStatus is what is declared of a tenant.
type TenantStatus struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Clients      int    `json:"clients"`
	Destinations int    `json:"destinations"`
}
