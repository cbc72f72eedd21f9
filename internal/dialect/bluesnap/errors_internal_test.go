package bluesnap

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestEveryCodeHasItsReply(t *testing.T) {
	want := map[signon.Code]int{
		signon.CodeUnauthenticated: 401, signon.CodeForbidden: 403, signon.CodeSubjectUnknown: 403, signon.CodeNotFound: 403,
		signon.CodeInvalid: 400, signon.CodeTargetUnsupported: 400, signon.CodeTokenInvalid: 403, signon.CodeSessionInvalid: 403,
		signon.CodeConflict: 409, signon.CodeLimit: 429, signon.CodeUnavailable: 503, signon.CodeInternal: 500,
	}
	for _, code := range signon.Codes() {
		f := (&call{}).faultOf(&signon.Error{Code: code, Reason: "secret reason", Err: errors.New("secret cause")})
		if f.status != want[code] || f.name == "" || f.description == "" {
			t.Errorf("%s: got %d %s %s, want %d", code, f.status, f.name, f.description, want[code])
		}
		for _, as := range []format{inJSON, inXML} {
			document := messages(f)
			if body := string(document.encode(as)); strings.Contains(body, "secret") {
				t.Errorf("%s: %s says why", code, body)
			}
		}
	}
	if len(want) != len(signon.Codes()) || len(replies) != len(want) {
		t.Errorf("%d codes, %d replies, %d wanted", len(signon.Codes()), len(replies), len(want))
	}
	for _, err := range []error{signon.ErrNotFound, signon.ErrConflict, errors.New("x"), signon.ErrAnswered} {
		if f := (&call{}).faultOf(err); f.status < 400 {
			t.Errorf("%v: got %d", err, f.status)
		}
	}
	taken := &signon.Error{Code: signon.CodeConflict, Argument: directory.FieldUsername, Rule: "must not be another user's"}
	if f := (&call{}).faultOf(taken); f.status != http.StatusBadRequest || f.property != "username" {
		t.Errorf("a name that is taken: got %+v", f)
	}
}

func TestTheContractNamesEveryErrorAndPermission(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range replies {
		names = append(names, "`"+f.name+"`")
	}
	for _, err := range []error{notFound(), notAllowed(""), tooLarge(), unsupported("")} {
		names = append(names, "`"+(&call{}).faultOf(err).name+"`")
	}
	for i := range permissions {
		for _, name := range permissions[i].names() {
			names = append(names, "`"+name+"`")
		}
	}
	for _, name := range names {
		if !strings.Contains(string(readme), name) {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

// TestEveryPermissionHasItsNames holds the names to the published ones.
func TestEveryPermissionHasItsNames(t *testing.T) {
	known := directory.AllPermissions()
	if len(permissions) != len(known) {
		t.Fatalf("%d permissions on the wire, %d in the directory", len(permissions), len(known))
	}
	published := strings.Fields(`admin allowAccountMaintenance allowRefunds allowLocator allowViewFinancialInfo allowTransferToVendor allowUserMaintenance
		allowReports allowProductMaintenance allowLicenceManagement allowManualOrderApproval allowAffiliateApproval allowAffiliateMaintenance
		allowRoyaltyMaintenance allowModifySubscriptions allowApiCredentials allowVirtualTerminal allowVirtualTerminalAdmin`)
	misspelt := map[string]bool{"allowViewFinansialInfo": true, "allowAffiliateMaintanance": true, "allowRoyaltyMaitenence": true}
	for i := range permissions {
		p := &permissions[i]
		if p.is != known[i] || p.name.json != published[i] || fold(p.name.xml) != fold(p.name.json) || p.name.xml != strings.ToLower(p.name.xml) {
			t.Errorf("%d: got %+v, want %s as %s", i, p, known[i], published[i])
		}
		if p.misspelt != "" {
			delete(misspelt, p.misspelt)
		}
	}
	if len(misspelt) != 0 {
		t.Errorf("not read: %v", misspelt)
	}
}
