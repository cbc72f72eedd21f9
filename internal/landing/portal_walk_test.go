package landing_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/landing"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// What belongs to each of those who may be seen, and to nobody else: their own
// details, those of their merchant, those of its other users.
var (
	olivias  = []string{"olivia.bennett", "Olivia Bennett"}
	theirs   = []string{"samuel.okafor", "Okafor", "grace.whitfield", "Whitfield", "1111002", "1111005", "hanna.virtanen", "carlos.mendes", "yuki.tanaka"}
	norths   = []string{"1000001", "norole", "62.216.234.0/24"}
	souths   = []string{"peter.lindqvist", "Lindqvist", "mary.hargreaves", "Hargreaves", "tom.fielding", "1222001", "1222002"}
	fars     = []string{"Northgate", "99999", "nora.castell", "Castell", "1333001", "Far API"}
	noLinked = []string{"Harbour", "23424"}
)

// insider is a session of a user of the first merchant, or none, by what the user
// may do.
type insider struct {
	name string
	as   func(s *site) *browser
	// sees are the paths that show what they are for; all others are refused.
	sees []string
	// hides is what no page shows.
	hides []string
}

// allowed is a user of the first merchant who is given those permissions.
func allowed(permissions ...directory.Permission) func(*site) *browser {
	return func(s *site) *browser {
		s.let(north, olivia, permissions...)
		return s.staff(north, olivia)
	}
}

var (
	open4   = []string{"/portal/", "/portal/merchants", "/portal/activity", "/portal/signed-out"}
	ofUsers = []string{"/portal/users", "/portal/user", "/portal/user/new", "/portal/user/edit", "/portal/user/delete"}
	nothing = slices.Concat(olivias, theirs, norths, souths, fars, noLinked, johnsCanaries)
	outside = slices.Concat(souths, fars, johnsCanaries)
)

// changed returns the browser with another value of the portal's cookie.
func (b *browser) changed(change func(string) string) *browser {
	own := b.copied()
	own.cookies[portalCookie] = change(own.cookies[portalCookie])
	return own
}

var insiders = []insider{
	{"nobody", func(s *site) *browser { return s.browser() }, nil, nothing},
	{"garbage", func(s *site) *browser { return s.browser().changed(func(string) string { return "avangate.garbage" }) }, nil, nothing},
	{"a guessed secret", func(s *site) *browser {
		return s.staff(north, olivia).changed(func(c string) string { return c[:len(c)-5] + strings.Repeat("A", 5) })
	}, nil, nothing},
	{"another merchant's name", func(s *site) *browser {
		return s.staff(north, olivia).changed(func(c string) string { return strings.Replace(c, "avangate.", "merchant-23424.", 1) })
	}, nil, slices.Concat(olivias, theirs, norths, souths, fars, johnsCanaries)},
	{"signed out", func(s *site) *browser {
		b := s.staff(north, olivia)
		own := b.copied()
		b.post("/portal/sign-out", url.Values{})
		return own
	}, nil, nothing},
	{"past its lifetime", func(s *site) *browser {
		b := s.staff(north, olivia)
		s.clock.advance(30 * time.Minute)
		return b
	}, nil, nothing},
	{"deleted", func(s *site) *browser {
		b := s.staff(north, olivia)
		if err := s.people.DeleteUser(s.t.Context(), north, olivia, directory.Act{}); err != nil {
			s.t.Fatal(err)
		}
		return b
	}, nil, nothing},
	{"a customer's session", func(s *site) *browser {
		b := s.member(john)
		b.follow(s.cartLink(john, "PRODS=4639321"))
		b.cookies[portalCookie] = "avangate." + b.cookies[accountCookie]
		return b
	}, nil, nothing},
	{"no permission", allowed(), open4, slices.Concat(theirs, norths[1:], outside)},
	{
		"all that say nothing of users and credentials", allowed(directory.PermissionAccountMaintenance, directory.PermissionRefunds, directory.PermissionReports),
		open4, slices.Concat(theirs, norths[1:], outside),
	},
	{"API credentials", allowed(directory.PermissionAPICredentials), slices.Concat(open4, []string{"/portal/api"}), slices.Concat(theirs, outside)},
	{"user maintenance", allowed(directory.PermissionUserMaintenance), slices.Concat(open4, ofUsers), slices.Concat(norths[1:], outside)},
	{"an administrator", allowed(directory.PermissionAdmin), slices.Concat(open4, ofUsers, []string{"/portal/api"}), outside},
	{
		"another merchant's administrator", func(s *site) *browser { return s.staff(south, mary) }, slices.Concat(open4, ofUsers, []string{"/portal/api"}),
		slices.Concat(olivias, theirs, norths[1:], fars, johnsCanaries),
	}, // who acts for it, it is told
	{
		"the third merchant's user", func(s *site) *browser { return s.staff(far, nora) }, slices.Concat(open4, ofUsers),
		slices.Concat(olivias, theirs, norths, souths, noLinked, johnsCanaries),
	},
}

