package landing

import (
	"net/http"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/page"
)

// areaPart is a part of the account area or of the portal: its path, its name's
// key, and the paths of what belongs to it.
type areaPart struct {
	path, name string
	parts      []string
}

// navAmong leads to the parts, of which the page is one or belongs to one. within:
// the page is about one thing of the part that its path names.
func (v *visit) navAmong(parts []areaPart, label, language string, within bool) *page.Nav {
	nav := &page.Nav{Label: v.pages.Text(language, label)}
	for _, p := range parts {
		item := page.NavItem{Path: p.path, Label: v.pages.Text(language, p.name)}
		switch {
		case p.path == v.r.URL.Path && !within:
			item.Current = "page"
		case p.path == v.r.URL.Path || slices.Contains(p.parts, v.r.URL.Path):
			item.Current = "true"
		}
		nav.Items = append(nav.Items, item)
	}
	return nav
}

// showForm answers with a page that may have a form, whose title says when it was
// not saved. wrong, unless empty, is what is to be mended on it.
func (v *visit) showForm(status int, name string, view *page.View, wrong []page.Fault) {
	switch {
	case len(wrong) > 0:
		view.Title = v.pages.Text(view.Language, "form.title_wrong", view.Title)
	case status == http.StatusConflict || status == http.StatusServiceUnavailable:
		view.Title = v.pages.Text(view.Language, "form.title_unsaved", view.Title)
	}
	v.show(status, name, view)
}
