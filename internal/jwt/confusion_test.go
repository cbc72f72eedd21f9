package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

// signature is made with the standard library alone, so that it also makes those
// that the package would not.
func signature(t testing.TB, key Key, input string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(input))
	var out []byte
	var err error
	switch secret := key.m().secret.(type) {
	case []byte:
		out = mac(secret, input)
	case *rsa.PrivateKey:
		out, err = rsa.SignPKCS1v15(nil, secret, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, s, e := ecdsa.Sign(rand.Reader, secret, sum[:])
		if err = e; err == nil {
			out = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case ed25519.PrivateKey:
		out = ed25519.Sign(secret, []byte(input))
	default:
		t.Fatalf("can't sign with a %T", secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mac(secret []byte, input string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(input))
	return h.Sum(nil)
}

func publicJWK(t testing.TB, key Key) string {
	t.Helper()
	data, err := key.marshal(key.m().verify)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAPublicKeyIsNoSharedSecret(t *testing.T) {
	for _, alg := range []Algorithm{RS256, ES256, EdDSA} {
		key := keyOf(t, alg)
		der, err := x509.MarshalPKIXPublicKey(key.m().verify)
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		for name, secret := range map[string][]byte{
			"DER": der, "PEM": text, "PEM without line end": []byte(strings.TrimSpace(string(text))), "JWK": []byte(publicJWK(t, key)),
		} {
			for _, header := range []string{`{"alg":"HS256"}`, `{"alg":"HS256","kid":"` + key.ID() + `"}`} {
				input := part(header) + "." + part(claims)
				token := input + "." + base64.RawURLEncoding.EncodeToString(mac(secret, input))
				if err := check(token, key); !errors.Is(err, ErrUnknownKey) {
					t.Errorf("%s as %s: got %v, want %v", alg, name, err, ErrUnknownKey)
				}
			}
		}
	}
}

func TestTheAlgorithmBelongsToTheKey(t *testing.T) {
	for _, alg := range algorithms {
		for _, said := range append(algorithms, "RS384", "RS512", "PS256", "ES384", "HS384", "HS512", "Ed25519") {
			if said == alg {
				continue
			}
			key := keyOf(t, alg)
			if err := check(signRaw(t, key, `{"alg":"`+string(said)+`"}`, claims), key); err == nil {
				t.Errorf("a token of %s was accepted as %s", alg, said)
			}
			if err := check(signRaw(t, key, `{"alg":"`+string(alg)+`"}`, claims), key, keyOf(t, HS256)); err != nil {
				t.Errorf("a token of %s beside another key: got %v, want nil", alg, err)
			}
		}
	}
}

func TestUnsignedTokensAreRefused(t *testing.T) {
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", " none", "none\u0000"} {
		token := part(`{"alg":"`+alg+`","typ":"JWT"}`) + "." + part(claims) + "."
		for _, signature := range []string{"", "AA", part("none")} {
			for _, key := range algorithms {
				if err := check(token+signature, keyOf(t, key)); !errors.Is(err, ErrMalformed) {
					t.Errorf("%q: got %v, want %v", alg, err, ErrMalformed)
				}
			}
		}
	}
	for _, key := range algorithms {
		token := sign(t, keyOf(t, key), claims)
		if err := check(token[:strings.LastIndexByte(token, '.')+1], keyOf(t, key)); !errors.Is(err, ErrSignature) {
			t.Errorf("%s without its signature: got %v, want %v", key, err, ErrSignature)
		}
	}
}

// TestAHeaderBringsNoKey signs with a key of the attacker's, which the header
// carries or points at, and with ours, lest the signature alone be what fails.
func TestAHeaderBringsNoKey(t *testing.T) {
	ours, theirs := keyOf(t, ES256), freshKey(t, ES256)
	jwk := publicJWK(t, theirs)
	for _, member := range []string{
		`"jwk":` + jwk, `"jwk":null`, `"jku":"https://attacker.example/jwks"`, `"jku":""`, `"x5u":"https://attacker.example/cert"`,
		`"x5c":["MIIB"]`, `"x5c":[]`, `"crit":["exp"]`, `"crit":[]`, `"crit":["b64"],"b64":false`, `"b64":true`, `"b64":false`,
		`"zip":"DEF"`, `"zi\u0070":"DEF"`,
	} {
		for name, key := range map[string]Key{"ours": ours, "theirs": theirs} {
			for _, kid := range []string{"", `,"kid":"` + ours.ID() + `"`} {
				token := signRaw(t, key, `{"alg":"ES256",`+member+kid+`}`, claims)
				if err := check(token, ours); !errors.Is(err, ErrMalformed) {
					t.Errorf("%.20s, signed with %s: got %v, want %v", member, name, err, ErrMalformed)
				}
			}
		}
	}
	for _, kid := range []string{theirs.ID(), "../../dev/null", "' OR 1=1 --", "\\u0000"} {
		if err := check(signRaw(t, theirs, `{"alg":"ES256","kid":"`+kid+`"}`, claims), ours); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("kid %q: got %v, want %v", kid, err, ErrUnknownKey)
		}
	}
}

func TestSignaturesOfES256HaveOneForm(t *testing.T) {
	key := keyOf(t, ES256)
	input := part(`{"alg":"ES256"}`) + "." + part(claims)
	sum := sha256.Sum256([]byte(input))
	private, ok := key.m().secret.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("got a %T", key.m().secret)
	}
	der, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	fixed := signature(t, key, input)
	for name, s := range map[string][]byte{
		"DER":                  der,
		"a zero in front":      append([]byte{0}, fixed...),
		"a zero in front each": append(append([]byte{0}, fixed[:32]...), append([]byte{0}, fixed[32:]...)...),
		"a byte behind":        append(append([]byte{}, fixed...), 0),
		"half":                 fixed[:32],
		"zeros":                make([]byte, 64),
	} {
		if err := check(input+"."+base64.RawURLEncoding.EncodeToString(s), key); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: got %v, want %v", name, err, ErrSignature)
		}
	}
	if err := check(input+"."+base64.RawURLEncoding.EncodeToString(fixed), key); err != nil {
		t.Errorf("two numbers of 32 bytes: got %v, want nil", err)
	}
}
