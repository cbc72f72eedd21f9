package bluesnap

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Realm is the namespace of API users among clients.
const Realm = "bluesnap"

// challenge is what a refused client is told about how to prove itself.
const challenge = `Basic realm="API", charset="UTF-8"`

// credentials are the name and the password of an API user.
type credentials struct{ user, password string }

// maxCredentials is far longer than any credentials, in bytes.
const maxCredentials = 1024

// parseBasic reads the values of the header Authorization. unreadable says, to
// operators, why they are no credentials; it holds nothing of them.
func parseBasic(values []string) (c credentials, unreadable string) {
	switch {
	case len(values) == 0:
		return c, "no header Authorization"
	case len(values) > 1:
		return c, "several headers Authorization"
	case len(values[0]) > maxCredentials:
		return c, "a header that is too long"
	}
	scheme, encoded, found := strings.Cut(values[0], " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return c, "a header that does not begin with Basic and a blank"
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
		return c, "something else than base64 behind one blank"
	}
	if c.user, c.password, found = strings.Cut(string(raw), ":"); !found {
		return credentials{}, "credentials without a colon"
	}
	if !isUserName(c.user) || !utf8.ValidString(c.password) {
		return credentials{}, "a name that no API user can have, or text that is not UTF-8"
	}
	return c, ""
}

// isUserName reports whether an API user can have that name.
func isUserName(name string) bool {
	return name != "" && len(name) <= 64 && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' })
}

// authenticate finds the client that the request's credentials prove.
func (c *call) authenticate() error {
	presented, unreadable := parseBasic(c.request.Header["Authorization"])
	if unreadable != "" {
		err := &signon.Error{Code: signon.CodeUnauthenticated, Reason: signon.ReasonMalformed, Expected: "the name and password of an API user", Received: unreadable}
		c.SignOn.Trace(&signon.Trace{SupportCode: c.info.SupportCode, Operation: signon.OpPassword}, err)
		return err
	}
	var err error
	c.client, err = c.SignOn.Authenticate(signon.Claim{
		Operation: signon.OpPassword, Realm: Realm, ID: presented.user, Caller: c.info.Addr, SupportCode: c.info.SupportCode,
		Verify: func(client *signon.Client, secret string) signon.Reason {
			return c.verify(client, secret, presented.password)
		},
		Explain: func(_ *signon.Client, why signon.Reason) (expected, received string) {
			if why != signon.ReasonBadPassword {
				return "", ""
			}
			return "the password of " + presented.user, "another one"
		},
	})
	return err
}

// verify judges the password by one of the client's hashes. While a password is
// changed there are two of them; who is known to use the other one is not made to
// pay for this one.
func (c *call) verify(client *signon.Client, hash, presented string) signon.Reason {
	isOther := func(secret signon.Secret) bool {
		return secret.Reveal() != hash && c.Passwords.Remembers(secret.Reveal(), presented)
	}
	if slices.ContainsFunc(client.Secrets, isOther) {
		return signon.ReasonBadPassword
	}
	switch c.Passwords.Judge(c.info.Addr, hash, presented) {
	case password.Right:
		return ""
	case password.Busy:
		return signon.ReasonLimit
	}
	return signon.ReasonBadPassword
}
