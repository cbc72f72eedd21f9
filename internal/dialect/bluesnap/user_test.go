package bluesnap_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func mustAddr(text string) netip.Addr { return netip.MustParseAddr(text) }

// user returns a user as it is stored.
func (w *world) user(tenant signon.TenantID, id int64) *directory.User {
	w.Helper()
	u, err := w.directory.User(w.Context(), tenant, id)
	if err != nil {
		w.Fatal(err)
	}
	return u
}

func (w *world) put(body, mediaType string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(w.request(http.MethodPut, "cp/user/1111001", body, mediaType))
}

// names are what each permission is read by, and the one that it is written by.
func permissionNames() map[directory.Permission][]string {
	names := map[directory.Permission][]string{}
	published := strings.Fields(`admin allowAccountMaintenance allowRefunds allowLocator allowViewFinancialInfo allowTransferToVendor allowUserMaintenance
		allowReports allowProductMaintenance allowLicenceManagement allowManualOrderApproval allowAffiliateApproval allowAffiliateMaintenance
		allowRoyaltyMaintenance allowModifySubscriptions allowApiCredentials allowVirtualTerminal allowVirtualTerminalAdmin`)
	for i, p := range directory.AllPermissions() {
		names[p] = []string{published[i]}
	}
	for p, misspelt := range map[directory.Permission]string{
		directory.PermissionViewFinancialInfo: "allowViewFinansialInfo", directory.PermissionAffiliateMaintenance: "allowAffiliateMaintanance",
		directory.PermissionRoyaltyMaintenance: "allowRoyaltyMaitenence",
	} {
		names[p] = append(names[p], misspelt)
	}
	return names
}

