package bluesnap

import (
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// namespace is the one of everything in XML.
const namespace = "http://ws.plimus.com"

// Names of headers and parameters.
const (
	wVersion     = "bluesnap-version"
	wOnce        = "Idempotency-Key"
	wOnBehalfOf  = "onbehalfofmid"
	wShopperID   = "shopperId"
	wMinutes     = "expirationInMinutes"
	wRequesterIP = "requestingUserIp"
)

// name is what a member of an answer is called in JSON and in XML. One without an
// XML name is in JSON only.
type name struct{ json, xml string }

var (
	nLoginToken   = name{"loginToken", "login-token"}
	nLoginLink    = name{"loginLink", "login-url"}
	nToken        = name{"token", "token"}
	nUserID       = name{"userId", "user-id"}
	nUsername     = name{"username", "username"}
	nFirstName    = name{"firstName", "first-name"}
	nLastName     = name{"lastName", "last-name"}
	nEmail        = name{"email", "email"}
	nUserName2    = name{"userName", ""}
	nFirstName2   = name{"userfirstName", ""}
	nLastName2    = name{"userlastName", ""}
	nEmail2       = name{"userEmail", ""}
	nMessage      = name{"message", "message"}
	nErrorName    = name{"errorName", "error-name"}
	nCode         = name{"code", "code"}
	nDescription  = name{"description", "description"}
	nProperty     = name{"invalidProperty", "invalid-property"}
	nPropertyName = name{"name", "name"}
	nValue        = name{"messageValue", "message-value"}
)

// wPassword is read, and never written.
const wPassword = "password"

// The outermost elements in XML.
const (
	rootLogin    = "sso-info"
	rootShopper  = "web-authentication"
	rootUser     = "cp-user-info"
	rootMessages = "messages"
)

// userTexts are the texts of a user, with the names that they are read by, and the
// names that the directory's errors have for them.
var userTexts = []struct {
	field string
	names []string
	of    func(*directory.User) *string
}{
	{directory.FieldFirstName, []string{nFirstName.json, nFirstName2.json}, func(u *directory.User) *string { return &u.FirstName }},
	{directory.FieldLastName, []string{nLastName.json, nLastName2.json}, func(u *directory.User) *string { return &u.LastName }},
	{directory.FieldEmail, []string{nEmail.json, nEmail2.json}, func(u *directory.User) *string { return &u.Email }},
	{directory.FieldUsername, []string{nUsername.json, nUserName2.json}, func(u *directory.User) *string { return &u.Username }},
}

// permission is a permission on the wire.
type permission struct {
	is   directory.Permission
	name name
	// misspelt is what the vendor's documents also call it, or empty.
	misspelt string
}

// permissions are in the published order.
var permissions = []permission{
	{is: directory.PermissionAdmin, name: name{"admin", "admin"}},
	{is: directory.PermissionAccountMaintenance, name: name{"allowAccountMaintenance", "allow-account-maintenance"}},
	{is: directory.PermissionRefunds, name: name{"allowRefunds", "allow-refunds"}},
	{is: directory.PermissionLocator, name: name{"allowLocator", "allow-locator"}},
	{is: directory.PermissionViewFinancialInfo, name: name{"allowViewFinancialInfo", "allow-view-financial-info"}, misspelt: "allowViewFinansialInfo"},
	{is: directory.PermissionTransferToVendor, name: name{"allowTransferToVendor", "allow-transfer-to-vendor"}},
	{is: directory.PermissionUserMaintenance, name: name{"allowUserMaintenance", "allow-user-maintenance"}},
	{is: directory.PermissionReports, name: name{"allowReports", "allow-reports"}},
	{is: directory.PermissionProductMaintenance, name: name{"allowProductMaintenance", "allow-product-maintenance"}},
	{is: directory.PermissionLicenceManagement, name: name{"allowLicenceManagement", "allow-licence-management"}},
	{is: directory.PermissionManualOrderApproval, name: name{"allowManualOrderApproval", "allow-manual-order-approval"}},
	{is: directory.PermissionAffiliateApproval, name: name{"allowAffiliateApproval", "allow-affiliate-approval"}},
	{is: directory.PermissionAffiliateMaintenance, name: name{"allowAffiliateMaintenance", "allow-affiliate-maintenance"}, misspelt: "allowAffiliateMaintanance"},
	{is: directory.PermissionRoyaltyMaintenance, name: name{"allowRoyaltyMaintenance", "allow-royalty-maintenance"}, misspelt: "allowRoyaltyMaitenence"},
	{is: directory.PermissionModifySubscriptions, name: name{"allowModifySubscriptions", "allow-modify-subscriptions"}},
	{is: directory.PermissionAPICredentials, name: name{"allowApiCredentials", "allow-api-credentials"}},
	{is: directory.PermissionVirtualTerminal, name: name{"allowVirtualTerminal", "allow-virtual-terminal"}},
	{is: directory.PermissionVirtualTerminalAdmin, name: name{"allowVirtualTerminalAdmin", "allow-virtual-terminal-admin"}},
}

// names are what the permission is read by.
func (p *permission) names() []string {
	if p.misspelt == "" {
		return []string{p.name.json}
	}
	return []string{p.name.json, p.misspelt}
}

// element is a member of an answer: a text, something that is true, or others
// inside. In JSON, several is an array of what is inside.
type element struct {
	name    name
	text    string
	isTrue  bool
	several bool
	inside  []element
}

func text(n name, value string) element { return element{name: n, text: value} }

func document(root string, inside ...element) element {
	return element{name: name{xml: root}, inside: inside}
}

// loginInfo is what a login token is answered with.
func loginInfo(i *signon.Issued) element {
	return document(rootLogin, text(nLoginToken, i.Token.Reveal()), text(nLoginLink, i.Link))
}

// shopperInfo is what a shopper's token is answered with.
func shopperInfo(i *signon.Issued) element {
	return document(rootShopper, text(nToken, i.Token.Reveal()))
}

// userInfo is a user with the permissions that are granted.
func userInfo(u *directory.User) element {
	info := document(rootUser,
		text(nUserID, string(u.Ref())), text(nUsername, u.Username), text(nFirstName, u.FirstName), text(nLastName, u.LastName), text(nEmail, u.Email))
	for i := range permissions {
		if u.Permissions.Granted(permissions[i].is) {
			info.inside = append(info.inside, element{name: permissions[i].name, isTrue: true})
		}
	}
	return info
}

// changedUserInfo is a user under both sets of names.
func changedUserInfo(u *directory.User) element {
	info := userInfo(u)
	info.inside = append(info.inside, text(nUserName2, u.Username), text(nFirstName2, u.FirstName), text(nLastName2, u.LastName), text(nEmail2, u.Email))
	return info
}

// messages is how every error is answered.
func messages(f *fault) element {
	one := element{name: nMessage, several: true, inside: []element{text(nErrorName, f.name)}}
	if f.code != "" {
		one.inside = append(one.inside, text(nCode, f.code))
	}
	one.inside = append(one.inside, text(nDescription, f.description))
	if f.property != "" {
		one.inside = append(one.inside, element{name: nProperty, inside: []element{text(nPropertyName, f.property), text(nValue, f.value)}})
	}
	return document(rootMessages, one)
}

// keptAnswer is an answer as it is kept for repeats of its call.
type keptAnswer struct {
	Status   int    `json:"status"`
	Type     format `json:"type"`
	Location string `json:"location,omitempty"`
	Secret   bool   `json:"secret,omitempty"`
	Body     []byte `json:"body"`
}
