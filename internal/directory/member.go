package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Member is somebody whom a tenant's applications know by one number.
type Member struct {
	Tenant signon.TenantID
	// Number is unique within the tenant and never changes: letters and digits, as
	// the tenant writes it.
	Number string
	Name   string
	Email  string
	Mobile string
	// Apps are the ids of the applications that the member is linked to, sorted.
	Apps                 []string
	PrivacyKey           signon.PrivacyKey // seals what the audit log holds of this member
	CreatedAt, ChangedAt time.Time
	// Version rises with every change; an update names the version it is based on.
	Version int64
	// SignedOutBefore is as in [Customer].
	SignedOutBefore time.Time
}

// Ref returns the member as a subject reference.
func (m *Member) Ref() signon.SubjectRef { return signon.SubjectRef(m.Number) }

// Linked reports whether the member is linked to the application.
func (m *Member) Linked(app string) bool { return slices.Contains(m.Apps, app) }

// Clone returns a copy that shares nothing with the member.
func (m *Member) Clone() *Member {
	own := *m
	own.Apps = slices.Clone(m.Apps)
	return &own
}

// The most characters of a member's number and of an application's id.
const (
	maxMemberNumber = 32
	maxAppID        = 16
)

// normalise puts the member into the form that is stored, or returns a CodeInvalid
// error that names the first bad field.
func (m *Member) normalise() error {
	err := checkTexts(field{&m.Number, FieldNumber, maxMemberNumber}, field{&m.Name, FieldName, maxText}, field{&m.Email, FieldEmail, maxEmail}, field{&m.Mobile, FieldMobile, maxPhone})
	if err != nil {
		return err
	}
	if !ValidMemberNumber(m.Number) {
		return signon.Invalid(FieldNumber, "must have 1 to 32 letters and digits")
	}
	if m.Email != "" && !validEmail(m.Email) {
		return signon.Invalid(FieldEmail, "must be an e-mail address")
	}
	if len(m.Apps) > maxList {
		return signon.Invalid(FieldApps, "must have at most 100 elements")
	}
	for i := range m.Apps {
		if err := text(&m.Apps[i], FieldApps, maxAppID); err != nil {
			return err
		}
		if app := m.Apps[i]; app == "" || len(app) > maxAppID || !isAlphanumeric(app) {
			return signon.Invalid(FieldApps, "must be ids of letters and digits")
		}
	}
	m.Apps = slices.Compact(slices.Sorted(slices.Values(m.Apps)))
	return nil
}

// ValidMemberNumber reports whether a member can have that number.
func ValidMemberNumber(number string) bool {
	return number != "" && len(number) <= maxMemberNumber && isAlphanumeric(number)
}

func isAlphanumeric(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !isUpper(r) && !isLower(r) && (r < '0' || r > '9') })
}
