package sandbox_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
)

// In these tests a real browser looks at the pages. All of them share one browser
// process, and most of them a tab; each has a demo of its own.

func TestBrowser(t *testing.T) {
	shared := newTab(chromium(t), t)
	for name, test := range map[string]func(*world, *tab){
		"TheFirstLinkAppearsByItself":       browserFirstLink,
		"FiltersApplyToWhatComes":           browserFilters,
		"ACallIsShownWholeAndCopied":        browserCall,
		"AFaultIsAddedMetAndRemoved":        browserFault,
		"AnExpiredLinkIsRefused":            browserExpires,
		"TheClockMovesAndAResetBeginsAnew":  browserClock,
		"TheKeyboardLeadsEverywhere":        browserKeys,
		"ALostConnectionIsSaidAndMadeGood":  browserLost,
		"ALongListStaysInOrder":             browserMany,
		"WithoutScriptsEverythingElseWorks": browserPlain,
		"RowsStandAsTheyShould":             browserRows,
		"ErrorsAreThoseOfTheirAPI":          browserErrors,
		"WhatIsCopiedIsSaidToBe":            browserCopied,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sandbox.Example = dev.ExampleCall(w.url, "", netip.IPv6Loopback())
			test(w, shared.lend(t))
		})
	}
}

// rows is a script's expression for the rows of the list.
const rows = `document.querySelectorAll("[data-rows] > tr")`

// fault503 has the next call of a dialect answered with 503.
func (w *world) fault503(dialect string) {
	w.Helper()
	if _, err := w.sandbox.AddFault(sandbox.Fault{Dialect: dialect, Kind: sandbox.FaultStatus, Times: 1}); err != nil {
		w.Fatal(err)
	}
}

// answered makes a call and returns its status.
func (w *world) answered(r *http.Request) int {
	w.Helper()
	status, _ := w.do(r)
	return status
}

// wrongPassword is a call that is refused.
func (w *world) wrongPassword() *http.Request {
	w.Helper()
	r := w.request(http.MethodPost, "/services/2/generateSSOLoginToken/1111001", `{"requestingUserIp": "127.0.0.1"}`)
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("username", "wrong-password")
	return r
}

func browserFirstLink(w *world, b *tab) {
	complaints := b.complaints()
	b.open(w.url + "/dev")
	b.wantText("No calls yet", "Live", "curl -X POST")
	b.picture("empty")
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.URL != "" })
	b.click(`button[value=cart]`)
	select {
	case <-opened:
	case <-time.After(stepTimeout):
		b.Fatal("no tab was opened")
	}
	b.front()
	b.await(rows + `.length >= 2`)
	b.wantText("/order/checkout.php", "John Newman", "redeemed", "303")
	if script[bool](b, `document.querySelector("[data-empty]").checkVisibility()`) {
		b.Error("the page still says that there are no calls")
	}
	b.await(`/\d new calls?/.test(document.querySelector("[data-said]").textContent)`)
	w.answered(w.ask())
	w.answered(w.wrongPassword())
	w.issue("2checkout-soap", "account")
	w.issue("2checkout-jsonrpc", "cart")
	w.fault503("bluesnap")
	w.answered(w.wrongPassword())
	b.await(rows + `.length >= 9`)
	b.wantText("failed: proof", "fault", "issued", "authenticated", "getSingleSignOnByCustomer", "2Checkout SOAP", "503")
	b.picture("calls")
	for _, text := range complaints() {
		b.Errorf("the browser complains: %s", text)
	}
}

func browserFilters(w *world, b *tab) {
	w.answered(w.wrongPassword())
	w.answered(w.ask())
	b.open(w.url + "/dev")
	b.await(rows + `.length === 2`)
	b.fill("#f-status", "4xx")
	b.submit(".filters button")
	b.await(rows + `.length === 1 && document.querySelector(".live").dataset.state === "live"`)
	b.wantText("401", "Show all")
	w.answered(w.ask())
	w.answered(w.wrongPassword())
	b.await(rows + `.length === 2`)
	b.click("[data-pause]")
	w.answered(w.wrongPassword())
	b.wantText("Paused, 1 new")
	if n := script[int](b, rows+".length"); n != 2 {
		b.Errorf("got %d rows while the page is paused", n)
	}
	b.click("[data-pause]")
	b.await(rows + `.length === 3`)
	b.fill("#q", "no such words")
	b.submit(".filters button")
	b.wantText("No call matches")
}

