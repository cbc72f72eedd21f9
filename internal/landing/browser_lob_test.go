package landing_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/lobpage"
	"github.com/latchkey-sso/latchkey/internal/server"
)

// TestBrowserLOB: a browser comes to a line of business with a token, in a whole
// demo, as the page there calls the API over HTTP.
func TestBrowserLOB(t *testing.T) {
	t.Parallel()
	base := wholeDemo(t)
	parent := chromium(t)
	for name, test := range map[string]func(string, *tab){
		"TheStartPageTakesAMemberThere":     browserEntersLOB,
		"WithoutScriptsTheButtonWorksThere": browserEntersLOBByButton,
		"OnlyThePagesOwnFormEnters":         browserForgesLOB,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(base, newTab(parent, t, true))
		})
	}
}

// wholeDemo runs the server that `latchkey dev` is, and returns its address.
func wholeDemo(t *testing.T) string {
	t.Helper()
	listeners, err := server.ListenLocal("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := listeners[0].Addr().(*net.TCPAddr)
	cfg := dev.Config(tcp.AddrPort().Port())
	cfg.DataDir, cfg.RootKey = t.TempDir(), config.Literal(strings.Repeat("0f", 32))
	s, err := server.New(t.Context(), server.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Listeners: listeners, Demo: &server.Demo{Keys: dev.SeedKeys, People: dev.Seed}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	return s.URL()
}

func (b *tab) entered(base string) {
	b.t.Helper()
	b.await(func() bool { return b.address() == base+"/lob/01/enter" })
	b.wantText("Welcome, Asha Menon", "10001004", "ABC Funds", "Functionality\nD", "ABC App")
}

func browserEntersLOB(base string, b *tab) {
	complaints := b.complaints()
	b.open(base + "/")
	b.variant("start-with-lob")
	b.click("button[value=lob]")
	b.entered(base)
	seen := script[string](b, `document.documentElement.outerHTML + document.referrer + document.cookie`)
	if strings.Contains(seen, "eyJ") {
		b.t.Error("the page holds the token, or knows it from where it came from")
	}
	b.glance("lob-entered")
	if said := complaints(); len(said) > 0 {
		b.t.Errorf("the browser complains: %v", said)
	}
	step(b, chromedp.Reload())
	b.wantText("You could not be signed in") // the token is spent
	b.glance("lob-refused")
	b.back()
	b.await(func() bool { return b.address() == base+"/" }) // no page that bounces
	for _, address := range b.requested.foreign(base) {
		b.t.Errorf("a page fetched %s", address)
	}
}

func browserEntersLOBByButton(base string, b *tab) {
	b.scripts(false)
	b.open(base + "/")
	b.submit("button[value=lob]")
	b.wantText("Signing you in", "Go on to ABC Funds")
	b.scripts(true) // the page is there already and runs nothing any more
	b.glance("lob-arrived")
	b.scripts(false)
	if status := b.submit("main button"); status != http.StatusOK {
		b.t.Errorf("got status %d", status)
	}
	b.entered(base)
}

// browserForgesLOB: a form of another site may bring a token, but not send it to
// where it is validated.
func browserForgesLOB(base string, b *tab) {
	app := lobpage.LOB{API: base, Client: dev.LOBClient, Bearer: dev.LOBBearer, Secret: dev.LOBSecret}
	number, token, err := app.Issue(b.t.Context(), dev.MemberNumber, dev.FirstLOB, "D")
	if err != nil {
		b.t.Fatal(err)
	}
	form := func(path string) string {
		return pageServer(b.t, fmt.Sprintf(`<!doctype html><form method="post" action="%s%s"><input name="TokenNo" value="%s"><input name="TokenRefNo" value="%s"><button>go</button></form>`,
			base, path, token, number))
	}
	b.open(form("/lob/01/enter"))
	if status := b.submit("button"); status != http.StatusForbidden {
		b.t.Errorf("got status %d for a form of another site", status)
	}
	b.wantText("You could not be signed in")
	b.open(form("/lob/01"))
	b.click("button")
	b.entered(base) // so nothing was spent before
}
