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
	// Scripts: the page runs scripts that are assets of ours.
	Scripts bool
	// Live: its scripts fetch from the page's own origin.
	Live bool
}

// SetCommonHeaders sets the headers of every answer, whether it shows a page or
// leads to one: it is stored nowhere, listed nowhere, taken for nothing else, and
// its address goes to nobody.
func SetCommonHeaders(h http.Header) {
	h["Cache-Control"] = noStore
	h["Referrer-Policy"] = noReferrer
	h["X-Content-Type-Options"] = noSniff
	h["X-Robots-Tag"] = noRobots
}

// SetHeaders sets the headers that every page has: it is stored nowhere, framed
// nowhere, runs no script unless the policy says so, and loads only our own
// assets.
func SetHeaders(h http.Header, p Policy) {
	SetCommonHeaders(h)
	h["Content-Security-Policy"] = ownForms
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Permissions-Policy"] = noDevices
	h["X-Frame-Options"] = noFrame
	if len(p.FormTargets) > 0 || p.Scripts || p.Live {
		h["Content-Security-Policy"] = contentPolicy(p)
	}
	if !p.SecretURL {
		h["Referrer-Policy"] = sameOrigin
	}
}

// Values of headers, shared by all answers; Header.Add copies before it appends.
var (
	noStore    = []string{"no-store"}
	ownForms   = contentPolicy(Policy{})
	sameOrigin = []string{"same-origin"}
	noDevices  = []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}
	noReferrer = []string{"no-referrer"}
	noSniff    = []string{"nosniff"}
	noFrame    = []string{"DENY"}
	noRobots   = []string{"noindex, nofollow"}
)

func contentPolicy(p Policy) []string {
	forms, scripts := strings.Join(append([]string{"'self'"}, p.FormTargets...), " "), ""
	if p.Scripts {
		scripts = "script-src 'self'; "
	}
	if p.Live {
		scripts += "connect-src 'self'; "
	}
	return []string{"default-src 'none'; " + scripts + "style-src 'self'; img-src 'self'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"}
}