func browserCall(w *world, b *tab) {
	w.issue("2checkout-soap", "account")
	w.answered(w.wrongPassword())
	calls, _ := w.sandbox.Calls(sandbox.Filter{Kind: sandbox.KindCall})
	b.open(fmt.Sprintf("%s/dev/calls/%d", w.url, calls[0].ID))
	b.wantText("generateSSOLoginToken", "401 Unauthorized", "the check “proof” failed (bad password)", "the password of username", "not reached", "(hidden)")
	b.picture("call-refused")
	b.submit("a[data-older]")
	b.wantText("getSingleSignOnByCustomer", "Issue", "capability", "committed")
	if n := script[int](b, `document.querySelectorAll("#request ~ *, .exchange mark.token").length`); n < 2 {
		b.Errorf("got %d tokens that are marked", n)
	}
	if got := script[string](b, `getComputedStyle(document.querySelector("mark.token"), "::before").content`); got != `"token"` {
		b.Errorf("tokens are marked with %s", got)
	}
	b.picture("call")
	script[bool](b, `(navigator.clipboard.writeText = async text => { window.copied = text; }, true)`)
	b.click(`button[data-copy=curl]`)
	b.await(`window.copied !== undefined`)
	copied := script[string](b, `window.copied`)
	if want := calls[1].Curl(w.url, ""); copied != want {
		b.Errorf("copied is\n%s\nwant\n%s", copied, want)
	}
	if shown := script[string](b, `document.querySelector("#curl").textContent`); shown != copied {
		b.Errorf("shown is\n%s", shown)
	}
	answer, err := exec.CommandContext(b.ctx, "sh", "-c", copied+" --silent").Output()
	if err != nil || !strings.Contains(string(answer), "logintoken=") {
		b.Errorf("the command answers %s, %v", answer, err)
	}
	b.submit(".facts a.mono")
	b.wantText("Issued", "live", "getSingleSignOnByCustomer", "Expire", "by AVANGATE")
	b.picture("story")
	b.submit(".facts a")
	b.wantText("John Newman", "Avangate Demo", "352365983")
	b.picture("person")
}

func browserFault(w *world, b *tab) {
	b.open(w.url + "/dev/controls")
	b.wantText("Nothing fails on purpose")
	if script[bool](b, `document.querySelector("#fault-hang").checkVisibility()`) {
		b.Error("what a hang needs is asked for though nothing hangs")
	}
	b.fill("#fault-every", "often")
	b.submit(".fault-form button")
	b.wantText("Please check one thing", "Enter a number")
	b.fill("#fault-kind", "error")
	b.fill("#fault-dialect", "2checkout-rest")
	b.fill("#fault-error", "2checkout-rest/limit")
	b.fill("#fault-every", "2")
	b.fill("#fault-times", "")
	if status := b.submit(".fault-form button"); status != http.StatusOK {
		b.Errorf("got status %d", status)
	}
	b.wantText("2Checkout REST: limit", "Each 2nd call", "Controls · 1 fault")
	first, second := w.answered(w.ask()), w.answered(w.ask())
	if first != http.StatusOK || second == http.StatusOK {
		b.Errorf("got %d and %d", first, second)
	}
	b.open(w.url + "/dev/controls")
	b.wantText("1 of 2 calls failed")
	b.picture("controls")
	b.open(w.url + "/dev")
	b.wantText("fault")
	b.open(w.url + "/dev/controls")
	b.submit(".fault-list button")
	b.wantText("Nothing fails on purpose", "The fault is removed")
	if status := w.answered(w.ask()); status != http.StatusOK {
		b.Errorf("got %d after the fault was removed", status)
	}
}

