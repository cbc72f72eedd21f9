package sandbox_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// chromium starts a real browser for the test. Without one the test is skipped,
// but never where the outcome counts.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Chromium: install it (apt-get install chromium)")
		}
		t.Skip("SKIPPED: no Chromium here, so nothing is known of real browsers (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.NoFirstRun,
		// Pictures are drawn plainly, and nothing moves: either would keep a processor busy.
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-software-rasterizer", true), chromedp.Flag("force-prefers-reduced-motion", true),
		chromedp.Flag("disable-component-extensions-with-background-pages", true),
		chromedp.Flag("disable-features", "Translate,SpareRendererForSitePerProcess,OptimizationHints,MediaRouter,AutofillServerCommunication"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(stepTimeout),
	)
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// tab is one page of a browser.
type tab struct {
	*testing.T

	ctx context.Context //nolint:containedctx // it lives as long as the test
}

// stepTimeout bounds each step, so that a page that never comes fails the test.
const stepTimeout = 2 * time.Minute

// newTab opens a page that shares no cookies with those of other tests.
func newTab(parent context.Context, t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t, ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("open tab: %v", err)
	}
	return b
}

// lend gives the tab to another test, as if it had just been opened: a new one
// would cost a process.
func (b *tab) lend(t *testing.T) *tab {
	t.Helper()
	lent := &tab{t, b.ctx}
	step(lent, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{})
	})
	lent.wear(looks[0])
	lent.front()
	t.Cleanup(func() { step(lent, chromedp.Navigate("about:blank")) }) // nothing goes on to its demo
	return lent
}

// step runs one action within stepTimeout and returns what it returns.
func step[T any](b *tab, action chromedp.Action[T]) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.Fatalf("browser: %v", err)
	}
	return value
}

// front has the browser show the tab, which draws nothing behind another one.
func (b *tab) front() {
	b.Helper()
	step(b, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, page.BringToFront, cdp.Empty{})
	})
}

// open goes to the address and returns the status of the page that it ends at.
func (b *tab) open(address string) int64 {
	b.Helper()
	return step(b, chromedp.NavigateResponse(address)).Status
}

// script runs a script in the page and waits for what it promises.
func script[T any](b *tab, source string) T {
	b.Helper()
	return step(b, chromedp.Evaluate[T](source, chromedp.EvalAwaitPromise))
}

