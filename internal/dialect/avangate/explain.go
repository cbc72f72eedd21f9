package avangate

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// explain says what was compared when the proof was refused for that reason.
// Neither the secret nor a hash is in it: the right one would be a proof.
func (p *proof) explain(client *signon.Client, why signon.Reason, now time.Time) (expected, received string) {
	switch why {
	case signon.ReasonMalformed:
		return p.explainForm()
	case signon.ReasonBadProof:
		signed := appendSigned(nil, p.Code, p.Date)
		return fmt.Sprintf("the HMAC-%s of %q (%d bytes) under the secret key of %s", strings.ToUpper(p.algorithm.name), signed, len(signed), p.Code),
			p.otherHash()
	case signon.ReasonBadAlgorithm:
		return strings.Join(client.Algorithms, ", "), p.algorithm.name
	case signon.ReasonStaleProof:
		return fmt.Sprintf("a date within %s of the server's time, %s UTC", client.ProofSkew, now.UTC().Format(DateLayout)), p.Date
	}
	return "", ""
}

// otherHash says what is known of a wrong hash: a client that names no algorithm
// may have used another one than is taken for its own.
func (p *proof) otherHash() string {
	if p.Algorithm == "" {
		return "another hash; no algorithm was named"
	}
	return "another hash"
}

// explainForm says which part does not have its form.
func (p *proof) explainForm() (expected, received string) {
	a := p.algorithm
	switch {
	case a == nil && p.Algorithm == "":
		return "a hash of 32 digits (md5) or 64 (sha256), or the name of its algorithm", characters(p.Hash)
	case a == nil:
		return "an algorithm of " + strings.Join(Algorithms(), ", "), shownAlgorithm(p.Algorithm)
	case len(p.Hash) != a.size:
		return fmt.Sprintf("a hash of %d hexadecimal digits for %s", a.size, a.name), characters(p.Hash)
	case hasOtherThanHex(p.Hash):
		return "a hash in hexadecimal digits", "a hash with other characters"
	}
	return "a date that exists, as in " + DateLayout, shownDate(p.Date)
}

// explainCode says why there is no merchant code to look for.
func (c *Credentials) explainCode() (expected, received string) {
	switch {
	case c.Unreadable != "":
		return "credentials that can be read", c.Unreadable
	case c.Code == "":
		return "a merchant code", "none"
	}
	return "a merchant code of 1 to 64 letters, digits, hyphens, underscores and dots", characters(c.Code)
}

// shownAlgorithm returns the name if it reads as one: what stands in a wrong
// place may be a secret.
func shownAlgorithm(name string) string {
	lower := strings.ToLower(name)
	for _, family := range []string{"sha", "md", "hmac"} {
		if strings.HasPrefix(lower, family) && len(name) <= 16 && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-_/") == "" {
			return strconv.Quote(name)
		}
	}
	return characters(name)
}

// shownDate returns the date if it reads as one.
func shownDate(date string) string {
	if date != "" && len(date) <= len(time.RFC3339) && strings.Trim(date, "0123456789-:/.+ TZ") == "" {
		return strconv.Quote(date)
	}
	return characters(date)
}

func characters(text string) string { return fmt.Sprintf("%d bytes", len(text)) }

func hasOtherThanHex(text string) bool {
	_, err := hex.DecodeString(text)
	return err != nil
}
