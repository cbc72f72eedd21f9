package signon

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Sizes of a token's parts, in bytes.
const (
	tokenExpiryLen = 4
	tokenRandomLen = 16
	tokenLen       = tokenExpiryLen + tokenRandomLen
)

// TokenLen is the length of a token's spelling, in characters.
const TokenLen = 2 * tokenLen

// Token is the secret string for a grant: 40 lower-case hexadecimal digits, of
// which the first 8 are the second after which it is surely expired, and the
// rest 128 random bits. There is one spelling; anything else is no token.
// A Token never prints: fmt and slog show a placeholder.
type Token string

// Reveal returns the token itself, for putting it into a link.
func (t Token) Reveal() string { return string(t) }

// String returns a placeholder.
func (Token) String() string { return redacted }

// GoString returns a placeholder.
func (Token) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder, so that no encoder writes the token.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// newToken draws a token that expires at that instant. An error of the random
// source is an error of the call, never a weaker token.
func newToken(random io.Reader, expiresAt time.Time) (Token, error) {
	var raw [tokenLen]byte
	binary.BigEndian.PutUint32(raw[:tokenExpiryLen], expirySecond(expiresAt))
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, raw[tokenExpiryLen:]); err != nil {
		return "", fmt.Errorf("draw token: %w", err)
	}
	var text [TokenLen]byte
	hex.Encode(text[:], raw[:])
	return Token(text[:]), nil
}

// expirySecond is the unix second that an instant falls in, rounded up, so
// that it is never before the exact expiry.
func expirySecond(t time.Time) uint32 {
	return uint32((t.UnixMilli() + 999) / 1000) //nolint:gosec // seconds fit until 2106
}

// ParseToken checks the exact grammar of a token. The error says nothing about
// the text.
func ParseToken(text string) (Token, error) {
	if len(text) != TokenLen {
		return "", Refused(ReasonMalformed)
	}
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", Refused(ReasonMalformed)
		}
	}
	return Token(text), nil
}

// raw returns the token's bytes. The token must have the grammar.
func (t Token) raw() (b [tokenLen]byte) {
	if len(t) == TokenLen {
		_, _ = hex.Decode(b[:], []byte(t))
	}
	return b
}

// expiry returns the second after which the token is surely expired.
func (t Token) expiry() time.Time {
	raw := t.raw()
	return time.Unix(int64(binary.BigEndian.Uint32(raw[:tokenExpiryLen])), 0).UTC()
}

// withoutToken returns the text, or what is before its query, when it holds
// something that could be a token, in whatever spelling: it may be kept then.
func withoutToken(text string) string {
	if !holdsToken(text) {
		return text
	}
	if before, _, ok := strings.Cut(text, "?"); ok && !holdsToken(before) {
		return before + "?" + redacted
	}
	return redacted
}

// holdsToken reports whether the text has as many hexadecimal digits in a row as
// the random part of a token has, as it is or escaped up to three times.
func holdsToken(text string) bool {
	for range 4 {
		run := 0
		for i := range len(text) {
			if run++; !isHex(text[i]) {
				run = 0
			}
			if run == 2*tokenRandomLen {
				return true
			}
		}
		plain := unescape(text)
		if plain == text {
			return false
		}
		text = plain
	}
	return false
}
