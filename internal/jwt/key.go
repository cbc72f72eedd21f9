package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-jose/go-jose/v4"
)

// Key is a key that is made for one algorithm and serves no other. It holds the
// private part or only the public one, and never prints: fmt, slog and encoders
// show a placeholder. The zero Key is none.
type Key struct {
	// A function, because fmt prints what the unexported fields of others hold
	// without asking, pointers followed when the verb is wrong; but not closures.
	hidden func() *material
}

// m returns what the key is made of, nil for none.
func (k Key) m() *material {
	if k.hidden == nil {
		return nil
	}
	return k.hidden()
}

type material struct {
	alg    Algorithm
	id     string
	verify any         // what go-jose verifies with
	secret any         // what go-jose signs with; nil in a public key
	signer jose.Signer // nil in a public key
}

func (m *material) key() Key { return Key{func() *material { return m }} }

// What a key must be.
const (
	minSecret  = 32 // bytes
	minModulus = 2048
	// Above this, a signature costs its reader more than a request may; go-jose
	// reads no longer ones.
	maxModulus  = 4096
	maxExponent = 1<<31 - 1
)

// errKey says nothing of the key, whatever is wrong with it.
var errKey = errors.New("not a usable key")

// newKey returns a key out of what go-jose knows as one.
func newKey(alg Algorithm, id string, of any) (Key, error) {
	m := &material{alg: alg, id: id}
	switch k := of.(type) {
	case []byte:
		m.verify, m.secret = k, k
	case *rsa.PrivateKey:
		m.verify, m.secret = &k.PublicKey, k
	case *ecdsa.PrivateKey:
		m.verify, m.secret = &k.PublicKey, k
	case ed25519.PrivateKey:
		m.verify, m.secret = k.Public(), k
	default:
		m.verify = of
	}
	if len(id) > maxKeyID || !suits(alg, m.verify) {
		return Key{}, errKey
	}
	if m.secret == nil {
		return m.key(), nil
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	if alg != HS256 {
		if id == "" {
			return Key{}, errKey
		}
		options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: m.secret}, options)
	if err != nil || !agree(signer, m.verify) {
		return Key{}, errKey
	}
	m.signer = signer
	return m.key(), nil
}

// agree reports whether what one part signs is good for the other: a stored key
// may have been put together from two.
func agree(signer jose.Signer, verify any) bool {
	signed, err := signer.Sign([]byte("{}"))
	if err != nil {
		return false
	}
	_, err = signed.Verify(verify)
	return err == nil
}

// suits reports whether the key is one of that algorithm and strong enough. The
// type decides: so no public key ever serves as a shared secret.
func suits(alg Algorithm, verify any) bool {
	switch k := verify.(type) {
	case []byte:
		return alg == HS256 && len(k) >= minSecret
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return alg == RS256 && bits >= minModulus && bits <= maxModulus && k.N.Bit(0) == 1 &&
			k.E >= 3 && k.E <= maxExponent && k.E%2 == 1
	case *ecdsa.PublicKey:
		return alg == ES256 && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == EdDSA && len(k) == ed25519.PublicKeySize
	}
	return false
}

// IsZero reports whether the key is none.
func (k Key) IsZero() bool { return k.m() == nil }

// Algorithm returns the one algorithm of the key.
func (k Key) Algorithm() Algorithm {
	if k.m() == nil {
		return ""
	}
	return k.m().alg
}

// ID returns what the key is called in the header kid; may be empty.
func (k Key) ID() string {
	if k.m() == nil {
		return ""
	}
	return k.m().id
}

// CanSign reports whether the key has its private part.
func (k Key) CanSign() bool { return k.m() != nil && k.m().signer != nil }

const redacted = "[redacted]"

// String returns a placeholder.
func (Key) String() string { return redacted }

// GoString returns a placeholder.
func (Key) GoString() string { return redacted }

// Format writes a placeholder whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns a placeholder.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a placeholder, so that no encoder writes the key. JWK
// returns the key itself.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
