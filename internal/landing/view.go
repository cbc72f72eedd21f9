package landing

import (
	"embed"
	"io/fs"
	"net/http"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

//go:embed template/*.html
var templates embed.FS

//go:embed text
var texts embed.FS

// pages returns the embedded pages, parsed once. They are part of the program, so a
// fault in them is one of the build.
var pages = sync.OnceValue(func() *page.Set {
	set, err := parsePages()
	if err != nil {
		panic(err)
	}
	return set
})

func parsePages() (*page.Set, error) {
	textFiles, err := fs.Sub(texts, "text")
	if err != nil {
		return nil, err
	}
	catalogue, err := page.ReadTexts(textFiles)
	if err != nil {
		return nil, err
	}
	pageFiles, err := fs.Sub(templates, "template")
	if err != nil {
		return nil, err
	}
	return page.NewSet(pageFiles, catalogue)
}

// view returns what every page at the destination has. title is a text's key,
// and known the languages to prefer (see pageLanguage).
func (v *visit) view(title string, content any, known ...string) *page.View {
	view := &page.View{Content: content, Language: v.pageLanguage(known...)}
	face := v.face()
	view.Brand, view.Look, view.Support, view.SupportEmail = face.name, face.look, face.support, face.email
	view.Title = v.pages.Text(view.Language, title)
	return view
}

// personal returns a page's view for the person who is signed in, or for nobody.
func (v *visit) personal(title string, p *person, content any, known ...string) *page.View {
	view := v.view(title, content, known...)
	if p == nil {
		return view
	}
	left := "left_open.cart"
	view.Person, view.SignOut = p.name(), cartSignOutPath
	if v.dest.Kind == signon.KindAccount {
		left, view.SignOut = "left_open.account", accountSignOutPath
	}
	view.Session = &page.SessionEnd{
		Seconds: wholeSeconds(p.endsAt.Sub(v.SignOn.Now())), Owner: personMark(p.session),
		Text: v.pages.Text(view.Language, left), NewLink: v.newLink(),
	}
	return view
}

// clean says that the address of the page to come holds no secret, and where
// its forms may lead besides here.
func (v *visit) clean(formTargets ...string) {
	v.policy = page.Policy{FormTargets: formTargets}
}

// narrow are the pages that say one thing, or ask one.
var narrow = map[string]bool{
	"account-everywhere": true, "account-missing": true, "account-remove-card": true,
	"ask": true, "done": true, "over": true, "portal-delete-user": true, "portal-message": true, "refused": true, "signed-out": true,
}

// show answers with a page.
func (v *visit) show(status int, name string, view *page.View) {
	v.policy.Scripts = v.policy.Scripts || view.Session != nil || view.Countdown != nil
	page.SetHeaders(v.w.Header(), v.policy)
	view.Narrow = narrow[name]
	v.shown(v.pages.Write(v.w, status, name, view))
}

// showCoded answers with a short page in whose content the support code is left
// blank, and is filled in.
func (v *visit) showCoded(status int, name string, view *page.View, code string) {
	page.SetHeaders(v.w.Header(), v.policy)
	view.Narrow = true
	v.shown(v.pages.WriteFilled(v.w, status, name, view, code))
}

func (v *visit) shown(err error) {
	if err != nil {
		v.Log.Error("landing: page not rendered", v.logged("error", err)...)
		http.Error(v.w, "internal error", http.StatusInternalServerError)
	}
}

// shortPage is a page that says one thing.
type shortPage struct {
	// Name is the start of the keys of its texts: title, text, and what it offers.
	Name        string
	NewLink     string // where to get a new link, or empty; only on the page of nobody signed in
	SupportCode string
}

// signedOff is the page of the account for nobody.
const signedOff = "signed_off"

// leadsOn are the short pages that say where to get a link.
var leadsOn = map[string]bool{signedOff: true, portalOff: true, portalOver: true, portalUnsaved: true}

// newLink is where a person gets a new link to here, or empty: the host's own
// place, or the destination's.
func (v *visit) newLink() string { return v.face().newLink }

// message answers with a short page: texts "<name>.title" and "<name>.text".
func (v *visit) message(status int, name string) {
	content := shortPage{Name: name, SupportCode: page.Blank}
	if leadsOn[name] {
		content.NewLink = v.newLink()
	}
	v.showCoded(status, "message", v.view(name+".title", content), v.info.SupportCode)
}

// nowhere answers requests to hosts and paths that nobody registered. The page
// names nobody.
func (v *visit) nowhere() {
	v.tenant, v.dest = nil, nil
	v.message(http.StatusNotFound, "nowhere")
}
