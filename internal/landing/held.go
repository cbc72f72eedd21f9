package landing

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// holding is what the browser holds of a session, and where at this host that
// would be.
type holding struct {
	signon.Site
	signon.HeldSession
}

// session returns what the core is to know of it.
func (h *holding) session() *signon.HeldSession {
	if h == nil {
		return nil
	}
	return &h.HeldSession
}

// holding returns what the browser holds of a session at a kind of destination
// here, or nil.
func (v *visit) holding(kind signon.DestinationKind) *holding {
	at, text, here := v.heldAt(kind)
	token, ok := signon.ParseSessionToken(text)
	if !here || !ok {
		return nil
	}
	return &holding{at, signon.HeldSession{Token: token, Seen: v.jar.get(seenCookies[kind])}}
}

// heldAt returns whose session at a kind of destination the browser's cookie says
// it is, and the text of its token. Only who is registered at this host counts.
func (v *visit) heldAt(kind signon.DestinationKind) (at signon.Site, text string, here bool) {
	text = v.jar.get(sessionCookies[kind])
	if kind != signon.KindPortal {
		at.Tenant, at.Destination, here = v.SignOn.Registry().At(v.r.Host, kind)
		return at, text, here
	}
	tenant, text, _ := strings.Cut(text, ".")
	at, here = v.SignOn.Registry().Shared(v.r.Host, kind, signon.TenantID(tenant))
	return at, text, here
}

// hold gives the browser the session of a sign-on at that place.
func (v *visit) hold(at signon.Site, token signon.SessionToken) {
	text := token.Reveal()
	if at.Destination.Kind == signon.KindPortal {
		text = string(at.Tenant.ID) + "." + text
	}
	v.jar.set(sessionCookies[at.Destination.Kind], text)
}

// live returns the session that the browser holds when it can be used, or nil.
func (v *visit) live(h *holding) (*signon.LiveSession, error) {
	session, err := v.SignOn.Session(v.r.Context(), &signon.SessionRequest{
		Tenant: h.Tenant.ID, Destination: h.Destination, HeldSession: h.HeldSession, SupportCode: v.info.SupportCode,
	})
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeSessionInvalid {
		return nil, nil
	}
	return session, err
}

// signOutOf ends the session that the browser holds, for good.
func (v *visit) signOutOf(h *holding) error {
	return v.SignOn.SignOut(v.r.Context(), h.Tenant.ID, h.Destination, h.Token, v.info.SupportCode)
}

// The kinds of destination at which the sessions of a browser are one person's. A
// customer and a user are signed in beside one another.
var (
	customerKinds = []signon.DestinationKind{signon.KindCart, signon.KindAccount}
	userKinds     = []signon.DestinationKind{signon.KindPortal}
)

// company returns the kinds at which the browser's sessions are the same person's
// as at this destination.
func (v *visit) company() []signon.DestinationKind {
	if v.dest.Kind == signon.KindPortal {
		return userKinds
	}
	return customerKinds
}

// holdings returns what the browser holds of the sessions that are to be one
// person's. Users of all tenants at the host are among them, customers of this
// one alone.
func (v *visit) holdings() []*holding {
	var all []*holding
	for _, kind := range v.company() {
		h := v.holding(kind)
		if h != nil && (h.Tenant.ID == v.tenant.ID || kind == signon.KindPortal) {
			all = append(all, h)
		}
	}
	return all
}
