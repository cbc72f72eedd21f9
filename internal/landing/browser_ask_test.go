package landing_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestBrowserByPolicy: what people do with links, and what else does, under the
// policies that make a difference to it, or under each when everything is looked at.
func TestBrowserByPolicy(t *testing.T) {
	t.Parallel()
	parent := chromium(t)
	for name, c := range map[string]struct {
		test  func(*site, *tab)
		under []signon.Policy
	}{
		"ReloadAndBackKeepTheSession":      {browserReturns, policies},
		"ADoubleClickSignsInOnce":          {browserAnswersTwice, []signon.Policy{signon.PolicyConfirm}},
		"TwoTabsAtOnceBothComeIn":          {browserOpensTabs, []signon.Policy{signon.PolicyAuto}},
		"WithoutScriptsTheButtonWorks":     {browserWithoutScripts, []signon.Policy{signon.PolicyAuto}},
		"TwoPeopleAreNotMixed":             {browserSwitches, []signon.Policy{signon.PolicyDirect}},
		"WhatPagesFetchSpendsNothing":      {browserFetches, []signon.Policy{signon.PolicyDirect}},
		"PrefetchAndPrerenderSpendNothing": {browserPrefetches, []signon.Policy{signon.PolicyDirect}},
	} {
		if allLooks {
			c.under = policies
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range c.under {
				t.Run(string(p), func(t *testing.T) {
					t.Parallel()
					s := newSite(t, redeemedBy(p))
					s.clock.now = time.Now().UTC()
					b := newTab(parent, t, true)
					b.policy = p
					c.test(s, b)
				})
			}
		})
	}
}

func browserReturns(s *site, b *tab) {
	start := pageServer(b.t, `<!doctype html><title>start</title><p>The shop`)
	b.open(start)
	link := s.cartLink(john, "PRODS=4639321")
	b.open(link)
	if b.policy == signon.PolicyConfirm {
		b.wantText("Is this you?", "John N.", "j•••@example.com")
		if n := s.redemptions(); n != 0 {
			b.t.Fatalf("nobody pressed the button, and there are %d redemptions", n)
		}
		b.glance("ask-confirm")
		step(b, chromedp.Reload())
	}
	b.goOn()
	b.wantAddress(s.base + "/order/cart.php")
	step(b, chromedp.Reload())
	b.wantText("John Newman", "Hot Talks Messenger")
	b.back()
	if b.policy == signon.PolicyConfirm {
		// Back at the link: it leads to the session that it gave.
		b.await(func() bool { return strings.Contains(b.text(), "John Newman") })
	} else {
		b.await(func() bool { return strings.HasPrefix(b.address(), start) }) // no page that bounces
	}
	b.open(link)
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("John Newman", "Hot Talks Messenger")
	if n := s.redemptions(); n != 1 {
		b.t.Errorf("got %d redemptions, want 1", n)
	}
}

func browserAnswersTwice(s *site, b *tab) {
	link := s.cartLink(john, "PRODS=4639321")
	b.open(link)
	if b.policy == signon.PolicyConfirm {
		if _, err := chromedp.RunResponse(b.ctx, chromedp.DoubleClick(chromedp.CSS("main button"))); err != nil {
			b.t.Fatal(err)
		}
	}
	b.await(func() bool { return b.address() == s.base+"/order/cart.php" })
	b.wantText("John Newman")
	if n := s.redemptions(); n != 1 {
		b.t.Errorf("got %d redemptions, want 1", n)
	}
}

func browserOpensTabs(s *site, b *tab) {
	link := s.cartLink(john, "PRODS=4639321")
	tabs := []*tab{b, newTab(b.ctx, b.t, false)}
	var wg sync.WaitGroup
	for _, one := range tabs {
		wg.Go(func() { _ = chromedp.Do(one.ctx, chromedp.Navigate(link)) })
	}
	wg.Wait()
	for i, one := range tabs {
		pressed := false
		one.await(func() bool { // who lost the race tries again after a second
			asked := script[bool](one, `document.readyState === "complete" && !!document.querySelector("input[name=ticket]")`)
			if b.policy == signon.PolicyConfirm && asked && !pressed {
				one.submit("main button")
				pressed = !strings.Contains(one.address(), "_lk=3") // bound to another tab's value: asked again
			}
			return one.address() == s.base+"/order/cart.php"
		})
		if !strings.Contains(one.text(), "John Newman") {
			b.t.Errorf("tab %d is not signed in", i)
		}
	}
	if n := s.redemptions(); n != 1 {
		b.t.Errorf("got %d redemptions, want 1", n)
	}
}

// scripts switches the page's scripts on or off.
func (b *tab) scripts(on bool) {
	b.t.Helper()
	step(b, func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	})
}

func browserWithoutScripts(s *site, b *tab) {
	b.scripts(false)
	b.open(s.cartLink(john, "PRODS=4639321"))
	if b.policy != signon.PolicyDirect {
		if n := s.redemptions(); n != 0 {
			b.t.Fatalf("got %d redemptions before the button was pressed", n)
		}
		if b.policy == signon.PolicyAuto {
			b.scripts(true) // the page is there already and runs nothing any more
			b.glance("ask-auto")
			b.scripts(false)
		}
		b.submit("main button")
	}
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("John Newman")
	b.submit("button[name=place]")
	b.wantText("Thank you for your order")
}

