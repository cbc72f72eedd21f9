package jwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Set is a fixed set of keys: those that are active, during a rotation the old and
// the new.
type Set []Key

// Find returns the keys of that ID, or all of them for none.
func (s Set) Find(_ context.Context, kid string) ([]Key, error) {
	return s.find(kid), nil
}

func (s Set) find(kid string) []Key {
	if kid == "" {
		return s
	}
	var found []Key
	for _, key := range s {
		if key.ID() == kid {
			found = append(found, key)
		}
	}
	return found
}

// PublicJWKS returns the JSON Web Key Set for others to verify with: the public
// parts of the keys, in their order. Shared secrets have none and are left out.
func (s Set) PublicJWKS() ([]byte, error) {
	public := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, key := range s {
		if key.m() == nil || key.m().alg == HS256 {
			continue
		}
		data, err := key.marshal(key.m().verify)
		if err != nil {
			return nil, fmt.Errorf("publish keys: %w", err)
		}
		public.Keys = append(public.Keys, data)
	}
	return json.Marshal(public)
}

// What a published set may be.
const (
	maxSet  = 256 << 10 // bytes
	maxKeys = 100
)

// parseSet reads a set that somebody else published and returns its keys for that
// algorithm. Others are passed over: those for encryption or of other algorithms,
// weak ones, broken ones, and those that were published with their private part.
func parseSet(data []byte, alg Algorithm) (Set, error) {
	if len(data) > maxSet {
		return nil, fmt.Errorf("read a key set: it has more than %d bytes", maxSet)
	}
	members, ok := object(data)
	if !ok {
		return nil, errors.New("read a key set: it is not a plain JSON object")
	}
	var listed []json.RawMessage
	if json.Unmarshal(members["keys"], &listed) != nil || listed == nil {
		return nil, errors.New("read a key set: it has no list of keys")
	}
	if len(listed) > maxKeys {
		return nil, fmt.Errorf("read a key set: it has more than %d keys", maxKeys)
	}
	keys := Set{}
	for _, jwk := range listed {
		p, err := readParts(jwk)
		if err != nil || p.private() {
			continue
		}
		if key, err := p.key(alg); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
