package signon

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// TenantID names a tenant: lower-case letters, digits and hyphens, chosen by
// the operator.
type TenantID string

// Tenant is one isolated owner of customers, clients and destinations.
type Tenant struct {
	// ID is unique and never changes.
	ID TenantID
	// Name is shown to people.
	Name string
	// Number is what other tenants' clients call the tenant by, in digits; unique;
	// may be empty.
	Number string
	// ActsFor are the tenants on whose behalf this tenant's clients may act.
	ActsFor []TenantID
	// Hosts are where the tenant's API is, for APIs that find the tenant by the host
	// that a client calls: as clients name them, "host" or "host:port". Unique.
	Hosts []string
	// Networks are where such an API may be called from; none means from anywhere.
	Networks []netip.Prefix
	// Issuers are who makes the access tokens that such an API takes.
	Issuers []Issuer
	// Language is the ISO 639-1 code used when neither link nor person has one.
	Language string
	// SupportURL is where a person finds help; may be empty.
	SupportURL string
	// SupportEmail is the address that a person can write to; may be empty.
	SupportEmail string
	// Brand is the look of the tenant's pages.
	Brand Brand
	// Limits bounds what the tenant may hold.
	Limits TenantLimits
	// Clients are the programs that may call APIs for the tenant.
	Clients []Client
	// Destinations are where the tenant's people may be signed on.
	Destinations []Destination
}

// Brand is the look of a tenant's pages, as it was declared: whoever shows it
// checks it. All of it may be empty.
type Brand struct {
	// Logo is an image, LogoDark the one in its place on dark pages.
	Logo, LogoDark []byte
	// Accent is the colour of what stands out, AccentDark that on dark pages, both
	// as "#rrggbb".
	Accent, AccentDark string
}

// TenantLimits are a tenant's bounds on live grants. Zero means no limit; the
// configuration fills in the published defaults.
type TenantLimits struct {
	// LiveGrants is how many unredeemed, unexpired grants the tenant may have.
	LiveGrants int
	// LinksPerSubject is how many of them may be for one person.
	LinksPerSubject int
}

// Client is a program that calls an API for a tenant.
type Client struct {
	// Realm is the namespace of ID: each dialect has its own.
	Realm string
	// ID is what the client calls itself on the wire; unique within its realm.
	ID string
	// Tenant is the owner.
	Tenant TenantID
	// Name is shown to operators.
	Name string
	// Secrets are the active secrets, newest first: one, or two during rotation.
	Secrets []Secret
	// Algorithms are the proof algorithms accepted from this client, lower-case.
	Algorithms []string
	// ProofSkew is how far a dated proof may be from now, either way.
	ProofSkew time.Duration
	// Capabilities are what the operator lets the client do beyond asking for links
	// for its tenant's customers.
	Capabilities []Capability
	// Networks are where the client may call from; none means from anywhere.
	Networks []netip.Prefix
	// Bearers are whose access tokens prove this client: ids of clients at the
	// tenant's issuers. A client with bearers needs no secret.
	Bearers []string
	// Scopes are what a client of the tenant's own issuer may ask for.
	Scopes []string
	// IssuesFor are the tenant's applications that the client may ask tokens for, and
	// Is those that it is.
	IssuesFor, Is []string
}

// Issuer makes access tokens for a tenant's clients.
type Issuer struct {
	// URL names the issuer, exactly as its tokens do.
	URL string
	// Own: it is the one built in; otherwise KeysURL is where its keys are.
	Own     bool
	KeysURL string
	// Audience is the audience that tokens must be for. When it is empty, tokens have
	// none and say that they are access tokens, and of which client, instead.
	Audience string
	// Clients are the clients whose tokens are taken; none means all.
	Clients []string
	// Scopes are those of which a token must have one; none means that it needs none.
	Scopes []string
}

// Capability is something that an operator lets a client do.
type Capability string

// CapPrincipal lets a client maintain the users of its tenant, and of the tenants
// that it acts for, and sign them and its customers on.
const CapPrincipal Capability = "principal"

// Can reports whether the client has the capability; every client has the empty
// one.
func (c *Client) Can(capability Capability) bool {
	return capability == "" || slices.Contains(c.Capabilities, capability)
}

// admits reports whether the client may call from that address.
func (c *Client) admits(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return len(c.Networks) == 0 || slices.ContainsFunc(c.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// checkCaller returns CodeForbidden when the client calls from elsewhere than it may.
func (c *Client) checkCaller(addr netip.Addr) *Error {
	if c.admits(addr) {
		return nil
	}
	return &Error{Code: CodeForbidden, Reason: ReasonCaller, Expected: "a call from " + joined(c.Networks), Received: addr.String()}
}

func joined(networks []netip.Prefix) string {
	texts := make([]string, len(networks))
	for i, n := range networks {
		texts[i] = n.String()
	}
	return strings.Join(texts, ", ")
}

// Allows reports whether the client may prove itself with that algorithm
// (lower-case).
func (c *Client) Allows(algorithm string) bool {
	for _, a := range c.Algorithms {
		if a == algorithm {
			return true
		}
	}
	return false
}

// Secret is a secret string that never prints: fmt and slog show a placeholder.
type Secret string

const redacted = "[redacted]"

// Reveal returns the secret itself, for computing with it.
func (s Secret) Reveal() string { return string(s) }

// String returns a placeholder.
func (Secret) String() string { return redacted }

// GoString returns a placeholder.
func (Secret) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder, so that no encoder writes the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
