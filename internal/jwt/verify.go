package jwt

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Keys are where the key of a token is looked for.
type Keys interface {
	// Find returns the keys whose ID is kid, or all of them when kid is empty: then
	// the token named none. It may wait, no longer than ctx. No keys and no error
	// mean that there is no such key.
	Find(ctx context.Context, kid string) ([]Key, error)
}

// Verify returns the claims of a token that one of the keys signed, and the ID of
// that key. The claims are a JSON object whose objects name no member twice, and
// exactly the bytes that were signed. Names in them differ by case, so unmarshal
// them into a map, not a struct. Whether their time has come is for CheckTime.
//
// Errors are ErrMalformed, ErrUnknownKey, ErrSignature, or what keys.Find returns.
func Verify(ctx context.Context, token string, keys Keys) (claims []byte, kid string, err error) {
	claims, kid, err = verify(ctx, token, keys)
	if err != nil {
		return nil, "", err
	}
	if _, ok := object(claims); !ok {
		return nil, "", ErrMalformed
	}
	return claims, kid, nil
}

// verify is Verify for any payload.
func verify(ctx context.Context, token string, keys Keys) (payload []byte, kid string, err error) {
	h, err := readHeader(token)
	if err != nil {
		return nil, "", err
	}
	found, err := keys.Find(ctx, h.kid)
	if err != nil {
		return nil, "", err
	}
	tried := make([]Key, 0, maxTried)
	for _, key := range found {
		if key.Algorithm() == h.alg {
			tried = append(tried, key)
		}
	}
	if len(tried) == 0 || len(tried) > maxTried {
		return nil, "", ErrUnknownKey
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.alg)})
	if err != nil {
		return nil, "", ErrMalformed
	}
	for _, key := range tried {
		if payload, err := signed.Verify(key.m().verify); err == nil {
			return payload, key.m().id, nil
		}
	}
	return nil, "", ErrSignature
}

// header is what a token says of its signature. It is used to find keys, which
// know better.
type header struct {
	alg Algorithm
	kid string
}

// readHeader reads the header of what is spelled like a token throughout.
func readHeader(token string) (header, error) {
	if len(token) > MaxToken || strings.Count(token, ".") != 2 {
		return header{}, ErrMalformed
	}
	var first []byte
	for i, part := range strings.Split(token, ".") {
		data, ok := decode(part)
		if !ok {
			return header{}, ErrMalformed
		}
		if i == 0 {
			first = data
		}
	}
	members, ok := object(first)
	if !ok {
		return header{}, ErrMalformed
	}
	return parseHeader(members)
}

// refused are headers that bring their own key, or change what is signed or how it
// is read. None is of use to anybody honest here.
var refused = []string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"}

func parseHeader(members map[string]json.RawMessage) (header, error) {
	for _, name := range refused {
		if _, there := members[name]; there {
			return header{}, ErrMalformed
		}
	}
	alg, there, ok := text(members, "alg")
	if !there || !ok || !Algorithm(alg).known() {
		return header{}, ErrMalformed
	}
	kid, there, ok := text(members, "kid")
	if !ok || there && kid == "" || len(kid) > maxKeyID {
		return header{}, ErrMalformed
	}
	if _, _, ok := text(members, "typ"); !ok {
		return header{}, ErrMalformed
	}
	return header{alg: Algorithm(alg), kid: kid}, nil
}

// text returns a member that must be a text if it is there.
func text(members map[string]json.RawMessage, name string) (s string, there, ok bool) {
	raw, there := members[name]
	if !there {
		return "", false, true
	}
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", true, false
	}
	return s, true, true
}
