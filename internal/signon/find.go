package signon

import (
	"context"
	"errors"
	"fmt"
)

// GrantOf returns the grant of a token or of the number of a numbered one, of
// whatever tenant and destination, as it was committed last: ErrNotFound when there
// is none. It decides nothing, and is for people who hold the link.
func (s *Service) GrantOf(ctx context.Context, text string) (*Grant, error) {
	token, malformed := ParseToken(text)
	for _, gen := range s.keys.generations {
		for id, t := range s.Registry().tenants {
			var keys []GrantKey
			if key, ok := gen.numberedKey(id, text); ok {
				keys = append(keys, key)
			}
			for i := range t.Destinations {
				if malformed == nil {
					keys = append(keys, gen.grantKey(id, t.Destinations[i].ID, token))
				}
			}
			for _, key := range keys {
				g, err := s.store.Grant(ctx, key)
				if err == nil {
					return &g, nil
				}
				if !errors.Is(err, ErrNotFound) {
					return nil, fmt.Errorf("find grant: %w", err)
				}
			}
		}
	}
	return nil, ErrNotFound
}

// Reference returns the public name of the grant that a token of that tenant's
// destination has. Whether there is one it does not know. The token must have the
// grammar (see ParseToken).
func (k *Keyring) Reference(tenant TenantID, destination string, token Token) Reference {
	return k.generations[0].grantKey(tenant, destination, token).Reference()
}

// GrantByReference returns the grant with that public reference, as it was
// committed last: ErrNotFound when there is none, CodeInvalid for what is no
// reference.
func (s *Service) GrantByReference(ctx context.Context, ref Reference) (*Grant, error) {
	first, last, ok := ref.Range()
	if !ok {
		return nil, Invalid("reference", "must be 24 hexadecimal digits")
	}
	var found *Grant
	err := s.eachGrant(ctx, first.before(), last, func(g *Grant) error {
		found = g
		return errEnough
	})
	switch {
	case found != nil:
		return found, nil
	case err != nil:
		return nil, fmt.Errorf("find grant: %w", err)
	}
	return nil, ErrNotFound
}
