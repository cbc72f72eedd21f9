package page

import (
	"net/http"
	"strings"
)

// Policy says what a page may do beyond showing itself.
type Policy struct {
	// FormTargets are origins, besides the page's own, that a form may lead to,
	// directly or by a redirect.
	FormTargets []string
	// SecretURL: the address of the page holds a secret, so nothing of it may
	// reach another page, not even one of the same origin. Such a page's forms
	// can't pass CSRF checks that look at the Origin header.
	SecretURL bool
}

// SetHeaders sets the headers that every page has: it is stored nowhere, framed
// nowhere, runs no script, and loads only our own assets.
func SetHeaders(h http.Header, p Policy) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", contentPolicy(p.FormTargets))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if p.SecretURL {
		h.Set("Referrer-Policy", "no-referrer")
	}
}

func contentPolicy(formTargets []string) string {
	forms := strings.Join(append([]string{"'self'"}, formTargets...), " ")
	return "default-src 'none'; style-src 'self'; img-src 'self'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}
