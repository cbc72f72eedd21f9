package landing_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func networks(all ...string) (parsed []netip.Prefix) {
	for _, n := range all {
		parsed = append(parsed, netip.MustParsePrefix(n))
	}
	return parsed
}

func TestTheAPIPageShowsWhoMayCall(t *testing.T) {
	s := newSite(t, networked)
	b := s.staff(north, olivia)
	a := b.get("/portal/api").status(t, http.StatusOK)
	a.shows(t, ">username</code>", ">norole</code>", ">AVANGATE</code>", "BlueSnap", "2Checkout", "62.216.234.0/24<br>2001:db8::1", "Anywhere",
		"2 secrets", "The old secret works", "1 secret", s.base+"/services/2")
	a.hides(t, "SECRET_KEY", "$argon2id", "another-canary")
	command := unescape(regexpFind(a.body, `(?s)<pre[^>]*>(.*?)</pre>`)[0][1])
	want := "curl -X POST '" + s.base + "/services/2/generateSSOLoginToken/1111001' \\\n  -u 'username' \\\n" +
		"  -H 'Content-Type: application/json' -H 'Accept: application/json' \\\n  -d '{\"requestingUserIp\":\"192.0.2.7\"}'"
	if diff := cmp.Diff(want, command); diff != "" {
		t.Errorf("the example differs (-want +got):\n%s", diff)
	}
	s.staff(south, mary).get("/portal/api").status(t, http.StatusOK).shows(t, "No API user of this merchant’s own").hides(t, "<pre")
}

func TestMerchantsAreThoseThatMayBeActedFor(t *testing.T) {
	s := newSite(t)
	s.staff(north, yuki).get("/portal/merchants").status(t, http.StatusOK).
		shows(t, "Avangate Demo", "1000001", "Your merchant", "Harbour Books Demo", "23424", "You act for them").hides(t, "Northgate", "99999", "acts for no other", "Act for you")
	s.staff(south, peter).get("/portal/merchants").status(t, http.StatusOK).
		shows(t, "Harbour Books Demo", "acts for no other merchant", "Avangate Demo", "1000001", "Act for you").hides(t, "You act for them", "Northgate")
	s.let(south, peter, directory.PermissionAPICredentials)
	s.staff(south, peter).get("/portal/api").status(t, http.StatusOK).shows(t, "No API user of this merchant’s own", "Act for you", "Avangate Demo", "1000001")
	s.staff(north, olivia).get("/portal/api").status(t, http.StatusOK).hides(t, "Act for you")
}

func TestActivityShowsWhatHappened(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	used := s.portalLink(north, olivia)
	b.follow(used).status(t, http.StatusOK)
	code := s.browser().get(used + "&_lk=1") // keeps no cookies
	code.status(t, http.StatusForbidden)
	other := s.browser()
	refused := other.follow(used).status(t, http.StatusForbidden)
	s.browser().follow(s.portalLinkFor(north, samuel, "198.51.100.9")).status(t, http.StatusForbidden)
	samuels := s.staff(north, samuel)
	samuels.post("/portal/sign-out", url.Values{})
	s.staff(south, mary)

	all := b.get("/portal/activity").status(t, http.StatusOK)
	all.shows(t, "Link created", "Signed on", "Signed out", "Link refused", "It had been used before, in another browser", "It was made for another address",
		"for 198.51.100.9", "Olivia Bennett", "Samuel Okafor", "username", "192.0.2.7", refused.Header.Get("X-Support-Code"), "20 November 2026, 12:00:00 UTC")
	all.hides(t, "Hargreaves")
	for _, row := range regexpFind(all.body, `(?s)<tr role="row">.*?</tr>`) {
		switch {
		case strings.Contains(row[0], "Link created") && !strings.Contains(row[0], `"wide">for `):
			t.Errorf("the address that a link is for stands as that of a browser:\n%s", row[0])
		case strings.Contains(row[0], "Signed out") && strings.Contains(row[0], ">username<"):
			t.Errorf("a program asked for signing out:\n%s", row[0])
		}
	}
	if n := strings.Count(all.body, "Link refused"); n != 2 {
		t.Errorf("got %d refusals, want 2", n)
	}
	own := b.get("/portal/activity?user=1111001").status(t, http.StatusOK).shows(t, "Signed on", "It had been used before").hides(t, "Okafor")
	if strings.Count(own.body, `aria-current="page"`) != 2 { // the other is in the navigation
		t.Error("the choice of whose activity does not show")
	}
	b.get("/portal/activity?user=1111002").status(t, http.StatusOK).shows(t, "Samuel Okafor", "It was made for another address").hides(t, "It had been used before")
	for _, ref := range []string{"1222001", "01111002", "x"} {
		b.get("/portal/activity?user="+ref).status(t, http.StatusNotFound)
	}
	samuels = s.staff(north, samuel)
	samuels.get("/portal/activity").status(t, http.StatusOK).shows(t, "It was made for another address").hides(t, "Bennett", "It had been used before", "Everybody")
	samuels.get("/portal/activity?user=1111001").status(t, http.StatusForbidden).hides(t, "Bennett")
}