// hyphenated is how XML spells a name.
func hyphenated(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

func TestEveryPermissionIsGrantedAndTakenAway(t *testing.T) {
	w := newWorld(t)
	for p, names := range permissionNames() {
		for _, name := range names {
			for value, granted := range map[string]bool{"true": true, "false": false, `"true"`: true, `"false"`: false, `"True"`: true} {
				a := w.put(fmt.Sprintf(`{%q:%s}`, name, value), asJSON)
				if got := w.user(own, 1111001).Permissions.Granted(p); a.Code != http.StatusOK || got != granted {
					t.Errorf("%s %s: got %v with %d %s", name, value, got, a.Code, a.Body)
				}
				if written := strings.Contains(a.Body.String(), fmt.Sprintf("%q:true", names[0])); written != granted {
					t.Errorf("%s %s: answered %s", name, value, a.Body)
				}
			}
			element := hyphenated(name)
			for _, granted := range []bool{true, false} {
				a := w.put(fmt.Sprintf(`<cp-user-info xmlns="http://ws.plimus.com"><%s> %v </%[1]s></cp-user-info>`, element, granted), asXML)
				if got := w.user(own, 1111001).Permissions.Granted(p); a.Code != http.StatusOK || got != granted {
					t.Errorf("%s %v: got %v with %d %s", element, granted, got, a.Code, a.Body)
				}
				if written := strings.Contains(a.Body.String(), "<"+hyphenated(names[0])+">true</"); written != granted {
					t.Errorf("%s %v: answered %s", element, granted, a.Body)
				}
			}
		}
	}
}

// xmlUser is a user as the published schema orders it.
func TestXMLIsInThePublishedOrder(t *testing.T) {
	w := newWorld(t)
	body := "<cp-user-info>"
	wanted := []string{"user-id", "username", "first-name", "last-name", "email"}
	for _, p := range directory.AllPermissions() {
		name := hyphenated(permissionNames()[p][0])
		body += "<" + name + ">true</" + name + ">"
		wanted = append(wanted, name)
	}
	a := w.put(body+"</cp-user-info>", asXML)
	var got struct {
		XMLName xml.Name `xml:"http://ws.plimus.com cp-user-info"`
		Members []struct {
			XMLName xml.Name
		} `xml:",any"`
	}
	if err := xml.Unmarshal(a.Body.Bytes(), &got); err != nil {
		t.Fatal(err, a.Body)
	}
	var order []string
	for _, m := range got.Members {
		order = append(order, m.XMLName.Local)
	}
	if diff := cmp.Diff(wanted, order); diff != "" {
		t.Error(diff)
	}
}

func TestAnAnswerCanBeSentBack(t *testing.T) {
	w := newWorld(t)
	for _, mediaType := range []string{asJSON, asXML} {
		answered := w.put(map[string]string{asJSON: `{"firstName":"Zoe"}`, asXML: "<a><first-name>Zoe</first-name></a>"}[mediaType], mediaType)
		again := w.put(answered.Body.String(), mediaType)
		if again.Code != http.StatusOK || again.Body.String() != answered.Body.String() {
			t.Errorf("sent back %s, got %d %s", answered.Body, again.Code, again.Body)
		}
	}
}

// TestAnAnswerCanBeChangedAndSentBack changes what an answer has under two names at
// one of them: that one counts.
func TestAnAnswerCanBeChangedAndSentBack(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"firstName", "userfirstName", "lastName", "userlastName", "email", "userEmail", "username", "userName"} {
		var answered map[string]any
		if err := json.Unmarshal(w.put("{}", asJSON).Body.Bytes(), &answered); err != nil {
			t.Fatal(err)
		}
		answered[name] = "new." + name
		if strings.Contains(strings.ToLower(name), "email") {
			answered[name] = name + "@example.com"
		}
		body, err := json.Marshal(answered)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		a := w.put(string(body), asJSON)
		if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || a.Code != http.StatusOK || got[name] != answered[name] {
			t.Errorf("%s: sent %s, got %d %s", name, body, a.Code, a.Body)
		}
	}
	for _, body := range []string{`{"firstName":"One","userfirstName":"Two"}`, `{"username":"one","userName":"two"}`} {
		if got := wantOf(t, w.put(body, asJSON)); got.status != http.StatusBadRequest || got.property == "" {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

func TestBothSetsOfNamesAreRead(t *testing.T) {
	w := newWorld(t)
	for i, body := range []string{
		`{"firstName":"A1","lastName":"B1","email":"c1@example.com","username":"d1"}`,
		`{"userfirstName":"A2","userlastName":"B2","userEmail":"c2@example.com","userName":"d2"}`,
		`{"userFirstName":"A3","userLastName":"B3","useremail":"c3@example.com","USERNAME":"d3"}`,
		`{"firstName":"A4","userfirstName":"A4","lastName":"B4","email":"c4@example.com","userEmail":"c4@example.com","username":"d4","userName":"d4","x":[{}],"userId":"7","password":null}`,
	} {
		for _, c := range []struct{ method, target string }{{http.MethodPut, "cp/user/1111001"}, {http.MethodPost, "cp/user?onbehalfofmid=23424"}} {
			a := w.send(w.request(c.method, c.target, body, asJSON))
			var got map[string]any
			if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || a.Code != http.StatusOK {
				t.Fatalf("%s %s: got %d %s", c.method, body, a.Code, a.Body)
			}
			n := fmt.Sprint(i + 1)
			names := map[string]string{"firstName": "A" + n, "lastName": "B" + n, "email": "c" + n + "@example.com", "username": "d" + n}
			if c.method == http.MethodPut {
				for other, one := range map[string]string{"userfirstName": "firstName", "userlastName": "lastName", "userEmail": "email", "userName": "username"} {
					names[other] = names[one]
				}
			}
			for name, value := range names {
				if got[name] != value {
					t.Errorf("%s %s: %s is %v, want %s", c.method, body, name, got[name], value)
				}
			}
			if _, digits := got["userId"].(string); !digits {
				t.Errorf("userId is %T", got["userId"])
			}
		}
	}
}

func TestUnusableFieldsAreNamed(t *testing.T) {
	w := newWorld(t)
	with := func(name, value string) string {
		fields := map[string]string{"firstName": `"Dora"`, "lastName": `"Finch"`, "email": `"dora@example.com"`, "username": `"dora"`}
		fields[name] = value
		var members []string
		for n, v := range fields {
			members = append(members, fmt.Sprintf("%q:%s", n, v))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	before := w.everybody()
	for body, property := range map[string]string{
		with("firstName", `""`): "firstName", with("firstName", "null"): "firstName", with("lastName", "{}"): "lastName", with("email", `"x"`): "email", with("email", "true"): "email",
		with("username", `"a b"`): "username", with("username", `"ADA"`): "username", with("username", `"<x>"`): "username",
		with("password", `"short"`): "password", with("password", `"alllowercase123"`): "password", with("password", `"NoDigitsInHere"`): "password", with("password", "true"): "password",
		with("password", `"`+strings.Repeat("aA1", 43)+`"`): "password",
		with("allowRefunds", "1"):                           "allowRefunds", with("allowViewFinansialInfo", `"yes"`): "allowViewFinancialInfo", with("admin", "[]"): "admin",
		with("userfirstName", `"Other"`): "firstName", with("userName", `"other"`): "username",
		`{"firstName":"A","allowRoyaltyMaintenance":true,"allowRoyaltyMaitenence":false}`: "allowRoyaltyMaintenance",
	} {
		for _, c := range []aCall{{http.MethodPost, "cp/user", body}, {http.MethodPut, "cp/user/1111001", body}} {
			if c.method == http.MethodPut && (strings.Contains(body, "ADA") || strings.Contains(body, "null")) {
				continue // one's own name, and what is absent
			}
			a := w.send(w.request(c.method, c.target, c.body, asJSON))
			if got := wantOf(t, a); got != invalid(property) {
				t.Errorf("%s %s: got %+v, want %s; %s", c.method, body, got, property, a.Body)
			}
			if strings.Contains(a.Body.String(), "short") || strings.Contains(a.Body.String(), "NoDigits") {
				t.Errorf("a password is repeated: %s", a.Body)
			}
		}
	}
	if diff := cmp.Diff(before, w.everybody()); diff != "" {
		t.Errorf("something was changed: %s", diff)
	}
}

func TestPasswordsAreOptionalAndNotAnswered(t *testing.T) {
	w := newWorld(t)
	for i, member := range []string{"", `,"password":""`, `,"password":null`, `,"password":"Correct-Horse-7"`} {
		body := strings.Replace(strings.TrimSuffix(newUser, "}"), "dora.finch", fmt.Sprint("dora", i), 1) + member + "}"
		a := w.send(w.request(http.MethodPost, "cp/user", body, asJSON))
		if a.Code != http.StatusOK || strings.Contains(strings.ToLower(a.Body.String()), "password") || strings.Contains(a.Body.String(), "Horse") {
			t.Errorf("%s: got %d %s", body, a.Code, a.Body)
		}
	}
}

func TestLocationIsOnCreateAlone(t *testing.T) {
	w := newWorld(t)
	for _, c := range calls(1111001) {
		a := w.send(w.request(c.method, c.target, c.body, asJSON))
		_, has := a.Header()["Location"]
		if a.Code != http.StatusOK || has != (c.target == "cp/user") {
			t.Errorf("%s %s: got %d, Location %q", c.method, c.target, a.Code, a.Header()["Location"])
		}
	}
}

// TestLocationLeadsToTheUser follows it, for one's own merchant and for a linked one.
func TestLocationLeadsToTheUser(t *testing.T) {
	w := newWorld(t)
	for number, query := range map[string]string{"": "", "1000001": "", "23424": "?onbehalfofmid=23424"} {
		made := w.send(w.request(http.MethodPost, "cp/user?onbehalfofmid="+number, newUser[:len(newUser)-2]+number+`"}`, asJSON))
		at := made.Header().Get("Location")
		if _, got, _ := strings.Cut(at, "?"); made.Code != http.StatusOK || strings.TrimPrefix(query, "?") != got {
			t.Errorf("for %q: got %d, Location %q", number, made.Code, at)
		}
		found := w.send(w.request(http.MethodGet, strings.TrimPrefix(at, "/services/2/"), "", asJSON))
		if found.Code != http.StatusOK || found.Body.String() != made.Body.String() {
			t.Errorf("for %q: at %s: got %d %s, want %s", number, at, found.Code, found.Body, made.Body)
		}
	}
}

// checkSession returns why a session does not live.
func (w *world) checkSession(on *signon.SignOn) error {
	portal, _ := w.signOn.Registry().Destination(own, signon.KindPortal)
	_, err := w.signOn.Session(w.Context(), &signon.SessionRequest{Tenant: own, Destination: portal, HeldSession: signon.HeldSession{Token: on.Token}})
	return err
}

func TestDeletingAUserEndsTheSessionOfItsToken(t *testing.T) {
	w := newWorld(t)
	unspent, spent := tokenOf(t, w.login("1111001")), tokenOf(t, w.login("1111001"))
	on, err := w.redeem(spent, "62.216.234.216")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.checkSession(on); err != nil {
		t.Fatal("before:", err)
	}
	if a := w.send(w.request(http.MethodDelete, "cp/user/1111001", "", "")); a.Code != http.StatusOK || a.Body.Len() != 0 {
		t.Fatalf("got %d %s", a.Code, a.Body)
	}
	if err := w.checkSession(on); err == nil {
		t.Error("the session lives on")
	}
	if _, err := w.redeem(unspent, "62.216.234.216"); err == nil {
		t.Error("the link still works")
	}
	if w.user(linked, 1111001).FirstName != "Bea" {
		t.Error("the user of the linked merchant is gone, too")
	}
}

// TestOthersChangesAreKept changes a user in between, again and again.
func TestOthersChangesAreKept(t *testing.T) {
	w := newWorld(t)
	left := 3
	w.store.beforeUpdate = func() {
		if left--; left >= 0 {
			u := w.user(own, 1111001).Clone()
			u.LastName = fmt.Sprint("Other", left)
			if err := w.store.Store.UpdateUser(t.Context(), u, &signon.Event{Type: signon.EventUserChanged, Tenant: own}); err != nil {
				t.Error(err)
			}
		}
	}
	if a := w.put(`{"firstName":"Zoe"}`, asJSON); a.Code != http.StatusOK {
		t.Fatalf("got %d %s", a.Code, a.Body)
	}
	if got := w.user(own, 1111001); got.Name() != "Zoe Other0" {
		t.Errorf("got %s", got.Name())
	}
	w.store.beforeUpdate = nil
	var all sync.WaitGroup
	for i, name := range []string{"allowRefunds", "allowLocator", "allowReports", "admin", "allowVirtualTerminal", "allowApiCredentials", "allowUserMaintenance", "allowTransferToVendor"} {
		all.Go(func() {
			if a := w.put(fmt.Sprintf(`{%q:%v}`, name, i%2 == 0), asJSON); a.Code != http.StatusOK {
				t.Errorf("%s: got %d %s", name, a.Code, a.Body)
			}
		})
	}
	all.Wait()
	got := fmt.Sprint(w.user(own, 1111001).Permissions)
	if got != "[refunds user_maintenance reports virtual_terminal]" {
		t.Errorf("got %s", got)
	}
}

func TestAUserWhoChangesAllTheTimeIs503(t *testing.T) {
	w := newWorld(t)
	w.store.beforeUpdate = func() {
		u := w.user(own, 1111001).Clone()
		u.ChangedAt = u.ChangedAt.Add(time.Second)
		_ = w.store.Store.UpdateUser(t.Context(), u, &signon.Event{Type: signon.EventUserChanged, Tenant: own})
	}
	if a := w.put(`{"firstName":"Zoe"}`, asJSON); a.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", a.Code, a.Body)
	}
}

// TestMerchantsAreApart walks every call about a user, by every API user, for
// every merchant.
func TestMerchantsAreApart(t *testing.T) {
	mayActFor := map[string]map[string]signon.TenantID{
		"username": {"": own, "1000001": own, "23424": linked},
		"stranger": {"": other, "99999": other},
		"norole":   {},
		"office":   {},
	}
	numbers := []string{"", "1000001", "23424", "99999", "12345"}
	first := map[signon.TenantID]string{own: "Ada", linked: "Bea", other: "Cleo"}
	untouched := newWorld(t)
	for user := range mayActFor {
		for _, number := range numbers {
			for i := range calls(1111001)[:5] {
				c := calls(1111001)[i]
				w := untouched
				tenant, may := mayActFor[user][number]
				if may {
					w = newWorld(t)
				}
				before := w.everybody()
				a := w.send(by(user, w.request(c.method, c.target+"?onbehalfofmid="+number, c.body, asJSON)))
				what := fmt.Sprintf("%s for %q: %s %s", user, number, c.method, c.target)
				if !may {
					if got := wantOf(t, a); got != forbidden {
						t.Errorf("%s: got %+v", what, got)
					}
				} else if a.Code != http.StatusOK {
					t.Errorf("%s: got %d %s", what, a.Code, a.Body)
				}
				for _, one := range []signon.TenantID{own, linked, other} {
					if after := w.everybody(); after[one] != before[one] && (!may || one != tenant) {
						t.Errorf("%s changed %s", what, one)
					}
					if strings.Contains(a.Body.String(), first[one]) && one != tenant {
						t.Errorf("%s: tells of %s: %s", what, one, a.Body)
					}
				}
			}
		}
	}
}

// everybody tells of each merchant who its users are.
func (w *world) everybody() map[signon.TenantID]string {
	w.Helper()
	all := map[signon.TenantID]string{}
	for _, tenant := range []signon.TenantID{own, linked, other} {
		users, err := w.directory.Users(w.Context(), tenant, 0, 10)
		if err != nil {
			w.Fatal(err)
		}
		for i := range users {
			all[tenant] += fmt.Sprintf("%d %s %d;", users[i].ID, users[i].Name(), users[i].Version)
		}
	}
	return all
}

func TestUsersOfOthersAndOfNobodyAreTheSame403(t *testing.T) {
	w := newWorld(t)
	a := w.send(w.request(http.MethodPost, "cp/user?onbehalfofmid=23424", newUser, asJSON))
	var made struct{ UserID string }
	if err := json.Unmarshal(a.Body.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{made.UserID, "1", "0", "-1", "01111001", "1111001.0", "ada", "%31%20", "99999999999999999999", "+1111001", "1e6"} {
		for _, c := range []aCall{
			{http.MethodGet, "cp/user/" + id, ""},
			{http.MethodPut, "cp/user/" + id, "{}"},
			{http.MethodDelete, "cp/user/" + id, ""},
			{http.MethodPost, "generateSSOLoginToken/" + id, ownAddress},
		} {
			w.inBoth(c.method+" "+c.target, forbidden, func(string) *http.Request { return w.request(c.method, c.target, c.body, asJSON) })
		}
	}
}
