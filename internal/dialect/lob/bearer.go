package lob

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// maxJSONDepth is how deeply JSON may be nested: a body's, and a token's.
const maxJSONDepth = 16

// skew allows for an issuer whose clock is ahead. There is none for the end of a
// token.
const skew = time.Minute

// expired is what the token of yesterday is told, and nothing else is.
var expired = fault{status: unauthorized.status, kind: unauthorized.kind, text: "The incoming token has expired"}

// authorize lets in who has an access token that may call, and finds the client
// that it calls as, if it names one.
func (c *call) authorize() error {
	token, unreadable := parseBearer(c.request.Header["Authorization"])
	if unreadable != "" {
		return c.unauthorized(unauthorized, signon.ReasonMalformed, "an access token", unreadable)
	}
	issuer, claims, err := c.verify(token)
	if err != nil {
		return err
	}
	id := strings.Join(c.request.Header[hClient], "\n") // several are nobody
	c.client, err = c.SignOn.AuthenticateBearer(signon.BearerClaim{
		Realm: Realm, ID: id, Tenant: c.tenant.ID, Issuer: issuer, Bearer: claims.client(issuer), Scopes: claims.scopes(issuer),
		Caller: c.info.Addr, SupportCode: c.info.SupportCode,
	})
	return err
}

// parseBearer reads the values of the header Authorization: a token, with or
// without the word Bearer. unreadable says, to operators, why they are none; it
// holds nothing of them.
func parseBearer(values []string) (token, unreadable string) {
	switch {
	case len(values) == 0:
		return "", "no header Authorization"
	case len(values) > 1:
		return "", "several headers Authorization"
	}
	token = values[0]
	if scheme, rest, found := strings.Cut(token, " "); found && strings.EqualFold(scheme, "Bearer") {
		token = rest
	}
	switch {
	case token == "":
		return "", "a blank header"
	case len(token) > jwt.MaxToken:
		return "", "a header that is too long"
	case strings.Count(token, ".") != 2 || strings.ContainsFunc(token, notOfToken):
		return "", "something else than a token behind Bearer and one blank, or by itself"
	}
	return token, ""
}