// text returns what the page says. A page that is leaving or has just come can't
// be read; then it is tried again.
func (b *tab) text() string {
	b.Helper()
	for deadline := time.Now().Add(stepTimeout); ; time.Sleep(20 * time.Millisecond) {
		text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => {
			if (document.readyState !== "complete") throw new Error("the page is loading");
			return document.body.innerText;
		})()`))
		if err == nil {
			return text
		}
		if time.Now().After(deadline) {
			b.Fatalf("browser: %v", err)
		}
	}
}

// wantText waits until the page says all of it.
func (b *tab) wantText(texts ...string) {
	b.Helper()
	var missing, got string
	for deadline := time.Now().Add(stepTimeout); ; time.Sleep(20 * time.Millisecond) {
		got, missing = b.text(), ""
		for _, text := range texts {
			if !strings.Contains(got, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("the page does not show %q:\n%s", missing, got)
		}
	}
}

// await waits until a script's value is true.
func (b *tab) await(source string) {
	b.Helper()
	for deadline := time.Now().Add(stepTimeout); !script[bool](b, "!!("+source+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("it never became true: %s\n%s", source, b.text())
		}
	}
}

// fill replaces what an input holds.
func (b *tab) fill(selector, value string) {
	b.Helper()
	if !script[bool](b, fmt.Sprintf(`(e => e && (e.value = %q, e.dispatchEvent(new Event("change", {bubbles: true})), true))(document.querySelector(%q)) === true`, value, selector)) {
		b.Fatalf("nothing to fill at %s", selector)
	}
}

// click clicks.
func (b *tab) click(selector string) {
	b.Helper()
	step(b, chromedp.Click(chromedp.CSS(selector)))
}

// press presses keys, wherever the focus is.
func (b *tab) press(keys string) {
	b.Helper()
	step(b, chromedp.KeyEvent(keys))
}

// submit clicks and waits for the page that follows. It returns its status.
func (b *tab) submit(selector string) int64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		b.Fatalf("click %s: %v", selector, err)
	}
	return resp.Status
}

// look is a size of window and a colour scheme.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{
	{"desktop-light", 1280, 900, false},
	{"phone-dark", 390, 844, true},
	{"desktop-dark", 1280, 900, true},
	{"phone-light", 390, 844, false},
}

// looked are the pages that are looked at. Each has one of the looks in turn, unless
// LATCHKEY_LOOKS is "all".
var looked = []string{"empty", "calls", "call-refused", "call", "story", "person", "controls", "links", "faults"}

// looksOf returns the looks in which the page is looked at.
func looksOf(page string) []look {
	if os.Getenv("LATCHKEY_LOOKS") == "all" {
		return looks
	}
	i := slices.Index(looked, page) % len(looks)
	return looks[i : i+1]
}

// narrowest is the width of window that pages must fit into.
const narrowest = 320

func (b *tab) wear(l look) {
	b.Helper()
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

// picture looks at the page, and fails the test when something sticks out of a
// narrow window, or is not accessible. Where LATCHKEY_SCREENSHOTS names a folder,
// it writes there what it sees.
func (b *tab) picture(page string) {
	b.Helper()
	if !slices.Contains(looked, page) {
		b.Fatalf("the page %q has no look", page)
	}
	for _, l := range looksOf(page) {
		b.wear(l)
		b.fits(page + ", " + l.name)
		b.audit(page + ", " + l.name)
		b.shoot(page + "-" + l.name)
	}
	b.wear(look{width: narrowest, height: 700})
	b.fits(page + ", narrowest")
	b.wear(looks[0])
}

// shoot writes a picture, if there is somebody to look at it.
func (b *tab) shoot(name string) {
	b.Helper()
	folder := os.Getenv("LATCHKEY_SCREENSHOTS")
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "sandbox-"+name+".png"), step(b, chromedp.FullScreenshot(100)), 0o644); err != nil {
		b.Fatal(err)
	}
}

// fits fails the test for what sticks out of the window sideways.
func (b *tab) fits(name string) {
	b.Helper()
	if what := script[string](b, `(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return "";
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > wide + 1)
			.map(e => e.tagName + "." + e.className).slice(0, 5).join(" ") || "the page";
	})()`); what != "" {
		b.Errorf("%s: wider than the window: %s", name, what)
	}
}

// axe is the source of axe-core, the judge of accessibility that scripts/setup
// installs; empty where it is not there.
var axe = sync.OnceValue(func() string {
	source, err := os.ReadFile(filepath.Join("..", "..", "bin", "npm", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return ""
	}
	return string(source)
})

// audit fails the test for what axe-core finds on the page as it is shown now.
func (b *tab) audit(name string) {
	b.Helper()
	if axe() == "" {
		if os.Getenv("CI") == "true" {
			b.Fatal("no axe-core: install it (scripts/setup, which needs npm)")
		}
		return
	}
	script[bool](b, `!!window.axe || (`+"(() => {"+axe()+"})()"+`, true)`)
	found := script[[]string](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		v.id + ": " + v.help + " " + v.nodes.map(n => n.target.join(" ")).join(", ")))`)
	if len(found) > 0 {
		b.Errorf("%s: axe-core finds\n  %s", name, strings.Join(found, "\n  "))
	}
}

// complaints returns a function that tells what the browser has complained about
// since.
func (b *tab) complaints() func() []string {
	b.Helper()
	messages := chromedp.Console(b.ctx)
	var mu sync.Mutex
	var texts []string
	go func() {
		for m := range messages {
			mu.Lock()
			texts = append(texts, string(m.Type)+": "+m.Text)
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return texts
	}
}