// browserSwitches: two people in one browser.
func browserSwitches(s *site, b *tab) {
	b.enter(s.cartLink(john, "PRODS=4639321"))
	b.enter(s.link(john, signon.KindAccount, "/myaccount/", time.Minute))
	b.wantText("Hello, John")
	hers := s.cartLink(maria, "PRODS=1112233&LANG=en")
	b.open(hers)
	b.wantText("Switch to another account?", "John Newman", "Maria K.")
	if b.policy == signon.PolicyDirect {
		b.glance("ask-switch")
	}
	b.submit("main a.button") // stay
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("John Newman", "Hot Talks Messenger")
	if n := s.redemptions(); n != 2 {
		b.t.Errorf("staying spent the link: %d redemptions", n)
	}
	b.open(hers)
	b.submit("main button") // switch
	b.wantAddress(s.base + "/order/cart.php")
	b.wantText("Maria Keller", "Photo Desk Studio")
	if strings.Contains(b.text(), "Newman") {
		b.t.Errorf("the page shows both")
	}
	if status := b.open(s.base + "/myaccount/"); status != http.StatusForbidden {
		b.t.Errorf("the account of the person before answers %d", status)
	}
}

// TestBrowserRefusals: the page of a link that can't be used, as a visitor of a
// real shop sees it and as developers do.
func TestBrowserRefusals(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.clock.now = time.Now().UTC()
	parent := chromium(t)
	expired := s.link(john, signon.KindCart, "/order/checkout.php?PRODS=4639321", time.Second)
	elsewhere := s.boundLink(john, "198.51.100.9")
	s.clock.advance(2 * time.Second)
	var seen []string
	for name, link := range map[string]string{"expired": expired, "wrong-address": elsewhere} {
		b := newTab(parent, t, true)
		b.refused(link)
		b.wantText("Shown by latchkey dev only", "failed")
		b.variant("refused-dev-" + name)
		s.serving.Store(true)
		b.refused(link)
		if text := b.text(); strings.Contains(text, "dev only") || strings.Contains(text, "failed") {
			t.Errorf("%s: tells why", name)
		}
		code := script[string](b, `document.querySelector(".code code").innerText`)
		seen = append(seen, strings.ReplaceAll(script[string](b, `document.documentElement.outerHTML`), code, "CODE"))
		s.serving.Store(false)
	}
	if seen[0] != seen[1] {
		t.Errorf("the refusals differ:\n%s\n%s", seen[0], seen[1])
	}
}

// TestBrowserLanguages: a cart and a refusal in each language. A browser sees one
// of the two, and all languages, unless everything is looked at.
func TestBrowserLanguages(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(tenants *[]signon.Tenant) {
		for i := range (*tenants)[0].Destinations {
			(*tenants)[0].Destinations[i].Settings["refresh_url"] = "https://shop.example/again"
		}
	})
	s.clock.now = time.Now().UTC()
	s.serving.Store(true)
	parent := chromium(t)
	for i, c := range []spoken{
		{"en", "This link can’t be used", "Order summary"},
		{"de", "Dieser Link kann nicht verwendet werden", "Bestellübersicht"},
		{"fr", "Ce lien ne peut pas être utilisé", "Récapitulatif"},
		{"es", "Este enlace no se puede usar", "Resumen del pedido"},
		{"ro", "Acest link nu poate fi folosit", "Rezumatul comenzii"},
		{"ja", "このリンクは使用できません", "ご注文内容"},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			if i%2 == 0 || allLooks {
				c.welcome(s, newTab(parent, t, true))
			} else {
				s.browser().follow(c.link(s, john)).shows(t, c.summary)
			}
			if i%2 == 1 || allLooks {
				c.refuse(s, newTab(parent, t, true))
			} else {
				s.browser().follow(c.spent(s)).shows(t, c.refusal)
			}
		})
	}
}

// spoken is what pages say in a language.
type spoken struct{ code, refusal, summary string }

func (c *spoken) link(s *site, customer int) string {
	return s.cartLink(customer, "PRODS=4639321,1112233&QTY=1,2&COUPON=WELCOME10&LANG="+c.code)
}

// spent returns a link that another browser has followed.
func (c *spoken) spent(s *site) string {
	link := c.link(s, john)
	s.browser().follow(link)
	return link
}

// welcome looks at the pages of somebody who comes in.
func (c *spoken) welcome(s *site, b *tab) {
	b.wear(looks[3])
	b.open(c.link(s, john))
	b.wantText(c.summary)
	b.peek("cart-" + c.code)
	b.open(s.link(john, signon.KindAccount, "/myaccount/?lang="+c.code, time.Minute))
	b.peek("account-" + c.code)
}

// refuse looks at the pages between a link and what it is for.
func (c *spoken) refuse(s *site, b *tab) {
	b.wear(looks[3])
	b.open(c.spent(s))
	b.await(func() bool { return strings.Contains(b.address(), "&_lk=2.") })
	b.wantText(c.refusal)
	b.peek("refused-" + c.code)
	if got := script[string](b, "document.documentElement.lang"); got != c.code {
		b.t.Errorf("the page says that it is in %q", got)
	}
	b.open(c.link(s, john))
	b.open(c.link(s, maria))
	b.peek("ask-switch-" + c.code)
}
