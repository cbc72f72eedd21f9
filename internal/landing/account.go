package landing

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The paths of the account area. Links lead to the first ten.
const (
	accountPath          = "/myaccount/"
	productsPath         = accountPath + "my_products/"
	subscriptionPath     = accountPath + "my_subscription/"
	viewOrderPath        = accountPath + "view_order/"
	licensePath          = accountPath + "my_license/"
	ordersPath           = accountPath + "order_lookup/"
	changeCardPath       = accountPath + "change_card/"
	cardsPath            = accountPath + "payment_methods/"
	detailsPath          = accountPath + "user_data/"
	supportPath          = "/support/"
	cardAddedPath        = accountPath + "card" // the way back from the payment processor's page
	everywherePath       = accountPath + "sign-out-everywhere"
	accountSignOutPath   = accountPath + "sign-out"
	accountSignedOutPath = accountPath + "signed-out"
)

// accountRoutes are the pages of the account area. Each but the last two is only
// for a person who is signed in.
var accountRoutes = map[string]route{
	accountPath:          {get: member((*visitor).getIndex)},
	productsPath:         {get: member((*visitor).getProducts)},
	subscriptionPath:     {get: member((*visitor).getSubscription), post: renewalForm.post},
	viewOrderPath:        {get: member((*visitor).getViewOrder)},
	licensePath:          {get: member((*visitor).getLicenses)},
	ordersPath:           {get: member((*visitor).getOrders)},
	changeCardPath:       {get: member((*visitor).getChangeCard), post: changeCardForm.post},
	cardsPath:            {get: member((*visitor).getCards), post: cardsForm.post},
	cardAddedPath:        {get: member((*visitor).getCardAdded)},
	detailsPath:          {get: member((*visitor).getDetails), post: detailsForm.post, contact: true},
	supportPath:          {get: member((*visitor).getSupport)},
	everywherePath:       {get: member((*visitor).getEverywhere), post: everywhereForm.post},
	accountSignOutPath:   {post: (*visit).postSignOut},
	accountSignedOutPath: {get: (*visit).getSignedOut},
}

// visitor is a person who is signed in, at a page of the account area.
type visitor struct {
	*visit
	session  *signon.BrowserSession
	customer *directory.Customer
	who      *person
	language string // of the page
	now      time.Time
	// within: the page is about one thing of the part of the area that its path names.
	within bool
}

func (v *visit) visitor(p *person) *visitor {
	return &visitor{visit: v, session: p.session, customer: p.customer, who: p, language: v.pageLanguage(), now: v.SignOn.Now()}
}

// member returns the page for who is signed in; nobody else learns more than how
// to get a link.
func member(show func(*visitor)) func(*visit) {
	return func(v *visit) {
		p, err := v.person()
		v.clean()
		switch {
		case err != nil:
			v.fail("read session", err)
		case p == nil:
			v.message(http.StatusForbidden, signedOff)
		default:
			show(v.visitor(p))
		}
	}
}

// ownerField is the name of every form's mark of the person whose page it is on.
const ownerField = "owner"

// areaForm is a form of the account area.
type areaForm struct {
	// send does what the form is for.
	send func(*visitor)
	// fields are the names of what it sends besides the owner.
	fields []string
	// typed returns what was typed into it, read-only, or nil when nothing can be.
	typed func(*visit, string) []typedPart
}

// post answers the form. A form from a page of another person, who was signed in
// here before or in another tab, does nothing, and nothing in it is shown.
func (f areaForm) post(v *visit) {
	p, err := v.person()
	v.clean()
	switch {
	case err != nil:
		v.unread(&f, err)
	case p == nil:
		v.over(&f)
	case v.r.PostForm.Get(ownerField) != personMark(p.session):
		v.message(http.StatusConflict, "other_person")
	default:
		f.send(v.visitor(p))
	}
}

// owner is the mark of the person that forms carry.
func (v *visitor) owner() string { return personMark(v.session) }

// tries is how often a change is tried again that the directory has found based
// on an older version, where what the person wants does not depend on it.
const tries = 3

// retry repeats the change with the customer as it stands now while others change
// it at the same moment.
func (v *visitor) retry(change func() error) error {
	var err error
	for range tries {
		if err = change(); !conflicts(err) {
			return err
		}
		customer, err := v.visit.customer(v.session)
		if err != nil {
			return err
		}
		v.customer = customer
	}
	return signon.Unavailable("change what others change all the time", err)
}

// conflicts reports whether a change was based on an older version.
func conflicts(err error) bool {
	e := signon.AsError(err)
	return e != nil && e.Code == signon.CodeConflict
}

// areaPages are the parts of the area, in the order of its navigation.
var areaPages = []areaPart{
	{path: accountPath, name: "nav.index"},
	{path: productsPath, name: "nav.products", parts: []string{subscriptionPath, viewOrderPath, changeCardPath}},
	{path: licensePath, name: "nav.licenses"},
	{path: ordersPath, name: "nav.orders"},
	{path: cardsPath, name: "nav.cards"},
	{path: detailsPath, name: "nav.details", parts: []string{everywherePath}},
	{path: supportPath, name: "nav.support"},
}

func (v *visitor) nav() *page.Nav { return v.navAmong(areaPages, "nav.label", v.language, v.within) }

// text returns the text with that key in the page's language.
func (v *visitor) text(key string, args ...any) string { return v.pages.Text(v.language, key, args...) }

// open answers with a page of the area. wrong, unless empty, is what is to be
// mended on it.
func (v *visitor) open(status int, name, title string, content any, wrong ...page.Fault) {
	view := v.personal(title, v.who, content, v.language)
	view.Nav = v.nav()
	v.showForm(status, name, view, wrong)
}

// failed answers a change that failed. What was to be changed and is not there
// any more is no fault of ours.
func (v *visitor) failed(action string, err error) {
	if errors.Is(err, signon.ErrNotFound) {
		v.missing()
		return
	}
	v.fail(action, err)
}

// missing answers for everything that the person does not have, whether it is
// another's or nobody's.
func (v *visitor) missing() {
	v.open(http.StatusNotFound, "account-missing", "missing.title", nil)
}

// areaNotes are what a page says was done, by the value of "note" in its address.
var areaNotes = map[string]page.Notice{
	"renewal_on":  {Kind: "good", Text: "note.renewal_on"},
	"renewal_off": {Kind: "good", Text: "note.renewal_off"},
	"card":        {Kind: "good", Text: "note.card"},
	"added":       {Kind: "good", Text: "note.added"},
	"preferred":   {Kind: "good", Text: "note.preferred"},
	"removed":     {Kind: "good", Text: "note.removed"},
	"gone":        {Kind: "warn", Text: "note.gone"},
	"unusable":    {Kind: "warn", Text: "note.unusable"},
	"cancelled":   {Text: "note.cancelled"},
	"saved":       {Kind: "good", Text: "note.saved"},
}

// noted returns the notice that the address asks for, if it is one of these.
func (v *visitor) noted(names ...string) page.Notices {
	name := v.params.get(noteParam)
	if !slices.Contains(names, name) {
		return page.Notices{}
	}
	note := areaNotes[name]
	return page.Notices{Known: []page.Notice{{Kind: note.Kind, Text: v.text(note.Text)}}}
}

// noting returns the address of a page that says what was done.
func noting(path, note string) string {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + noteParam + "=" + note
}
