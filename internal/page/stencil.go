package page

import (
	"bytes"
	"html/template"
	"net/http"
	"sync"
)

// Blank stands in a view's content for a short text that differs from one
// answer to the next. No text of a page holds it.
const Blank = "\u2060BLANK\u2060"

// maxStencils is how many pages are kept rendered, far more than there are
// unless configurations change all day.
const maxStencils = 1000

// stencils keep pages rendered but for their Blanks.
type stencils struct {
	mu    sync.Mutex
	parts map[stencil][][]byte
}

// stencil is what a page was rendered from.
type stencil struct {
	name string
	view View
}

// WriteFilled is Write for a page in which a text stands wherever the view's
// content, which must be comparable, has Blank. The page is rendered once for
// all answers that differ in nothing else: that is for pages which strangers can
// ask for, because rendering costs more than anything else they can ask for.
func (s *Set) WriteFilled(w http.ResponseWriter, status int, name string, v *View, text string) error {
	parts, err := s.stencil(stencil{name, *v})
	if err != nil {
		return err
	}
	send(w, status, v.Language, bytes.Join(parts, []byte(template.HTMLEscapeString(text))))
	return nil
}

// stencil returns what is around the Blanks.
func (s *Set) stencil(key stencil) ([][]byte, error) {
	s.stencils.mu.Lock()
	defer s.stencils.mu.Unlock()
	if parts, ok := s.stencils.parts[key]; ok {
		return parts, nil
	}
	body, err := s.Render(key.name, &key.view)
	if err != nil {
		return nil, err
	}
	if s.stencils.parts == nil || len(s.stencils.parts) >= maxStencils {
		s.stencils.parts = map[stencil][][]byte{}
	}
	parts := bytes.Split(body, []byte(Blank))
	s.stencils.parts[key] = parts
	return parts, nil
}
