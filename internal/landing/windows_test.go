package landing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// window is a window of the shared browser with a profile of its own. To open one
// takes more than most tests do in it, so it goes from test to test, and forgets
// in between.
type window struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// spare are the windows that no test uses now.
var spare struct {
	mu  sync.Mutex
	all []*window
}

// blank is the address of an empty page. It is of the same site as all others, so
// that no process has to start for it.
var blank = sync.OnceValue(func() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}))
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
})

// takeWindow returns a window that knows nobody, for the rest of the test.
func takeWindow(parent context.Context, t *testing.T) context.Context {
	t.Helper()
	w := spareWindow()
	if w == nil {
		w = &window{}
		w.ctx, w.cancel = chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
		if err := chromedp.Do(w.ctx); err != nil {
			t.Fatalf("open window: %v", err)
		}
	}
	ctx, leave := context.WithCancel(w.ctx)
	t.Cleanup(func() {
		leave()
		w.giveBack(t)
	})
	return ctx
}

func spareWindow() *window {
	spare.mu.Lock()
	defer spare.mu.Unlock()
	n := len(spare.all)
	if n == 0 {
		return nil
	}
	w := spare.all[n-1]
	spare.all = spare.all[:n-1]
	return w
}

// giveBack makes the window forget the test, for the next one. After a failure
// nobody knows what state it is in, so it is closed.
func (w *window) giveBack(t *testing.T) {
	ctx, cancel := context.WithTimeout(w.ctx, stepTimeout)
	defer cancel()
	if t.Failed() || chromedp.Do(ctx, forget, chromedp.Navigate(blank()), forget) != nil {
		w.cancel()
		return
	}
	spare.mu.Lock()
	defer spare.mu.Unlock()
	spare.all = append(spare.all, w)
}

// forget takes back what tests do to a window, and what pages leave in it.
func forget(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	for _, undo := range []func() error{
		func() error {
			return void(cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{}))
		},
		func() error {
			return void(cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}))
		},
		func() error { return void(cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{})) },
		func() error { return void(cdp.Call(ctx, t, network.ClearBrowserCache, cdp.Empty{})) },
		func() error { return void(cdp.Call(ctx, t, page.ResetNavigationHistory, cdp.Empty{})) },
	} {
		if err := undo(); err != nil {
			return chromedp.Void{}, err
		}
	}
	return chromedp.Void{}, nil
}

func void(_ cdp.Empty, err error) error { return err }
