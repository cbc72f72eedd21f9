package sandbox

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

//go:embed template/*.html
var templates embed.FS

//go:embed static
var static embed.FS

// assetPath is below which the pages' own assets are: production has neither.
const assetPath = "/dev/assets/"

// pages are the sandbox's pages.
type pages struct {
	*Sandbox

	set           *page.Set
	assets        *page.AssetSet
	sheet, script string // their paths
}

func newPages(s *Sandbox) *pages {
	p := *embedded()
	p.Sandbox = s
	return &p
}

// embedded are the pages of nobody's sandbox, parsed once. A fault in them is one of
// the build.
var embedded = sync.OnceValue(func() *pages {
	p := &pages{}
	var err error
	if p.set, err = page.NewSet(folder(templates, "template"), nil); err != nil {
		panic(err)
	}
	if p.assets, err = page.ReadAssets(folder(static, "static"), assetPath); err != nil {
		panic(err)
	}
	if p.sheet, err = p.assets.URL("sandbox.css"); err != nil {
		panic(err)
	}
	if p.script, err = p.assets.URL("sandbox.js"); err != nil {
		panic(err)
	}
	return p
})

func folder(files embed.FS, name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // embedded
	}
	return sub
}

// pagesHandler returns what answers /dev and below it, but for the API.
func (s *Sandbox) pagesHandler() http.Handler {
	p := newPages(s)
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /dev":                         p.showCalls,
		"GET /dev/{$}":                     p.showCalls,
		"GET " + livePath:                  p.stream,
		"GET /dev/calls/{id}":              p.showCall,
		"GET /dev/story":                   p.showStory,
		"GET /dev/links":                   p.showLinks,
		"POST /dev/links":                  p.issueLink,
		"POST /dev/links/find":             p.findLink,
		"POST /dev/links/expire":           p.expireLink,
		"POST /dev/links/revoke":           p.revokeLink,
		"GET /dev/controls":                p.showControls,
		"POST /dev/controls/clock":         p.moveClock,
		"POST /dev/controls/faults":        p.addFault,
		"POST /dev/controls/faults/remove": p.removeFault,
		"POST /dev/controls/reset":         p.resetAll,
		"/":                                p.nowhere,
	} {
		mux.Handle(pattern, p.handle(h))
	}
	mux.Handle(assetPath, p.assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.admits(r); err != nil {
			page.SetHeaders(w.Header(), page.Policy{})
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// maxForm bounds what a form sends, in bytes.
const maxForm = 8 << 10

// handle answers with a page for the error, if there is one.
func (p *pages) handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := h(w, r); err != nil {
			p.failed(w, r, err)
		}
	})
}

// failed answers with what went wrong. Only people at this machine see it, so it tells
// everything.
func (p *pages) failed(w http.ResponseWriter, r *http.Request, err error) {
	m := message{Title: "That did not work", Text: err.Error(), Path: "/dev", Label: "All calls"}
	status := http.StatusInternalServerError
	if errors.Is(err, signon.ErrNotFound) {
		m.Title, m.Text = "Nothing is known of that", "It is not kept any more, or never was here: a reset or a restart forgets everything."
		status = http.StatusNotFound
	} else {
		p.Log.Error("sandbox: a page failed", "path", r.URL.Path, "error", err)
	}
	p.say(w, r, status, &m)
}

// message is a page that says one thing.
type message struct{ Title, Text, Path, Label string }

func (p *pages) say(w http.ResponseWriter, r *http.Request, status int, m *message) {
	if err := p.write(w, r, status, "message", m.Title, m); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

func (p *pages) nowhere(w http.ResponseWriter, r *http.Request) error {
	p.say(w, r, http.StatusNotFound, &message{"There is no such page", "The sandbox has nothing at " + r.URL.Path + ".", "/dev", "All calls"})
	return nil
}

// write answers with a page.
func (p *pages) write(w http.ResponseWriter, r *http.Request, status int, name, title string, content any) error {
	page.SetHeaders(w.Header(), page.Policy{FormTargets: []string{p.BaseURL}, Scripts: true, Live: true})
	return p.set.Write(w, status, name, &page.View{
		Language: page.FirstLanguage, Title: title, Brand: "Latchkey sandbox", BrandLink: "/dev",
		Look: page.Look{Sheet: p.sheet}, Nav: p.nav(r.URL.Path), Narrow: name == "message", Content: content,
	})
}

// nav leads to the other pages, and says what is not as usual.
func (p *pages) nav(path string) *page.Nav {
	nav := &page.Nav{Label: "Sandbox"}
	for _, item := range []page.NavItem{
		{Path: "/dev", Label: "Calls"}, {Path: "/dev/links", Label: "Links"}, {Path: "/dev/controls", Label: "Controls" + p.unusual()}, {Path: "/", Label: "Demo start page"},
	} {
		switch {
		case item.Path == path || path == "/dev/" && item.Path == "/dev":
			item.Current = "page"
		case item.Path == "/dev" && hasPrefix(path, "/dev/calls/"), item.Path == "/dev/links" && path == "/dev/story":
			item.Current = "true"
		}
		nav.Items = append(nav.Items, item)
	}
	return nav
}

// unusual says how far ahead the clock is, and how many faults there are.
func (p *pages) unusual() string {
	text := ""
	if ahead := p.clock.offset(); ahead > 0 {
		text += " · +" + spell(ahead)
	}
	if n := p.activeFaults(); n > 0 {
		text += " · " + count(n, "fault")
	}
	return text
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// seeOther leads to a page after a form.
func seeOther(w http.ResponseWriter, path string) error {
	page.SetHeaders(w.Header(), page.Policy{})
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
