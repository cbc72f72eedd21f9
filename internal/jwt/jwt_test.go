package jwt

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var algorithms = []Algorithm{HS256, RS256, ES256, EdDSA}

// made has one key of each algorithm: RSA keys take long to make.
var made = map[Algorithm]Key{}

func keyOf(t testing.TB, alg Algorithm) Key {
	t.Helper()
	if made[alg].IsZero() {
		made[alg] = freshKey(t, alg)
	}
	return made[alg]
}

func freshKey(t testing.TB, alg Algorithm) Key {
	t.Helper()
	key, err := Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parseKey(t testing.TB, jwk string) Key {
	t.Helper()
	key, err := ParseKey([]byte(jwk))
	if err != nil {
		t.Fatalf("%v: %s", err, jwk)
	}
	return key
}

func sign(t testing.TB, key Key, claims string) string {
	t.Helper()
	token, err := Sign(key, []byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// signRaw signs any header and payload with the key's private part.
func signRaw(t testing.TB, key Key, header, payload string) string {
	t.Helper()
	input := part(header) + "." + part(payload)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature(t, key, input))
}

func part(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func check(token string, keys ...Key) error {
	_, _, err := Verify(context.Background(), token, Set(keys))
	return err
}

const claims = `{"CIINo":"10001004","n":1}`

func TestWhatIsSignedIsVerifiedByteForByte(t *testing.T) {
	for _, alg := range algorithms {
		key := keyOf(t, alg)
		const odd = ` { "b":1,"a":"<é \u2028"}`
		got, kid, err := Verify(context.Background(), sign(t, key, odd), Set{key})
		if err != nil || string(got) != odd || kid != key.ID() {
			t.Errorf("%s: got claims %q of key %q, %v; want %q of %q", alg, got, kid, err, odd, key.ID())
		}
	}
}

func TestHeaders(t *testing.T) {
	for _, alg := range algorithms {
		key := keyOf(t, alg)
		want := `{"alg":"HS256","typ":"JWT"}`
		if alg != HS256 {
			want = `{"alg":"` + string(alg) + `","kid":"` + key.ID() + `","typ":"JWT"}`
		}
		first, _, _ := strings.Cut(sign(t, key, claims), ".")
		got, err := base64.RawURLEncoding.DecodeString(first)
		if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
			t.Errorf("%s (-want +got): %s %v", alg, diff, err)
		}
	}
}

func TestNothingIsSignedThatWouldNotBeAccepted(t *testing.T) {
	for _, claims := range []string{
		``, `null`, `[]`, `"text"`, `{"a":1}{}`, `{"a":1,"a":2}`, `{"a":"` + "\xff" + `"}`,
		`{"a":"` + strings.Repeat("a", MaxToken) + `"}`,
	} {
		if _, err := Sign(keyOf(t, HS256), []byte(claims)); err == nil {
			t.Errorf("claims of %d bytes, %.20q, were signed", len(claims), claims)
		}
	}
	public := parseKey(t, publicJWK(t, keyOf(t, ES256)))
	for name, key := range map[string]Key{"none": {}, "a public one": public} {
		if _, err := Sign(key, []byte(claims)); err == nil {
			t.Errorf("claims were signed with %s", name)
		}
	}
}

func TestAnotherKeyOfTheSameNameIsRefused(t *testing.T) {
	for _, alg := range []Algorithm{HS256, ES256, EdDSA} {
		key := keyOf(t, alg)
		other, err := newKey(alg, key.ID(), freshKey(t, alg).m().secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(sign(t, key, claims), other); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: got %v, want %v", alg, err, ErrSignature)
		}
	}
}

func TestAnyChangeOfATokenIsRefused(t *testing.T) {
	const alphabet = "AQgw_-." // enough to set and clear any bit
	for _, alg := range algorithms {
		key := keyOf(t, alg)
		token := sign(t, key, claims)
		step := 1
		if testing.Short() {
			step = 7
		}
		for i := 0; i < len(token); i += step {
			for _, c := range alphabet {
				changed := token[:i] + string(c) + token[i+1:]
				if changed != token && check(changed, key) == nil {
					t.Fatalf("%s: accepted with %q at %d", alg, c, i)
				}
			}
			if check(token[:i], key) == nil {
				t.Fatalf("%s: accepted when cut at %d", alg, i)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	old, young := freshKey(t, HS256), freshKey(t, HS256)
	for name, key := range map[string]Key{"old": old, "new": young} {
		if err := check(sign(t, key, claims), young, old); err != nil {
			t.Errorf("shared secret, the %s one: got %v, want nil", name, err)
		}
	}
	if err := check(sign(t, old, claims), young); !errors.Is(err, ErrSignature) {
		t.Errorf("after the rotation: got %v, want %v", err, ErrSignature)
	}
	first, second := freshKey(t, ES256), freshKey(t, ES256)
	for _, key := range []Key{first, second} {
		for name, token := range map[string]string{
			"with kid":    sign(t, key, claims),
			"without kid": signRaw(t, key, `{"alg":"ES256"}`, claims),
		} {
			_, kid, err := Verify(context.Background(), token, Set{first, second})
			if err != nil || kid != key.ID() {
				t.Errorf("%s: got key %q, %v; want %q", name, kid, err, key.ID())
			}
		}
	}
	if err := check(sign(t, first, claims), second); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("after the rotation: got %v, want %v", err, ErrUnknownKey)
	}
}

func TestATokenWithoutKidIsNotTriedWithManyKeys(t *testing.T) {
	var keys []Key
	for range maxTried + 1 {
		keys = append(keys, freshKey(t, HS256))
	}
	token := sign(t, keys[0], claims)
	if err := check(token, keys[:maxTried]...); err != nil {
		t.Errorf("%d keys: got %v, want nil", maxTried, err)
	}
	if err := check(token, keys...); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("%d keys: got %v, want %v", maxTried+1, err, ErrUnknownKey)
	}
}

func TestMalformedTokens(t *testing.T) {
	key := keyOf(t, HS256)
	good := sign(t, key, claims)
	parts := strings.Split(good, ".")
	const h = `{"alg":"HS256"}`
	for name, token := range map[string]string{
		"empty":                   "",
		"no dots":                 "abc",
		"one dot":                 parts[0] + "." + parts[1],
		"three dots":              good + ".",
		"five parts":              good + ".a.b",
		"only dots":               "..",
		"JSON form":               `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"blank in front":          " " + good,
		"blank behind":            good + " ",
		"line end behind":         good + "\n",
		"line end inside":         parts[0] + ".\r\n" + parts[1] + "." + parts[2],
		"padding":                 good + "=",
		"other alphabet":          parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:],
		"unused bits set":         good[:len(good)-1] + next(good[len(good)-1]),
		"too long":                signRaw(t, key, h, `{"a":"`+strings.Repeat("a", MaxToken)+`"}`),
		"empty header":            signRaw(t, key, ``, claims),
		"header is null":          signRaw(t, key, `null`, claims),
		"header is a list":        signRaw(t, key, `[]`, claims),
		"header of two values":    signRaw(t, key, h+h, claims),
		"header is not UTF-8":     signRaw(t, key, `{"alg":"HS256","x":"`+"\xff"+`"}`, claims),
		"header with a mark":      signRaw(t, key, "\ufeff"+h, claims),
		"header too deep":         signRaw(t, key, `{"alg":"HS256","x":`+strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth)+`}`, claims),
		"algorithm twice":         signRaw(t, key, `{"alg":"HS256","alg":"HS256"}`, claims),
		"algorithm twice, hidden": signRaw(t, key, `{"alg":"HS256","\u0061lg":"none"}`, claims),
		"anything twice":          signRaw(t, key, `{"alg":"HS256","x":{"y":1,"y":1}}`, claims),
		"no algorithm":            signRaw(t, key, `{"typ":"JWT"}`, claims),
		"algorithm in capitals":   signRaw(t, key, `{"ALG":"HS256"}`, claims),
		"algorithm is null":       signRaw(t, key, `{"alg":null}`, claims),
		"algorithm is a list":     signRaw(t, key, `{"alg":["HS256"]}`, claims),
		"key ID is a number":      signRaw(t, key, `{"alg":"HS256","kid":1}`, claims),
		"key ID is null":          signRaw(t, key, `{"alg":"HS256","kid":null}`, claims),
		"key ID is empty":         signRaw(t, key, `{"alg":"HS256","kid":""}`, claims),
		"key ID too long":         signRaw(t, key, `{"alg":"HS256","kid":"`+strings.Repeat("a", maxKeyID+1)+`"}`, claims),
		"type is a number":        signRaw(t, key, `{"alg":"HS256","typ":1}`, claims),
		"claims are empty":        signRaw(t, key, h, ``),
		"claims are null":         signRaw(t, key, h, `null`),
		"claims are a list":       signRaw(t, key, h, `[{}]`),
		"claims are two values":   signRaw(t, key, h, `{}{}`),
		"claims are not UTF-8":    signRaw(t, key, h, "{\"a\":\"\xc3\"}"),
		"claim twice":             signRaw(t, key, h, `{"exp":1,"exp":2}`),
		"claim twice, hidden":     signRaw(t, key, h, `{"exp":1,"e\u0078p":2}`),
		"claim twice, inside":     signRaw(t, key, h, `{"a":[{"b":1,"b":1}]}`),
		"claims too deep":         signRaw(t, key, h, `{"a":`+strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth)+`}`),
	} {
		if err := check(token, key); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		}
	}
	if err := check(signRaw(t, key, `{"typ":"at+jwt","alg":"HS256","x":[[]]}`, `{"a":{"a":1,"A":2}}`), key); err != nil {
		t.Errorf("plain token: got %v, want nil", err)
	}
}

// next returns the character that differs in the lowest bit: one of those that 32
// bytes leave unused at their end.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1:][:1]
}

func TestErrorsSayNothingOfTheToken(t *testing.T) {
	key := keyOf(t, HS256)
	token := sign(t, key, `{"canary":"kingfisher"}`)
	for _, bad := range []string{token + "x", token[:len(token)-2], strings.Replace(token, ".", "!", 1)} {
		err := check(bad, key)
		if err == nil {
			t.Fatal("a changed token was accepted")
		}
		for _, secret := range append(strings.Split(token, "."), "kingfisher", key.ID()) {
			if secret != "" && strings.Contains(err.Error(), secret) {
				t.Errorf("the error %q holds a part of the token", err)
			}
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			key := keyOf(b, alg)
			for b.Loop() {
				sign(b, key, claims)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(string(alg), func(b *testing.B) {
			key := keyOf(b, alg)
			token := sign(b, key, claims)
			for b.Loop() {
				if err := check(token, key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
