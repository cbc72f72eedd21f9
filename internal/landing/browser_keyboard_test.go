package landing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// maxTabs is more often than anybody should have to press Tab on a page.
const maxTabs = 60

// press presses keys, one after the other.
func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	step(b, chromedp.KeyEvent(keys, options...))
}

// reach presses Tab until the focus is at what the selector names.
func (b *tab) reach(selector string, options ...chromedp.KeyOption) {
	b.t.Helper()
	for range maxTabs {
		b.press(kb.Tab, options...)
		if script[bool](b, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
	}
	b.t.Fatalf("%s: no way to %s by Tab", b.address(), selector)
}

// enterBy presses the key where the focus is and waits for the page that follows.
func (b *tab) enterBy(key string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(key)); err != nil {
		b.t.Fatalf("press %q: %v", key, err)
	}
}

// TestBrowserKeyboard: all of the account area can be used without a mouse.
func TestBrowserKeyboard(t *testing.T) {
	t.Parallel()
	s := newSite(t, sessions(20*time.Minute, time.Hour))
	s.clock.now = time.Now().UTC()
	refNo := s.order(john, "PRODS=4639321")
	b := newTab(chromium(t), t, true)
	b.signIn(s, john, "/myaccount/")

	b.reach(`nav a[href="/myaccount/user_data/"]`)
	b.enterBy(kb.Enter)
	b.reach("#f-zip")
	b.reach("#f-city", chromedp.KeyModifiers(chromedp.ModifierShift)) // Tab selects what the field holds
	b.press("Evanston")
	b.reach("main form button")
	b.enterBy(" ")
	b.wantText("Your details are saved.")
	if got := s.customer(john).Billing.City; got != "Evanston" {
		t.Errorf("got city %q", got)
	}

	b.reach(`nav a[href="/myaccount/my_products/"]`, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.enterBy(kb.Enter)
	b.reach(`a[href="/myaccount/my_subscription/?code=` + johnsTalks + `"]`)
	b.enterBy(kb.Enter)
	for _, to := range []string{"off", "on"} {
		b.reach(`button[name="renewal"]`)
		b.enterBy(kb.Enter)
		b.wantText("Automatic renewal is " + to + ".")
		if got := s.subscription(johnsTalks).Recurring; got != (to == "on") {
			t.Errorf("renewal: got %t after turning it %s", got, to)
		}
	}

	b.reach(`nav a[href="/myaccount/payment_methods/"]`, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.enterBy(kb.Enter)
	b.reach(`button[name="prefer"]`)
	b.enterBy(" ")
	b.wantText("The default card has been changed.")
	if got := s.lastDigits(john); got[0] != "4444" {
		t.Errorf("got cards %v", got)
	}

	b.reach(`nav a[href="/myaccount/order_lookup/"]`, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.enterBy(kb.Enter)
	b.reach("form.look input")
	b.press(refNo)
	b.enterBy(kb.Enter)
	b.wantText("Order " + refNo)

	b.reach(".person button")
	b.enterBy(kb.Enter)
	b.wantText("You are signed out")
	b.open(s.base + "/myaccount/")
	b.wantText("You are not signed in")
}
