// Package jwt signs and verifies JSON Web Tokens in compact form (RFC 7515, RFC
// 7519) and keeps the keys for it, those of others included. It knows bytes, keys
// and HTTP, and nothing of what the claims mean.
//
// Most faults of such tokens come from believing them: here the algorithm belongs
// to the key, the header serves to find the key, and whatever can be spelled in
// two ways is refused.
package jwt

import "errors"

// Algorithm is a signature algorithm by its name in RFC 7518 and RFC 8037.
type Algorithm string

// The algorithms there are.
const (
	HS256 Algorithm = "HS256" // HMAC with SHA-256 and a shared secret
	RS256 Algorithm = "RS256" // RSA PKCS #1 v1.5 with SHA-256
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA Algorithm = "EdDSA" // Ed25519
)

func (a Algorithm) known() bool {
	return a == HS256 || a == RS256 || a == ES256 || a == EdDSA
}

// MaxToken is how long a token may be, in bytes.
const MaxToken = 8 << 10

const (
	maxDepth = 16  // of JSON
	maxKeyID = 256 // bytes
	// Keys that one token is tried with. Without the bound a token that names no
	// key costs as many signatures as its issuer has keys.
	maxTried = 4
)

// What can be wrong with a token. The texts say nothing of the token, nor of keys.
var (
	// ErrMalformed is the error for what is no token that could be accepted, whoever
	// signed it.
	ErrMalformed = errors.New("is not a well-formed token")
	// ErrUnknownKey is the error for tokens that none of the keys can have signed.
	ErrUnknownKey = errors.New("is signed by an unknown key")
	// ErrSignature is the error for tokens that another key signed, or that were
	// changed.
	ErrSignature = errors.New("has a wrong signature")
	// ErrExpired is the error for tokens whose time is over.
	ErrExpired = errors.New("has expired")
	// ErrNotYetValid is the error for tokens whose time has not come.
	ErrNotYetValid = errors.New("is not valid yet")
	// ErrUnavailable is the error when the keys can't be had: nothing is known about
	// the token.
	ErrUnavailable = errors.New("can't be judged, for its issuer's keys are not available")
)
