package lob

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxTarget is how many characters Functionality may have.
const maxTarget = 5

// getToken makes a token that signs a member on in a line of business.
func getToken(c *call) (*answer, error) {
	number, err := c.number()
	if err != nil {
		return nil, err
	}
	lob, err := c.lobField()
	if err != nil {
		return nil, err
	}
	target := c.fields.given(wTarget)
	if target == "" || utf8.RuneCountInString(target) > maxTarget || strings.ContainsFunc(target, unseen) {
		return nil, invalid("V5", "Please provide Functionality.")
	}
	if c.about, err = c.offered(lob); err != nil {
		return nil, err
	}
	return c.issue(number, target)
}

// unseen reports whether nobody could see the character: control characters, and
// those that format text, as what turns its direction.
func unseen(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }

// issue makes the token. Whether there is such a member, who is linked to the line
// of business, is for the core to say.
func (c *call) issue(member, target string) (*answer, error) {
	c.traced = true
	issued, err := c.SignOn.IssueNumbered(c.context, &signon.NumberedRequest{
		Client: c.client, Destination: c.about, Member: signon.SubjectRef(member), Target: target, Caller: c.info.Addr, SupportCode: c.info.SupportCode,
		Sign: func(n *signon.Numbered) (signon.Token, error) {
			// Looked up for each token: it retires when what was signed up to now is over.
			key, err := c.signer(c.context, c.tenant.ID, signon.AppOwner(c.about.ID))
			if err != nil {
				return "", err
			}
			return signToken(key, n, member, c.about.ID, target)
		},
	})
	switch e := signon.AsError(err); {
	case e == nil:
	case e.Reason == signon.ReasonNotMember:
		return nil, notMapped.because(err)
	default:
		return nil, err
	}
	a, err := says(generated{c.done("Token Generated successfully"), issued.Number, issued.Token.Reveal()})
	if err == nil {
		a.secret = true
	}
	return a, err
}

// signToken makes the text of a token. Whatever its order or spelling is, somebody
// compares it byte for byte.
func signToken(key jwt.Key, n *signon.Numbered, member, lob, target string) (signon.Token, error) {
	issuedAt, lasts := n.IssuedAt.Unix(), n.ExpiresAt.Sub(n.IssuedAt)
	text, err := jwt.Encode(tokenClaims{
		CIINo: member, LOBId: lob, Functionality: target, Date: n.IssuedAt.UTC().Format(claimDate),
		IssuedAt: issuedAt, ExpiresAt: issuedAt + int64(lasts/time.Second), ID: n.Number,
	})
	if err != nil {
		return "", err
	}
	token, err := jwt.Sign(key, text)
	return signon.Token(token), err
}

// validateToken tells a line of business who came with a token.
func validateToken(c *call) (*answer, error) {
	number, token := c.fields.given(wNumber), c.fields.given(wToken)
	switch {
	case number == "":
		return nil, invalid("V1", "Please provide Token Reference Number.")
	case token == "":
		return nil, invalid("V3", "Please provide Token No.")
	case len(c.client.Is) == 0:
		return nil, c.notItself()
	}
	member, err := c.checkToken(token, number)
	if err != nil {
		return nil, err
	}
	c.traced = true
	grant, err := c.SignOn.Read(c.context, &signon.ReadRequest{
		Client: c.client, Destination: c.about, Number: number, Member: member, Caller: c.info.Addr, SupportCode: c.info.SupportCode,
	})
	if err != nil {
		return nil, err
	}
	return says(verified{
		result: c.done("Token Verified successfully"), CIINo: string(grant.Subject), Functionality: grant.Target, IsValidToken: true,
		LOBId: grant.Destination, TokenSource: c.nameOf(grant.Client),
	})
}

// checkToken refuses a token that none of the client's lines of business signed, or
// that says something else, finds the one that it is for, and returns whom it names.
func (c *call) checkToken(token, number string) (signon.SubjectRef, error) {
	signed, err := c.verifyToken(token)
	if err != nil {
		return "", err
	}
	said, ok := parseClaims(signed)
	times, err := jwt.ReadTimes(signed)
	now := c.SignOn.Now()
	switch {
	case !ok || err != nil || said.text(wMember) == "":
		return "", refusedToken(signon.ReasonMalformed, "the claims of a token", "others")
	case said.text(wLOB) != c.about.ID:
		return "", refusedToken(signon.ReasonNotItself, "a token for "+c.about.ID, "one that says another")
	case said.text(wTokenID) != number:
		return "", refusedToken(signon.ReasonUnknown, wNumber+" of the token", "another one")
	case !now.Before(times.ExpiresAt):
		return "", refusedToken(signon.ReasonExpired, "a token that expires after "+stamp(now), "one that expired at "+stamp(times.ExpiresAt))
	}
	return signon.SubjectRef(said.text(wMember)), nil
}

// verifyToken returns the claims of a token that one of the client's lines of
// business signed. Each has its own keys: so a token for one is none for another.
func (c *call) verifyToken(token string) (signed []byte, err error) {
	refused := jwt.ErrUnknownKey
	for _, id := range c.client.Is {
		at, ok := c.SignOn.Registry().DestinationByID(c.tenant.ID, id)
		if !ok || at.Kind != signon.KindApp {
			continue
		}
		_, keys, err := c.keys(c.context, c.tenant.ID, signon.AppOwner(id))
		if err != nil {
			return nil, err
		}
		signed, _, err = jwt.Verify(c.context, token, keys)
		if err == nil {
			c.about = at
			return signed, nil
		}
		if !errors.Is(refused, jwt.ErrSignature) {
			refused = err
		}
	}
	reason := signon.ReasonBadProof
	if errors.Is(refused, jwt.ErrMalformed) {
		reason = signon.ReasonMalformed
	}
	c.nobodys = true
	return nil, refusedToken(reason, "a token signed for "+strings.Join(c.client.Is, ", "), "one that "+refused.Error())
}

func refusedToken(reason signon.Reason, expected, received string) error {
	return &signon.Error{Code: signon.CodeTokenInvalid, Reason: reason, Expected: expected, Received: received}
}

// nameOf returns what a client is called.
func (c *call) nameOf(id string) string {
	if client, ok := c.SignOn.Registry().Client(Realm, id); ok && client.Tenant == c.tenant.ID && client.Name != "" {
		return client.Name
	}
	return id
}

// offered returns the line of business, if the client may ask for tokens for it.
func (c *call) offered(id string) (*signon.Destination, error) {
	at, ok := c.SignOn.Registry().DestinationByID(c.tenant.ID, id)
	if !ok || at.Kind != signon.KindApp || !slices.Contains(c.client.IssuesFor, id) {
		return nil, &signon.Error{
			Code: signon.CodeForbidden, Reason: signon.ReasonNotOffered, Received: id,
			Expected: "one of the lines of business that the client may ask for: " + strings.Join(c.client.IssuesFor, ", "),
		}
	}
	return at, nil
}

func (c *call) notItself() error {
	return &signon.Error{Code: signon.CodeForbidden, Reason: signon.ReasonNotItself, Expected: "a client that is a line of business", Received: "one that is none"}
}
