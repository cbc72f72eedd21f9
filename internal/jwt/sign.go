package jwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Sign returns the token of those claims, a JSON object that goes into it byte for
// byte. The header is {"alg":"HS256","typ":"JWT"}, and for the other algorithms
// has the key's ID as kid too. It signs nothing that Verify would call malformed.
func Sign(key Key, claims []byte) (string, error) {
	if !key.CanSign() {
		return "", errors.New("sign a token: the key can't sign")
	}
	if _, ok := object(claims); !ok {
		return "", errors.New("sign a token: the claims are not a plain JSON object")
	}
	signed, err := key.m().signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("sign a token with %s: %w", key.m().alg, err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	if len(token) > MaxToken {
		return "", fmt.Errorf("sign a token: it has more than %d bytes", MaxToken)
	}
	return token, nil
}

// Encode returns the JSON text that JavaScript's JSON.stringify makes of the same
// value, for what is made of texts, truths, whole numbers, lists and structs:
// members in the order of the fields, no blanks, and nothing escaped but what must
// be. encoding/json alone escapes <, >, & and two kinds of line ends.
func Encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode claims: %w", err)
	}
	return plainLineEnds(bytes.TrimSuffix(out.Bytes(), []byte("\n"))), nil
}

// plainLineEnds writes U+2028 and U+2029 themselves in place of their escapes.
func plainLineEnds(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u202`)) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case bytes.HasPrefix(rest, []byte(`\u2028`)):
			out, i = append(out, "\u2028"...), i+5
		case bytes.HasPrefix(rest, []byte(`\u2029`)):
			out, i = append(out, "\u2029"...), i+5
		case rest[0] == '\\': // and what it escapes, lest \\u2028 be taken for one
			out, i = append(out, rest[:2]...), i+1
		default:
			out = append(out, rest[0])
		}
	}
	return out
}
