package signon

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestTokenCarriesItsExpiryRoundedUp(t *testing.T) {
	expires := time.Date(2026, 11, 21, 12, 0, 0, int(time.Millisecond), time.UTC)
	token, err := newToken(nil, "t", &Destination{}, expires)
	if err != nil {
		t.Fatal(err)
	}
	if want := expires.Truncate(time.Second).Add(time.Second); !token.expiry().Equal(want) {
		t.Errorf("expiry: got %v, want %v", token.expiry(), want)
	}
	if _, err := ParseToken(token.Reveal()); err != nil {
		t.Errorf("a drawn token does not parse: %v", err)
	}
}

func TestTokenHasOneSpelling(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 3)[:TokenLen]
	if _, err := ParseToken(good); err != nil {
		t.Fatalf("ParseToken refuses a good token: %v", err)
	}
	for _, bad := range []string{
		"", good[1:], good + "0", strings.ToUpper(good), " " + good[1:], good[:39] + "\n", good[:39] + "g", "0x" + good[2:], good[:39] + "\u0661",
	} {
		if _, err := ParseToken(bad); AsError(err) == nil || AsError(err).Code != CodeTokenInvalid {
			t.Errorf("ParseToken(%q): got %v, want CodeTokenInvalid", bad, err)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestTokenIsNotDrawnFromABrokenSource(t *testing.T) {
	if token, err := newToken(brokenReader{}, "t", &Destination{}, time.Now()); err == nil || token != "" {
		t.Error("a token was drawn without randomness")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	const canary = "0123456789abcdef0123456789abcdef01234567"
	session := SessionToken{}
	copy(session.secret[:], canary)
	values := []any{Secret(canary), Token(canary), session, Binding([]byte(canary)[:16]), PrivacyKey([]byte(canary)[:32])}
	for _, v := range values {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		printed := log.String() + fmt.Sprintf("%v %+v %s %q", v, v, v, v)
		if strings.Contains(printed, canary[:16]) {
			t.Errorf("%T prints its content", v)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("65f0c0de0123456789abcdef0123456789abcdef")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err == nil && token.Reveal() != text {
			t.Errorf("a second spelling of a token: %q", text)
		}
	})
}
