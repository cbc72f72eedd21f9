package signingkey_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signingkey"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

// world is a core over a real store.
type world struct {
	*signon.Service
	log *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	unlimited := throttle.New(0, 0)
	return &world{log: &bytes.Buffer{}, Service: signon.New(signon.Options{
		Store: store, Keys: keys, People: directory.New(store, store), Misses: unlimited, Failures: unlimited, Refusals: unlimited, Log: slog.New(slog.DiscardHandler),
	})}
}

func (w *world) ensure(t *testing.T, tenants ...signon.Tenant) {
	t.Helper()
	if err := signingkey.Ensure(t.Context(), w.Service, tenants, slog.New(slog.NewTextHandler(w.log, nil))); err != nil {
		t.Fatal(err)
	}
}

// standing returns the ID of the key that signs, and the algorithms of those that
// are accepted.
func (w *world) standing(t *testing.T, owner string) (signer string, algorithms []jwt.Algorithm) {
	t.Helper()
	keys, err := w.SigningKeys(context.Background(), "group", owner)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys.Accepted {
		key, err := signingkey.Parse(&keys.Accepted[i])
		if err != nil {
			t.Fatal(err)
		}
		if !key.CanSign() {
			t.Errorf("key %s of %s can't sign", keys.Accepted[i].ID, owner)
		}
		algorithms = append(algorithms, key.Algorithm())
	}
	if keys.Signer != nil {
		signer = keys.Signer.ID
	}
	return signer, algorithms
}

func app(id string, algorithm jwt.Algorithm) signon.Destination {
	d := signon.Destination{ID: id, Kind: signon.KindApp, DefaultTTL: time.Minute, MaxTTL: time.Hour}
	if algorithm != "" {
		d.Settings = map[string]string{signingkey.SettingAlgorithm: string(algorithm)}
	}
	return d
}

func TestEnsureMakesTheKeysThatAreMissingAndNoOthers(t *testing.T) {
	w := newWorld(t)
	group := signon.Tenant{
		ID: "group", Issuers: []signon.Issuer{{URL: "https://issuer.example"}, {Own: true}, {Own: true}},
		Destinations: []signon.Destination{app("01", ""), app("02", jwt.ES256), {ID: "cart", Kind: signon.KindCart}},
	}
	w.ensure(t, group, signon.Tenant{ID: "shop"})
	want := map[string]jwt.Algorithm{signon.OwnIssuer: jwt.RS256, signon.AppOwner("01"): jwt.HS256, signon.AppOwner("02"): jwt.ES256}
	signers := map[string]string{}
	for owner, algorithm := range want {
		signer, algorithms := w.standing(t, owner)
		if diff := cmp.Diff([]jwt.Algorithm{algorithm}, algorithms); diff != "" || signer == "" {
			t.Errorf("keys of %s, signer %q (-want +got):\n%s", owner, signer, diff)
		}
		signers[owner] = signer
	}
	w.ensure(t, group)
	for owner, before := range signers {
		if signer, algorithms := w.standing(t, owner); signer != before || len(algorithms) != 1 {
			t.Errorf("the second time %s has %d keys, %q signs; want %q alone", owner, len(algorithms), signer, before)
		}
	}
	if made := strings.Count(w.log.String(), "made a key"); made != 3 {
		t.Errorf("the log tells of %d keys, want 3:\n%s", made, w.log)
	}
	if keys, err := w.SigningKeys(t.Context(), "group", signon.AppOwner("cart")); err != nil || len(keys.Accepted) > 0 {
		t.Errorf("a cart has %d keys, %v", len(keys.Accepted), err)
	}
}

