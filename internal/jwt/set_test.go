package jwt

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func published(t testing.TB, keys ...Key) []byte {
	t.Helper()
	data, err := Set(keys).PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func names(keys []Key) []string {
	var out []string
	for _, key := range keys {
		out = append(out, key.ID())
	}
	return out
}

func TestOnlyKeysForOurSignaturesAreTakenFromASet(t *testing.T) {
	key := keyOf(t, ES256)
	secret, err := key.JWK()
	if err != nil {
		t.Fatal(err)
	}
	good := publicJWK(t, key)
	with := func(old, changedTo string) string {
		changed := strings.Replace(good, old, changedTo, 1)
		if changed == good {
			t.Fatalf("%s has no %s", good, old)
		}
		return changed
	}
	short := `{"kty":"RSA","e":"AQAB","kid":"short","n":"` + strings.Repeat("_", 170) + `w"}`
	set := `{"x":1,"keys":[` + strings.Join([]string{
		good,
		with(`"alg":"ES256",`, ``),
		with(`"use":"sig",`, ``),
		with(`"use":"sig"`, `"key_ops":["verify"]`),
		with(`"use":"sig"`, `"x5c":["not a certificate"],"x5t":"?","else":{}`),
		with(key.ID(), "another"),
		with(`"use":"sig"`, `"use":"enc"`),
		with(`"use":"sig"`, `"key_ops":["encrypt"]`),
		with(`"use":"sig"`, `"use":["sig"]`),
		with(`"alg":"ES256"`, `"alg":"RS256"`),
		with(`"alg":"ES256"`, `"alg":"none"`),
		with(`"alg":"ES256"`, `"ALG":"ES256","alg":"ES384"`),
		with(`"kty":"EC"`, `"kty":"RSA"`),
		with(`"kty":"EC"`, `"kty":"XX"`),
		with(`"crv":"P-256"`, `"crv":"P-521"`),
		with(`"x":"`, `"x":"AAAA`),
		with(`"kid":"`, `"kid":{},"KID":"`),
		string(secret),
		publicJWK(t, keyOf(t, EdDSA)), publicJWK(t, keyOf(t, RS256)), short,
		`{"kty":"oct","alg":"HS256","k":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy"}`,
		`{}`, `null`, `1`, `"x"`, `[]`,
	}, ",") + `]}`
	keys, err := parseSet([]byte(set), ES256)
	want := []string{key.ID(), key.ID(), key.ID(), key.ID(), key.ID(), "another"}
	if diff := cmp.Diff(want, names(keys)); diff != "" || err != nil {
		t.Errorf("keys (-want +got):\n%s%v", diff, err)
	}
	keys, err = parseSet([]byte(set), RS256)
	if diff := cmp.Diff([]string{keyOf(t, RS256).ID()}, names(keys)); diff != "" || err != nil {
		t.Errorf("keys of RSA (-want +got):\n%s%v", diff, err)
	}
	if keys, err = parseSet([]byte(set), HS256); err != nil || len(keys) != 0 {
		t.Errorf("got %d published secrets, %v; want none", len(keys), err)
	}
}

func TestSetsThatAreNone(t *testing.T) {
	one := publicJWK(t, keyOf(t, ES256))
	for name, text := range map[string]string{
		"empty":        ``,
		"null":         `null`,
		"a list":       `[` + one + `]`,
		"a key":        one,
		"a page":       `<html></html>`,
		"no list":      `{"keys":{}}`,
		"null in it":   `{"keys":null}`,
		"none in it":   `{}`,
		"two lists":    `{"keys":[],"keys":[` + one + `]}`,
		"two values":   `{"keys":[]}{"keys":[` + one + `]}`,
		"not UTF-8":    `{"keys":[],"x":"` + "\xff" + `"}`,
		"deep":         `{"keys":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"deep in keys": `{"keys":[{"x":` + strings.Repeat(`{"x":`, 20_000) + "1" + strings.Repeat("}", 20_000) + `}]}`,
		"long":         `{"keys":[` + one + `]` + strings.Repeat(" ", maxSet) + `}`,
		"many":         `{"keys":[` + strings.Repeat(one+",", maxKeys) + one + `]}`,
	} {
		if keys, err := parseSet([]byte(text), ES256); err == nil {
			t.Errorf("%s: got %d keys, want an error", name, len(keys))
		}
	}
	if keys, err := parseSet([]byte(`{"keys":[`+strings.Repeat(one+",", maxKeys-1)+one+`]}`), ES256); err != nil || len(keys) != maxKeys {
		t.Errorf("%d keys: got %d, %v", maxKeys, len(keys), err)
	}
}

func TestAPublishedSetHasWhatOthersLookFor(t *testing.T) {
	key := keyOf(t, RS256)
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(published(t, keyOf(t, HS256), key), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 1 {
		t.Fatalf("got %d keys, want 1", len(set.Keys))
	}
	delete(set.Keys[0], "n")
	want := map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": key.ID(), "e": "AQAB"}
	if diff := cmp.Diff(want, set.Keys[0]); diff != "" {
		t.Errorf("published key (-want +got):\n%s", diff)
	}
}

func ExampleEncode() {
	claims := struct {
		Name string `json:"name"`
		At   int64  `json:"iat"`
	}{"Ben & <Ann>", 1737362986}
	text, err := Encode(claims)
	fmt.Println(string(text), err)
	// Output: {"name":"Ben & <Ann>","iat":1737362986} <nil>
}
