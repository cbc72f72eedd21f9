package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed template
var shared embed.FS

//go:embed text
var sharedTexts embed.FS

// Set is a set of pages, each parsed once for every language that it is asked for in.
type Set struct {
	texts    Texts
	files    fs.FS
	partials []string // files that all pages share
	names    []string

	mu       sync.Mutex
	editions map[string]*edition // by language

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
	set := &Set{texts: joined(base, texts), files: files, editions: map[string]*edition{}}
	if err := errors.Join(set.list(), set.check()); err != nil {
		return nil, err
	}
	return set, nil
}

// edition is the pages in one language: those that were asked for.
type edition struct {
	base  *template.Template // what all pages share; never executed, so that it can be cloned
	pages map[string]*template.Template
}

// page returns a page in a language that Language returned. It is parsed when it is
// asked for first: all pages in all languages take many megabytes, and most servers
// show few of them.
func (s *Set) page(language, name string) (*template.Template, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.names, name) {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	e, err := s.edition(language)
	if err != nil {
		return nil, err
	}
	if found := e.pages[name]; found != nil {
		return found, nil
	}
	parsed, err := s.parse(e.base, name)
	if err == nil {
		e.pages[name] = parsed
	}
	return parsed, err
}

func (s *Set) edition(language string) (*edition, error) {
	if found := s.editions[language]; found != nil {
		return found, nil
	}
	if s.texts.Language(language) != language {
		return nil, fmt.Errorf("there is no language %q", language)
	}
	base, err := s.parseBase(language)
	if err != nil {
		return nil, err
	}
	e := &edition{base, map[string]*template.Template{}}
	s.editions[language] = e
	return e, nil
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

// parseBase returns what all pages in a language share.
func (s *Set) parseBase(language string) (*template.Template, error) {
	base, err := template.New("").Funcs(s.funcs(language)).ParseFS(shared, "template/*.html")
	if err == nil && len(s.partials) > 0 {
		base, err = base.ParseFS(s.files, s.partials...)
	}
	if err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	return base, nil
}

func (s *Set) parse(base *template.Template, name string) (*template.Template, error) {
	t, err := base.Clone()
	if err == nil {
		t, err = t.ParseFS(s.files, name+extension)
	}
	if err != nil {
		return nil, fmt.Errorf("parse page %q: %w", name, err)
	}
	return t, nil
}

// extension is that of the files of pages.
const extension = ".html"

// list finds the pages, and what they share.
func (s *Set) list() error {
	files, err := fs.Glob(s.files, "*"+extension)
	for _, file := range files {
		if strings.HasPrefix(file, "_") {
			s.partials = append(s.partials, file)
		} else {
			s.names = append(s.names, strings.TrimSuffix(file, extension))
		}
	}
	return err
}

// check returns an error unless all pages can be parsed: what can be for one language
// can be for all.
func (s *Set) check() error {
	base, err := s.parseBase(FirstLanguage)
	if err != nil {
		return err
	}
	for _, name := range s.names {
		if _, err := s.parse(base, name); err != nil {
			return err
		}
	}
	return nil
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
	t, err := s.page(v.Language, name)
	if err != nil {
		return nil, fmt.Errorf("render page: %w", err)
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
	t, err := s.page(FirstLanguage, name)
	if err != nil {
		return nil, fmt.Errorf("render part of a page: %w", err)
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
