package page

import (
	"bytes"
	"fmt"
	"net/http"
)

// BrandSource is what a brand is made of. All of it may be empty.
type BrandSource struct {
	// Logo and LogoDark are images that pass CheckLogo. LogoDark is for dark pages;
	// without it Logo stands on a light plate there, and the same image again says
	// that it suits both.
	Logo, LogoDark []byte
	// Accent and AccentDark are colours that pass CheckAccent. Without one of them
	// it follows from the other.
	Accent, AccentDark string
}

// Brand dresses the pages of one shop: its logo and a style sheet of its colours,
// as assets whose names change with their content. It does not change. A nil Brand
// dresses nothing.
type Brand struct {
	look   Look
	assets map[string]asset
}

// Look is how a page is dressed. The zero Look is how pages look by themselves.
type Look struct {
	// Logo stands at the top, LogoDark in its place on dark pages.
	Logo, LogoDark Picture
	// Plate: the logo was drawn for light pages alone.
	Plate bool
	// Wordmark: the logo is wide enough to stand for the name. Others stand beside it.
	Wordmark bool
	// Sheet is the path of a style sheet, or empty.
	Sheet string
}

// Picture is an image asset. The zero Picture is none.
type Picture struct {
	Path          string
	Width, Height int // in CSS pixels
}

// wordmark is how many times wider than high a logo is that stands for the name.
const wordmark = 2

// NewBrand makes a brand, or says what in its source is not right.
func NewBrand(s BrandSource) (*Brand, error) {
	b := &Brand{assets: map[string]asset{}}
	if len(s.Logo) > 0 {
		if err := b.addLogos(s.Logo, s.LogoDark); err != nil {
			return nil, fmt.Errorf("make brand: %w", err)
		}
	}
	light, dark, given, err := accents(s.Accent, s.AccentDark)
	if err != nil {
		return nil, fmt.Errorf("make brand: %w", err)
	}
	if given {
		b.look.Sheet = b.add("colors", ".css", asset{contentTypes[".css"], styleSheet(light, dark)})
	}
	return b, nil
}

func (b *Brand) addLogos(light, dark []byte) error {
	var err error
	var l *logo
	if b.look.Logo, l, err = b.addLogo("logo", light); err != nil {
		return fmt.Errorf("the logo %w", err)
	}
	b.look.Wordmark = l.width >= wordmark*l.height
	b.look.Plate = len(dark) == 0
	if len(dark) > 0 && !bytes.Equal(light, dark) {
		if b.look.LogoDark, _, err = b.addLogo("logo-dark", dark); err != nil {
			return fmt.Errorf("the logo for dark pages %w", err)
		}
	}
	return nil
}

func (b *Brand) addLogo(name string, body []byte) (Picture, *logo, error) {
	l, err := readLogo(body)
	if err != nil {
		return Picture{}, nil, err
	}
	return Picture{b.add(name, l.ext, l.asset), l.width, l.height}, l, nil
}

func (b *Brand) add(name, ext string, a asset) (path string) {
	path = assetPath(name, ext, a.body)
	b.assets[path] = a
	return path
}

// Look returns how pages are dressed.
func (b *Brand) Look() Look {
	if b == nil {
		return Look{}
	}
	return b.look
}

// Serve answers a request for one of the brand's assets. It reports whether it
// is one, and does nothing if not.
func (b *Brand) Serve(w http.ResponseWriter, r *http.Request) bool {
	if b == nil {
		return false
	}
	a, ok := b.assets[r.URL.Path]
	if ok {
		a.serve(w, r)
	}
	return ok
}
