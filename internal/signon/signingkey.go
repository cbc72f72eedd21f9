package signon

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// SigningKey is a key that tokens are signed with. What is in it is for whoever
// makes the tokens; the core keeps it, and knows when it counts.
type SigningKey struct {
	Tenant TenantID
	// Owner is whose key it is: AppOwner of an application, or OwnIssuer.
	Owner string
	// ID is unique among the owner's keys.
	ID string
	// Secret is the key itself, in whatever notation its user reads.
	Secret    Secret
	CreatedAt time.Time
	// SignsFrom is when it begins to sign; before, it is only accepted, so that
	// others can get to know it.
	SignsFrom time.Time
	// RetiresAt, unless zero, is when it is not accepted any more.
	RetiresAt time.Time
}

// OwnIssuer owns the keys of the tenant's issuer that is built in.
const OwnIssuer = "issuer"

// AppOwner returns the owner of an application's keys.
func AppOwner(app string) string { return "app " + app }

// SigningKeys are an owner's keys at an instant.
type SigningKeys struct {
	// Signer signs; nil when there is no key that does.
	Signer *SigningKey
	// Accepted are all that are accepted, the signer among them.
	Accepted []SigningKey
}

// standing returns how the keys stand at now. Of several that sign, the one that
// began last does.
func standing(all []SigningKey, now time.Time) (keys SigningKeys) {
	for i := range all {
		k := &all[i]
		if !k.RetiresAt.IsZero() && !now.Before(k.RetiresAt) {
			continue
		}
		keys.Accepted = append(keys.Accepted, *k)
		if !now.Before(k.SignsFrom) && (keys.Signer == nil || k.SignsFrom.After(keys.Signer.SignsFrom)) {
			keys.Signer = k
		}
	}
	return keys
}

// keysTTL is for how long an owner's keys are remembered: another node may have
// rotated them. When a key retires is known long before.
const keysTTL = time.Second

// keyCache remembers owners' keys.
type keyCache struct {
	mu     sync.Mutex
	owners map[keyOwner]knownKeys
}

type keyOwner struct {
	tenant TenantID
	owner  string
}

type knownKeys struct {
	keys   []SigningKey
	readAt time.Time
}

// SigningKeys returns the owner's keys as they stand now.
func (s *Service) SigningKeys(ctx context.Context, tenant TenantID, owner string) (SigningKeys, error) {
	now, of := s.store.Now(), keyOwner{tenant, owner}
	s.signingKeys.mu.Lock()
	known, ok := s.signingKeys.owners[of]
	s.signingKeys.mu.Unlock()
	if !ok || now.Sub(known.readAt) >= keysTTL || now.Before(known.readAt) {
		keys, err := s.store.SigningKeys(ctx, tenant, owner)
		if err != nil {
			return SigningKeys{}, fmt.Errorf("read keys: %w", err)
		}
		known = knownKeys{keys, now}
		s.signingKeys.remember(of, known)
	}
	return standing(known.keys, now), nil
}

func (c *keyCache) remember(of keyOwner, known knownKeys) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owners == nil {
		c.owners = map[keyOwner]knownKeys{}
	}
	c.owners[of] = known
}

func (c *keyCache) forget(of keyOwner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.owners, of)
}

// Rotation puts a new key in the place of an owner's others.
type Rotation struct {
	Tenant TenantID
	Owner  string
	// ID and Secret are the new key's.
	ID     string
	Secret Secret
	// After is how long it is only accepted before it signs.
	After time.Duration
	// Longest is the longest validity of what is signed: for so long after the new key
	// begins to sign the others are accepted. Negative: they are retired at once.
	Longest     time.Duration
	SupportCode string
}

// RotateKey adds a key that takes over from the owner's others. Errors:
// CodeConflict when the owner has a key of that ID, CodeUnavailable.
func (s *Service) RotateKey(ctx context.Context, r *Rotation) (*SigningKey, error) {
	now := s.store.Now().Truncate(time.Millisecond)
	key := &SigningKey{Tenant: r.Tenant, Owner: r.Owner, ID: r.ID, Secret: r.Secret, CreatedAt: now, SignsFrom: now.Add(r.After)}
	retire := now
	if r.Longest >= 0 {
		// Another node may sign with the key before for as long as it remembers it.
		retire = key.SignsFrom.Add(r.Longest + 2*keysTTL)
	}
	err := s.store.AddKey(ctx, key, retire, &Event{
		Type: EventKeyAdded, Tenant: r.Tenant, Note: r.Owner + ", key " + r.ID, SupportCode: r.SupportCode,
	})
	s.signingKeys.forget(keyOwner{r.Tenant, r.Owner})
	if err != nil {
		return nil, fmt.Errorf("rotate key: %w", err)
	}
	return key, nil
}
