package lob

import (
	"context"
	"fmt"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// issuerAlgorithm is what access tokens are signed with, ours and others'.
const issuerAlgorithm = jwt.RS256

// parsedKeys remembers owners' keys once they are read: that takes longer than to
// use them.
type parsedKeys struct {
	mu     sync.Mutex
	owners map[keyOwner]map[string]parsedKey
}

type keyOwner struct {
	tenant signon.TenantID
	owner  string
}

// parsedKey is a key, and what it was read from.
type parsedKey struct {
	secret signon.Secret
	key    jwt.Key
}

// keys returns an owner's key that signs, which is none when there is none, and all
// that are accepted.
func (h *Handler) keys(ctx context.Context, tenant signon.TenantID, owner string) (signer jwt.Key, accepted jwt.Set, err error) {
	standing, err := h.SignOn.SigningKeys(ctx, tenant, owner)
	if err != nil {
		return signer, nil, err
	}
	parsed, err := h.parsed.read(keyOwner{tenant, owner}, standing.Accepted)
	if err != nil {
		return signer, nil, err
	}
	for i := range standing.Accepted {
		accepted = append(accepted, parsed[standing.Accepted[i].ID].key)
	}
	if standing.Signer != nil {
		signer = parsed[standing.Signer.ID].key
	}
	return signer, accepted, nil
}

// signer returns the owner's key that signs.
func (h *Handler) signer(ctx context.Context, tenant signon.TenantID, owner string) (jwt.Key, error) {
	signer, _, err := h.keys(ctx, tenant, owner)
	if err == nil && !signer.CanSign() {
		err = fmt.Errorf("no key of the %s signs", owner)
	}
	return signer, err
}

// read returns the keys by their IDs, and forgets those that are gone.
func (p *parsedKeys) read(of keyOwner, keys []signon.SigningKey) (map[string]parsedKey, error) {
	p.mu.Lock()
	known := p.owners[of]
	p.mu.Unlock()
	if holds(known, keys) {
		return known, nil
	}
	read := make(map[string]parsedKey, len(keys))
	for i := range keys {
		k := &keys[i]
		if old, ok := known[k.ID]; ok && old.secret == k.Secret {
			read[k.ID] = old
			continue
		}
		key, err := jwt.ParseKey([]byte(k.Secret.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("key %s of the %s: %w", k.ID, of.owner, err)
		}
		read[k.ID] = parsedKey{k.Secret, key}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owners == nil {
		p.owners = map[keyOwner]map[string]parsedKey{}
	}
	p.owners[of] = read
	return read, nil
}

// holds reports whether these keys are known, and no others.
func holds(known map[string]parsedKey, keys []signon.SigningKey) bool {
	for i := range keys {
		if old, ok := known[keys[i].ID]; !ok || old.secret != keys[i].Secret {
			return false
		}
	}
	return known != nil && len(known) == len(keys)
}
