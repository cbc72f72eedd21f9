package landing_test

import (
	"cmp"
	"context"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// look is a size of window and a colour scheme.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{
	{"desktop-light", 1280, 900, false},
	{"desktop-dark", 1280, 900, true},
	{"phone-light", 390, 844, false},
	{"phone-dark", 390, 844, true},
}

func (b *tab) wear(l look) {
	b.t.Helper()
	if b.worn == l {
		return
	}
	b.worn = l
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	var options []chromedp.EmulateViewportOption
	if l.width < 500 {
		options = append(options, chromedp.EmulateMobile)
	}
	step(b, chromedp.EmulateViewport(l.width, l.height, options...))
	step(b, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
	})
}

// allLooks is whether every page is looked at in every size and scheme, which
// takes a while: LATCHKEY_LOOKS=all.
var allLooks = os.Getenv("LATCHKEY_LOOKS") == "all"

// looksFor returns how the page of that name is looked at: in one of the looks,
// always the same. All pages together are seen in each about equally often.
func looksFor(name string) []look {
	if allLooks {
		return looks
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	return looks[sum.Sum32()%uint32(len(looks)):][:1]
}

// glance looks at a page. It fails the test when something sticks out of the
// window, or is not accessible.
func (b *tab) glance(name string) {
	b.t.Helper()
	b.lookAt(name, looksFor(name), true)
}

// variant looks at a page that differs little from one that axe-core judges
// elsewhere, and leaves it out unless everything is looked at.
func (b *tab) variant(name string) {
	b.t.Helper()
	b.lookAt(name, looksFor(name), allLooks)
}

// peek is a look in the narrowest size, for pages in yet another language: it
// tells whether their words fit. A text in another language is no other page to axe-core.
func (b *tab) peek(name string) {
	b.t.Helper()
	b.lookAt(name, looks[3:], false)
}

func (b *tab) lookAt(name string, worn []look, audited bool) {
	b.t.Helper()
	if testing.Short() {
		return
	}
	before := b.worn
	for _, l := range worn {
		b.wear(l)
		if what := b.tooWide(); what != "" {
			b.t.Errorf("%s, %s: wider than the window: %s", name, l.name, what)
		}
		if audited {
			b.audit(name + ", " + l.name)
		}
		b.picture(name + "-" + l.name)
	}
	b.wear(cmp.Or(before, looks[0]))
}

// tour glances at pages by their names, those with the same look in one go: to
// change it takes as long as a page. It returns the status of each.
func (b *tab) tour(pages map[string]string) map[string]int64 {
	b.t.Helper()
	statuses := map[string]int64{}
	for _, l := range looks {
		for name, address := range pages {
			if looksFor(name)[0] == l {
				b.wear(l)
				statuses[name] = b.open(address)
				b.glance(name)
			}
		}
	}
	b.wear(looks[0])
	return statuses
}

// picture writes the page as it looks now into the folder that
// LATCHKEY_SCREENSHOTS names, if it does.
func (b *tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("LATCHKEY_SCREENSHOTS")
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), b.screenshot(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// screenshot returns all of the page as a PNG, in haste rather than small.
func (b *tab) screenshot() []byte {
	b.t.Helper()
	yes := true
	return step(b, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &yes, FromSurface: &yes, OptimizeForSpeed: &yes,
		})
		return shot.Data, err
	})
}

// tooWide returns what sticks out of the window sideways.
func (b *tab) tooWide() string {
	b.t.Helper()
	return script[string](b, `(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return "";
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1)
			.map(e => e.tagName + "." + e.className).slice(0, 5).join(" ") || "the page";
	})()`)
}
