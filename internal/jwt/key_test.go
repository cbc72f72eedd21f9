package jwt

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAKeyNeverPrints(t *testing.T) {
	for _, alg := range algorithms {
		key := keyOf(t, alg)
		type holder struct {
			key Key
			Key Key
		}
		held := holder{key, key}
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			for _, v := range []any{key, &key, []Key{key}, Set{key}, map[string]Key{"k": key}, held, &held, struct{ Keys []Key }{Set{key}}} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "key", key, "keys", Set{key}, "held", held)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "key", key, "keys", Set{key}, "held", held)
		if err := json.NewEncoder(&out).Encode([]any{key, Set{key}, held, map[string]Key{"k": key}}); err != nil {
			t.Fatal(err)
		}
		for name, secret := range secretsOf(t, key) {
			if strings.Contains(strings.ToLower(out.String()), strings.ToLower(secret)) {
				t.Errorf("%s: %s was printed", alg, name)
			}
		}
	}
}

func TestAKeyPrintsAPlaceholder(t *testing.T) {
	key := keyOf(t, HS256)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, key); got != "[redacted]" {
			t.Errorf("%s: got %s", verb, got)
		}
	}
	encoded, err := json.Marshal(struct{ Key Key }{key})
	if diff := cmp.Diff(`{"Key":"[redacted]"}`, string(encoded)); diff != "" || err != nil {
		t.Errorf("JSON (-want +got): %s %v", diff, err)
	}
	for name, got := range map[string]string{
		"String": key.String(), "GoString": key.GoString(), "LogValue": key.LogValue().String(),
	} {
		if got != "[redacted]" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// secretsOf returns the beginning of each private number of the key as it would
// be printed.
func secretsOf(t *testing.T, key Key) map[string]string {
	t.Helper()
	data, err := key.JWK()
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]string
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{}
	for _, name := range []string{"k", "d", "p", "q", "dp", "dq", "qi"} {
		raw, err := base64.RawURLEncoding.DecodeString(members[name])
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) == 0 {
			continue
		}
		secrets[name+" in base64"] = members[name][:8]
		secrets[name+" in hex"] = hex.EncodeToString(raw)[:12]
		secrets[name+" in bytes"] = strings.Trim(fmt.Sprintf("%d", raw[:5]), "[]")
		secrets[name+" in decimal"] = new(big.Int).SetBytes(raw).String()[:12]
	}
	if len(secrets) == 0 {
		t.Fatal("no secret found in the key")
	}
	return secrets
}

func TestAStoredKeyIsTheSameKey(t *testing.T) {
	for _, alg := range algorithms {
		key := keyOf(t, alg)
		data, err := key.JWK()
		if err != nil {
			t.Fatal(err)
		}
		again := parseKey(t, string(data))
		if again.Algorithm() != alg || again.ID() != key.ID() || !again.CanSign() {
			t.Errorf("%s: got a key of %s named %q that signs: %v", alg, again.Algorithm(), again.ID(), again.CanSign())
		}
		if err := check(sign(t, again, claims), key); err != nil {
			t.Errorf("%s: signed by the stored key: got %v, want nil", alg, err)
		}
		if err := check(sign(t, key, claims), again); err != nil {
			t.Errorf("%s: verified by the stored key: got %v, want nil", alg, err)
		}
	}
}

func TestASecretIsCopied(t *testing.T) {
	secret := bytes.Repeat([]byte("s"), minSecret)
	key, err := Secret(secret)
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, key, claims)
	secret[0] = 'x'
	if err := check(token, key); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	for n := range minSecret {
		if _, err := Secret(make([]byte, n)); err == nil {
			t.Errorf("a secret of %d bytes was taken", n)
		}
	}
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good, ok := keyOf(t, RS256).m().verify.(*rsa.PublicKey)
	if !ok {
		t.Fatal("no RSA key")
	}
	odd := new(big.Int).Lsh(big.NewInt(1), maxModulus)
	for name, key := range map[string]any{
		"1024 bits":        short,
		"1024 bits public": &short.PublicKey,
		"2047 bits":        &rsa.PublicKey{N: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 2047), big.NewInt(1)), E: 65537},
		"4097 bits":        &rsa.PublicKey{N: odd.Add(odd, big.NewInt(1)), E: 65537},
		"even":             &rsa.PublicKey{N: new(big.Int).Sub(good.N, big.NewInt(1)), E: 65537},
		"exponent 1":       &rsa.PublicKey{N: good.N, E: 1},
		"exponent 2":       &rsa.PublicKey{N: good.N, E: 2},
		"long exponent":    &rsa.PublicKey{N: good.N, E: 1<<31 + 1},
		"none":             nil,
	} {
		if _, err := newKey(RS256, "x", key); err == nil {
			t.Errorf("an RSA key was taken: %s", name)
		}
	}
}

