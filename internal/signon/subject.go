package signon

import "context"

// SubjectKind tells which register of the directory a subject is in.
type SubjectKind string

// SubjectCustomer is a customer of the tenant.
const SubjectCustomer SubjectKind = "customer"

// SubjectRef names a person within a tenant: the directory's own, stable id.
type SubjectRef string

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
}

// PrivacyKey is an AES-256 key that belongs to one person.
type PrivacyKey [32]byte

// String returns a placeholder.
func (PrivacyKey) String() string { return redacted }

// People is what the core asks of the directory.
type People interface {
	// Subject returns the person with that reference, or ErrNotFound.
	Subject(ctx context.Context, tenant TenantID, kind SubjectKind, ref SubjectRef) (Subject, error)
}
