package signon

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// RootKeyLen is the length of a root key in bytes.
const RootKeyLen = 32

// Keyring holds the keys derived from the root key, one for each purpose, and
// those of the previous root key while it is being replaced. It is safe for
// concurrent use. It never prints.
type Keyring struct {
	generations []*generation // current first
}

// generation is everything derived from one root key.
type generation struct {
	digests     macPool // token and binding digests
	sessions    macPool // session secrets
	apiSessions macPool // API sessions' ids
	audit       []byte
	sealing     cipher.AEAD
	blocks      cipher.Block // of tokens
}

// NewKeyring derives all keys from a root key of RootKeyLen bytes and, unless
// nil, from the previous one. Tokens, sessions and sealed secrets made under
// the previous root key stay usable; new ones use the current.
func NewKeyring(root, previous []byte) (*Keyring, error) {
	k := &Keyring{}
	for _, r := range [][]byte{root, previous} {
		if r == nil && len(k.generations) > 0 {
			continue
		}
		if len(r) != RootKeyLen {
			return nil, fmt.Errorf("a root key has %d bytes, this one %d", RootKeyLen, len(r))
		}
		g, err := newGeneration(r)
		if err != nil {
			return nil, fmt.Errorf("derive keys: %w", err)
		}
		k.generations = append(k.generations, g)
	}
	return k, nil
}

func newGeneration(root []byte) (*generation, error) {
	var derived [6][]byte
	for i, label := range []string{"token digests", "session secrets", "audit chain", "sealed secrets", "api sessions", "token blocks"} {
		key, err := hkdf.Key(sha256.New, root, nil, "latchkey v1 "+label, 32)
		if err != nil {
			return nil, err
		}
		derived[i] = key
	}
	block, err := aes.NewCipher(derived[3])
	if err != nil {
		return nil, err
	}
	sealing, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	blocks, err := aes.NewCipher(derived[5])
	if err != nil {
		return nil, err
	}
	return &generation{
		digests: newMACPool(derived[0]), sessions: newMACPool(derived[1]), apiSessions: newMACPool(derived[4]),
		audit: derived[2], sealing: sealing, blocks: blocks,
	}, nil
}

// String returns a placeholder.
func (*Keyring) String() string { return redacted }

// macPool hands out HMAC-SHA-256 states of one key, because keying one afresh
// costs as much as the digest itself.
type macPool struct{ pool *sync.Pool }

// macState is a state with room for what goes in and comes out.
type macState struct {
	mac hash.Hash
	in  []byte
	out [digestLen]byte
}

func newMACPool(key []byte) macPool {
	return macPool{&sync.Pool{New: func() any { return &macState{mac: hmac.New(sha256.New, key)} }}}
}

// sum returns the digest of the parts, each preceded by its length so that no
// two lists of parts have the same digest.
func (p macPool) sum(parts ...string) [digestLen]byte {
	s, _ := p.pool.Get().(*macState)
	defer p.pool.Put(s)
	s.in = s.in[:0]
	for _, part := range parts {
		s.in = binary.AppendUvarint(s.in, uint64(len(part)))
		s.in = append(s.in, part...)
	}
	s.mac.Reset()
	_, _ = s.mac.Write(s.in)
	s.mac.Sum(s.out[:0])
	return s.out
}

// grantKey returns the key under which the token's grant is kept. Tenant and
// destination are part of the digest, so a token is unknown anywhere else. The token
// must have the grammar.
func (g *generation) grantKey(tenant TenantID, destination string, token Token) (k GrantKey) {
	raw, size := token.raw()
	digest := g.digests.sum("grant", string(tenant), destination, string(raw[:size]))
	block := raw[size-tokenBlockLen : size]
	g.blocks.Decrypt(block, block)
	copy(k[:], raw[:tokenExpiryLen])
	copy(k[tokenExpiryLen:keyTimeLen], block)
	copy(k[keyTimeLen:], digest[:])
	return k
}

// bindingDigest returns what is stored of a browser's binding value.
func (g *generation) bindingDigest(b Binding) (d BindingDigest) {
	digest := g.digests.sum("binding", string(b[:]))
	copy(d[:], digest[:])
	return d
}

// session returns the session token of a grant in the browser with that
// binding value: always the same one, so that a repeat after a lost answer
// gets the session that exists.
func (g *generation) session(key GrantKey, b Binding) SessionToken {
	return SessionToken{Key: key, secret: g.sessions.sum("session", string(key[:]), string(b[:]))}
}

// digest returns what is stored of a session's secret.
func (t SessionToken) digest() SecretDigest { return sha256.Sum256(t.secret[:]) }

// ErrSealed is returned by Open for bytes that were not sealed for that place
// under this keyring.
var ErrSealed = errors.New("sealed value does not open: wrong root key, or moved from another row")

// Place is where a sealed value is kept. A value opens nowhere else.
type Place struct {
	Table, Column string
	Tenant        TenantID
	Row           string
}

func (p Place) aad() []byte {
	var b []byte
	for _, part := range []string{p.Table, p.Column, string(p.Tenant), p.Row} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}

// Seal encrypts a recoverable secret for one place (AES-256-GCM).
func (k *Keyring) Seal(secret []byte, place Place) []byte {
	return seal(k.generations[0].sealing, secret, place.aad())
}

// Open decrypts what Seal returned for that place, or returns ErrSealed.
func (k *Keyring) Open(sealed []byte, place Place) ([]byte, error) {
	for _, g := range k.generations {
		if plain, err := open(g.sealing, sealed, place.aad()); err == nil {
			return plain, nil
		}
	}
	return nil, ErrSealed
}

// Reseal returns the value sealed under the current root key, and whether it
// was not so before; or ErrSealed.
func (k *Keyring) Reseal(sealed []byte, place Place) (anew []byte, changed bool, err error) {
	if _, err := open(k.generations[0].sealing, sealed, place.aad()); err == nil {
		return sealed, false, nil
	}
	plain, err := k.Open(sealed, place)
	if err != nil {
		return nil, false, err
	}
	return k.Seal(plain, place), true, nil
}

// Replacing reports whether a previous root key is named beside the current.
func (k *Keyring) Replacing() bool { return len(k.generations) > 1 }

// Current returns the keys of the current root key alone.
func (k *Keyring) Current() *Keyring { return &Keyring{generations: k.generations[:1]} }

// seal returns a random nonce followed by the ciphertext.
func seal(aead cipher.AEAD, plain, aad []byte) []byte {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: the process ends instead
	return aead.Seal(nonce, nonce, plain, aad)
}

func open(aead cipher.AEAD, sealed, aad []byte) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrSealed
	}
	return aead.Open(nil, sealed[:n], sealed[n:], aad)
}
