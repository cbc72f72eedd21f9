package landing

import (
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// marker is the parameter that tells how far a redemption has come, so that no
// step is taken twice: roundTrip when the browser was sent back with its binding
// cookie, refreshed and the support code of the refusal when the page of that
// refusal has tried once more, askedAgain when an answer did not count.
const (
	marker     = "_lk"
	roundTrip  = "1"
	refreshed  = "2."
	askedAgain = "3"
)

// mark returns the marker's value. It is ours only as the last parameter: a
// marker that stands elsewhere came with the link and means nothing.
func (v *visit) mark() string {
	if n := len(v.params); n > 0 && v.params[n-1].name == marker {
		return v.params[n-1].value
	}
	return ""
}

// refusedBefore returns the support code of the refusal whose page tries once
// more, which is the one that the visitor has seen and operators find.
func (v *visit) refusedBefore() (code string, again bool) {
	code, again = strings.CutPrefix(v.mark(), refreshed)
	if again && !inbound.IsSupportCode(code) {
		code = v.info.SupportCode // made up by whoever made the link
	}
	return code, again
}

// redeem signs the browser in by the token in the query; ticket is the answer of
// a person who was asked first, or empty. Nothing is spent before the browser has
// shown that it keeps cookies.
func (v *visit) redeem(ticket string) {
	binding, ok := signon.ParseBinding(v.jar.get(bindingCookie))
	if !ok {
		if v.mark() != "" {
			v.askForCookies()
			return
		}
		v.bind()
		return
	}
	session := v.heldSession(v.dest.Kind)
	if _, again := v.refusedBefore(); again && session == nil {
		v.refuse("") // as before: no other tab signed this browser in meanwhile
		return
	}
	signOn, err := v.SignOn.Redeem(v.r.Context(), &signon.RedeemRequest{
		Tenant: v.tenant.ID, Destination: v.dest, Token: v.params.get(v.dest.TokenParam),
		Binding: binding, Session: session, Elsewhere: v.elsewhere(), Confirmed: ticket,
		Addr: v.info.Addr, SupportCode: v.info.SupportCode,
	})
	if err != nil {
		v.refuseError(err)
		return
	}
	if signOn.Ask != nil {
		v.ask(signOn.Ask)
		return
	}
	if err := v.endOthers(signOn, session); err != nil {
		v.fail("end another person's session", err) // a repeat signs in by the same session
		return
	}
	v.jar.set(sessionCookies[v.dest.Kind], signOn.Token.Reveal())
	if v.dest.Kind == signon.KindCart {
		v.startCart(signOn)
		v.see(cartPath)
		return
	}
	v.see(localTarget(signOn.Session.Target))
}

// bind gives the browser a binding value and sends it back to the same link.
// Nothing is spent.
func (v *visit) bind() {
	if _, ok := signon.ParseBinding(v.jar.get(bindingCookie)); !ok {
		var b signon.Binding
		_, _ = rand.Read(b[:]) // never fails: the process ends instead
		v.jar.set(bindingCookie, b.Text())
	}
	v.see(v.linkMarked(roundTrip))
}

// linkMarked returns the link that was followed, with another marker. locate has
// seen to it that its path leads nowhere else.
func (v *visit) linkMarked(mark string) string {
	var kept []string
	for part := range strings.SplitSeq(v.r.URL.RawQuery, "&") {
		if part != marker && !strings.HasPrefix(part, marker+"=") {
			kept = append(kept, part)
		}
	}
	return v.r.URL.EscapedPath() + "?" + strings.Join(append(kept, marker+"="+mark), "&")
}

// localTarget returns the target's path and query: a place on the same host.
func localTarget(target string) string {
	u, err := url.Parse(target)
	if err != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		return accountPath // can't be: targets are checked when issued and when redeemed
	}
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + u.RawQuery
}
