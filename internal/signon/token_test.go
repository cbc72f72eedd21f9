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
	token, err := testKeyring(t, 1).generations[0].newToken(nil, "t", &Destination{}, expires)
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

// TestOnlyTheKeyTellsWhatATokenHolds draws nothing but zeros, so that tokens differ
// only by when they expire.
func TestOnlyTheKeyTellsWhatATokenHolds(t *testing.T) {
	g, second := testKeyring(t, 1).generations[0], time.Unix(1_800_000_000, 0)
	zeros := bytes.NewReader(make([]byte, 1<<16))
	starts, blocks := map[Token]int{}, map[Token]bool{}
	for ms := range 1000 {
		token, err := g.newToken(zeros, "t", &Destination{}, second.Add(time.Duration(ms-999)*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		starts[token[8:12]]++
		blocks[token[8:]] = true
	}
	if len(blocks) != 1000 {
		t.Errorf("%d tokens for 1,000 instants", len(blocks))
	}
	if len(starts) < 900 { // 992 of 65,536 are expected
		t.Errorf("where the millisecond is kept there are %d values: it shows", len(starts))
	}
	other, err := testKeyring(t, 2).generations[0].newToken(bytes.NewReader(make([]byte, tokenBlockLen)), "t", &Destination{}, second)
	if err != nil || blocks[other[8:]] {
		t.Errorf("another root key makes the same block: %v", err)
	}
}

func TestTokenHasOneSpelling(t *testing.T) {
	for _, length := range []int{TokenLen, LongTokenLen} {
		good := strings.Repeat("0123456789abcdef", 8)[:length]
		if _, err := ParseToken(good); err != nil {
			t.Fatalf("ParseToken refuses a good token: %v", err)
		}
		but := good[:length-1]
		for _, bad := range []string{
			"", good[1:], good + "0", good + good, strings.ToUpper(good), " " + good[1:], but + "\n", but + "g", "0x" + good[2:], but + "\u0661",
		} {
			if _, err := ParseToken(bad); AsError(err) == nil || AsError(err).Code != CodeTokenInvalid {
				t.Errorf("ParseToken(%q): got %v, want CodeTokenInvalid", bad, err)
			}
		}
	}
}

func TestALongTokenIsExpiryOwnerAndChance(t *testing.T) {
	expires, portal := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), &Destination{ID: "portal", Kind: KindPortal}
	g, drawn := testKeyring(t, 1).generations[0], map[Token]bool{}
	for range 100 {
		token, err := g.newToken(nil, "t", portal, expires)
		if err != nil {
			t.Fatal(err)
		}
		owner, ok := token.owner()
		if !ok || owner != ownerTag("t", portal) || owner == ownerTag("u", portal) || owner == ownerTag("t", &Destination{ID: "other"}) || !token.expiry().Equal(expires) {
			t.Fatalf("got owner %x, %v, expiry %v", owner, ok, token.expiry())
		}
		if chance := token[16:]; drawn[chance] || len(chance) != 2*(longTokenMoreLen+tokenBlockLen) {
			t.Fatalf("what is drawn has %d digits, or was drawn before", len(chance))
		}
		drawn[token[16:]] = true
	}
	short, err := testKeyring(t, 1).generations[0].newToken(nil, "t", &Destination{ID: "cart", Kind: KindCart}, expires)
	if _, ok := short.owner(); ok || err != nil || len(short) != TokenLen {
		t.Errorf("a usual token has an owner, or %d characters: %v", len(short), err)
	}
	if token, err := testKeyring(t, 1).generations[0].newToken(brokenReader{}, "t", portal, expires); err == nil || token != "" {
		t.Error("a token was drawn without randomness")
	}
}

func TestTenantsThatCanNotBeToldApartDoNotShareAHost(t *testing.T) {
	first, second := sameTag()
	at := func(id TenantID, host string) Tenant {
		d := cart(t, host)
		d.ID, d.Kind = "portal", KindPortal
		return Tenant{ID: id, Destinations: []Destination{*d}}
	}
	_, err := NewRegistry([]Tenant{at(first, "https://a.example"), at(second, "https://a.example")})
	if err == nil || !strings.Contains(err.Error(), string(first)) || !strings.Contains(err.Error(), string(second)) {
		t.Errorf("got %v, want it refused, naming both", err)
	}
	if _, err := NewRegistry([]Tenant{at(first, "https://a.example"), at(second, "https://b.example"), at("third", "https://a.example")}); err != nil {
		t.Errorf("at hosts of their own: %v", err)
	}
}

// sameTag returns two tenants whose portals have the same tag.
func sameTag() (first, second TenantID) {
	seen := map[tag]TenantID{}
	for i := 0; ; i++ {
		second = TenantID(fmt.Sprint("t", i))
		owner := ownerTag(second, &Destination{ID: "portal"})
		if first, ok := seen[owner]; ok {
			return first, second
		}
		seen[owner] = second
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestTokenIsNotDrawnFromABrokenSource(t *testing.T) {
	if token, err := testKeyring(t, 1).generations[0].newToken(brokenReader{}, "t", &Destination{}, time.Now()); err == nil || token != "" {
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
	f.Add("65f0c0de" + strings.Repeat("0123456789abcdef", 6))
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err == nil && token.Reveal() != text {
			t.Errorf("a second spelling of a token: %q", text)
		}
	})
}