// TestAKeySuitsOneAlgorithm asks the check itself: go-jose refuses most of these
// by itself, and should not be the only one.
func TestAKeySuitsOneAlgorithm(t *testing.T) {
	for _, of := range algorithms {
		for _, alg := range append(algorithms, "", "none") {
			if got := suits(alg, keyOf(t, of).m().verify); got != (alg == of) {
				t.Errorf("a key of %s for %q: got %v", of, alg, got)
			}
		}
	}
	if suits(HS256, make([]byte, minSecret-1)) {
		t.Error("a short secret suits")
	}
}

func TestKeysThatAreNotForSignaturesOfThatAlgorithmAreRefused(t *testing.T) {
	var ec, other map[string]any
	for to, key := range map[*map[string]any]Key{&ec: keyOf(t, ES256), &other: freshKey(t, ES256)} {
		data, err := key.JWK()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string]map[string]any{
		"for encryption":       {"use": "enc"},
		"to encrypt":           {"key_ops": []string{"encrypt"}},
		"to do nothing":        {"key_ops": []string{}},
		"of no algorithm":      {"alg": nil},
		"of another algorithm": {"alg": "RS256"},
		"of none":              {"alg": "none"},
		"of a long one":        {"alg": "ES384"},
		"of another curve":     {"crv": "P-384"},
		"of another type":      {"kty": "oct", "k": "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy"},
		"of no type":           {"kty": nil},
		"not on the curve":     {"x": ec["y"]},
		"of two keys":          {"d": other["d"]},
		"without a name":       {"kid": nil},
		"with a number's name": {"kid": 1},
		"with a long name":     {"kid": strings.Repeat("a", maxKeyID+1)},
	} {
		jwk := map[string]any{}
		for _, members := range []map[string]any{ec, change} {
			for name, value := range members {
				if jwk[name] = value; value == nil {
					delete(jwk, name)
				}
			}
		}
		data, err := json.Marshal(jwk)
		if err != nil {
			t.Fatal(err)
		}
		if key, err := ParseKey(data); err == nil {
			t.Errorf("a key was taken: %s; it is named %q", name, key.ID())
		} else if diff := cmp.Diff("read a key: not a usable key", err.Error()); diff != "" {
			t.Errorf("%s: the error says more (-want +got): %s", name, diff)
		}
	}
	for _, text := range []string{``, `null`, `[]`, `{}`, `{"kty":"EC","kty":"EC"}`, `{"kty":"RSA","alg":"RS256","n":"AQAB"}`} {
		if _, err := ParseKey([]byte(text)); err == nil {
			t.Errorf("%s was taken for a key", text)
		}
	}
}

func TestTheZeroKeyIsNone(t *testing.T) {
	var key Key
	if !key.IsZero() || key.Algorithm() != "" || key.ID() != "" || key.CanSign() {
		t.Error("the zero key is something")
	}
	if _, err := key.JWK(); err == nil {
		t.Error("the zero key can be stored")
	}
	if err := check(sign(t, keyOf(t, HS256), claims), key); err == nil {
		t.Error("the zero key verifies")
	}
}

func TestThePublishedSetHasNoSecret(t *testing.T) {
	var keys Set
	for _, alg := range algorithms {
		keys = append(keys, keyOf(t, alg))
	}
	data, err := keys.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		for name, secret := range secretsOf(t, key) {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s: %s was published", key.Algorithm(), name)
			}
		}
	}
	for _, key := range keys[1:] {
		published, err := parseSet(data, key.Algorithm())
		if err != nil || len(published) != 1 || published[0].CanSign() {
			t.Fatalf("%s: got %d keys, %v; want the one public key", key.Algorithm(), len(published), err)
		}
		if err := check(sign(t, key, claims), published...); err != nil {
			t.Errorf("%s: got %v, want nil", key.Algorithm(), err)
		}
	}
	if empty, err := (Set{}).PublicJWKS(); err != nil || string(empty) != `{"keys":[]}` {
		t.Errorf("no keys: got %s, %v", empty, err)
	}
}
