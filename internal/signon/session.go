package signon

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"log/slog"
	"time"
)

// BindingLen is the length of a binding value in bytes.
const BindingLen = 16

// Binding is the random value that a browser gets before it may redeem
// anything. It shows that a repeat comes from the same browser, and the session
// secret is derived from it. A Binding never prints.
type Binding [BindingLen]byte

// BindingDigest is the keyed digest of a Binding, as stored with a grant.
type BindingDigest [16]byte

// String returns a placeholder.
func (Binding) String() string { return redacted }

// Text returns the spelling used in a cookie.
func (b Binding) Text() string { return base64.RawURLEncoding.EncodeToString(b[:]) }

// ParseBinding reads the spelling of Binding.Text; ok is false for anything else.
func ParseBinding(text string) (b Binding, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != BindingLen {
		return b, false
	}
	return Binding(raw), true
}

// BrowserSession is a subject's session in one browser after redemption. Its
// key is the grant's: a grant can have one session, ever.
type BrowserSession struct {
	Key         GrantKey
	Tenant      TenantID
	Destination string
	Client      string // id of the client that asked for the grant
	Subject     SubjectRef
	SubjectKind SubjectKind
	Target      string // the grant's target
	Language    string
	Secret      SecretDigest
	StartedAt   time.Time
	ExpiresAt   time.Time
	EndedAt     time.Time // zero while it lives; signed out or revoked
	Epoch       int64
}

// live reports whether the session can be used at now.
func (s *BrowserSession) live(now time.Time, epoch int64) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) && s.Epoch == epoch
}

// SecretDigest is the digest of a session's secret, as stored.
type SecretDigest [32]byte

// SessionSecretLen is the length of a session's secret in bytes.
const SessionSecretLen = 32

// SessionToken is what the browser keeps: which session, and the secret that
// proves it. A SessionToken never prints.
type SessionToken struct {
	Key    GrantKey
	secret [SessionSecretLen]byte
}

// Reveal returns the spelling used in a cookie.
func (t SessionToken) Reveal() string {
	raw := make([]byte, 0, GrantKeyLen+SessionSecretLen)
	raw = append(append(raw, t.Key[:]...), t.secret[:]...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseSessionToken reads the spelling of SessionToken.Reveal; ok is false for
// anything else.
func ParseSessionToken(text string) (t SessionToken, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != GrantKeyLen+SessionSecretLen {
		return t, false
	}
	copy(t.Key[:], raw)
	copy(t.secret[:], raw[GrantKeyLen:])
	return t, true
}

// String returns a placeholder.
func (SessionToken) String() string { return redacted }

// GoString returns a placeholder.
func (SessionToken) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (SessionToken) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (SessionToken) LogValue() slog.Value { return slog.StringValue(redacted) }

// proves reports whether the token's secret is the session's, in constant time.
func (t SessionToken) proves(s *BrowserSession) bool {
	digest := t.digest()
	return subtle.ConstantTimeCompare(digest[:], s.Secret[:]) == 1
}
