package landing_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestBrowserPortal: the portal as a browser shows it, from the link to the end of
// the session.
func TestBrowserPortal(t *testing.T) {
	t.Parallel()
	parent := chromium(t)
	for name, test := range map[string]func(*site, *tab){
		"ALinkOpensThePortal":        browserPortalLands,
		"EveryPageLooksRight":        browserPortalPictures,
		"FormsLookRightAndWork":      browserPortalForms,
		"TheSessionIsCountedDown":    browserCountsDown,
		"EverythingGoesByKeysAlone":  browserPortalKeys,
		"ThePortalFetchesNothingBad": browserPortalViolations,
		"BackShowsNobody":            browserBackShowsNobody,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, brandedSouth)
			s.clock.now = time.Now().UTC() // the browser's own cookies and pages live in real time
			test(s, newTab(parent, t, true))
		})
	}
}

// brandedSouth gives the second merchant a look of its own.
func brandedSouth(tenants *[]signon.Tenant) {
	for i := range *tenants {
		if (*tenants)[i].ID == south {
			(*tenants)[i].Brand = signon.Brand{Accent: "#0a7d4f"}
		}
	}
	networked(tenants)
}

func browserPortalLands(s *site, b *tab) {
	link := s.portalLink(south, mary)
	if status := b.open(link); status != http.StatusOK {
		b.t.Fatalf("got status %d", status)
	}
	b.wantAddress(s.base + "/portal/")
	b.wantText("Hello, Mary", "mary.hargreaves@example.com", "Harbour Books Demo", "23424")
	if html := script[string](b, "document.documentElement.outerHTML + document.referrer + JSON.stringify(performance.getEntriesByType('navigation'))"); strings.Contains(html, tokenOf(link)) {
		b.t.Errorf("the page holds the token")
	}
	other := newTab(b.ctx, b.t, true)
	other.refused(link)
	if text := other.text(); strings.Contains(text, "Mary") || strings.Contains(text, "Harbour") {
		b.t.Errorf("a second browser learned who it was for:\n%s", text)
	}
	b.open(link) // again in the same browser
	b.wantText("Hello, Mary")
	b.submit(".person button")
	b.wantText("You are signed out")
	b.variant("portal-signed-out")
	b.refused(link)
	b.open(s.base + "/portal/")
	b.wantText("You are not signed in")
	b.variant("portal-nobody")
}

func browserPortalPictures(s *site, b *tab) {
	refused := s.portalLinkFor(north, samuel, "198.51.100.9")
	s.browser().follow(refused)
	samuels := s.staff(north, samuel)
	samuels.post("/portal/sign-out", nil)
	for i := range 24 {
		u := &directory.User{Tenant: north, Username: fmt.Sprintf("clerk.%02d", i), FirstName: "Clerk", LastName: fmt.Sprintf("Number %02d", i), Email: fmt.Sprintf("clerk.%02d@example.com", i)}
		if err := s.people.CreateUser(b.t.Context(), u, directory.Act{}, nil); err != nil {
			b.t.Fatal(err)
		}
	}
	b.open(s.portalLink(north, olivia))
	b.glance("portal-overview")
	b.wear(look{name: "narrowest", width: 320, height: 568})
	if what := b.tooWide(); what != "" {
		b.t.Errorf("at 320 pixels wider than the window: %s", what)
	}
	b.wear(looks[0])
	b.tour(s.at("portal-", map[string]string{
		"merchants": "/portal/merchants", "users": "/portal/users?page=2", "user": "/portal/user?id=1111002",
		"delete-user": "/portal/user/delete?id=1111002", "activity": "/portal/activity", "api": "/portal/api",
		"forbidden": "/portal/user/edit?id=1111005", "missing": "/portal/user?id=1",
	}))
	b.open(s.base + "/portal/user?id=1111005")
	b.variant("portal-administrator")
	b.open(s.base + "/portal/?lang=ja")
	b.peek("portal-overview-ja")
	b.open(s.portalLink(north, grace))
	b.wantText("Switch to another account?", "Olivia Bennett", "Grace W.")
	b.variant("portal-switch")
	b.submit("main button")
	b.wantText("Hello, Grace", "Administrator")
	b.variant("portal-overview-administrator")
}