func TestActivityIsPagedBackwards(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	for range 30 {
		s.portalLink(north, samuel)
	}
	codes := func(a *answer) (all []string) {
		for _, m := range regexpFind(a.body, `<code>([0-9A-Z]{10})</code></td>`) {
			all = append(all, m[1])
		}
		return all
	}
	first := b.get("/portal/activity").status(t, http.StatusOK).hides(t, "Back to the latest")
	older := regexpFind(first.body, `rel="next" href="([^"]+)"`)
	if len(codes(first)) != 25 || len(older) != 1 {
		t.Fatalf("got %d rows and %v", len(codes(first)), older)
	}
	second := b.get(unescape(older[0][1])).status(t, http.StatusOK).shows(t, "Back to the latest", `href="/portal/activity"`).hides(t, `rel="next"`)
	all := append(codes(first), codes(second)...)
	slices.Sort(all)
	if n := len(slices.Compact(all)); len(codes(second)) != 7 || n != 32 {
		t.Errorf("got %d rows and then %d, %d in all; want 25, 7 and 32", len(codes(first)), len(codes(second)), n)
	}
	for _, odd := range []string{"-1", "x", "99999999999999999999", "1"} {
		b.get("/portal/activity?before="+odd).status(t, http.StatusOK)
	}
	samuels := b.get("/portal/activity?user=1111002").status(t, http.StatusOK)
	if next := regexpFind(samuels.body, `rel="next" href="([^"]+)"`); len(next) != 1 || !strings.HasPrefix(unescape(next[0][1]), "/portal/activity?user=1111002&before=") {
		t.Errorf("leads on to %v", next)
	}
}

// names returns the users that a page lists, in its order.
func (a *answer) names() (all []string) {
	for _, m := range regexpFind(a.body, `<a href="/portal/user\?id=\d+">([^<]+)</a>`) {
		all = append(all, m[1])
	}
	return all
}

