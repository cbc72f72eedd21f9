package operator

import (
	"bytes"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/jwt"
)

func TestASecretIsShownAsTextWhereAllOfItIsPrinted(t *testing.T) {
	for secret, want := range map[string]string{
		"0123456789 abcdef~0123456789abcdef":          "0123456789 abcdef~0123456789abcdef",
		"0123456789abcdef\n0123456789abcdef":          "",
		"0123456789abcdef\u202e0123456789abcdef":      "",
		string(bytes.Repeat([]byte{0xff, 'a'}, 16)):   "",
		"0123456789abcdef\x1b[2J0123456789abcdef0123": "",
	} {
		key, err := jwt.Secret([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		encoded, text, err := sharedSecret(key)
		if err != nil || text != want || encoded == "" {
			t.Errorf("%q: got text %q, %v", secret, text, err)
		}
	}
}