func browserExpires(w *world, b *tab) {
	b.open(w.url + "/dev/links")
	b.wantText("John Newman", "No links yet", "Shopper")
	b.fill("#person", "avangate/user/1111001")
	b.submit("form[data-pick] button")
	b.wantText("Where Olivia Bennett can be taken", "BlueSnap")
	if text := b.text(); strings.Contains(text, "by 2Checkout REST") {
		b.Errorf("what does not fit is offered:\n%s", text)
	}
	b.open(w.url + "/dev/links")
	b.submit(`button[value="2checkout-rest/cart"]`)
	b.wantText("A fresh link for John Newman", "live", "1 link")
	link := script[string](b, `document.querySelector("#fresh-link").textContent`)
	if got := script[string](b, `(a => a.href + " " + a.target + " " + a.rel)(document.querySelector(".fresh-link a.button"))`); got != link+" _blank noopener noreferrer" {
		b.Errorf("the link is opened by %s, want %s", got, link)
	}
	b.picture("links")
	b.submit(`.fresh-link form[action$=expire] button`)
	b.wantText("The link is expired now", "expired")
	if status := b.open(link); status != http.StatusForbidden {
		b.Errorf("got status %d for an expired link", status)
	}
	b.open(w.url + "/dev")
	b.wantText("failed: expiry", "John Newman")
	b.open(w.url + "/dev/links")
	b.fill("#find", "no link")
	if status := b.submit(".find button"); status != http.StatusNotFound {
		b.Errorf("got status %d for what is no link", status)
	}
	b.wantText("Not found")
	b.fill("#find", link)
	b.submit(".find button")
	b.wantText("What happened", "Refused", "expired")
	if got := script[string](b, `location.href`); strings.Contains(got, "logintoken") {
		b.Errorf("the address holds the token: %s", got)
	}
}

func browserClock(w *world, b *tab) {
	w.answered(w.ask())
	list := newTab(b.ctx, b.T)
	list.open(w.url + "/dev")
	list.await(rows + `.length === 1 && document.querySelector(".live").dataset.state === "live"`)
	b.open(w.url + "/dev/controls")
	b.wantText("real time")
	b.submit(`button[value="30m"]`)
	b.wantText("30\u00a0min ahead", "30\u00a0min further ahead")
	b.fill("#by", "yesterday")
	b.submit(".look button")
	b.wantText("Enter a time as in 90s")
	b.fill("#by", "1d2h")
	b.submit(".look button")
	b.wantText("1\u00a0d 2\u00a0h 30\u00a0min ahead")
	b.click(".confirm summary")
	b.submit(".confirm button")
	b.wantText("real time", "Everything is as at the start")
	list.wantText("No calls yet")
	w.answered(w.ask())
	list.await(rows + `.length === 1`)
}

func browserKeys(w *world, b *tab) {
	for range 3 {
		w.answered(w.ask())
	}
	w.answered(w.wrongPassword())
	b.open(w.url + "/dev")
	b.await(rows + `.length === 4`)
	at := func() int {
		return script[int](b, `[...`+rows+`].findIndex(r => r.contains(document.activeElement))`)
	}
	for i, one := range []struct {
		key  string
		want int
	}{{"j", 0}, {"j", 1}, {"k", 0}, {"k", 0}} {
		b.press(one.key)
		if got := at(); got != one.want {
			b.Errorf("step %d: the focus is in row %d, want %d", i, got, one.want)
		}
	}
	b.press("/")
	if got := script[string](b, `document.activeElement.id`); got != "q" {
		b.Errorf("the focus is at %q", got)
	}
	b.press("jp")
	if got := script[string](b, `document.querySelector("#q").value`); !strings.HasSuffix(got, "jp") {
		b.Errorf("the field holds %q", got)
	}
	b.press("\u001b") // Escape
	if got := at(); got != 0 {
		b.Errorf("after Escape the focus is in row %d", got)
	}
	b.click(".keys button")
	if b.press("j"); at() >= 0 {
		b.Error("letters lead somewhere though they are turned off")
	}
	b.click(".keys button")
	b.press("j")
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent("\r")); err != nil {
		b.Fatal(err)
	}
	b.wantText("401 Unauthorized", "All calls")
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent("j")); err != nil {
		b.Fatal(err)
	}
	b.wantText("200 OK")
}