func TestUsersAreListedByName(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	a := b.get("/portal/users").status(t, http.StatusOK).shows(t, "6 users", "Administrator", "2 permissions", "None", "New user")
	if diff := cmp.Diff([]string{"Carlos Mendes", "Grace Whitfield", "Hanna Virtanen", "Olivia Bennett", "Samuel Okafor", "Yuki Tanaka"}, a.names()); diff != "" {
		t.Errorf("users differ (-want +got):\n%s", diff)
	}
	for i := range 30 {
		u := &directory.User{Tenant: north, Username: fmt.Sprintf("extra%02d", i), FirstName: "Extra", LastName: fmt.Sprintf("%02d", i), Email: "x@example.com"}
		if err := s.people.CreateUser(t.Context(), u, directory.Act{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	first, second := b.get("/portal/users").names(), b.get("/portal/users?page=2").shows(t, "Page 2 of 2").names()
	if len(first) != 25 || len(second) != 11 || second[10] != "Yuki Tanaka" {
		t.Errorf("got %d and %d users, %v", len(first), len(second), second)
	}
}

// userID returns the number of the merchant's user with that name, or 0.
func (s *site) userID(tenant signon.TenantID, username string) int64 {
	for _, u := range s.allUsers()[tenant] {
		if u.Username == username {
			return u.ID
		}
	}
	return 0
}

func TestAUserIsCreated(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	page := b.get("/portal/user/new").status(t, http.StatusOK).shows(t, "there is no password to choose", `aria-describedby="f-username-hint"`, "You can grant, and take away, only what you have yourself")
	if got := strings.Count(page.body, "disabled>"); got != 12 { // of 18, Olivia has six
		t.Errorf("%d permissions can't be decided about, want 12", got)
	}
	form := with(page.form(), "first_name", "Ada", "last_name", "", "email", "ada", "username", "a da")
	form["permit"] = []string{"reports", "user_maintenance"}
	wrong := b.post("/portal/user/new", form).status(t, http.StatusUnprocessableEntity)
	wrong.shows(t, "Please check 3 things", "Last name is missing", "Enter an e-mail address", "Username holds characters that can’t be used", `value="Ada"`, `value="a da"`,
		`value="reports" checked`, `value="user_maintenance" checked`)
	form = with(wrong.form(), "last_name", "Byron", "email", "ada@example.com", "username", "Samuel.Okafor")
	form["permit"] = []string{"reports", "user_maintenance"}
	form = b.post("/portal/user/new", form).status(t, http.StatusConflict).shows(t, "This username is taken.", `value="ada@example.com"`).form()
	form.Set("username", "ada")
	form["permit"] = []string{"reports", "user_maintenance"}
	a := b.post("/portal/user/new", form).status(t, http.StatusSeeOther)
	id := s.userID(north, "ada")
	if got, want := a.Header.Get("Location"), fmt.Sprintf("/portal/user?id=%d&note=created", id); got != want || id == 0 {
		t.Errorf("sent to %q, want %q", got, want)
	}
	b.onward(a).status(t, http.StatusOK).shows(t, "Ada Byron", "ada@example.com", "The user has been created", "Manage users", "View reports").hides(t, "Refund")
	b.post("/portal/user/new", form).status(t, http.StatusSeeOther) // sent twice
	if n := len(s.allUsers()[north]); n != 7 {
		t.Errorf("got %d users, want 7", n)
	}
	if events := s.events(signon.EventUserCreated); len(events) == 0 || events[len(events)-1].Destination != "portal" || events[len(events)-1].SupportCode == "" {
		t.Errorf("got events %v, want one of the browser's session", events)
	}
	s.staff(north, id).get("/portal/users").status(t, http.StatusOK)
}

// TestNobodyGrantsWhatTheyLack: not even by a form that no page made.
func TestNobodyGrantsWhatTheyLack(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	for address, permits := range map[string][]string{
		"/portal/user/new":             {"refunds"},
		"/portal/user/edit?id=1111003": {"view_financial_info", "reports", "admin"},
		"/portal/user/edit?id=1111001": {"account_maintenance", "admin"},
		"/portal/user/edit?id=1111002": {"nonsense"},
	} {
		form := with(b.get(address).status(t, http.StatusOK).form(), "first_name", "Ada", "last_name", "Byron", "email", "ada@example.com", "username", "ada")
		form["permit"] = permits
		before := s.allUsers()
		b.post(address, form).status(t, http.StatusForbidden).shows(t, "You don’t have permission").hides(t, "Byron")
		if diff := cmp.Diff(before, s.allUsers()); diff != "" {
			t.Errorf("%s: users changed (-before +after):\n%s", address, diff)
		}
	}
	for _, path := range []string{"/portal/user/edit", "/portal/user/delete"} { // only an administrator touches one
		b.get(path+"?id=1111005").status(t, http.StatusForbidden)
		b.post(path+"?id=1111005", with(b.get("/portal/user/edit?id=1111002").form(), "last_name", "Byron")).status(t, http.StatusForbidden)
	}
	b.get("/portal/user?id=1111005").status(t, http.StatusOK).shows(t, "Only an administrator can change an administrator").hides(t, "Edit user", "Delete the user")
	b.get("/portal/user?id=1111001").status(t, http.StatusOK).shows(t, "Edit user", "You can’t delete your own account").hides(t, "/portal/user/delete")
	b.get("/portal/user/delete?id=1111001").status(t, http.StatusForbidden)
	b.post("/portal/user/delete?id=1111001", url.Values{"owner": {b.get("/portal/user/delete?id=1111002").form().Get("owner")}}).status(t, http.StatusForbidden)
	b.get("/portal/").status(t, http.StatusOK)
}

// alerted is the notice of what was not done.
const alerted = `<p class="notice warn" role="alert" tabindex="-1" autofocus>`

// permits returns what is ticked on a form.
func (a *answer) permits() (all []string) {
	for _, m := range regexpFind(a.body, `name="permit" value="([a-z_]+)" checked( disabled)?`) {
		if m[2] == "" {
			all = append(all, m[1])
		}
	}
	return all
}

func TestAUserIsEdited(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	hannas := s.staff(north, 1111003)
	page := b.get("/portal/user/edit?id=1111003").status(t, http.StatusOK)
	if diff := cmp.Diff([]string{"view_financial_info", "reports"}, page.permits()); diff != "" {
		t.Errorf("ticked differs (-want +got):\n%s", diff)
	}
	form := with(page.form(), "last_name", "Niemi", "email", "hanna.niemi@example.com")
	form["permit"] = []string{"reports", "api_credentials"}
	a := b.post("/portal/user/edit?id=1111003", form).status(t, http.StatusSeeOther)
	b.onward(a).status(t, http.StatusOK).shows(t, "Hanna Niemi", "The user has been saved", "View API credentials", "Last changed").hides(t, "Virtanen@", "View financial details")
	hannas.get("/portal/api").status(t, http.StatusOK) // at once
	b.post("/portal/user/edit?id=1111003", form).status(t, http.StatusSeeOther)
	if v := s.user(north, 1111003).Version; v != 2 {
		t.Errorf("got version %d, want 2: sent twice, changed once", v)
	}
	b.post("/portal/user/edit?id=1222001", form).status(t, http.StatusNotFound)
}

// TestAnEditThatIsOutOfDateSavesNothing, and shows what is stored beside what was
// typed.
func TestAnEditThatIsOutOfDateSavesNothing(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	form := with(b.get("/portal/user/edit?id=1111003").form(), "last_name", "Typed")
	form["permit"] = []string{"view_financial_info", "reports"}
	u := s.user(north, 1111003)
	u.Email, u.Permissions = "other@example.com", directory.Permissions{directory.PermissionReports}
	if err := s.people.UpdateUser(t.Context(), u, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	a := b.post("/portal/user/edit?id=1111003", form).status(t, http.StatusConflict)
	a.shows(t, alerted, "<title>Not saved: Edit user", "has changed since you opened the page", `value="Typed"`, "Stored now: other@example.com", "Stored now: Virtanen", "Stored now: not granted")
	if got := s.user(north, 1111003); got.LastName != "Virtanen" || got.Email != "other@example.com" {
		t.Errorf("got %+v", got)
	}
	again := a.form()
	again["permit"] = a.permits()
	b.post("/portal/user/edit?id=1111003", again).status(t, http.StatusSeeOther)
	if got := s.user(north, 1111003); got.LastName != "Typed" || len(got.Permissions) != 2 {
		t.Errorf("got %+v", got)
	}

	for address, permits := range map[string][]string{"/portal/user/edit?id=1111003": {"reports"}, "/portal/user/new": nil} {
		form := with(b.get(address).form(), "first_name", "Ada", "last_name", "Late", "email", "late@example.com", "username", "late")
		form["permit"] = permits
		s.let(north, olivia, directory.PermissionUserMaintenance) // may decide about less now
		before := s.allUsers()
		b.post(address, form).status(t, http.StatusConflict).shows(t, "has changed since you opened the page", `value="Late"`)
		if diff := cmp.Diff(before, s.allUsers()); diff != "" {
			t.Errorf("%s: users changed (-before +after):\n%s", address, diff)
		}
		s.let(north, olivia, directory.PermissionUserMaintenance, directory.PermissionReports, directory.PermissionViewFinancialInfo)
	}
}

// TestAnOutcomeThatIsNotKnownLosesNothing: what was typed stays, and sending it again
// saves it once.
func TestAnOutcomeThatIsNotKnownLosesNothing(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	for address, id := range map[string]func() int64{
		"/portal/user/new":             func() int64 { return s.userID(north, "ada") },
		"/portal/user/edit?id=1111002": func() int64 { return samuel },
	} {
		form := with(b.get(address).form(), "first_name", "Ada", "last_name", "Byron", "email", "ada@example.com")
		if strings.HasSuffix(address, "new") {
			form.Set("username", "ada")
		}
		s.store.mu.Lock()
		s.store.loseUser = true
		s.store.mu.Unlock()
		a := b.post(address, form).status(t, http.StatusServiceUnavailable).shows(t, alerted, "<title>Not saved: ", "could not be saved just now", `value="Byron"`)
		if a.Header.Get("Retry-After") == "" {
			t.Error("does not say when to try again")
		}
		b.post(address, with(a.form())).status(t, http.StatusSeeOther)
		if u := s.user(north, id()); u.LastName != "Byron" || u.Version > 2 {
			t.Errorf("got %+v", u)
		}
	}
}

func TestADeletedUserIsSignedOutAtOnce(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	samuels, waiting := s.staff(north, samuel), s.portalLink(north, samuel)
	samuels.get("/portal/").status(t, http.StatusOK).shows(t, "Hello, Samuel")
	page := b.get("/portal/user/delete?id=1111002").status(t, http.StatusOK).shows(t, "Delete Samuel Okafor?", "Samuel Okafor", "samuel.okafor@example.com")
	s.user(north, samuel) // still there
	a := b.post("/portal/user/delete?id=1111002", page.form()).status(t, http.StatusSeeOther)
	b.onward(a).status(t, http.StatusOK).shows(t, "The user has been deleted and signed out", "5 users").hides(t, "Okafor")
	samuels.get("/portal/").status(t, http.StatusForbidden).hides(t, "Samuel", "Okafor")
	refusedBy(t, s, s.browser().follow(waiting), "subject_unknown")
	b.get("/portal/activity").status(t, http.StatusOK).hides(t, "Okafor", "1111002")
	b.onward(b.post("/portal/user/delete?id=1111002", page.form())).status(t, http.StatusOK).shows(t, "does not exist any more")
	b.get("/portal/user?id=1111002").status(t, http.StatusNotFound).shows(t, "There is no such user")
	if events := s.events(signon.EventUserDeleted); len(events) != 1 || events[0].Destination != "portal" {
		t.Errorf("got events %v", events)
	}
}

// TestAPermissionThatIsTakenAwayIsGoneAtOnce: pages ask for it every time.
func TestAPermissionThatIsTakenAwayIsGoneAtOnce(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	page := b.get("/portal/user/delete?id=1111002").status(t, http.StatusOK)
	s.let(north, olivia)
	b.get("/portal/users").status(t, http.StatusForbidden)
	for _, id := range []string{"1111002", "1"} { // nor is it told who exists
		b.post("/portal/user/delete?id="+id, page.form()).status(t, http.StatusForbidden)
		b.post("/portal/user/edit?id="+id, page.form()).status(t, http.StatusForbidden)
	}
	s.user(north, samuel)
}

// TestThePortalSpeaksTheLanguageOfTheBrowser: users have none on record.
func TestThePortalSpeaksTheLanguageOfTheBrowser(t *testing.T) {
	s := newSite(t)
	b := s.staff(north, olivia)
	for language, want := range map[string][]string{
		"de": {"Hallo, Olivia", "20. November 2026, 12:30 UTC", "Benutzer verwalten"}, "fr": {"Bonjour, Olivia", "Gérer les utilisateurs"},
		"es": {"Hola, Olivia"}, "ro": {"Bună, Olivia"}, "ja": {"Olivia さん", "2026年11月20日 12:30 UTC"},
	} {
		b.headers["Accept-Language"] = language
		b.get("/portal/").status(t, http.StatusOK).shows(t, want...).shows(t, `<html lang="`+language+`">`)
	}
}

// TestSessionsAreAsLongAsTheyAreDeclared: nothing counts on half an hour.
func TestSessionsAreAsLongAsTheyAreDeclared(t *testing.T) {
	s := newSite(t, sessions(10*time.Minute, time.Hour))
	b := s.staff(north, olivia)
	b.get("/portal/").status(t, http.StatusOK).shows(t, `data-counts="600"`)
	s.clock.advance(9 * time.Minute)
	b.get("/portal/").status(t, http.StatusOK)
	s.clock.advance(9 * time.Minute)
	b.get("/portal/").status(t, http.StatusOK)
	s.clock.advance(10 * time.Minute)
	b.get("/portal/").status(t, http.StatusForbidden).shows(t, "Your session is over").hides(t, "fixed time")
}
