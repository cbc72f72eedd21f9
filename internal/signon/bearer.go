package signon

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// checkIssuers returns an error unless the id of an issuer's client says whose it
// is: a client's bearers are named without their issuer, and where an issuer lets
// its clients choose their ids, one could take the id of another issuer's.
func checkIssuers(t *Tenant) error {
	if len(t.Issuers) < 2 {
		return nil
	}
	var errs []error
	of := map[string]*Issuer{}
	for i := range t.Issuers {
		issuer := &t.Issuers[i]
		if len(issuer.Clients) == 0 {
			errs = append(errs, fmt.Errorf("tenant %q: issuer %q must list its clients: the tenant has several issuers", t.ID, issuer.URL))
		}
		for _, id := range issuer.Clients {
			if other := of[id]; other != nil && other != issuer {
				errs = append(errs, fmt.Errorf("tenant %q: issuer %q: the client %q is one of issuer %q already", t.ID, issuer.URL, id, other.URL))
			}
			of[id] = issuer
		}
	}
	return errors.Join(errs...)
}

// BearerClaim is a client's claim to be who it says, for which an access token of
// one of its tenant's issuers stands. The dialect has verified the token.
type BearerClaim struct {
	// Realm and ID name the client; ID is empty when the caller named none.
	Realm, ID string
	// Tenant is whose API is called.
	Tenant TenantID
	// Issuer made the token, for its client Bearer, with those scopes.
	Issuer *Issuer
	Bearer string
	Scopes []string
	// Caller is the address of the caller, and SupportCode the code of its request.
	Caller      netip.Addr
	SupportCode string
}

// AuthenticateBearer decides whether the token's client may call the tenant's API,
// and as the client that it names. It returns that, or nil when it named none. All
// refusals are CodeForbidden; those of a client that exists are recorded after the
// answer.
func (s *Service) AuthenticateBearer(claim BearerClaim) (*Client, error) {
	client, known := s.Registry().Client(claim.Realm, claim.ID)
	known = known && client.Tenant == claim.Tenant
	if !known {
		client = stranger
	}
	refused := claim.refusal(client, known)
	trace := Trace{SupportCode: claim.SupportCode, Operation: OpAuthenticate, Tenant: claim.Tenant, Client: strings.Clone(claim.ID)}
	if refused != nil {
		s.Trace(&trace, refused)
		s.recordClient(client, refused, claim.Caller, claim.SupportCode, known)
		return nil, refused
	}
	s.Trace(&trace, nil)
	if claim.ID == "" {
		return nil, nil
	}
	return client, nil
}

// refusal returns why the claim is not admitted, or nil.
func (claim *BearerClaim) refusal(c *Client, known bool) *Error {
	i := claim.Issuer
	switch {
	case len(i.Clients) > 0 && !contains(i.Clients, claim.Bearer):
		return claim.forbidden(ReasonUnknownID, "a token of one of the issuer's clients "+strings.Join(i.Clients, ", "), "one of "+claim.Bearer)
	case len(i.Scopes) > 0 && !slices.ContainsFunc(i.Scopes, func(scope string) bool { return contains(claim.Scopes, scope) }):
		return claim.forbidden(ReasonCapability, "a token with one of the scopes "+strings.Join(i.Scopes, ", "), "the scopes "+strings.Join(claim.Scopes, ", "))
	case claim.ID == "":
		return nil
	case !known:
		return claim.forbidden(ReasonUnknownID, "a client of the tenant", strings.Clone(claim.ID))
	case !contains(c.Bearers, claim.Bearer):
		return claim.forbidden(ReasonBadProof, "a token of "+strings.Join(c.Bearers, ", "), "one of "+claim.Bearer)
	}
	return c.checkCaller(claim.Caller)
}

func (claim *BearerClaim) forbidden(reason Reason, expected, received string) *Error {
	return &Error{Code: CodeForbidden, Reason: reason, Expected: expected, Received: received}
}