func TestEnsureChangesOverToTheDeclaredAlgorithm(t *testing.T) {
	w := newWorld(t)
	w.ensure(t, signon.Tenant{ID: "group", Destinations: []signon.Destination{app("01", jwt.HS256)}})
	before, _ := w.standing(t, signon.AppOwner("01"))
	next := signon.Tenant{ID: "group", Destinations: []signon.Destination{app("01", jwt.EdDSA)}}
	w.ensure(t, next)
	w.ensure(t, next)
	signer, algorithms := w.standing(t, signon.AppOwner("01"))
	if diff := cmp.Diff([]jwt.Algorithm{jwt.EdDSA, jwt.HS256}, algorithms); diff != "" || signer == before {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
}

func TestEnsureChangesBackWithinALifetime(t *testing.T) {
	w := newWorld(t)
	for _, algorithm := range []jwt.Algorithm{jwt.HS256, jwt.ES256, jwt.HS256} {
		w.ensure(t, signon.Tenant{ID: "group", Destinations: []signon.Destination{app("01", algorithm)}})
	}
	if _, algorithms := w.standing(t, signon.AppOwner("01")); !cmp.Equal(algorithms, []jwt.Algorithm{jwt.HS256, jwt.ES256, jwt.HS256}) {
		t.Errorf("accepted are %v, the newest first", algorithms)
	}
}

func TestEnsureWaitsWhereTooManyKeysAreAccepted(t *testing.T) {
	w := newWorld(t)
	declared := app("01", jwt.HS256)
	for range signon.MaxKeys {
		if _, _, err := signingkey.Rotate(t.Context(), w.Service, signingkey.Rotation{Owner: signingkey.App("group", &declared)}); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := w.standing(t, signon.AppOwner("01"))
	w.ensure(t, signon.Tenant{ID: "group", Destinations: []signon.Destination{app("01", jwt.ES256), app("02", "")}})
	if after, _ := w.standing(t, signon.AppOwner("01")); after != before {
		t.Errorf("%q signs, want %q as before", after, before)
	}
	if signer, _ := w.standing(t, signon.AppOwner("02")); signer == "" {
		t.Error("the next one has no key")
	}
	if !strings.Contains(w.log.String(), "has to wait until a key retires") {
		t.Errorf("the log does not say so:\n%s", w.log)
	}
}

// TestKeysAreAcceptedForTheLongestValidity: a token may be older than the validity
// that is declared now.
func TestKeysAreAcceptedForTheLongestValidity(t *testing.T) {
	w := newWorld(t)
	declared := app("01", "")
	declared.MaxTTL = time.Minute
	owner := signingkey.App("group", &declared)
	var before *signon.SigningKey
	for range 2 {
		key, _, err := signingkey.Rotate(t.Context(), w.Service, signingkey.Rotation{Owner: owner})
		if err != nil {
			t.Fatal(err)
		}
		if before == nil {
			before = key
		}
	}
	keys, err := w.SigningKeys(t.Context(), "group", owner.Name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys.Accepted {
		if k := &keys.Accepted[i]; k.ID == before.ID && k.RetiresAt.Sub(before.CreatedAt) < signon.MaxNumberedTTL {
			t.Errorf("the key before retires after %v", k.RetiresAt.Sub(before.CreatedAt))
		}
	}
}

func TestEnsureLeavesAKeyAloneThatIsToSignLater(t *testing.T) {
	w := newWorld(t)
	w.ensure(t, signon.Tenant{ID: "group", Destinations: []signon.Destination{app("01", jwt.HS256)}})
	before, _ := w.standing(t, signon.AppOwner("01"))
	declared := app("01", jwt.ES256)
	_, _, err := signingkey.Rotate(t.Context(), w.Service, signingkey.Rotation{Owner: signingkey.App("group", &declared), After: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w.ensure(t, signon.Tenant{ID: "group", Destinations: []signon.Destination{declared}})
	if signer, algorithms := w.standing(t, signon.AppOwner("01")); signer != before || len(algorithms) != 2 {
		t.Errorf("%q signs, of %v; want %q of two", signer, algorithms, before)
	}
}

func TestEnsureRefusesAnAlgorithmThatThereIsNot(t *testing.T) {
	w := newWorld(t)
	err := signingkey.Ensure(t.Context(), w.Service, []signon.Tenant{{ID: "group", Destinations: []signon.Destination{app("01", "none")}}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "app 01 of tenant group") {
		t.Errorf("got %v, want it to name whose key it is", err)
	}
}

func TestRotateTakesOver(t *testing.T) {
	w := newWorld(t)
	declared := app("01", "")
	owner := signingkey.App("group", &declared)
	var last string
	for _, r := range []struct {
		rotation signingkey.Rotation
		accepted int
	}{
		{signingkey.Rotation{Owner: owner}, 1},
		{signingkey.Rotation{Owner: owner, Algorithm: jwt.ES256}, 2},
		{signingkey.Rotation{Owner: owner, RetireNow: true}, 1},
	} {
		kept, key, err := signingkey.Rotate(t.Context(), w.Service, r.rotation)
		if err != nil {
			t.Fatal(err)
		}
		signer, algorithms := w.standing(t, owner.Name)
		if signer != kept.ID || signer == last || len(algorithms) != r.accepted || algorithms[0] != key.Algorithm() {
			t.Errorf("after %v: %q signs, of %v; want %q of %d", r.rotation, signer, algorithms, kept.ID, r.accepted)
		}
		if key.Algorithm() != jwt.HS256 && key.ID() != kept.ID {
			t.Errorf("the key is kept as %q, and called %q", kept.ID, key.ID())
		}
		last = signer
	}
}