// isOpen reports whether the page shows what it is for; users that are another
// merchant's are missing, and not to be told from those who do not exist.
func (i *insider) isOpen(path string) bool { return slices.Contains(i.sees, path) }

// TestNoPortalPageShowsAnothersData walks every page of the portal with every kind of
// session and set of permissions, for the user that each may be about.
func TestNoPortalPageShowsAnothersData(t *testing.T) {
	paths, takesForm := landing.PortalPaths()
	for _, who := range insiders {
		t.Run(who.name, func(t *testing.T) {
			s := newSite(t, farClient, networked)
			b := who.as(s)
			b.t = t
			stored := s.allUsers()
			inside := who.sees != nil
			for _, path := range paths {
				for _, id := range []string{"", "1111001", "1111002", "1111005", "1222001", "1333001", "0", "x", "01111001"} {
					for _, address := range portalWalk(path, id) {
						a := b.get(address)
						a.hides(t, hiddenFrom(&who, id)...)
						checkPortalWalk(t, a, &who, path)
					}
				}
				if takesForm[path] && path != "/portal/sign-out" {
					for _, id := range []string{"1111001", "1111002", "1222001"} {
						a := b.post(path+"?id="+id, forgedUser())
						want := http.StatusForbidden
						if inside {
							want = http.StatusConflict // nobody's form
						}
						a.status(t, want).hides(t, append(slices.Clone(who.hides), "Mallory")...)
					}
				}
			}
			for _, path := range []string{"/myaccount/", "/myaccount/user_data/", "/order/cart.php"} { // the portal's session opens no other area
				if who.name == "a customer's session" {
					break
				}
				b.get(path).hides(t, append(slices.Clone(olivias), "Hargreaves", "Castell", "John Newman")...)
			}
			if diff := cmp.Diff(stored, s.allUsers(), cmpopts.IgnoreFields(directory.User{}, "SignedOutBefore")); diff != "" {
				t.Errorf("users changed (-before +after):\n%s", diff)
			}
		})
	}
}

// networked gives an API user of the first merchant a network that it may call from.
func networked(tenants *[]signon.Tenant) {
	for i := range *tenants {
		for j := range (*tenants)[i].Clients {
			if c := &(*tenants)[i].Clients[j]; c.ID == "norole" {
				c.Networks = networks("62.216.234.0/24", "2001:db8::1/128")
				c.Secrets = append(c.Secrets, "another-canary")
			}
		}
	}
}

func portalWalk(path, id string) []string {
	if id == "" {
		return []string{path, path + "?page=2", path + "?before=1", path + "?note=saved"}
	}
	return []string{path + "?id=" + id, path + "?user=" + id}
}

// hiddenFrom is what a page may not show when the address names that user: the
// number itself may be asked about.
func hiddenFrom(who *insider, id string) []string {
	return slices.DeleteFunc(slices.Clone(who.hides), func(h string) bool { return id != "" && strings.Contains(h, id) })
}

