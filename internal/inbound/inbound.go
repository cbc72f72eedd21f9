// Package inbound is about requests and answers at the edge, whatever they say. It
// carries what the server found out about a request before any handler saw it:
// its support code, the client's address, and whether the client came over TLS.
// And it has what every dialect does with one: parameters, the bounds of a body,
// the headers of answers that hold secrets.
package inbound

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// Header is the response header that carries the support code of every answer.
const Header = "Latchkey-Support-Code"

// Info is what is known of a request.
type Info struct {
	// SupportCode names the request towards operators: 10 characters, not secret.
	SupportCode string
	// Addr is the client's address: the peer's, or what a trusted proxy said.
	Addr netip.Addr
	// Secure: the client came over TLS, to this server or to a trusted proxy.
	Secure bool
}

type key struct{}

// With returns a context that carries the info.
func With(ctx context.Context, info *Info) context.Context {
	return context.WithValue(ctx, key{}, info)
}

// From returns the info of the request, or an empty one.
func From(ctx context.Context) Info {
	if info, ok := ctx.Value(key{}).(*Info); ok {
		return *info
	}
	return Info{}
}

const codeLen = 10

// codeAlphabet leaves out letters that are mistaken for others on the phone.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewSupportCode draws a code: 50 random bits in Crockford's base 32.
func NewSupportCode() string {
	var b [codeLen]byte
	//nolint:gosec // a name, not a secret
	for i, v := 0, rand.Uint64(); i < len(b); i, v = i+1, v>>5 {
		b[i] = codeAlphabet[v&31]
	}
	return string(b[:])
}

// IsSupportCode reports whether the text has the form of a support code.
func IsSupportCode(text string) bool {
	return len(text) == codeLen && strings.Trim(text, codeAlphabet) == ""
}

// ReadSupportCode returns the code that somebody wrote down or typed: blanks and
// hyphens are dropped, and letters that the alphabet leaves out are taken for what
// they look like.
func ReadSupportCode(text string) (code string, ok bool) {
	code = strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	return code, IsSupportCode(code)
}
