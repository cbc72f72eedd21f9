package jwt

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzVerify lets the fuzzer choose header and claims, signed by the key, and
// whole tokens. What is accepted has one spelling, and claims that are an object.
func FuzzVerify(f *testing.F) {
	key, err := Secret(bytes.Repeat([]byte("k"), minSecret))
	if err != nil {
		f.Fatal(err)
	}
	good, err := Sign(key, []byte(claims))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, `{"alg":"HS256"}`, `{"exp":1}`)
	f.Add(good+"=", `{"alg":"none"}`, `{"exp":1,"exp":2}`)
	f.Add("a.b.c", `{"alg":"HS256","crit":[]}`, `[]`)
	f.Add("..", `{"alg":"HS256","jwk":{},"kid":"a"}`, `{"a":{"\u0061":"\ud800"}}`)
	f.Fuzz(func(t *testing.T, token, header, payload string) {
		for _, token := range []string{token, signRaw(t, key, header, payload)} {
			got, _, err := Verify(context.Background(), token, Set{key})
			if err != nil {
				continue
			}
			parts := strings.Split(token, ".")
			if len(parts) != 3 || parts[1] != base64.RawURLEncoding.EncodeToString(got) ||
				parts[2] != base64.RawURLEncoding.EncodeToString(mac([]byte(strings.Repeat("k", minSecret)), parts[0]+"."+parts[1])) {
				t.Errorf("accepted %q", token)
			}
			var object map[string]any
			if json.Unmarshal(got, &object) != nil || object == nil {
				t.Errorf("accepted the claims %q", got)
			}
			_ = CheckTime(got, now(), 0)
		}
	})
}

// FuzzKeySet reads sets as they come from others.
func FuzzKeySet(f *testing.F) {
	for _, alg := range algorithms[1:] {
		f.Add(published(f, keyOf(f, alg)))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","x5c":[""]},{},null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, alg := range algorithms {
			keys, err := parseSet(data, alg)
			if err != nil && keys != nil || err == nil && keys == nil || len(keys) > maxKeys {
				t.Errorf("got %d keys (nil: %v), %v", len(keys), keys == nil, err)
			}
			for _, key := range keys {
				if key.Algorithm() != alg || alg == HS256 || key.CanSign() {
					t.Errorf("got a key of %s that signs: %v; want a public one of %s", key.Algorithm(), key.CanSign(), alg)
				}
				if again, err := parseSet(published(t, key), alg); err != nil || len(again) != 1 {
					t.Errorf("what was read can't be published and read again: %v", err)
				}
			}
		}
	})
}
