package lob

import (
	"crypto/rand"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// accessTTL is how long an access token of ours is good for.
const accessTTL = time.Hour

const formType = "application/x-www-form-urlencoded"

// refusal returns one of the errors that the token endpoint has.
func refusal(name string) *fault {
	return &fault{status: http.StatusBadRequest, kind: badRequest.kind, oauth: name}
}

// accessToken gives a client of the tenant's own issuer an access token.
func accessToken(c *call) (*answer, error) {
	issuer := c.ownIssuer()
	if issuer == nil {
		return nil, notFound()
	}
	form, err := c.readForm()
	if err != nil {
		c.traceUnread(err)
		return nil, err
	}
	if c.client, err = c.authenticate(form); err != nil {
		return nil, err
	}
	a, err := c.grant(issuer, form)
	c.trace(err)
	return a, err
}

// grant gives a client that has proved itself what it asks for.
func (c *call) grant(issuer *signon.Issuer, f *form) (*answer, error) {
	if f.get(wGrantType) != ofClient {
		return nil, refusal(oUnsupportedGrant)
	}
	scopes, ok := grantedScopes(c.client, f.get(wScope))
	if !ok {
		return nil, refusal(oInvalidScope)
	}
	token, err := c.signAccess(issuer, scopes)
	if err != nil {
		return nil, err
	}
	a, err := says(granted{AccessToken: token, TokenType: "Bearer", ExpiresIn: int(accessTTL / time.Second)})
	if err == nil {
		a.secret = true
	}
	return a, err
}

// form is the body of a request to the token endpoint.
type form struct{ params inbound.Query }

func (f *form) get(name string) string {
	p, _ := f.params.Find(name)
	return p.Value
}

// readForm reads the body. One that nobody could mean anything with is
// invalid_request, whoever sends it.
func (c *call) readForm() (*form, error) {
	h := c.request.Header
	name, _, err := mime.ParseMediaType(h.Get(wContentType))
	if err != nil || name != formType || len(h[wContentType]) > 1 {
		return nil, refusal(oInvalidRequest)
	}
	if compressed(h.Get("Content-Encoding")) {
		return nil, unsupported()
	}
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	f := &form{}
	if f.params.Parse(string(body)) != nil || f.get(wGrantType) == "" {
		return nil, refusal(oInvalidRequest)
	}
	return f, nil
}

// grantedScopes returns the scopes that were asked for, or all that the client has
// when none were. ok is false when it has not all of them.
func grantedScopes(c *signon.Client, asked string) (scopes []string, ok bool) {
	wanted := strings.Fields(asked)
	if len(wanted) == 0 {
		return c.Scopes, true
	}
	for _, scope := range wanted {
		if !slices.Contains(c.Scopes, scope) {
			return nil, false
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, true
}

// signAccess makes an access token.
func (c *call) signAccess(issuer *signon.Issuer, scopes []string) (string, error) {
	key, err := c.signer(c.context, c.tenant.ID, signon.OwnIssuer)
	if err != nil {
		return "", err
	}
	now := c.SignOn.Now().Unix()
	text, err := jwt.Encode(accessClaims{
		Subject: c.client.ID, TokenUse: accessToUse, Scope: strings.Join(scopes, " "), AuthTime: now, Issuer: c.urlOf(issuer),
		ExpiresAt: now + int64(accessTTL/time.Second), IssuedAt: now, Version: 2, ID: newID(), ClientID: c.client.ID,
	})
	if err != nil {
		return "", err
	}
	return jwt.Sign(key, text)
}

// newID draws a UUID of version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: the program ends before
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ownIssuer returns the tenant's issuer that is built in, or nil.
func (c *call) ownIssuer() *signon.Issuer {
	for i := range c.tenant.Issuers {
		if c.tenant.Issuers[i].Own {
			return &c.tenant.Issuers[i]
		}
	}
	return nil
}

// urlOf returns the name of an issuer. It never comes from the request.
func (h *Handler) urlOf(i *signon.Issuer) string {
	if i.Own && i.URL == "" {
		return h.BaseURL + "/oauth2"
	}
	return i.URL
}
