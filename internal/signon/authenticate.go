package signon

import (
	"net/netip"
	"strings"
	"time"
)

// Claim is a client's claim to be who it says, as a dialect read it.
type Claim struct {
	// Operation is what it is traced as: OpAuthenticate, or OpPassword where the
	// proof is the secret itself. Empty is OpAuthenticate.
	Operation Operation
	// Realm and ID name the client.
	Realm, ID string
	// Caller is the address of the caller.
	Caller netip.Addr
	// SupportCode is the code of the request.
	SupportCode string
	// Verify judges the claim's proof against the client, with that secret. Unless
	// the proof is right, it is called as often as the client of the realm with most
	// active secrets has some: for those that a client has, and for the rest with a
	// client made up for the purpose, as for a client that is unknown. So all cost
	// the same. It returns "" when the proof is right, and ReasonLimit when there is
	// too much to do to judge it now.
	Verify func(c *Client, secret string) Reason
	// Explain returns for the trace what was compared when Verify refused for that
	// reason: no secret, and no proof that could be used. It may be nil.
	Explain func(c *Client, why Reason) (expected, received string)
}

// stranger stands in for a client that does not exist.
var stranger = &Client{Secrets: []Secret{"stranger"}}

// Authenticate decides whether the claim is true and returns the client. All
// failures are the same CodeUnauthenticated error and cost the same: what is
// recorded of those of a client that exists is recorded after the answer. Too
// many of one client from one address are CodeLimit, whether or not the proof is
// right then, also when they come at once. A client that has proved itself from
// where it may not call from is CodeForbidden.
func (s *Service) Authenticate(claim Claim) (*Client, error) {
	client, err := s.authenticate(&claim)
	trace := Trace{SupportCode: claim.SupportCode, Operation: OpAuthenticate}
	if claim.Operation != "" {
		trace.Operation = claim.Operation
	}
	if client != nil {
		trace.Tenant, trace.Client = client.Tenant, client.ID
	} else {
		trace.Client = strings.Clone(claim.ID) // a trace must not keep the whole request's header in memory
	}
	s.Trace(&trace, err)
	if err != nil {
		return nil, err
	}
	return client, nil
}

// authenticate returns with an error the client that it concerns, if that proved
// itself.
func (s *Service) authenticate(claim *Claim) (*Client, error) {
	throttled := claim.Realm + "\x00" + claim.ID + "\x00" + throttleKey(claim.Caller)
	if err := s.blocked(s.failures, throttled); err != nil {
		return nil, err
	}
	registry := s.Registry()
	client, known := registry.Client(claim.Realm, claim.ID)
	if !known {
		client = stranger
	}
	reason := claim.judge(client, registry.mostSecrets(claim.Realm))
	switch reason {
	case ReasonLimit:
		return nil, tooMany(time.Second)
	case "":
		if err := s.blocked(s.failures, throttled); err != nil { // by those that came at the same time
			return nil, err
		}
		return s.admit(client, claim)
	}
	if err := s.failed(s.failures, throttled); err != nil {
		return nil, err
	}
	refused := &Error{Code: CodeUnauthenticated, Reason: reason}
	if claim.Explain != nil {
		refused.Expected, refused.Received = claim.Explain(client, reason)
	}
	s.recordClient(client, refused, claim.Caller, claim.SupportCode, known)
	return nil, refused
}

// judge says why the client did not prove itself, or nothing when it did. most is
// how many secrets a client may have; so often is judged, whoever it is.
func (claim *Claim) judge(client *Client, most int) Reason {
	why := ReasonBadProof
	for i := range max(most, len(client.Secrets)) {
		judged, secret := stranger, stranger.Secrets[0]
		if i < len(client.Secrets) {
			judged, secret = client, client.Secrets[i]
		}
		switch r := claim.Verify(judged, secret.Reveal()); {
		case r == ReasonLimit:
			return r
		case judged == stranger:
		case r == "":
			return ""
		default:
			why = r
		}
	}
	if client == stranger {
		return ReasonUnknownID
	}
	return why
}

// admit returns a client that has proved itself, if it may call from there.
func (s *Service) admit(c *Client, claim *Claim) (*Client, error) {
	refused := c.checkCaller(claim.Caller)
	if refused == nil {
		return c, nil
	}
	s.recordClient(c, refused, claim.Caller, claim.SupportCode, true)
	return c, refused
}

// recordClient records that a client was refused; worth is false where there is
// nothing to record.
func (s *Service) recordClient(c *Client, refused *Error, caller netip.Addr, supportCode string, worth bool) {
	s.recordLater(&Event{
		Type: EventClientRefused, Tenant: c.Tenant, Client: c.ID, Reason: refused.Reason, Note: refused.compared(),
		SupportCode: supportCode, Caller: caller.String(),
	}, worth)
}
