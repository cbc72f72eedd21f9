package landing

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The paths of the portal.
const (
	portalPath          = "/portal/"
	merchantsPath       = portalPath + "merchants"
	usersPath           = portalPath + "users"
	userPath            = portalPath + "user"
	newUserPath         = portalPath + "user/new"
	editUserPath        = portalPath + "user/edit"
	deleteUserPath      = portalPath + "user/delete"
	activityPath        = portalPath + "activity"
	apiPath             = portalPath + "api"
	portalSignOutPath   = portalPath + "sign-out"
	portalSignedOutPath = portalPath + "signed-out"
)

// portalRoutes are the pages of the portal. Each but the last two is only for a
// user who is signed in, and some for those alone who may do what they are for.
var portalRoutes = map[string]route{
	portalPath:          {get: staff("", (*worker).getIndex)},
	merchantsPath:       {get: staff("", (*worker).getMerchants)},
	usersPath:           {get: staff(directory.PermissionUserMaintenance, (*worker).getUsers)},
	userPath:            {get: staff(directory.PermissionUserMaintenance, (*worker).getUser)},
	newUserPath:         {get: staff(directory.PermissionUserMaintenance, (*worker).getNewUser), post: newUserForm.post},
	editUserPath:        {get: staff(directory.PermissionUserMaintenance, (*worker).getEditUser), post: editUserForm.post},
	deleteUserPath:      {get: staff(directory.PermissionUserMaintenance, (*worker).getDeleteUser), post: deleteUserForm.post},
	activityPath:        {get: staff("", (*worker).getActivity)},
	apiPath:             {get: staff(directory.PermissionAPICredentials, (*worker).getAPI)},
	portalSignOutPath:   {post: (*visit).postSignOut},
	portalSignedOutPath: {get: (*visit).getSignedOut},
}

// worker is somebody who works for a tenant and is signed in at its portal.
type worker struct {
	*visit
	session  *signon.BrowserSession
	user     *directory.User
	endsAt   time.Time // of the session
	language string    // of the page
	now      time.Time
	// within: the page is about one thing of the part of the portal that its path names.
	within bool
}

// worker returns who is signed in at the portal, or nil for nobody. The page is
// that user's tenant's from then on.
func (v *visit) worker() (*worker, error) {
	held := v.holding(signon.KindPortal)
	if held == nil {
		return nil, nil
	}
	live, err := v.live(held)
	if live == nil || err != nil {
		return nil, err
	}
	user, err := v.Directory.UserByRef(v.r.Context(), live.Tenant, string(live.Subject))
	if errors.Is(err, signon.ErrNotFound) || live.SubjectKind != signon.SubjectUser {
		return nil, nil // deleted since
	}
	if err != nil {
		return nil, err
	}
	v.become(held.Site)
	if live.Seen != "" {
		v.jar.set(seenCookies[v.dest.Kind], live.Seen)
	}
	v.speaks = []string{live.Language}
	return &worker{
		visit: v, session: &live.BrowserSession, user: user, endsAt: live.EndsAt(), language: v.pageLanguage(), now: v.SignOn.Now(),
	}, nil
}

// may reports whether the user may do that; everybody may do nothing in
// particular.
func (w *worker) may(one directory.Permission) bool {
	return one == "" || w.user.Permissions.Allow(one)
}

// staff returns the page for users who may do that; nobody else learns more than
// how to get a link.
func staff(needs directory.Permission, show func(*worker)) func(*visit) {
	return func(v *visit) {
		w, err := v.worker()
		v.clean()
		switch {
		case err != nil:
			v.fail("read session", err)
		case w == nil:
			v.message(http.StatusForbidden, v.gone())
		case !w.may(needs):
			w.refuse()
		default:
			show(w)
		}
	}
}

// The short pages of the portal for nobody.
const (
	portalOff     = "portal_off"     // nobody was signed in
	portalOver    = "portal_over"    // somebody was, as far as the browser tells
	portalUnsaved = "portal_unsaved" // a form came after that
	portalOther   = "portal_other"   // a form of another user's page
)

// gone is the name of the page for nobody. Who was signed in before keeps their
// merchant's look.
func (v *visit) gone() string {
	if held := v.holding(signon.KindPortal); held != nil {
		v.become(held.Site)
		return portalOver
	}
	return portalOff
}

// portalForm is a form of the portal.
type portalForm struct {
	needs directory.Permission
	send  func(*worker)
}