func checkPortalWalk(t *testing.T, a *answer, who *insider, path string) {
	t.Helper()
	a.hides(t, "another-canary", "$argon2id", "SECRET_KEY", "OTHER_SECRET")
	switch {
	case path == "/portal/signed-out":
	case path == "/portal/sign-out":
		a.status(t, http.StatusMethodNotAllowed)
	case !who.isOpen(path):
		a.status(t, http.StatusForbidden)
	case a.StatusCode == http.StatusInternalServerError:
		t.Errorf("GET %s: got 500", a.Request.URL)
	}
	if a.StatusCode != http.StatusSeeOther && a.StatusCode != http.StatusMethodNotAllowed {
		checkHeaders(t, a, a.Header.Get("Referrer-Policy"))
	}
	if who.sees != nil && a.StatusCode == http.StatusForbidden { // one who is signed in keeps the portal around the refusal
		a.shows(t, "You don’t have permission", `aria-label="Merchant Portal"`)
	}
}

// forgedUser is a form of a user as no page made it.
func forgedUser() url.Values {
	return url.Values{
		"owner": {"AAAAAAAAAAA"}, "made_from": {"AAAAAAAAAAA"}, "first_name": {"Mallory"}, "last_name": {"Smith"}, "email": {"mallory@example.org"},
		"username": {"mallory"}, "permit": {"admin"},
	}
}

// allUsers returns every user of every merchant.
func (s *site) allUsers() map[signon.TenantID][]directory.User {
	s.t.Helper()
	all := map[signon.TenantID][]directory.User{}
	for _, t := range []signon.TenantID{north, south, far} {
		users, err := s.people.Users(s.t.Context(), t, 0, 100)
		if err != nil {
			s.t.Fatal(err)
		}
		all[t] = users
	}
	return all
}

// TestThePortalsCanariesLive: what the walk looks for is there for those who may see it.
func TestThePortalsCanariesLive(t *testing.T) {
	s := newSite(t, farClient, networked)
	read := func(b *browser, addresses ...string) string {
		var all strings.Builder
		for _, address := range addresses {
			all.WriteString(b.get(address).status(t, http.StatusOK).body)
		}
		return all.String()
	}
	grace := s.staff(north, grace)
	mary := s.staff(south, mary)
	nora := s.staff(far, nora)
	s.let(far, 1333001, directory.PermissionAdmin)
	for what, c := range map[string]struct {
		body     string
		canaries []string
	}{
		"the first merchant": {read(grace, "/portal/", "/portal/users", "/portal/api", "/portal/merchants"), slices.Concat(olivias, theirs, norths, noLinked)},
		"the second":         {read(mary, "/portal/", "/portal/users"), slices.Concat(souths, noLinked)},
		"the third":          {read(nora, "/portal/", "/portal/users", "/portal/api"), fars},
	} {
		for _, canary := range c.canaries {
			if !strings.Contains(c.body, canary) {
				t.Errorf("%s: the canary %q is dead", what, canary)
			}
		}
	}
}

// TestTheNavigationLeadsToWhatMayBeSeen: to all of it, and to nothing else.
func TestTheNavigationLeadsToWhatMayBeSeen(t *testing.T) {
	for _, c := range []struct {
		permissions []directory.Permission
		want        string
	}{
		{nil, "/portal/ /portal/merchants /portal/activity"},
		{[]directory.Permission{directory.PermissionReports}, "/portal/ /portal/merchants /portal/activity"},
		{[]directory.Permission{directory.PermissionUserMaintenance}, "/portal/ /portal/merchants /portal/users /portal/activity"},
		{[]directory.Permission{directory.PermissionAPICredentials}, "/portal/ /portal/merchants /portal/activity /portal/api"},
		{[]directory.Permission{directory.PermissionAdmin}, "/portal/ /portal/merchants /portal/users /portal/activity /portal/api"},
	} {
		s := newSite(t)
		b := allowed(c.permissions...)(s)
		page := b.get("/portal/").status(t, http.StatusOK)
		var got []string
		for _, m := range regexpFind(page.body, `<li><a href="(/portal/[a-z]*)"`) {
			got = append(got, m[1])
			b.get(m[1]).status(t, http.StatusOK).shows(t, fmt.Sprintf(`<a href="%s" aria-current="page">`, m[1]))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: leads to %v, want %s", c.permissions, got, c.want)
		}
	}
}
