package signon

import (
	"context"
	"time"
)

// SubjectKind tells which register of the directory a subject is in.
type SubjectKind string

// The kinds.
const (
	SubjectCustomer SubjectKind = "customer" // a customer of the tenant
	SubjectUser     SubjectKind = "user"     // somebody who works for the tenant
	SubjectMember   SubjectKind = "member"   // somebody whom the tenant's applications know
)

// SubjectRef names a person within a tenant: the directory's own, stable id.
type SubjectRef string

// Person names a person within a tenant.
type Person struct {
	Kind SubjectKind
	Ref  SubjectRef
}

// listed returns the person if what is done for them is listed as their activity:
// that of those who work for a tenant is.
func (p Person) listed() Person {
	if p.Kind != SubjectUser {
		return Person{}
	}
	return p
}

// Subject is a person who can be signed on, as far as the core needs to know.
type Subject struct {
	// Kind and Ref name the person within the tenant.
	Kind SubjectKind
	Ref  SubjectRef
	// Language is the person's ISO 639-1 code; may be empty.
	Language string
	// PrivacyKey seals what the audit log keeps of this person. It lives with the
	// person in the directory: erasing the person erases the key, and with it
	// every personal detail in the log, while the log's chain stays valid.
	PrivacyKey PrivacyKey
	// SignedOutBefore, unless zero, is when the person signed out everywhere: links
	// that were issued before it are void, and so are the sessions that came of them.
	SignedOutBefore time.Time
	// Apps are the applications that a member is linked to, by their ids.
	Apps []string
}

// voided reports whether the person has signed out everywhere after something was
// issued at that instant. Sessions are judged by when their grant was issued, too:
// so a link that is redeemed while its person signs out gives no session that
// outlives that.
func (s *Subject) voided(issuedAt time.Time) bool { return issuedAt.Before(s.SignedOutBefore) }

// PrivacyKey is an AES-256 key that belongs to one person.
type PrivacyKey [32]byte

// String returns a placeholder.
func (PrivacyKey) String() string { return redacted }

// People is what the core asks of the directory.
type People interface {
	// Subject returns the person with that reference, or ErrNotFound. It is asked
	// for every page that a person sees, so it should read no database as a rule.
	Subject(ctx context.Context, tenant TenantID, kind SubjectKind, ref SubjectRef) (Subject, error)
	// SignOut moves the person's SignedOutBefore past every instant that the store's
	// clock has handed out, and past where it stands, and appends the event, in one
	// transaction. Subject returns the new instant from then on. ErrNotFound when
	// there is no such person; CodeUnavailable when the outcome is not known.
	SignOut(ctx context.Context, tenant TenantID, kind SubjectKind, ref SubjectRef, e *Event) error
}
