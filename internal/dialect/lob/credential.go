package lob

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxCredential is far longer than any ID and secret, in bytes.
const maxCredential = 1024

// credential is who a client of the issuer says it is.
type credential struct {
	id string
	// secrets are what its secret may be: some clients escape it, and others don't.
	secrets []string
}

// authenticate finds the client whose secret came, in the header Authorization or
// in the body.
func (c *call) authenticate(f *form) (*signon.Client, error) {
	presented, err := c.credential(f)
	if err != nil {
		c.traceCredential(err)
		return nil, err
	}
	client, err := c.SignOn.Authenticate(signon.Claim{
		Realm: IssuerRealm, ID: presented.id, Caller: c.info.Addr, SupportCode: c.info.SupportCode,
		Verify: func(client *signon.Client, secret string) signon.Reason {
			right := presented.holds(secret)
			if client.Tenant != c.tenant.ID || !right {
				return signon.ReasonBadProof
			}
			return ""
		},
		Explain: func(*signon.Client, signon.Reason) (expected, received string) {
			return "the secret of a client of the tenant's issuer", "another one, or another tenant's client"
		},
	})
	return client, wrongClient(err)
}

// wrongClient returns the error as the token endpoint words it.
func wrongClient(err error) error {
	if e := signon.AsError(err); e != nil && (e.Code == signon.CodeUnauthenticated || e.Code == signon.CodeForbidden) {
		return refusal(oInvalidClient).because(err)
	}
	return err
}

func (c *call) traceCredential(err error) {
	c.SignOn.Trace(&signon.Trace{SupportCode: c.info.SupportCode, Operation: signon.OpAuthenticate, Tenant: c.tenant.ID},
		&signon.Error{Code: signon.CodeUnauthenticated, Reason: signon.ReasonMalformed, Expected: "the ID and the secret of a client, given in one way", Received: c.faultOf(err).oauth})
}

// holds reports whether the secret came. How long that takes tells nothing of it.
func (p *credential) holds(secret string) bool {
	want, right := sha256.Sum256([]byte(secret)), 0
	for _, s := range p.secrets {
		got := sha256.Sum256([]byte(s))
		right |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return right == 1
}

// credential reads who the client says it is.
func (c *call) credential(f *form) (*credential, error) {
	id, secret := f.get(wClientID), f.get(wClientSecret)
	switch values := c.request.Header["Authorization"]; {
	case len(values) == 0 && id != "" && len(id)+len(secret) <= maxCredential:
		return &credential{id, []string{secret}}, nil
	case len(values) != 1:
		return nil, refusal(oInvalidClient)
	case secret != "": // the standard has a client prove itself in one way
		return nil, refusal(oInvalidRequest)
	default:
		read, ok := c.parseBasic(values[0])
		if !ok {
			return nil, refusal(oInvalidClient)
		}
		if id != "" && id != read.id {
			return nil, refusal(oInvalidRequest)
		}
		return read, nil
	}
}

// parseBasic reads the header Authorization. By the standard, ID and secret are
// escaped as in a form; not every client knows that.
func (c *call) parseBasic(header string) (*credential, bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") || len(encoded) > maxCredential {
		return nil, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
		return nil, false
	}
	id, secret, found := strings.Cut(string(raw), ":")
	if !found || id == "" {
		return nil, false
	}
	read := &credential{id, []string{secret}}
	if plain, err := url.QueryUnescape(secret); err == nil && plain != secret {
		read.secrets = append(read.secrets, plain)
	}
	if _, known := c.SignOn.Registry().Client(IssuerRealm, id); !known {
		if plain, err := url.QueryUnescape(id); err == nil {
			read.id = plain
		}
	}
	return read, true
}
