package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed template
var shared embed.FS

//go:embed text
var sharedTexts embed.FS

// Set is a set of pages, each parsed once for every language that is asked for.
type Set struct {
	texts Texts
	files fs.FS

	mu    sync.Mutex
	pages map[string]map[string]*template.Template // by language, then by name

	stencils stencils
}

// View is what every page has.
type View struct {
	// Language is one that Set.Language returned.
	Language string
	// Title is what browsers show for the page.
	Title string
	// Brand is the name at the top; BrandLink where it leads, or empty.
	Brand, BrandLink string
	// Look is the shop's own: its logo and colours.
	Look Look
	// Person is the name of who is signed in, or empty; SignOut the path that a
	// POST to ends that.
	Person, SignOut string
	// Support is where a person finds help, SupportEmail whom to write to; or empty.
	Support, SupportEmail string
	// Nav leads to the other pages of the area, or is nil.
	Nav *Nav
	// Session is when the person is signed out, or nil. The page runs a script then
	// (see Policy.Scripts).
	Session *SessionEnd
	// Countdown is when the person's session ends for good, or nil. The page runs a
	// script then, as for Session.
	Countdown *Countdown
	// Narrow: the page is a short message rather than a place to work.
	Narrow bool
	// Content is what the page's own template gets.
	Content any
}

// Owner is the mark of the person who is signed in, which the form that signs out
// carries; empty for nobody.
func (v *View) Owner() string {
	switch {
	case v.Countdown != nil:
		return v.Countdown.Owner
	case v.Session != nil:
		return v.Session.Owner
	}
	return ""
}

// NewSet parses the pages "*.html" of files: each defines the template "main",
// and names starting with "_" are shared by all others. texts are the pages'
// own. Besides html/template's functions, templates have: t and n (a text by
// key, and one by number; see Texts), asset (an asset's path).
func NewSet(files fs.FS, texts Texts) (*Set, error) {
	own, err := fs.Sub(sharedTexts, "text")
	if err != nil {
		return nil, err
	}
	base, err := ReadTexts(own)
	if err != nil {
		return nil, err
	}
	set := &Set{texts: joined(base, texts), files: files, pages: map[string]map[string]*template.Template{}}
	if _, err := set.in(FirstLanguage); err != nil { // what can be parsed for one can be parsed for all
		return nil, err
	}
	return set, nil
}

// in returns the pages in a language that Language returned. Few languages are
// spoken at one server, and the pages of each take a megabyte.
func (s *Set) in(language string) (map[string]*template.Template, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pages, ok := s.pages[language]; ok {
		return pages, nil
	}
	if s.texts.Language(language) != language {
		return nil, fmt.Errorf("parse pages: there is no language %q", language)
	}
	pages, err := parse(s.files, s.funcs(language))
	if err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	s.pages[language] = pages
	return pages, nil
}

func (s *Set) funcs(language string) template.FuncMap {
	return template.FuncMap{
		"asset":    AssetURL,
		"language": func() string { return language },
		"t":        func(key string, args ...any) (string, error) { return s.texts.Text(language, key, args...) },
		"n": func(key string, n int, args ...any) (string, error) {
			return s.texts.Count(language, key, n, args...)
		},
	}
}

func parse(files fs.FS, funcs template.FuncMap) (map[string]*template.Template, error) {
	base, err := template.New("").Funcs(funcs).ParseFS(shared, "template/*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return nil, err
	}
	var pages []string
	for _, name := range names {
		if !strings.HasPrefix(name, "_") {
			pages = append(pages, name)
		} else if base, err = base.ParseFS(files, name); err != nil {
			return nil, err
		}
	}
	parsed := map[string]*template.Template{}
	for _, name := range pages {
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if t, err = t.ParseFS(files, name); err != nil {
			return nil, err
		}
		parsed[strings.TrimSuffix(name, path.Ext(name))] = t
	}
	return parsed, nil
}

// Language returns the first of the codes that the pages exist in, or
// FirstLanguage.
func (s *Set) Language(codes ...string) string { return s.texts.Language(codes...) }

// Languages returns the codes of all languages that the pages exist in, in order.
func (s *Set) Languages() []string { return s.texts.languages() }

// Text returns the text with that key in that language. A key that does not
// exist is returned itself: tests see to it that none does.
func (s *Set) Text(language, key string, args ...any) string {
	text, err := s.texts.Text(language, key, args...)
	if err != nil {
		return key
	}
	return text
}

// Render returns the page with that name as HTML.
func (s *Set) Render(name string, v *View) ([]byte, error) {
	pages, err := s.in(v.Language)
	if err != nil {
		return nil, err
	}
	t, ok := pages[name]
	if !ok {
		return nil, fmt.Errorf("render page: no page %q in language %q", name, v.Language)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", v); err != nil {
		return nil, fmt.Errorf("render page %q: %w", name, err)
	}
	return b.Bytes(), nil
}

// Part returns what one template of a page makes of the data, in FirstLanguage: a
// piece of HTML to be added to a page that is open.
func (s *Set) Part(name, part string, data any) ([]byte, error) {
	pages, err := s.in(FirstLanguage)
	if err != nil {
		return nil, err
	}
	t, ok := pages[name]
	if !ok {
		return nil, fmt.Errorf("render part of a page: no page %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return nil, fmt.Errorf("render %q of page %q: %w", part, name, err)
	}
	return b.Bytes(), nil
}

// Write answers with a page, once it is complete. Headers that the page needs
// besides its type and length are the caller's (see SetHeaders).
func (s *Set) Write(w http.ResponseWriter, status int, name string, v *View) error {
	body, err := s.Render(name, v)
	if err != nil {
		return err
	}
	send(w, status, v.Language, body)
	return nil
}

func send(w http.ResponseWriter, status int, language string, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", language)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; nothing is left to say then
}