func browserPortalForms(s *site, b *tab) {
	b.open(s.portalLink(north, olivia))
	b.open(s.base + "/portal/user/new")
	b.glance("portal-new-user")
	b.fill("#f-first_name", "Ada")
	b.fill("#f-email", "ada")
	if status := b.submit("main form button"); status != http.StatusUnprocessableEntity {
		b.t.Errorf("got status %d", status)
	}
	b.await(func() bool { // browsers move the focus after the page is drawn
		return script[string](b, `document.activeElement.getAttribute("role") ?? ""`) == "alert"
	})
	b.variant("portal-new-user-errors")
	b.fill("#f-last_name", "Byron")
	b.fill("#f-email", "ada@example.com")
	b.fill("#f-username", "ada.byron")
	b.click(`input[value="reports"]`)
	b.submit("main form button")
	b.wantText("The user has been created", "Ada Byron", "View reports")

	b.open(s.base + "/portal/user/edit?id=1111003")
	b.fill("#f-last_name", "Typed")
	u := s.user(north, 1111003)
	u.Email, u.Permissions = "other@example.com", directory.Permissions{directory.PermissionReports}
	if err := s.people.UpdateUser(b.t.Context(), u, directory.Act{}); err != nil {
		b.t.Fatal(err)
	}
	if status := b.submit("main form button"); status != http.StatusConflict {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("Stored now: Virtanen", "Stored now: not granted")
	b.variant("portal-user-conflict")
	s.clock.advance(30 * time.Minute)
	if status := b.submit("main form button"); status != http.StatusForbidden {
		b.t.Errorf("got status %d", status)
	}
	b.wantText("Nothing was saved")
	b.glance("portal-unsaved")
	if got := s.user(north, 1111003).LastName; got != "Virtanen" {
		b.t.Errorf("got last name %q", got)
	}
	b.open(s.base + "/portal/")
	b.wantText("Your session is over")
	b.variant("portal-over")
}

// leap moves the page's clock so that the session has that many seconds left.
func (b *tab) leap(left int) {
	b.t.Helper()
	script[bool](b, fmt.Sprintf(`(() => {
		window.loaded ??= {now: Date.now, end: Date.now() + 1000 * Number(document.querySelector("[data-counts]").dataset.counts)};
		const ahead = loaded.end - loaded.now.call(Date) - 1000 * %d;
		Date.now = () => loaded.now.call(Date) + ahead;
		return true;
	})()`, left))
}

const (
	said    = `document.querySelector(".countdown [role=status]").textContent`
	counted = `document.querySelector(".countdown [data-left]")?.textContent ?? ""`
)

// focusReached is whether a field that is above the window is to be seen once it has
// the focus.
const focusReached = `(async () => {
	const field = document.querySelector("#f-email");
	scrollTo({top: document.body.scrollHeight, behavior: "instant"});
	field.focus();
	await new Promise(requestAnimationFrame);
	const box = field.getBoundingClientRect();
	return scrollY > 0 && document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === field;
})()`

// browserCountsDown: the last five minutes are shown, said at three moments, and
// followed by a page on which nothing is left.
func browserCountsDown(s *site, b *tab) {
	complaints := b.complaints()
	b.open(s.portalLink(north, olivia))
	b.open(s.base + "/portal/user/edit?id=1111003")
	b.fill("#f-last_name", "Typed")
	b.leap(400)
	time.Sleep(700 * time.Millisecond) // what does not happen takes time to see
	if got := script[string](b, counted+"+"+said); got != "" {
		b.t.Errorf("says %q too early", got)
	}
	for _, c := range []struct {
		at    int
		clock string
		words string
	}{
		{299, "4:5", "Your session ends in 5 minutes."},
		{200, "3:", "Your session ends in 5 minutes."},
		{119, "1:5", "Your session ends in 2 minutes."},
		{90, "1:2", "Your session ends in 2 minutes."},
		{59, "0:5", "Your session ends in 1 minute."},
	} {
		b.leap(c.at)
		b.await(func() bool { return strings.HasPrefix(script[string](b, counted), c.clock) })
		if got := script[string](b, said); !strings.HasPrefix(got, c.words) || !strings.Contains(got, "get a new link") {
			b.t.Errorf("at %d seconds: says %q, want %q", c.at, got, c.words)
		}
		if c.at == 119 {
			b.variant("portal-countdown")
		}
	}
	if got := script[string](b, `document.querySelector("#f-last_name").value`); got != "Typed" {
		b.t.Errorf("the countdown changed what was typed to %q", got)
	}
	b.wear(looks[2])
	if !script[bool](b, focusReached) {
		b.t.Errorf("on a phone the bar hides the field that has the focus")
	}
	b.wear(looks[0])
	b.leap(-1)
	b.await(func() bool {
		return strings.Contains(script[string](b, `document.activeElement.innerText`), "Your session has ended")
	})
	b.wantAddress(s.base + "/portal/")
	left := script[string](b, `document.title + document.body.innerText + [...document.querySelectorAll("input")].map(e => e.value).join()`)
	for _, data := range []string{"Olivia", "Hanna", "Virtanen", "Typed", "Users", "example.com", "Sign out"} {
		if strings.Contains(left, data) {
			b.t.Errorf("the page still holds %q:\n%s", data, left)
		}
	}
	b.glance("portal-ended")
	step(b, chromedp.Reload())
	b.wantText("Hello, Olivia") // the server judges, by its own clock
	s.clock.advance(25*time.Minute + 30*time.Second)
	b.open(s.base + "/portal/") // a page that begins late says so once
	b.await(func() bool { return strings.HasPrefix(script[string](b, said), "Your session ends in 5 minutes.") })
	if n := script[int](b, `document.querySelectorAll(".countdown .bar").length`); n != 1 {
		b.t.Errorf("got %d bars, want one", n)
	}
	other := newTab(b.ctx, b.t, false)
	other.open(s.base + "/portal/users")
	other.submit(".person button")
	b.await(func() bool { return strings.Contains(b.text(), "Your session has ended") }) // all pages of the browser are told
	for _, text := range complaints() {
		b.t.Errorf("the browser complains: %s", text)
	}
}

func browserPortalKeys(s *site, b *tab) {
	b.open(s.portalLink(north, olivia))
	b.reach(`nav a[href="/portal/users"]`)
	b.enterBy(kb.Enter)
	b.reach(`a[href="/portal/user?id=1111006"]`)
	b.enterBy(kb.Enter)
	b.reach(`a[href="/portal/user/edit?id=1111006"]`)
	b.enterBy(kb.Enter)
	b.reach("#f-last_name")
	b.press("Sato")
	b.reach(`input[value="reports"]`)
	b.press(" ")
	b.enterBy(kb.Enter)
	b.wantText("The user has been saved.", "Yuki Sato", "View reports")
	if u := s.user(north, yuki); u.LastName != "Sato" || !u.Permissions.Granted(directory.PermissionReports) {
		b.t.Errorf("got %+v", u)
	}
	b.reach(`a[href="/portal/user/delete?id=1111006"]`)
	b.enterBy(kb.Enter)
	b.reach("main form button")
	b.enterBy(" ")
	b.wantText("The user has been deleted and signed out.")
	b.reach(`nav a[href="/portal/activity"]`, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.enterBy(kb.Enter)
	b.wantText("Sign-on activity")
	b.reach(".person button", chromedp.KeyModifiers(chromedp.ModifierShift))
	b.enterBy(kb.Enter)
	b.wantText("You are signed out")
}

// browserPortalViolations: the pages need nothing that their own policy forbids, and
// fetch nothing from elsewhere.
func browserPortalViolations(s *site, b *tab) {
	complaints := b.complaints()
	b.open(s.portalLink(south, mary))
	for _, address := range []string{"/portal/", "/portal/merchants", "/portal/users", "/portal/user/new", "/portal/activity", "/portal/api"} {
		if status := b.open(s.base + address); status != http.StatusOK {
			b.t.Errorf("%s: got status %d", address, status)
		}
	}
	for _, text := range complaints() {
		b.t.Errorf("the browser complains: %s", text)
	}
	for _, address := range b.requested.foreign(s.base) {
		b.t.Errorf("a page fetched %s", address)
	}
}

// browserBackShowsNobody: after signing out, "back" shows nothing of the pages before,
// though browsers keep pages as they were.
func browserBackShowsNobody(s *site, b *tab) {
	for _, c := range []struct{ link, name string }{
		{s.portalLink(north, olivia), "Olivia"},
		{s.link(john, signon.KindAccount, "/myaccount/", 5*time.Minute), "John"},
		{s.cartLink(john, "PRODS=4639321"), "John"},
	} {
		b.open(c.link)
		b.wantText(c.name)
		b.submit(".person button")
		b.wantText("You are signed out")
		b.back()
		// A page that comes from memory empties itself and loads again.
		b.await(func() bool { return strings.TrimSpace(b.text()) != "" })
		time.Sleep(300 * time.Millisecond)
		if text := b.text(); strings.Contains(text, c.name) {
			b.t.Errorf("%s shows who was signed in:\n%s", b.address(), text)
		}
	}
}
