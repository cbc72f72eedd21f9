package avangate

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/netip"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Realm is the namespace of merchant codes among clients.
const Realm = "avangate"

// DateLayout is how proofs write the time, in UTC.
const DateLayout = "2006-01-02 15:04:05"

// Credentials are a vendor's proof of who it is, as they came.
type Credentials struct {
	Code string // the merchant code
	Date string // see DateLayout
	Hash string // HMAC of code and date in hexadecimal
	// Algorithm is the name of the HMAC's hash; empty: the one that fits the
	// length of Hash.
	Algorithm string
	// Unreadable says, to operators, why nothing could be read; empty when the
	// other fields are what came.
	Unreadable string
}

// maxCodeLen is the longest merchant code, in bytes.
const maxCodeLen = 64

// ValidCode reports whether the text can be a merchant code: 1 to 64 letters,
// digits, hyphens, underscores and dots. What is signed has no separators; this
// character set and the fixed form of the date keep it unambiguous.
func ValidCode(code string) bool {
	if code == "" || len(code) > maxCodeLen {
		return false
	}
	for i := range len(code) {
		c := code[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// Sign returns the credentials that prove the merchant code at that time with
// the secret key. An empty algorithm is sha256.
func Sign(code string, at time.Time, key signon.Secret, algorithm string) (Credentials, error) {
	if algorithm == "" {
		algorithm = "sha256"
	}
	a := findAlgorithm(algorithm, 0)
	switch {
	case a == nil:
		return Credentials{}, errors.New("sign: the algorithm must be md5, sha256 or sha3-256")
	case !ValidCode(code):
		return Credentials{}, errors.New("sign: the merchant code must be 1 to 64 letters, digits, hyphens, underscores and dots")
	}
	date := at.UTC().Format(DateLayout)
	return Credentials{Code: code, Date: date, Hash: hex.EncodeToString(a.digest(code, date, key.Reveal())), Algorithm: a.name}, nil
}

// Authenticate decides whether the credentials prove a vendor, and returns its
// client. Errors: signon.CodeUnauthenticated, the same for every cause;
// signon.CodeLimit after too many failures of that code from that address.
func (a *API) Authenticate(c *Credentials, caller netip.Addr, supportCode string) (*signon.Client, error) {
	client, _, err := a.authenticate(c, caller, supportCode)
	return client, err
}

// Login opens a session for the vendor whom the credentials prove, and returns
// its id, which is good for signon.APISessionTTL. Errors are those of
// Authenticate.
func (a *API) Login(c *Credentials, by *Caller) (session signon.Secret, err error) {
	client, proved, err := a.authenticate(c, by.Addr, by.entryCode())
	if err != nil {
		by.refusedByCore = true
		return "", err
	}
	by.Client = client
	return a.signOn.StartAPISession(client, proved), nil
}

// authenticate also returns the secret that was proved.
func (a *API) authenticate(c *Credentials, caller netip.Addr, supportCode string) (_ *signon.Client, proved signon.Secret, err error) {
	if !ValidCode(c.Code) {
		err := &signon.Error{Code: signon.CodeUnauthenticated, Reason: signon.ReasonMalformed}
		err.Expected, err.Received = c.explainCode()
		a.signOn.Trace(&signon.Trace{SupportCode: supportCode, Operation: signon.OpAuthenticate}, err)
		return nil, "", err
	}
	p, formed := c.proof()
	client, err := a.signOn.Authenticate(signon.Claim{
		Realm: Realm, ID: c.Code, Caller: caller, SupportCode: supportCode,
		Verify: func(client *signon.Client, secret string) signon.Reason {
			if !formed {
				return signon.ReasonMalformed
			}
			proved = signon.Secret(secret)
			return p.verify(client, proved, a.signOn.ClientNow(), &a.proofs)
		},
		Explain: func(client *signon.Client, why signon.Reason) (expected, received string) {
			return p.explain(client, why, a.signOn.ClientNow())
		},
	})
	return client, proved, err
}

// proof is credentials that have the right form.
type proof struct {
	*Credentials
	algorithm *algorithm
	at        time.Time
	digest    []byte
}

// proof reads the credentials; ok is false when they do not have the form.
func (c *Credentials) proof() (p proof, ok bool) {
	p = proof{Credentials: c, algorithm: findAlgorithm(c.Algorithm, len(c.Hash))}
	if p.algorithm == nil || len(c.Hash) != p.algorithm.size {
		return p, false
	}
	var err error
	if p.digest, err = hex.DecodeString(c.Hash); err != nil {
		return p, false
	}
	p.at, ok = parseDate(c.Date)
	return p, ok
}

// verify judges the proof against a client. It does the same work for whatever is
// wrong, so that time tells nothing apart.
func (p *proof) verify(client *signon.Client, secret signon.Secret, now time.Time, known *proofs) signon.Reason {
	right := known.has(p.Credentials, secret)
	if !right {
		right = subtle.ConstantTimeCompare(p.algorithm.digest(p.Code, p.Date, secret.Reveal()), p.digest) == 1
		if right {
			known.keep(p.Credentials, secret)
		}
	}
	skew := now.Sub(p.at).Abs()
	switch {
	case !right:
		return signon.ReasonBadProof
	case !client.Allows(p.algorithm.name):
		return signon.ReasonBadAlgorithm
	case skew > client.ProofSkew:
		return signon.ReasonStaleProof
	}
	return ""
}

// parseDate reads YYYY-MM-DD HH:MM:SS in exactly that form, a time that exists.
// time.Parse would also accept fractions and single digits.
func parseDate(text string) (time.Time, bool) {
	if len(text) != len(DateLayout) {
		return time.Time{}, false
	}
	for i := range len(text) {
		if digit := text[i] >= '0' && text[i] <= '9'; digit != (DateLayout[i] >= '0' && DateLayout[i] <= '9') {
			return time.Time{}, false
		}
	}
	at, err := time.Parse(DateLayout, text)
	return at, err == nil
}
