package signon

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestGrantKeyDependsOnTenantDestinationAndToken(t *testing.T) {
	g := testKeyring(t, 1).generations[0]
	token, err := g.newToken(nil, "t", &Destination{}, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	other, err := g.newToken(nil, "t", &Destination{}, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[GrantKey]string{}
	for name, key := range map[string]GrantKey{
		"the grant":           g.grantKey("shop", "cart", token),
		"another tenant":      g.grantKey("shop2", "cart", token),
		"another destination": g.grantKey("shop", "account", token),
		"shifted letters":     g.grantKey("shopc", "art", token),
		"another token":       g.grantKey("shop", "cart", other),
		"another root key":    testKeyring(t, 2).generations[0].grantKey("shop", "cart", token),
	} {
		if twin, ok := seen[key]; ok {
			t.Errorf("%s and %s have the same key", name, twin)
		}
		seen[key] = name
		if !key.ExpirySecond().Equal(token.expiry()) {
			t.Errorf("%s: the key does not start with the expiry", name)
		}
	}
}

func TestKeysSortByExpiry(t *testing.T) {
	g := testKeyring(t, 1).generations[0]
	second := time.Unix(1_800_000_000, 0)
	for _, dest := range []*Destination{{ID: "d"}, {ID: "d", Kind: KindPortal}} {
		var before GrantKey
		for ms := -1500; ms <= 1500; ms++ {
			token, err := g.newToken(nil, "t", dest, second.Add(time.Duration(ms)*time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			key := g.grantKey("t", "d", token)
			if bytes.Compare(before[:], key[:]) >= 0 {
				t.Fatalf("%d ms: the key comes before that of a millisecond earlier", ms)
			}
			before = key
			if border := ExpiryKey(second); (ms <= -1000) != (bytes.Compare(key[:], border[:]) < 0) {
				t.Fatalf("%d ms: ExpiryKey does not part earlier from later seconds", ms)
			}
		}
	}
}

func TestReferenceRangeHoldsTheKey(t *testing.T) {
	g := testKeyring(t, 1).generations[0]
	token, _ := g.newToken(nil, "t", &Destination{}, time.Unix(1_800_000_000, 0))
	key := g.grantKey("t", "d", token)
	first, last, ok := key.Reference().Range()
	if !ok || bytes.Compare(first[:], key[:]) > 0 || bytes.Compare(last[:], key[:]) < 0 {
		t.Error("the key is outside its reference's range")
	}
	for _, bad := range []Reference{"", "zz", key.Reference() + "00", key.Reference()[1:]} {
		if _, _, ok := bad.Range(); ok {
			t.Errorf("%q is taken for a reference", bad)
		}
	}
}

func TestKeyringKnowsTheReferenceOfATokenWithoutAStore(t *testing.T) {
	k := testKeyring(t, 1)
	token, _ := k.generations[0].newToken(nil, "t", &Destination{}, time.Unix(1_800_000_000, 0))
	if got, want := k.Reference("t", "d", token), k.generations[0].grantKey("t", "d", token).Reference(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if k.Reference("t", "d", token) == k.Reference("t", "other", token) {
		t.Error("a token has the same reference at another destination")
	}
}

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	k := testKeyring(t, 1)
	place := Place{Table: "clients", Column: "secret", Tenant: "shop", Row: "C/0"}
	sealed := k.Seal([]byte("secret"), place)
	if got, err := k.Open(sealed, place); err != nil || string(got) != "secret" {
		t.Fatalf("Open: %q, %v", got, err)
	}
	for name, p := range map[string]Place{
		"another table":  {"tenants", "secret", "shop", "C/0"},
		"another column": {"clients", "other", "shop", "C/0"},
		"another tenant": {"clients", "secret", "shop2", "C/0"},
		"another row":    {"clients", "secret", "shop", "C/1"},
		"shifted":        {"client", "ssecret", "shop", "C/0"},
	} {
		if _, err := k.Open(sealed, p); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", name, err)
		}
	}
	if _, err := testKeyring(t, 2).Open(sealed, place); !errors.Is(err, ErrSealed) {
		t.Errorf("another root key: got %v, want ErrSealed", err)
	}
	if _, err := k.Open(sealed[:5], place); !errors.Is(err, ErrSealed) {
		t.Errorf("cut short: got %v, want ErrSealed", err)
	}
}

func TestPreviousRootKeyStillOpens(t *testing.T) {
	old := testKeyring(t, 1)
	both, err := NewKeyring(bytes.Repeat([]byte{2}, RootKeyLen), bytes.Repeat([]byte{1}, RootKeyLen))
	if err != nil {
		t.Fatal(err)
	}
	place := Place{Table: "x"}
	if got, err := both.Open(old.Seal([]byte("s"), place), place); err != nil || string(got) != "s" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestShortRootKeyIsRefused(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := NewKeyring(make([]byte, n), nil); err == nil {
			t.Errorf("a root key of %d bytes is accepted", n)
		}
	}
}

func TestSessionSecretIsDerivable(t *testing.T) {
	g := testKeyring(t, 1).generations[0]
	key, binding := GrantKey{1}, Binding{2}
	a, b := g.session(key, binding), g.session(key, binding)
	if a.Reveal() != b.Reveal() {
		t.Error("the same grant and browser get two secrets")
	}
	if c := g.session(key, Binding{3}); c.Reveal() == a.Reveal() {
		t.Error("another browser gets the same secret")
	}
	if parsed, ok := ParseSessionToken(a.Reveal()); !ok || parsed != a {
		t.Error("the spelling does not parse back")
	}
}

func TestANumberBeginsWithItsInstant(t *testing.T) {
	at, ok := parseNumber("180000000012342")
	if want := time.UnixMilli(1_800_000_000_123); !ok || !at.Equal(want) {
		t.Errorf("got %v, %v, want %v", at, ok, want)
	}
	for _, bad := range []string{"", "1800000000123", "-18000000012342", "-1800000000123", "018000000012342", "1800000000123042", "18000000001230000", "18000000001234x"} {
		if at, ok := parseNumber(bad); ok {
			t.Errorf("%q is taken for a number of %v", bad, at)
		}
	}
}
