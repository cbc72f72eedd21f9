package avangate

import (
	"crypto/sha256"
	"strings"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxProofs is how many proofs are remembered. Clients use one for minutes.
const maxProofs = 1024

// proofs remembers proofs that were right. Clients make one date and hash for a
// whole script, and to compute the HMAC again costs more than anything else in
// their authentication. Only what was right is remembered, so that a wrong proof
// and one of an unknown vendor keep costing the same; and only digests of
// secrets, so that one that was rotated out is nowhere.
type proofs struct {
	mu    sync.RWMutex
	right map[Credentials][sha256.Size]byte // to the digest of the secret
}

// has reports whether the credentials are known to be made with the secret.
func (p *proofs) has(c *Credentials, secret signon.Secret) bool {
	p.mu.RLock()
	digest, ok := p.right[*c]
	p.mu.RUnlock()
	return ok && digest == sha256.Sum256([]byte(secret.Reveal()))
}

// keep remembers that the credentials are made with the secret.
func (p *proofs) keep(c *Credentials, secret signon.Secret) {
	// What is kept must not keep the whole request's header in memory.
	own := Credentials{Code: strings.Clone(c.Code), Date: strings.Clone(c.Date), Hash: strings.Clone(c.Hash), Algorithm: strings.Clone(c.Algorithm)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.right == nil || len(p.right) >= maxProofs {
		p.right = map[Credentials][sha256.Size]byte{} // those still in use are soon back
	}
	p.right[own] = sha256.Sum256([]byte(secret.Reveal()))
}
