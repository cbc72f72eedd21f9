package jwt

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	strictnames "github.com/go-jose/go-jose/v4/json"
)

// Generate makes a key. An RSA key takes a good part of a second. Its ID is the
// key's thumbprint (RFC 7638); that of a shared secret is empty.
func Generate(alg Algorithm) (Key, error) {
	made, public, err := generate(alg)
	if err != nil {
		return Key{}, fmt.Errorf("generate a key: %w", err)
	}
	id := ""
	if public != nil {
		sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
		if err != nil {
			return Key{}, fmt.Errorf("name a key: %w", errKey)
		}
		id = base64.RawURLEncoding.EncodeToString(sum)
	}
	return newKey(alg, id, made)
}

func generate(alg Algorithm) (made any, public crypto.PublicKey, err error) {
	switch alg {
	case HS256:
		secret := make([]byte, minSecret)
		_, err = rand.Read(secret)
		return secret, nil, err
	case RS256:
		key, err := rsa.GenerateKey(rand.Reader, minModulus)
		if err != nil {
			return nil, nil, err
		}
		return key, &key.PublicKey, nil
	case ES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		return key, &key.PublicKey, nil
	case EdDSA:
		public, key, err := ed25519.GenerateKey(rand.Reader)
		return key, public, err
	}
	return nil, nil, errors.New("there is no such algorithm")
}

// Secret returns a key for HS256 out of at least 32 bytes, which are copied.
func Secret(secret []byte) (Key, error) {
	return newKey(HS256, "", bytes.Clone(secret))
}

// JWK returns the whole key, its private part included, as a JSON Web Key with
// alg: for storage, sealed. ParseKey reads it.
func (k Key) JWK() ([]byte, error) {
	if k.m() == nil {
		return nil, errKey
	}
	whole := k.m().secret
	if whole == nil {
		whole = k.m().verify
	}
	return k.marshal(whole)
}

func (k Key) marshal(of any) ([]byte, error) {
	data, err := jose.JSONWebKey{Key: of, KeyID: k.m().id, Algorithm: string(k.m().alg), Use: "sig"}.MarshalJSON()
	if err != nil {
		return nil, errKey
	}
	return data, nil
}

// ParseKey reads a JSON Web Key with alg, private or public. Its error says
// nothing of the key.
func ParseKey(jwk []byte) (Key, error) {
	p, err := readParts(jwk)
	if err != nil {
		return Key{}, fmt.Errorf("read a key: %w", err)
	}
	key, err := p.key(Algorithm(p.Alg))
	if err != nil {
		return Key{}, fmt.Errorf("read a key: %w", err)
	}
	return key, nil
}

// parts are the members of a JSON Web Key that are looked at. The others, like
// certificates, are no business of ours.
type parts struct {
	Kty string   `json:"kty"`
	Use string   `json:"use,omitempty"`
	Ops []string `json:"key_ops,omitempty"`
	Alg string   `json:"alg,omitempty"`
	Kid string   `json:"kid,omitempty"`
	Crv string   `json:"crv,omitempty"`
	N   string   `json:"n,omitempty"`
	E   string   `json:"e,omitempty"`
	X   string   `json:"x,omitempty"`
	Y   string   `json:"y,omitempty"`
	K   string   `json:"k,omitempty"`
	D   string   `json:"d,omitempty"`
	P   string   `json:"p,omitempty"`
	Q   string   `json:"q,omitempty"`
	DP  string   `json:"dp,omitempty"`
	DQ  string   `json:"dq,omitempty"`
	QI  string   `json:"qi,omitempty"`
}

func readParts(jwk []byte) (*parts, error) {
	if _, ok := object(jwk); !ok {
		return nil, errKey
	}
	var p parts
	if strictnames.Unmarshal(jwk, &p) != nil {
		return nil, errKey
	}
	return &p, nil
}

// private reports whether there is anything that only the owner may know.
func (p *parts) private() bool {
	return p.K+p.D+p.P+p.Q+p.DP+p.DQ+p.QI != ""
}

// signs reports whether the key is meant for signatures of that algorithm.
func (p *parts) signs(alg Algorithm) bool {
	return alg.known() && (p.Use == "" || p.Use == "sig") && (p.Alg == "" || p.Alg == string(alg)) &&
		(p.Ops == nil || slices.Contains(p.Ops, "verify") || slices.Contains(p.Ops, "sign"))
}

func (p *parts) key(alg Algorithm) (Key, error) {
	if !p.signs(alg) {
		return Key{}, errKey
	}
	data, err := json.Marshal(p)
	if err != nil {
		return Key{}, errKey
	}
	var k jose.JSONWebKey
	if k.UnmarshalJSON(data) != nil {
		return Key{}, errKey
	}
	return newKey(alg, p.Kid, k.Key)
}
