package landing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The demo's start page is tested here, where its links land.

func TestStartPageIssuesAFreshLinkPerClick(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.get("/").status(t, http.StatusOK).shows(t, "Latchkey is running", `href="/dev"`, "Watch calls live", "SECRET_KEY", "HotTalks1Customer123", "visa 1111, mastercard 4444", "29.90 EUR")
	checkHeaders(t, page, "same-origin")
	seen := map[string]bool{}
	for _, name := range []string{"cart", "cart", "cart-without-cards", "account", "portal", "portal", "entrance"} {
		a := b.post("/dev/open", url.Values{"link": {name}}).status(t, http.StatusSeeOther)
		link := a.Header.Get("Location")
		if seen[link] || !strings.HasPrefix(link, s.base+"/") || a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %q with %v", name, link, a.Header)
		}
		seen[link] = true
		b.follow(link).status(t, http.StatusOK)
	}
	b.post("/dev/open", url.Values{"link": {"nothing"}}).status(t, http.StatusNotFound)
	b.headers["Sec-Fetch-Site"] = "cross-site"
	b.post("/dev/open", url.Values{"link": {"cart"}}).status(t, http.StatusForbidden)
}

func TestStartPageShowsACommandToPaste(t *testing.T) {
	s := newSite(t)
	a := s.browser().get("/").status(t, http.StatusOK)
	command := unescape(regexpFind(a.body, `(?s)<pre[^>]*>(.*?)</pre>`)[0][1])
	want := "curl -H 'X-Avangate-Authentication: code=\"AVANGATE\" date=\"2026-11-20 12:00:00\""
	if !strings.HasPrefix(command, want) {
		t.Errorf("got %q, want it to start with %q", command, want)
	}
	_, quoted, _ := strings.Cut(command, "\n  '")
	address, err := url.Parse(strings.TrimSuffix(quoted, "'"))
	if err != nil {
		t.Fatal(err)
	}
	if pre := regexpFind(a.body, `(?s)<pre[^>]*>(.*?)</pre>`); len(pre) != 3 || unescape(pre[1][1]) !=
		"curl -X POST '"+s.base+"/services/2/generateSSOLoginToken/1111001' \\\n  -u username:password \\\n"+
			"  -H 'Content-Type: application/json' -H 'Accept: application/json' \\\n  -d '{\"requestingUserIp\": \"192.0.2.7\"}'" {
		t.Errorf("got %q for the portal", pre)
	}
	if got := address.Query().Get("Url"); got != s.base+"/order/checkout.php?PRODS=4639321&QTY=1&CART=1" || address.Path != "/rest/6.0/customers/352365983/cart/" {
		t.Errorf("got %s", address)
	}
}
