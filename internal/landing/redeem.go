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
	to, ok := v.entry()
	if !ok {
		v.turnAway(signon.ReasonWrongTarget, "a cart or an account at this host", "neither")
		return
	}
	if _, again := v.refusedBefore(); again && to.held == nil {
		v.refuse("") // as before: no other tab signed this browser in meanwhile
		return
	}
	signOn, err := v.SignOn.Redeem(v.r.Context(), &signon.RedeemRequest{
		Tenant: to.Tenant.ID, Destination: to.Destination, Enter: to.enter, Token: v.params.get(v.dest.TokenParam),
		Binding: binding, Session: to.held.session(), Elsewhere: v.elsewhere(to.held), Confirmed: ticket,
		Addr: v.info.Addr, SupportCode: v.info.SupportCode,
	})
	if err != nil {
		v.refuseError(err)
		return
	}
	v.become(to.Site) // whose it is can be seen from here on
	if signOn.Ask != nil {
		v.ask(signOn.Ask)
		return
	}
	v.enter(signOn)
}

// entry is where a token that came here is redeemed.
type entry struct {
	signon.Site
	// enter is where the session is to begin when that is not here.
	enter *signon.Destination
	// held is what the browser holds of a session there, or nil.
	held *holding
}

// entry returns where the token is redeemed; ok is false when there is nothing
// behind the entrance that it came to. Whose portal it is for stands in the token
// itself: until it is redeemed the page is the host's own whatever that says.
func (v *visit) entry() (to entry, ok bool) {
	to.Site = signon.Site{Tenant: v.tenant, Destination: v.dest}
	switch v.dest.Kind {
	case signon.KindEntrance:
		return v.entrance()
	case signon.KindPortal:
		if at, ok := v.SignOn.Registry().Addressed(v.r.Host, v.dest.Kind, v.params.get(v.dest.TokenParam)); ok {
			to.Site = at
		}
	}
	to.held = v.holding(v.dest.Kind)
	return to, true
}

// elsewhere returns the other sessions that the browser has and that are to be the
// same person's.
func (v *visit) elsewhere(but *holding) []signon.HeldSession {
	var all []signon.HeldSession
	for _, h := range v.holdings() {
		if but == nil || h.Destination != but.Destination {
			all = append(all, h.HeldSession)
		}
	}
	return all
}

// enter leads the person who was signed in to where the session is.
func (v *visit) enter(signOn *signon.SignOn) {
	start := v.startOf(signOn)
	at, ok := v.SignOn.Registry().DestinationByID(v.tenant.ID, signOn.Session.Destination)
	if !ok {
		v.fail("enter", signon.Unavailable("enter", signon.ErrNotFound)) // it was declared a moment ago
		return
	}
	target := homes[at.Kind]
	if at == v.dest && at.Kind == signon.KindAccount {
		target = localTarget(signOn.Session.Target)
	}
	v.dest = at
	if err := v.endOthers(signOn); err != nil {
		v.fail("end another person's session", err) // a repeat signs in by the same session
		return
	}
	v.hold(signon.Site{Tenant: v.tenant, Destination: at}, signOn.Token)
	if at.Kind == signon.KindCart {
		v.startCart(signOn, start)
	}
	v.see(target)
}

// startOf returns what a sign-on that comes to the cart puts into it: what was
// signed with the grant, or the product that the entrance was asked for.
func (v *visit) startOf(signOn *signon.SignOn) params {
	if v.dest.Kind == signon.KindEntrance {
		return v.contracted()
	}
	_, query, _ := strings.Cut(signOn.Session.Target, "?") // a target has no fragment
	p, _ := parseParams(query, v.dest.TokenParam)
	return p
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
