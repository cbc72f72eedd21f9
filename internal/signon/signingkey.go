package signon

import (
	"context"
	"errors"
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

// MaxKeys is how many keys of an owner are accepted at a time at most: a token that
// names no key has to be tried with each.
const MaxKeys = 4

// standing returns how the keys stand at now. Of several that could sign, the one
// that is accepted for longest does: the last rotation retires all others, so what
// is signed is accepted for as long as it is valid, whatever rotations were planned
// before.
func standing(all []SigningKey, now time.Time) (keys SigningKeys) {
	for i := range all {
		k := &all[i]
		if !k.RetiresAt.IsZero() && !now.Before(k.RetiresAt) {
			continue
		}
		keys.Accepted = append(keys.Accepted, *k)
		if !now.Before(k.SignsFrom) && (keys.Signer == nil || k.outlasts(keys.Signer)) {
			keys.Signer = k
		}
	}
	return keys
}

// outlasts reports whether the key is accepted for longer than the other. Among
// equals it does not: the newest comes first in their order.
func (k *SigningKey) outlasts(other *SigningKey) bool {
	return !other.RetiresAt.IsZero() && (k.RetiresAt.IsZero() || k.RetiresAt.After(other.RetiresAt))
}

// keysTTL is for how long an owner's keys are remembered: another node may have
// rotated them. When a key retires is known long before.
const keysTTL = time.Second

// keyCache remembers owners' keys.
type keyCache struct {
	mu      sync.Mutex
	owners  map[keyOwner]knownKeys
	changes int // how often something was forgotten
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
	changes := s.signingKeys.changes
	s.signingKeys.mu.Unlock()
	if !ok || now.Sub(known.readAt) >= keysTTL || now.Before(known.readAt) {
		keys, err := s.store.SigningKeys(ctx, tenant, owner)
		if err != nil {
			return SigningKeys{}, fmt.Errorf("read keys: %w", err)
		}
		known = knownKeys{keys, now}
		s.signingKeys.remember(of, known, changes)
	}
	return standing(known.keys, now), nil
}

// remember keeps what was read after so many changes, unless there was another one
// since: it may have been read before that.
func (c *keyCache) remember(of keyOwner, known knownKeys, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != changes {
		return
	}
	if c.owners == nil {
		c.owners = map[keyOwner]knownKeys{}
	}
	c.owners[of] = known
}

func (c *keyCache) forget(of keyOwner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.owners, of)
	c.changes++
}

// Rotation puts a new key in the place of an owner's others.
type Rotation struct {
	Tenant TenantID
	Owner  string
	// ID and Secret are the new key's.
	ID     string
	Secret Secret
	// After is how long it is only accepted before it signs. A key without another one
	// that signs until then signs at once.
	After time.Duration
	// Longest is the longest validity of what is signed: for so long after the new key
	// begins to sign the others are accepted. Negative: they are retired at once.
	Longest     time.Duration
	SupportCode string
}

// RotateKey adds a key that takes over from the owner's others, in this process
// from the next call on, elsewhere within a second: where several processes share
// the store, After should be longer than that. Errors: ErrConflict when the
// owner has a key of that ID, CodeLimit when so many keys are accepted already that
// one has to retire first, CodeUnavailable.
func (s *Service) RotateKey(ctx context.Context, r *Rotation) (*SigningKey, error) {
	all, err := s.store.SigningKeys(ctx, r.Tenant, r.Owner)
	if err != nil {
		return nil, fmt.Errorf("rotate key: %w", err)
	}
	now := s.store.Now().Truncate(time.Millisecond)
	key := &SigningKey{Tenant: r.Tenant, Owner: r.Owner, ID: r.ID, Secret: r.Secret, CreatedAt: now, SignsFrom: now}
	before, retire := standing(all, now), now
	if r.Longest >= 0 {
		if before.Signer != nil {
			key.SignsFrom = now.Add(r.After)
		}
		// Another node may sign with the key before for as long as it remembers it.
		retire = key.SignsFrom.Add(r.Longest + 2*keysTTL)
	}
	err = s.store.AddKey(ctx, key, retire, &Event{
		Type: EventKeyAdded, Tenant: r.Tenant, Note: r.Owner + ", key " + r.ID, SupportCode: r.SupportCode,
	})
	s.signingKeys.forget(keyOwner{r.Tenant, r.Owner})
	if errors.Is(err, ErrKeysFull) {
		return nil, s.keysFull(ctx, r)
	}
	if err != nil {
		return nil, fmt.Errorf("rotate key: %w", err)
	}
	return key, nil
}

// keysFull returns CodeLimit, which tells when the owner's next key retires.
func (s *Service) keysFull(ctx context.Context, r *Rotation) error {
	all, err := s.store.SigningKeys(ctx, r.Tenant, r.Owner)
	if err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	now := s.store.Now()
	keys := standing(all, now)
	return keys.full(now)
}

// full returns the CodeLimit of owners whose keys these are at now.
func (k *SigningKeys) full(now time.Time) error {
	err := &Error{Code: CodeLimit, Argument: "keys", Rule: fmt.Sprintf("must be at most %d at a time: one has to retire first", MaxKeys)}
	for i := range k.Accepted {
		if retires := k.Accepted[i].RetiresAt; !retires.IsZero() && (err.RetryAfter == 0 || retires.Sub(now) < err.RetryAfter) {
			err.RetryAfter = retires.Sub(now)
		}
	}
	return err
}
