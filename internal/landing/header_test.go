package landing_test

import (
	"net/http"
	"testing"
)

func TestRedirectsOfALinkKeepItsAddressToThemselves(t *testing.T) {
	s := newSite(t)
	link, browser := s.cartLink(john, "PRODS=4639321"), s.browser()
	for _, step := range []string{"bound", "signed on"} {
		a := browser.get(link).status(t, http.StatusSeeOther)
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: header %s is %q, want %q", step, name, got, want)
			}
		}
	}
}
