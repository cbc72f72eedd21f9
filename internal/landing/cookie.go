package landing

import (
	"net/http"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The cookies, without their prefix. All of them end with the browser's session.
const (
	bindingCookie = "lk_browser" // the browser's binding value
	cartCookie    = "lk_basket"  // what is in the cart
	entryCookie   = "lk_card"    // set while a card is entered that is to be put on file
	personCookie  = "lk_person"  // marks who was signed in last, until they sign out (see personMark)
)

// sessionCookies hold the session at each kind of destination. Where several
// tenants share a host, the tenant and a dot stand before it.
var sessionCookies = map[signon.DestinationKind]string{
	signon.KindCart:    "lk_cart",
	signon.KindAccount: "lk_account",
	signon.KindPortal:  "lk_portal",
}

// seenCookies hold the seen mark of the session at each kind of destination (see
// signon.LiveSession). All tabs of a browser share it: whichever is answered last
// renews it.
var seenCookies = map[signon.DestinationKind]string{
	signon.KindCart:    "lk_cart_seen",
	signon.KindAccount: "lk_account_seen",
	signon.KindPortal:  "lk_portal_seen",
}

// jar reads and sets the cookies of one visit.
type jar struct {
	w    http.ResponseWriter
	sent []*http.Cookie // by the browser
	// secure: the cookies have the prefix "__Host-" and the attribute Secure, so
	// that no other host, and nobody on the way, can set them.
	secure bool
}

func newJar(v *visit) jar {
	secure := v.info.Secure || v.origin.Scheme == "https" || loopback(v.origin.Host)
	return jar{v.w, v.r.Cookies(), secure}
}

func (j *jar) name(base string) string {
	if j.secure {
		return "__Host-" + base
	}
	return base
}

// get returns the value of the first cookie with that name, or "".
func (j *jar) get(base string) string {
	name := j.name(base)
	for _, c := range j.sent {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (j *jar) set(base, value string) { j.write(base, value, 0) }

// remove takes the cookie from the browser, and from what get returns.
func (j *jar) remove(base string) {
	j.write(base, "", -1)
	name := j.name(base)
	j.sent = slices.DeleteFunc(j.sent, func(c *http.Cookie) bool { return c.Name == name })
}

func (j *jar) write(base, value string, maxAge int) {
	http.SetCookie(j.w, &http.Cookie{ //nolint:gosec // Secure but at hosts registered for plain http, where browsers drop such cookies
		Name: j.name(base), Value: value, Path: "/", MaxAge: maxAge,
		Secure: j.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
