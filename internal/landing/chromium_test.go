package landing_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// shared is the browser of most tests, which have a profile of their own each (see
// newTab).
var shared struct {
	mu      sync.Mutex
	process *process // nil before the first test that needs it
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.process != nil {
		shared.process.end()
	}
	os.Exit(code)
}

// chromium returns the browser that tests share, which starts when the first of
// them asks for it.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := chromiumPath(t)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.process == nil {
		started, err := startChromium(path, "{}")
		if err != nil {
			t.Fatal(err)
		}
		shared.process = started
	}
	return shared.process.ctx
}

// ownChromium starts a browser for the test alone. preferences are what its
// profile starts with.
func ownChromium(t *testing.T, preferences string) context.Context {
	t.Helper()
	started, err := startChromium(chromiumPath(t), preferences)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.end)
	return started.ctx
}

// chromiumPath returns where a real browser is. Without one the test is skipped,
// but never where the outcome counts.
func chromiumPath(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium: install it (apt-get install chromium)")
	}
	t.Skip("SKIPPED: no Chromium here, so nothing is known of real browsers (apt-get install chromium)")
	return ""
}

// featuresOff are those that the browser does without. Pages that drop down from
// the address bar, which nobody sees here, take more time in every new window than
// a whole test; a process that is ready for the next page takes as long to start as
// the page. The others are off in every browser that chromedp starts.
const featuresOff = "Translate,BlinkGenPropertyTrees,WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess"

// process is a browser that runs until its end is called.
type process struct {
	ctx context.Context
	end func()
}

// startChromium starts the browser at path with an empty profile but for the
// preferences.
func startChromium(path, preferences string) (*process, error) {
	profile, err := os.MkdirTemp("", "latchkey-browser-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-features", featuresOff),
	)
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	started := &process{ctx, func() {
		cancel()
		stop()
		_ = os.RemoveAll(profile)
	}}
	folder := filepath.Join(profile, "Default")
	err = errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "Preferences"), []byte(preferences), 0o600))
	if err == nil {
		err = chromedp.Do(ctx)
	}
	if err != nil {
		started.end()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return started, nil
}

// tab is one page of a browser.
type tab struct {
	t         *testing.T
	ctx       context.Context
	requested *requests
	worn      look          // the latest, so that nothing is drawn anew for the same
	policy    signon.Policy // of the site's links, where the test is for each
}

// requests are the addresses that a page has fetched.
type requests struct {
	mu  sync.Mutex
	all []string
}

func (r *requests) add(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, address)
}

// foreign returns what was not fetched from base.
func (r *requests) foreign(base string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.all), func(a string) bool { return strings.HasPrefix(a, base+"/") })
}

// stepTimeout bounds each step, so that a page that never comes fails the test.
const stepTimeout = 20 * time.Second

// newTab opens a page. With separate, it shares no cookies with any other: a
// browser of its own.
func newTab(parent context.Context, t *testing.T, separate bool) *tab {
	t.Helper()
	var ctx context.Context
	if separate {
		ctx = takeWindow(shared.process.ctx, t)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = chromedp.NewContext(parent)
		t.Cleanup(cancel)
	}
	b := &tab{t: t, ctx: ctx, requested: &requests{}}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("open tab: %v", err)
	}
	sent := chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for e, err := range sent {
			if err != nil {
				return
			}
			b.requested.add(e.Request.URL)
		}
	}()
	return b
}

// step runs one action within stepTimeout and returns what it returns.
func step[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("browser: %v", err)
	}
	return value
}

// open goes to the address and waits for the page that it ends at. It returns
// that page's status.
func (b *tab) open(address string) int64 {
	b.t.Helper()
	return step(b, chromedp.NavigateResponse(address)).Status
}

// address returns what stands in the address bar.
func (b *tab) address() string {
	b.t.Helper()
	return again(b, chromedp.Location())
}

// again takes a step that changes nothing, until it can be taken: a page that is
// leaving or has just come can't be asked.
func again[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	for deadline := time.Now().Add(stepTimeout); ; time.Sleep(50 * time.Millisecond) {
		value, err := chromedp.Run(b.ctx, action)
		if err == nil {
			return value
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("browser: %v", err)
		}
	}
}

// pageText is what the page says, and what its inputs hold, once all of it is there.
const pageText = `(() => {
	if (document.readyState !== "complete") throw new Error("the page is loading");
	return document.body.innerText + "\n" + [...document.querySelectorAll("input:not([type=hidden]),select")].map(e => e.value).join("\n");
})()`

// text returns what the page says, and what its inputs hold.
func (b *tab) text() string {
	b.t.Helper()
	return again(b, chromedp.Evaluate[string](pageText))
}

// script runs a script in the page and waits for what it promises.
func script[T any](b *tab, source string) T {
	b.t.Helper()
	return step(b, chromedp.Evaluate[T](source, chromedp.EvalAwaitPromise))
}

// fill replaces what an input holds.
func (b *tab) fill(selector, value string) {
	b.t.Helper()
	if !script[bool](b, fmt.Sprintf(`(e => e && (e.value = %q, true))(document.querySelector(%q)) === true`, value, selector)) {
		b.t.Fatalf("nothing to fill at %s", selector)
	}
}

// click clicks.
func (b *tab) click(selector string) {
	b.t.Helper()
	step(b, chromedp.Click(chromedp.CSS(selector)))
}

// submit clicks and waits for the page that follows. It returns its status.
func (b *tab) submit(selector string) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatalf("click %s: %v", selector, err)
	}
	return resp.Status
}

// complaints returns a function that tells what the browser has complained
// about since.
func (b *tab) complaints() func() []string {
	b.t.Helper()
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
