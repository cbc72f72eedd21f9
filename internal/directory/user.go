package directory

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// User is somebody who works for a tenant, in its portal.
type User struct {
	Tenant signon.TenantID
	// ID is unique within the tenant, and is not given to another user when this one
	// is deleted.
	ID int64
	// Username is unique within the tenant, in whatever case of letters.
	Username             string
	FirstName, LastName  string
	Email                string
	Permissions          Permissions
	PrivacyKey           signon.PrivacyKey // seals what the audit log holds of this user
	CreatedAt, ChangedAt time.Time
	// Version rises with every change; an update names the version it is based on.
	Version int64
	// SignedOutBefore is as in [Customer].
	SignedOutBefore time.Time
}

// Ref returns the user as a subject reference.
func (u *User) Ref() signon.SubjectRef { return signon.SubjectRef(strconv.FormatInt(u.ID, 10)) }

// Name returns the user's full name.
func (u *User) Name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// Clone returns a copy that shares nothing with the user.
func (u *User) Clone() *User {
	own := *u
	own.Permissions = slices.Clone(u.Permissions)
	return &own
}

// Permission is something that a user may do in the portal.
type Permission string

// The permissions. Each is one that the portal, or what a shop runs beside it,
// asks for.
const (
	// PermissionAdmin is all others, too.
	PermissionAdmin                Permission = "admin"
	PermissionAccountMaintenance   Permission = "account_maintenance"
	PermissionRefunds              Permission = "refunds"
	PermissionLocator              Permission = "locator"
	PermissionViewFinancialInfo    Permission = "view_financial_info"
	PermissionTransferToVendor     Permission = "transfer_to_vendor"
	PermissionUserMaintenance      Permission = "user_maintenance"
	PermissionReports              Permission = "reports"
	PermissionProductMaintenance   Permission = "product_maintenance"
	PermissionLicenceManagement    Permission = "licence_management"
	PermissionManualOrderApproval  Permission = "manual_order_approval"
	PermissionAffiliateApproval    Permission = "affiliate_approval"
	PermissionAffiliateMaintenance Permission = "affiliate_maintenance"
	PermissionRoyaltyMaintenance   Permission = "royalty_maintenance"
	PermissionModifySubscriptions  Permission = "modify_subscriptions"
	PermissionAPICredentials       Permission = "api_credentials"
	PermissionVirtualTerminal      Permission = "virtual_terminal"
	PermissionVirtualTerminalAdmin Permission = "virtual_terminal_admin"
)

// AllPermissions lists every permission, in the order in which they are shown.
func AllPermissions() Permissions {
	return Permissions{
		PermissionAdmin, PermissionAccountMaintenance, PermissionRefunds, PermissionLocator, PermissionViewFinancialInfo,
		PermissionTransferToVendor, PermissionUserMaintenance, PermissionReports, PermissionProductMaintenance,
		PermissionLicenceManagement, PermissionManualOrderApproval, PermissionAffiliateApproval, PermissionAffiliateMaintenance,
		PermissionRoyaltyMaintenance, PermissionModifySubscriptions, PermissionAPICredentials, PermissionVirtualTerminal,
		PermissionVirtualTerminalAdmin,
	}
}

// Permissions are what somebody was granted, each once, in the order of
// [AllPermissions].
type Permissions []Permission

// Granted reports whether the permission itself is among them.
func (p Permissions) Granted(one Permission) bool { return slices.Contains(p, one) }

// Allow reports whether they allow what the permission is for: an administrator
// may do everything.
func (p Permissions) Allow(one Permission) bool { return p.Granted(one) || p.Granted(PermissionAdmin) }

// With returns them with the permission granted, or not.
func (p Permissions) With(one Permission, granted bool) Permissions {
	var all Permissions
	for _, known := range AllPermissions() {
		if known == one && granted || known != one && p.Granted(known) {
			all = append(all, known)
		}
	}
	return all
}

// The most characters of a user's texts, and the bounds of a password.
const (
	maxUsername   = 64
	leastPassword = 12
	mostPassword  = 128
)

// normalise puts the user into the form that is stored, or returns a CodeInvalid
// error that names the first bad field.
func (u *User) normalise() error {
	err := checkTexts(field{&u.FirstName, FieldFirstName, maxText}, field{&u.LastName, FieldLastName, maxText}, field{&u.Email, FieldEmail, maxEmail},
		field{&u.Username, FieldUsername, maxUsername})
	if err != nil {
		return err
	}
	for _, needed := range []field{{&u.FirstName, FieldFirstName, 0}, {&u.LastName, FieldLastName, 0}, {&u.Email, FieldEmail, 0}, {&u.Username, FieldUsername, 0}} {
		if *needed.value == "" {
			return signon.Invalid(needed.name, "must be given")
		}
	}
	if !validEmail(u.Email) {
		return signon.Invalid(FieldEmail, "must be an e-mail address")
	}
	if strings.ContainsFunc(u.Username, outsideUsername) {
		return signon.Invalid(FieldUsername, "must hold letters, digits, dots, hyphens and underscores only")
	}
	known := AllPermissions()
	for _, p := range u.Permissions {
		if !known.Granted(p) {
			return signon.Invalid(FieldPermissions, "must be known ones")
		}
	}
	u.Permissions = u.Permissions.With("", false)
	return nil
}

// CheckPassword returns a CodeInvalid error when a password is none that users may
// have. Passwords are not kept: users are signed on by link alone.
func CheckPassword(password string) error {
	length := utf8.RuneCountInString(password)
	switch {
	case length < leastPassword || length > mostPassword:
		return signon.Invalid(FieldPassword, "must have 12 to 128 characters")
	case !strings.ContainsFunc(password, isUpper) || !strings.ContainsFunc(password, isLower) || !strings.ContainsAny(password, "0123456789"):
		return signon.Invalid(FieldPassword, "must hold an upper-case letter, a lower-case letter and a digit")
	}
	return nil
}

// outsideUsername: a username does not have the character. Lower-casing first would
// let in what lower-cases to a letter, such as the sign of the kelvin.
func outsideUsername(r rune) bool {
	return !isUpper(r) && !isLower(r) && !strings.ContainsRune("0123456789._-", r)
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }
func isLower(r rune) bool { return 'a' <= r && r <= 'z' }
