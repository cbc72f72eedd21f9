package signon

import "time"

// DestinationKind says what is at a destination.
type DestinationKind string

// The kinds.
const (
	KindCart    DestinationKind = "cart"    // the hosted cart
	KindAccount DestinationKind = "account" // the account area
	// KindPortal is where a tenant's users work. Portals of several tenants may
	// share a host.
	KindPortal DestinationKind = "portal"
	// KindEntrance leads on to the tenant's cart or account: who made the link did
	// not know yet to which of them (see [RedeemRequest.Enter]).
	KindEntrance DestinationKind = "entrance"
	// KindApp is an application of the tenant's: its own back end reads the tokens,
	// which are numbered (see [Service.IssueNumbered]). A tenant can have many, and
	// they need no hosts.
	KindApp DestinationKind = "app"
)

// shared reports whether destinations of several tenants may have one host.
func (k DestinationKind) shared() bool { return k == KindPortal }

// admits reports whether people of that kind are signed on there: users in a
// portal, members in an application, customers elsewhere. Nobody may be taken for
// a person of another kind with the same number.
func (k DestinationKind) admits(people SubjectKind) bool {
	switch k {
	case KindPortal:
		return people == SubjectUser
	case KindApp:
		return people == SubjectMember
	}
	return people == SubjectCustomer
}

// Destination is who accepts a sign-on, and which links may point there.
type Destination struct {
	// ID is unique within the tenant; it is part of every token's digest.
	ID   string
	Kind DestinationKind
	// Origins are the registered hosts. The first one is the base of links that
	// the caller gives no URL for.
	Origins []Origin
	// Paths are the paths a target may have: exact, or everything below one that
	// ends in "/*".
	Paths []string
	// UnsupportedPaths and UnsupportedHosts are refused by name, with a code of
	// their own: path prefixes, and hosts without scheme.
	UnsupportedPaths []string
	UnsupportedHosts []string
	// QueryRequired: a target without a query is not a link to anything.
	QueryRequired bool
	// TokenParam is the query parameter that carries the token.
	TokenParam string
	// DefaultTTL and MaxTTL are a grant's validity when none is asked for, and
	// the longest one.
	DefaultTTL time.Duration
	MaxTTL     time.Duration
	// SessionTTL is the lifetime of a browser session from sign-on.
	SessionTTL time.Duration
	// IdleTTL is how long a browser session may be left alone before it is over; 0
	// means that it never is for that.
	IdleTTL time.Duration
	// AddrPolicy says how closely grants are bound to an IPv6 address.
	AddrPolicy AddrPolicy
	// OnMismatch says what becomes of a call from another address than the grant
	// is bound to.
	OnMismatch Mismatch
	// Policy says how a link is redeemed; empty means by its validity.
	Policy Policy
	// Reusable: a numbered token may be read until it expires, not only once.
	Reusable bool
	// Requires is what a client must be able to do to sign somebody on here; empty
	// means nothing besides being a client of the tenant.
	Requires Capability
	// Settings belong to the pages at the destination, by name; the core does not
	// read them.
	Settings map[string]string
}

// Policy says what a browser has to do before a link is redeemed.
type Policy string

// The policies. Without one, links of up to DirectTTL are redeemed directly and
// others automatically.
const (
	// PolicyDirect redeems when the link is followed.
	PolicyDirect Policy = "direct"
	// PolicyAuto redeems by a page that posts itself: what merely fetches a link,
	// and runs no scripts, spends nothing.
	PolicyAuto Policy = "auto"
	// PolicyConfirm redeems when the person presses a button that names the
	// account: for links that are sent by mail.
	PolicyConfirm Policy = "confirm"
)

// DirectTTL is the longest validity of links that are redeemed directly where
// the destination has no policy of its own.
const DirectTTL = 60 * time.Second

// policy returns how the grant is redeemed.
func (d *Destination) policy(g *Grant) Policy {
	switch {
	case d.Policy != "":
		return d.Policy
	case g.ExpiresAt.Sub(g.IssuedAt) <= DirectTTL:
		return PolicyDirect
	}
	return PolicyAuto
}

// Mismatch says what becomes of a call from another address.
type Mismatch string

// The mismatch rules.
const (
	MismatchRefuse Mismatch = "refuse" // refused and counted; the default
	MismatchReport Mismatch = "report" // recorded and let pass, for trying binding out
)
