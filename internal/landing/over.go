package landing

import (
	"net/http"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// overPage is what a form gets that comes after its session is over, or while
// sessions can't be read. It shows what was typed, to be copied, and can be sent
// again. Nothing on it comes from the directory.
type overPage struct {
	Name  string // of its texts
	Typed []typedPart
	// Action is where the form can be sent again, or empty when that is no use.
	Action  string
	Hidden  []hiddenField
	NewLink string
}

// typedPart is a part of a form as it was typed.
type typedPart struct {
	Title  string // key
	Fields []page.Field
}

type hiddenField struct{ Name, Value string }

// over answers a form of the account area that comes after the end of its session.
// It can be sent again once the same person is signed in again in this browser.
// Nobody else learns more than how to get a link.
func (v *visit) over(f *areaForm) {
	if !v.left(v.r.PostForm.Get(ownerField)) {
		v.message(http.StatusForbidden, signedOff)
		return
	}
	v.showOver(v.givenBack(f, "over"))
}

// overCart answers an order that comes after the end of its session. It can't be
// sent again: signing in starts another cart.
func (v *visit) overCart(owner string) {
	content := &overPage{Name: "over", NewLink: v.newLink()}
	if v.r.PostForm.Has(directory.FieldEmail) && v.left(owner) {
		content.Typed = typedContact(v, v.pageLanguage(), readForm(v.r.PostForm, nobody))
	}
	v.showOver(content)
}

func (v *visit) showOver(content *overPage) {
	v.Log.Info("landing: form after the end of its session", v.logged()...)
	v.show(http.StatusForbidden, "over", v.view("over.title", content))
}

// unread answers a form of the account area when it can't be told whether its
// session is over.
func (v *visit) unread(f *areaForm, err error) {
	status, name := v.failure("read session", err)
	if !v.left(v.r.PostForm.Get(ownerField)) {
		v.message(status, name)
		return
	}
	v.show(status, "over", v.view(name+".title", v.givenBack(f, name)))
}

// left reports whether the browser is as that person left it: it holds a session
// here, whether or not that is over, nobody else was signed in since, and the
// person has not signed out. It asks the browser alone, so that it can be told of
// sessions which can't be read, or are not stored any more.
func (v *visit) left(owner string) bool {
	return owner != "" && v.holding(v.dest.Kind) != nil && v.jar.get(personCookie) == owner
}

// givenBack returns the form as it was sent.
func (v *visit) givenBack(f *areaForm, name string) *overPage {
	v.clean(v.cardEntryOrigin()...)
	content := &overPage{Name: name, Action: v.r.URL.Path, NewLink: v.newLink()}
	if f.typed != nil {
		content.Typed = f.typed(v, v.pageLanguage())
	}
	for _, name := range append([]string{ownerField}, f.fields...) {
		if v.r.PostForm.Has(name) && !content.shows(name) {
			content.Hidden = append(content.Hidden, hiddenField{name, v.r.PostForm.Get(name)})
		}
	}
	return content
}

// shows reports whether the field of that name is among what was typed.
func (c *overPage) shows(name string) bool {
	return slices.ContainsFunc(c.Typed, func(p typedPart) bool {
		return slices.ContainsFunc(p.Fields, func(f page.Field) bool { return f.Name == name })
	})
}

// typedContact returns what was typed into a form's billing and delivery details.
func typedContact(v *visit, language string, form *contactForm) []typedPart {
	view := form.view(v.site, language, marks{readOnly: true})
	parts := []typedPart{{"details.billing", view.Billing}}
	if !form.Same {
		parts = append(parts, typedPart{"details.delivery", view.Delivery})
	}
	return parts
}
