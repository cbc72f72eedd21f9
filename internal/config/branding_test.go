package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const mark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M0 0h32"/></svg>`

// loadBranded loads a configuration in a directory of its own, which is not the
// one that the process runs in, with these files beside it.
func loadBranded(t *testing.T, branding string, files map[string]string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(name, text)
	}
	write("latchkey.yaml", "public_url: https://login.example.com\ndata_dir: data\ntenants:\n  - id: shop\n    destinations: {cart: {}}\n"+
		"    support_email: help+shop@example.com\n    branding: "+branding+"\n")
	return Load(Source{File: filepath.Join(dir, "latchkey.yaml")})
}

func TestABrandIsDeclaredWithItsFiles(t *testing.T) {
	c, err := loadBranded(t, `{logo: mark.svg, logo_dark: dark.svg, accent: "#0a7d4f", accent_dark: "#4cc38a"}`, map[string]string{"mark.svg": mark, "dark.svg": mark + "\n"})
	if err != nil {
		t.Fatal(err)
	}
	tenants, err := c.Declared()
	if err != nil {
		t.Fatal(err)
	}
	want := signon.Brand{Logo: []byte(mark), LogoDark: []byte(mark + "\n"), Accent: "#0a7d4f", AccentDark: "#4cc38a"}
	if diff := cmp.Diff(want, tenants[0].Brand); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := tenants[0].SupportEmail; got != "help+shop@example.com" {
		t.Errorf("got support address %q", got)
	}
}

func TestALogoMayLieAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mark.svg")
	if err := os.WriteFile(path, []byte(mark), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadBranded(t, "{logo: '"+path+"'}", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Tenants[0].Branding.Logo.Content); got != mark {
		t.Errorf("got %q", got)
	}
}

func TestALogoThatIsNotRightIsNamedWithItsPlaceAndTheRule(t *testing.T) {
	for name, c := range map[string]struct{ branding, file, want string }{
		"missing":    {"{logo: missing.svg}", mark, "latchkey.yaml:7:16: tenants[0].branding.logo can't be read: open "},
		"a folder":   {"{logo: .}", mark, "tenants[0].branding.logo can't be read: "},
		"script":     {"{logo: mark.svg}", strings.Replace(mark, "path", "script", 1), "tenants[0].branding.logo must hold shapes only, and no <script>"},
		"GIF":        {"{logo: mark.svg}", "GIF89a", "tenants[0].branding.logo must be an SVG or a PNG, by its content"},
		"empty":      {"{logo: mark.svg}", "", "tenants[0].branding.logo is empty"},
		"large":      {"{logo: mark.svg}", mark + strings.Repeat(" ", page.MaxLogo), "tenants[0].branding.logo must be at most 64 KiB"},
		"dark alone": {"{logo_dark: mark.svg}", mark, "tenants[0].branding.logo_dark must be given together with logo"},
		"dark wrong": {"{logo: mark.svg, logo_dark: latchkey.yaml}", mark, "tenants[0].branding.logo_dark must be an SVG or a PNG"},
	} {
		_, err := loadBranded(t, c.branding, map[string]string{"mark.svg": c.file})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q alone", name, err, c.want)
		}
	}
}

func TestASupportAddressIsOnePlainMailbox(t *testing.T) {
	for address, right := range map[string]bool{
		"help@example.com": true, "help@Example.COM": true, "Help.Desk+eu_1=a-b@mail.example.co.uk": true, "a@localhost": true,
		"help@example.com,boss@example.com": false, "help@example.com?subject=x": false, "he lp@example.com": false, "help@": false, "@example.com": false,
		"help": false, "help@exa mple.com": false, "help@example.com:25": false, "help@example.com/x": false, "a@b@example.com": false, "h%65lp@example.com": false,
		".help@example.com": false, "he..lp@example.com": false, strings.Repeat("a", 250) + "@example.com": false, "mailto:help@example.com": false, "hélp@example.com": false,
	} {
		k := &checker{Config: Default(), unread: map[string]bool{}}
		k.supportEmail(address, "support_email")
		if got := len(k.problems) == 0; got != right {
			t.Errorf("%q: accepted %v, want %v", address, got, right)
		}
	}
}
