package landing_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// axePath is where scripts/setup puts axe-core, the judge of accessibility.
var axePath = filepath.Join("..", "..", "bin", "npm", "node_modules", "axe-core", "axe.min.js")

// axe is the source of axe-core, or empty where it is not installed.
var axe = sync.OnceValue(func() string {
	source, err := os.ReadFile(axePath)
	if err != nil {
		return ""
	}
	return string(source)
})

// TestAccessibilityIsChecked: every page is checked by axe-core, light and dark,
// which this test says when it is not there.
func TestAccessibilityIsChecked(t *testing.T) {
	if axe() != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no axe-core: install it (scripts/setup, which needs npm)")
	}
	t.Skip("SKIPPED: no axe-core here, so the pages' accessibility is not checked (scripts/setup, which needs npm)")
}

// audit fails the test for what axe-core finds on the page as it is shown now.
func (b *tab) audit(name string) {
	b.t.Helper()
	if axe() == "" {
		return
	}
	if found := b.findings(); len(found) > 0 {
		b.t.Errorf("%s: axe-core finds\n  %s", name, strings.Join(found, "\n  "))
	}
}

// findings returns what axe-core finds on the page.
func (b *tab) findings() []string {
	b.t.Helper()
	if !script[bool](b, `!!window.axe`) { // as it is from an earlier look at the same page
		script[bool](b, axe()+";true")
	}
	return script[[]string](b, `axe.run(document, {resultTypes: ["violations"], preload: false}).then(r => r.violations.map(v =>
		v.id + ": " + v.help + " " + v.nodes.map(n => n.target.join(" ")).join(", ")))`)
}

// browserFindsFaults: the judge does find something where there is something.
func browserFindsFaults(s *site, b *tab) {
	if axe() == "" {
		b.t.Skip("SKIPPED: no axe-core here (scripts/setup)")
	}
	b.open(s.base + "/order/cart.php")
	script[bool](b, `(document.querySelector("main").insertAdjacentHTML("beforeend", "<img src=/assets/x.png><p style='color:#eee;background:#fff'>pale"), true)`)
	if got := strings.Join(b.findings(), "\n"); !strings.Contains(got, "image-alt") {
		b.t.Errorf("got %q for an image without a text", got)
	}
}
