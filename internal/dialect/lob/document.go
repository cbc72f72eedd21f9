package lob

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// discovery describes the tenant's own issuer.
func discovery(c *call) (*answer, error) {
	issuer := c.ownIssuer()
	if issuer == nil {
		return nil, notFound()
	}
	base := c.urlOf(issuer)
	return public(says(issuerInfo{
		Issuer: base, TokenEndpoint: base + "/token", KeysURL: base + "/.well-known/jwks.json",
		GrantTypes: []string{ofClient}, AuthMethods: []string{"client_secret_basic", "client_secret_post"},
		ResponseTypes: []string{"token"}, SubjectTypes: []string{"public"}, Algorithms: []string{string(issuerAlgorithm)},
	}))
}

// issuerKeys publishes the keys of the tenant's own issuer.
func issuerKeys(c *call) (*answer, error) {
	if c.ownIssuer() == nil {
		return nil, notFound()
	}
	return c.publish(signon.OwnIssuer)
}

// lobKeys publishes the keys of one line of business. One that shares a secret has
// none to publish.
func lobKeys(c *call) (*answer, error) {
	at, ok := c.SignOn.Registry().DestinationByID(c.tenant.ID, c.lobID)
	if !ok || at.Kind != signon.KindApp {
		return nil, notFound()
	}
	return c.publish(signon.AppOwner(at.ID))
}

// publish answers with an owner's keys: also those that sign later, so that nobody
// is surprised by them.
func (c *call) publish(owner string) (*answer, error) {
	_, keys, err := c.keys(c.context, c.tenant.ID, owner)
	if err != nil {
		return nil, err
	}
	body, err := keys.PublicJWKS()
	return public(&answer{status: http.StatusOK, body: body}, err)
}

// public lets others keep the answer.
func public(a *answer, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	a.kept = true
	return a, nil
}
