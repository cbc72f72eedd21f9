package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Branding is the look of a tenant's pages.
type Branding struct {
	// Logo is an image for the top of the pages: a file of at most 64 KiB, SVG or
	// PNG by its content. A relative path starts at the configuration file's
	// directory. An image twice as wide as high, or wider, stands for the tenant's
	// name; others stand beside it. An SVG must have a viewBox and hold shapes only:
	// no scripts, event handlers, links, animations, embedded images or HTML, no
	// DOCTYPE, and nothing from elsewhere.
	Logo LogoFile `yaml:"logo"`
	// LogoDark is the logo for browsers that ask for dark pages. Without it the logo
	// stands on a white plate there; the same file again says that it suits both.
	LogoDark LogoFile `yaml:"logo_dark"`
	// Accent is the colour of buttons, links and focus rings, as in "#0a7d4f", in
	// quotes. Links must be readable in it: it must have a contrast of 4.5:1 with the
	// pages. The text on buttons is white or black, whichever is easier to read.
	Accent string `yaml:"accent"`
	// AccentDark is the accent on dark pages, with which it must have that contrast.
	// Of the two accents, one that is not given follows from the other.
	AccentDark string `yaml:"accent_dark"`
}

// LogoFile is an image that is read and checked together with the configuration.
type LogoFile struct {
	Path    string
	Content []byte
}

// UnmarshalText takes the path of the file.
func (f *LogoFile) UnmarshalText(text []byte) error {
	f.Path = string(text)
	return nil
}

// read reads the file, whose relative path starts at dir.
func (f *LogoFile) read(dir string) (err error) {
	if f.Path == "" {
		return nil
	}
	path := f.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	f.Content, err = io.ReadAll(io.LimitReader(file, page.MaxLogo+1))
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	return nil
}

func (k *checker) branding(b *Branding, path string) {
	k.logo(&b.Logo, path+".logo")
	k.logo(&b.LogoDark, path+".logo_dark")
	if b.Logo.Content == nil && b.LogoDark.Content != nil {
		k.fail(path+".logo_dark", "must be given together with logo")
	}
	k.accent(b.Accent, false, path+".accent")
	k.accent(b.AccentDark, true, path+".accent_dark")
}

// logo reads and checks an image. Demo data in code has its content already.
func (k *checker) logo(f *LogoFile, path string) {
	if err := f.read(filepath.Dir(k.origin.file)); err != nil {
		k.fail(path, "%s", err)
		return
	}
	if f.Path == "" && f.Content == nil {
		return
	}
	if err := page.CheckLogo(f.Content); err != nil {
		k.fail(path, "%s", err)
	}
}

func (k *checker) accent(text string, dark bool, path string) {
	if _, given := k.origin.places[path]; text == "" && !given {
		return
	}
	if text == "" { // YAML takes what follows a # for a comment
		k.fail(path, `must be in quotes, as in "#0a7d4f"`)
		return
	}
	if err := page.CheckAccent(text, dark); err != nil {
		k.fail(path, "%s", err)
	}
}

// mailbox is what may stand before the @ of a support address: what needs no
// escape in a link.
var mailbox = regexp.MustCompile(`^([A-Za-z0-9]+([._+=-][A-Za-z0-9]+)*)@(.+)$`)

func (k *checker) supportEmail(address, path string) {
	if address == "" {
		return
	}
	parts := mailbox.FindStringSubmatch(address)
	if len(address) > 254 || parts == nil || !isHostName(strings.ToLower(parts[3])) {
		k.fail(path, "must be one plain e-mail address, as in help@example.com")
	}
}

// isHostName reports whether the text is a host name in lower case, without
// scheme and port.
func isHostName(text string) bool {
	o, err := signon.ParseOrigin("https://" + text)
	return err == nil && o.Host == text
}

// declared returns the brand as the core takes it.
func (b *Branding) declared() signon.Brand {
	return signon.Brand{Logo: b.Logo.Content, LogoDark: b.LogoDark.Content, Accent: b.Accent, AccentDark: b.AccentDark}
}
