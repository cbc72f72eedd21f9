package signon

import (
	"crypto/aes"
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
	tokenExpiryLen   = 4
	tokenBlockLen    = aes.BlockSize
	longTokenMoreLen = 28 // random bytes before the block of a long token
	tokenLen         = tokenExpiryLen + tokenBlockLen
	longTokenLen     = tokenExpiryLen + len(tag{}) + longTokenMoreLen + tokenBlockLen
)

// The lengths of a token's two spellings, in characters.
const (
	TokenLen     = 2 * tokenLen
	LongTokenLen = 2 * longTokenLen
)

// Token is the secret string for a grant, in lower-case hexadecimal digits. A
// usual one has 40, of which the first 8 are the second after which it is surely
// expired, and the rest one block of a cipher: 112 random bits, and in which
// millisecond of that second it expires. Without the root key nothing tells the
// block from 128 random bits. Where destinations of several tenants share a host a
// token has 104 digits: between expiry and block are 8 that tell whose it is, and
// 224 more random bits. There is one spelling; anything else is no token.
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

// newToken draws a token for the tenant's destination that expires at that
// instant. An error of the random source is an error of the call, never a weaker
// token.
func (g *generation) newToken(random io.Reader, tenant TenantID, dest *Destination, expiresAt time.Time) (Token, error) {
	var raw [longTokenLen]byte
	binary.BigEndian.PutUint32(raw[:tokenExpiryLen], expirySecond(expiresAt))
	size, drawn := tokenLen, tokenExpiryLen
	if dest.Kind.shared() {
		owner := ownerTag(tenant, dest)
		size, drawn = longTokenLen, tokenExpiryLen+copy(raw[tokenExpiryLen:], owner[:])
	}
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, raw[drawn:size]); err != nil {
		return "", fmt.Errorf("draw token: %w", err)
	}
	block := raw[size-tokenBlockLen : size]
	binary.BigEndian.PutUint16(block, expiryMoment(expiresAt))
	g.blocks.Encrypt(block, block)
	var text [LongTokenLen]byte
	return Token(text[:hex.Encode(text[:], raw[:size])]), nil
}

// ownerTag tells whose a destination is among those that share its host. It is
// public and proves nothing.
func ownerTag(tenant TenantID, dest *Destination) tag { return tagOf(string(tenant), dest.ID) }

// owner returns the tag of the destination that a long token is for.
func (t Token) owner() (owner tag, ok bool) {
	if len(t) != LongTokenLen {
		return owner, false
	}
	raw, _ := t.raw()
	copy(owner[:], raw[tokenExpiryLen:])
	return owner, true
}

// expirySecond is the unix second that an instant falls in, rounded up, so
// that it is never before the exact expiry.
func expirySecond(t time.Time) uint32 {
	return uint32((t.UnixMilli() + 999) / 1000) //nolint:gosec // seconds fit until 2106
}

// expiryMoment is the millisecond that an instant falls in, of the 1,000 that end
// with its expirySecond.
func expiryMoment(t time.Time) uint16 {
	return uint16((t.UnixMilli() + 999) % 1000)
}

// ParseToken checks the exact grammar of a token, of either length. The error says
// nothing about the text.
func ParseToken(text string) (Token, error) {
	if len(text) != TokenLen && len(text) != LongTokenLen {
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

// token reads the text of a token for the destination: one of the length that
// tokens for it have. The error is that of ParseToken.
func (d *Destination) token(text string) (Token, error) {
	token, err := ParseToken(text)
	if err == nil && (len(token) == LongTokenLen) != d.Kind.shared() {
		return "", Refused(ReasonMalformed)
	}
	return token, err
}

// raw returns the token's bytes, and how many they are. The token must have the
// grammar.
func (t Token) raw() (b [longTokenLen]byte, size int) {
	if len(t) <= LongTokenLen {
		size, _ = hex.Decode(b[:], []byte(t))
	}
	return b, size
}

// expiry returns the second after which the token is surely expired.
func (t Token) expiry() time.Time {
	raw, _ := t.raw()
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
// the secret part of a token has, as it is or escaped up to three times.
func holdsToken(text string) bool {
	for range 4 {
		run := 0
		for i := range len(text) {
			if run++; !isHex(text[i]) {
				run = 0
			}
			if run == 2*tokenBlockLen {
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