// notOfToken reports whether no token has that character.
func notOfToken(r rune) bool {
	return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// unauthorized refuses a token, and keeps why.
func (c *call) unauthorized(f fault, reason signon.Reason, expected, received string) error {
	err := &signon.Error{Code: signon.CodeUnauthenticated, Reason: reason, Expected: expected, Received: received}
	c.SignOn.Trace(&signon.Trace{SupportCode: c.info.SupportCode, Operation: signon.OpAuthenticate, Tenant: c.tenant.ID}, err)
	return f.because(err)
}

// verify returns the issuer and the claims of a token that is right and of now.
func (c *call) verify(token string) (*signon.Issuer, claims, error) {
	said, ok := peek(token)
	if !ok {
		return nil, nil, c.unauthorized(unauthorized, signon.ReasonMalformed, "an access token", "something whose claims can't be read")
	}
	name := said.text(wIssuer)
	issuer := c.issuer(name)
	if issuer == nil {
		return nil, nil, c.unauthorized(unauthorized, signon.ReasonUnknown, "a token of an issuer of the tenant's", "one of "+name)
	}
	keys, err := c.keysOf(issuer)
	if err != nil {
		return nil, nil, err
	}
	signed, _, err := jwt.Verify(c.context, token, keys)
	switch {
	case err == nil:
	case errors.Is(err, jwt.ErrMalformed):
		return nil, nil, c.unauthorized(unauthorized, signon.ReasonMalformed, "an access token", "one that "+jwt.ErrMalformed.Error())
	case errors.Is(err, jwt.ErrUnknownKey), errors.Is(err, jwt.ErrSignature):
		return nil, nil, c.unauthorized(unauthorized, signon.ReasonBadProof, "the signature of "+issuer.URL, "a token that "+err.Error())
	default: // nothing is known of the token, and strangers could fill the log
		away := broken.because(signon.Unavailable("verify an access token of "+issuer.URL, err))
		away.known, away.retryAfter = !issuer.Own, time.Second
		return nil, nil, away
	}
	read, ok := parseClaims(signed)
	if !ok {
		return nil, nil, c.unauthorized(unauthorized, signon.ReasonMalformed, "an access token", "one without claims")
	}
	return issuer, read, c.judge(issuer, read, signed)
}

// judge refuses a token whose signature is right and that is none for us, or not
// for now.
func (c *call) judge(issuer *signon.Issuer, read claims, signed []byte) error {
	if expected := read.unfit(issuer); expected != "" {
		return c.unauthorized(unauthorized, signon.ReasonMalformed, expected, "another token of the issuer's")
	}
	now := c.SignOn.Now()
	if !issuer.Own {
		now = c.SignOn.ClientNow()
	}
	times, err := jwt.ReadTimes(signed)
	switch {
	case err != nil || times.ExpiresAt.IsZero():
		return c.unauthorized(unauthorized, signon.ReasonMalformed, "a token that says when it expires", "one that does not")
	case !now.Before(times.ExpiresAt):
		return c.unauthorized(expired, signon.ReasonExpired, "a token that expires after "+stamp(now), "one that expired at "+stamp(times.ExpiresAt))
	case now.Add(skew).Before(times.NotBefore), now.Add(skew).Before(times.IssuedAt):
		return c.unauthorized(unauthorized, signon.ReasonStaleProof, "a token of before "+stamp(now), "one whose time has not come")
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// issuer returns the tenant's issuer of that name, exactly as it is written.
func (c *call) issuer(name string) *signon.Issuer {
	for i := range c.tenant.Issuers {
		if issuer := &c.tenant.Issuers[i]; name != "" && c.urlOf(issuer) == name {
			return issuer
		}
	}
	return nil
}

// claims are those of an access token, by name.
type claims map[string]json.RawMessage

// peek reads what a token says before it is known whether that is true: of whom it
// is has to be known to find out.
func peek(token string) (said claims, ok bool) {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || strictjson.Decode(payload, maxJSONDepth, &said) != nil {
		return nil, false
	}
	return said, said != nil
}

// text returns the text of a claim, or "".
func (m claims) text(name string) string {
	var text string
	if json.Unmarshal(m[name], &text) != nil {
		return ""
	}
	return text
}

// texts returns those of a claim that has several: in a list, or with blanks
// between them.
func (m claims) texts(name string) []string {
	var list []string
	if json.Unmarshal(m[name], &list) == nil {
		return list
	}
	return strings.Fields(m.text(name))
}

// unfit returns what an access token of the issuer for us is, if this is none. In
// Cognito's shape tokens are for nobody in particular, and say what they are for
// and of which client; others say for whom they are.
func (m claims) unfit(issuer *signon.Issuer) (expected string) {
	_, hasAudience := m[wAudience]
	switch {
	case issuer.Audience == "" && (m.text(wTokenUse) != accessToUse || hasAudience || m.text(wClientID) == ""):
		return "an access token in the shape of Cognito's: with token_use and client_id, without aud"
	case issuer.Audience != "" && m.text(wAudience) != issuer.Audience && !slices.Contains(m.list(wAudience), issuer.Audience):
		return "a token for the audience " + issuer.Audience
	}
	return ""
}

// list returns the texts of a claim that is a list.
func (m claims) list(name string) []string {
	var list []string
	if json.Unmarshal(m[name], &list) != nil {
		return nil
	}
	return list
}

// client returns which of the issuer's clients the token is of. OpenID Connect
// knows it as the authorized party.
func (m claims) client(issuer *signon.Issuer) string {
	if id := m.text(wClientID); id != "" || issuer.Audience == "" {
		return id
	}
	return m.text(wParty)
}

// scopes returns what the token is good for; some issuers have another name for it.
func (m claims) scopes(issuer *signon.Issuer) []string {
	if _, ok := m[wScope]; ok || issuer.Audience == "" {
		return m.texts(wScope)
	}
	return m.texts(wScopes)
}

// keysOf returns the keys that the issuer signs with.
func (c *call) keysOf(issuer *signon.Issuer) (jwt.Keys, error) {
	c.remotes.tidy()
	if !issuer.Own {
		return c.remotes.get(c.tenant.ID, issuer.KeysURL)
	}
	_, keys, err := c.keys(c.context, c.tenant.ID, signon.OwnIssuer)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k jwt.Key) bool { return k.Algorithm() != issuerAlgorithm }), nil
}

// parseClaims reads claims that are signed.
func parseClaims(signed []byte) (read claims, ok bool) {
	err := json.Unmarshal(signed, &read)
	return read, err == nil && read != nil
}