// post answers the form. One that comes after its session, or from a page of
// another user, does nothing, and nothing in it is shown.
func (f portalForm) post(v *visit) {
	w, err := v.worker()
	v.clean()
	switch {
	case err != nil:
		v.fail("read session", err)
	case w == nil:
		v.Log.Info("landing: form after the end of its session", v.logged()...)
		_ = v.gone() // for its look
		v.message(http.StatusForbidden, portalUnsaved)
	case !v.r.PostForm.Has(ownerField):
		v.message(http.StatusBadRequest, "unreadable")
	case v.r.PostForm.Get(ownerField) != w.owner():
		v.message(http.StatusConflict, portalOther)
	case !w.may(f.needs):
		w.refuse()
	default:
		f.send(w)
	}
}

// owner is the mark of the user that forms carry.
func (w *worker) owner() string { return personMark(w.session) }

// act says who changes something, for the audit log.
func (w *worker) act() directory.Act {
	return directory.Act{SupportCode: w.info.SupportCode, Session: w.session}
}

// portalPages are the parts of the portal, in the order of its navigation.
var portalPages = []struct {
	areaPart
	needs directory.Permission
}{
	{areaPart{path: portalPath, name: "portal_nav.index"}, ""},
	{areaPart{path: merchantsPath, name: "portal_nav.merchants"}, ""},
	{
		areaPart{path: usersPath, name: "portal_nav.users", parts: []string{userPath, newUserPath, editUserPath, deleteUserPath}},
		directory.PermissionUserMaintenance,
	},
	{areaPart{path: activityPath, name: "portal_nav.activity"}, ""},
	{areaPart{path: apiPath, name: "portal_nav.api"}, directory.PermissionAPICredentials},
}

// nav leads to what the user may see.
func (w *worker) nav() *page.Nav {
	var parts []areaPart
	for _, p := range portalPages {
		if w.may(p.needs) {
			parts = append(parts, p.areaPart)
		}
	}
	return w.navAmong(parts, "portal_nav.label", w.language, w.within)
}

// text returns the text with that key in the page's language.
func (w *worker) text(key string, args ...any) string { return w.pages.Text(w.language, key, args...) }

// open answers with a page of the portal. title is a text's key, or what
// somebody is called. wrong, unless empty, is what is to be mended on it.
func (w *worker) open(status int, name, title string, content any, wrong ...page.Fault) {
	view := w.view(title, content, w.language)
	view.Nav, view.Person, view.SignOut = w.nav(), w.user.Name(), portalSignOutPath
	view.Countdown = &page.Countdown{
		Seconds: wholeSeconds(w.endsAt.Sub(w.now)), Owner: w.owner(), At: w.moment(w.language, w.endsAt), NewLink: w.newLink(), Home: portalPath,
	}
	w.showForm(status, name, view, wrong)
}

// portalMessage is a short page of the portal.
type portalMessage struct {
	// Name is the start of the keys of its texts.
	Name, Merchant string
	Back           string
}

// refuse answers with the page of those who may not.
func (w *worker) refuse() {
	w.within = true
	w.open(http.StatusForbidden, "portal-message", "portal_forbidden.title", &portalMessage{"portal_forbidden", w.tenant.Name, portalPath})
}

// missing answers for users who do not exist, or are another merchant's.
func (w *worker) missing() {
	w.open(http.StatusNotFound, "portal-message", "portal_missing.title", &portalMessage{"portal_missing", w.tenant.Name, usersPath})
}

// failed answers what failed. What was named and is not there is no fault of ours.
func (w *worker) failed(action string, err error) {
	switch e := signon.AsError(err); {
	case errors.Is(err, signon.ErrNotFound):
		w.missing()
	case e.Code == signon.CodeForbidden:
		w.refuse()
	default:
		w.fail(action, err)
	}
}

// portalNotes are what a page says was done, by the value of "note" in its address.
var portalNotes = map[string]page.Notice{
	"created": {Kind: "good", Text: "portal_note.created"},
	"saved":   {Kind: "good", Text: "portal_note.saved"},
	"deleted": {Kind: "good", Text: "portal_note.deleted"},
	"gone":    {Kind: "warn", Text: "portal_note.gone"},
}

// noted returns the notice that the address asks for, if it is one of these.
func (w *worker) noted(names ...string) page.Notices {
	name := w.params.get(noteParam)
	if !slices.Contains(names, name) {
		return page.Notices{}
	}
	note := portalNotes[name]
	return page.Notices{Known: []page.Notice{{Kind: note.Kind, Text: w.text(note.Text)}}}
}

// getPortalLink answers a link without a token.
func (v *visit) getPortalLink() { v.see(portalPath) }