// door is a way to a demo that can be shut.
type door struct {
	*testing.T

	addr   string
	server *http.Server
	to     *url.URL
}

func newDoor(b *tab, to string) *door {
	b.Helper()
	where, err := url.Parse(to)
	if err != nil {
		b.Fatal(err)
	}
	d := &door{T: b.T, addr: "127.0.0.1:0", to: where}
	d.open()
	b.Cleanup(d.shut)
	return d
}

func (d *door) open() {
	d.Helper()
	l, err := (&net.ListenConfig{}).Listen(d.Context(), "tcp", d.addr)
	if err != nil {
		d.Fatal(err)
	}
	d.addr = l.Addr().String()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(d.to) }}
	d.server = &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = d.server.Serve(l) }()
}

func (d *door) shut() { _ = d.server.Close() }

func browserLost(w *world, b *tab) {
	w.answered(w.ask())
	d := newDoor(b, w.url)
	b.open("http://" + d.addr + "/dev")
	b.await(rows + `.length === 1 && document.querySelector(".live").dataset.state === "live"`)
	d.shut()
	b.wantText("Connection lost")
	w.answered(w.ask())
	w.answered(w.wrongPassword())
	d.open()
	b.await(rows + `.length === 3 && document.querySelector(".live").dataset.state === "live"`)
	b.wantText("failed: proof")
}

// made records calls without a server's work.
func (w *world) made(n int) {
	w.Helper()
	answer := strings.Repeat(`{"customer": "352365983", "text": "as long as answers are"}`, 8)
	h := w.sandbox.Around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	for i := range n {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, fmt.Sprintf("/rest/6.0/subscriptions/%d/", i), strings.NewReader(answer)))
	}
}

func browserMany(w *world, b *tab) {
	w.made(1000)
	b.open(w.url + "/dev")
	b.await(rows + `.length === 200 && document.querySelector(".live").dataset.state === "live"`)
	for range 10 {
		w.made(50)
		time.Sleep(20 * time.Millisecond)
	}
	b.await(`document.querySelector("[data-rows] > tr").dataset.id === "1500"`)
	if n := script[int](b, rows+".length"); n != 200 {
		b.Errorf("the page holds %d rows", n)
	}
	ids := script[[]int](b, `[...`+rows+`].map(r => Number(r.dataset.id))`)
	for i, id := range ids {
		if id != 1500-i {
			b.Fatalf("row %d is call %d", i, id)
		}
	}
	b.open(w.url + "/dev?q=subscriptions%2F500%2F")
	b.await(rows + `.length === 1`)
	b.open(w.url + "/dev")
	b.submit("a[data-older]")
	b.wantText("Older calls", "Newest calls")
	if got := script[string](b, `document.querySelector("[data-rows] > tr").dataset.id`); got != "1300" {
		b.Errorf("the older calls begin with %s", got)
	}
}

func browserPlain(w *world, b *tab) {
	b = newTab(b.ctx, b.T)
	w.answered(w.ask())
	step(b, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	})
	b.open(w.url + "/dev")
	html := step(b, chromedp.OuterHTML(chromedp.CSS("body")))
	if !strings.Contains(html, "reload to see what is new") || !strings.Contains(html, `id="call-1"`) {
		b.Errorf("got %s", html)
	}
	b.submit("td.c-what a")
	if html = step(b, chromedp.OuterHTML(chromedp.CSS("#curl"))); !strings.Contains(html, "curl") {
		b.Errorf("got %s", html)
	}
	b.open(w.url + "/dev/controls")
	b.submit(`button[value="1h"]`)
	if ahead := w.sandbox.ClockState().Ahead; ahead != time.Hour {
		b.Errorf("the clock is %s ahead", ahead)
	}
}
