package dev

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/throttle"
)

func openDirectory(t *testing.T) (*directory.Service, *sqlite.Store) {
	t.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return directory.New(store, store), store
}

func TestSeedAddsWhatIsMissingAndNothingElse(t *testing.T) {
	dir, store := openDirectory(t)
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	john, err := dir.CustomerByRef(t.Context(), tenant, "HotTalks1Customer123")
	if err != nil {
		t.Fatal(err)
	}
	changed := john.Clone()
	changed.Billing.City = "Moved"
	if err := dir.UpdateCustomer(t.Context(), changed, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	before, err := store.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	after, err := store.Events(t.Context(), 0, 100)
	if err != nil || len(after) != len(before) {
		t.Errorf("loaded again: got %d events, %v, want the %d from before", len(after), err, len(before))
	}
	if john, err = dir.CustomerByID(t.Context(), tenant, CustomerID); err != nil || john.Billing.City != "Moved" {
		t.Errorf("loaded again: got %+v, %v, want the change to stay", john, err)
	}
}

func TestAUserWhoWasDeletedStaysDeleted(t *testing.T) {
	dir, store := openDirectory(t)
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if err := dir.DeleteUser(t.Context(), unlinkedTenant, 1333001, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	peter, err := dir.User(t.Context(), linkedTenant, UserID)
	if err != nil {
		t.Fatal(err)
	}
	peter.LastName = "Renamed"
	if err := dir.UpdateUser(t.Context(), peter, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	before, err := store.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if after, err := store.Events(t.Context(), 0, 100); err != nil || len(after) != len(before) {
		t.Errorf("loaded again: got %d events, %v, want the %d from before", len(after), err, len(before))
	}
	if _, err := dir.User(t.Context(), unlinkedTenant, 1333001); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("loaded again: got %v, want the user to stay deleted", err)
	}
	if peter, err = dir.User(t.Context(), linkedTenant, UserID); err != nil || peter.LastName != "Renamed" {
		t.Errorf("loaded again: got %+v, %v, want the change to stay", peter, err)
	}
}

func TestOneUserNumberIsInUseAtTwoMerchants(t *testing.T) {
	dir, _ := openDirectory(t)
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	olivia, err := dir.User(t.Context(), tenant, UserID)
	if err != nil {
		t.Fatal(err)
	}
	peter, err := dir.User(t.Context(), linkedTenant, UserID)
	if err != nil {
		t.Fatal(err)
	}
	for _, may := range []directory.Permission{directory.PermissionUserMaintenance, directory.PermissionAPICredentials} {
		if !olivia.Permissions.Allow(may) || peter.Permissions.Allow(may) {
			t.Errorf("%s: want it for one of them", may)
		}
	}
	if c, err := dir.CustomerByShopperID(t.Context(), tenant, ShopperID); err != nil || c.ID != CustomerID {
		t.Errorf("the shopper: got %v, %v", c, err)
	}
}

// The calls of the published examples are judged with these.
func TestTheDemosPasswordsAreThoseOfItsHashes(t *testing.T) {
	tenants, err := Config(8080).Declared()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := signon.NewRegistry(tenants)
	if err != nil {
		t.Fatal(err)
	}
	for user, plain := range map[string]string{APIUser: APIPassword, WeakUser: WeakPassword} {
		client, ok := registry.Client("bluesnap", user)
		if !ok || password.NewJudge().Judge(netip.Addr{}, client.Secrets[0].Reveal(), plain) != password.Right {
			t.Errorf("%s: the hash is not that of the password", user)
			continue
		}
		for number, want := range map[string]signon.TenantID{"": tenant, MerchantNumber: tenant, LinkedNumber: linkedTenant, UnlinkedNumber: "", "1": ""} {
			if user == WeakUser {
				want = ""
			}
			got := signon.TenantID("")
			if actor, err := registry.Actor(client, signon.CapPrincipal, number); err == nil {
				got = actor.ID
			}
			if got != want {
				t.Errorf("%s for %q: got %q, want %q", user, number, got, want)
			}
		}
	}
	for _, t2 := range []signon.TenantID{tenant, linkedTenant, unlinkedTenant} {
		if _, ok := registry.Shared("localhost:8080", signon.KindPortal, t2); !ok {
			t.Errorf("%s has no portal at the host that all share", t2)
		}
	}
}

// The demo's group is what the published examples call.
func TestTheGroupIsAsTheDemoSays(t *testing.T) {
	tenants, err := Config(8080).Declared()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := signon.NewRegistry(tenants)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"localhost:8080": true, "127.0.0.1:8080": true, "localhost": false, "api.example.com": false} {
		if got, ok := registry.ByHost(host); ok != want || ok && got.ID != groupTenant {
			t.Errorf("%s: got the group %v, want %v", host, ok, want)
		}
	}
	for _, id := range []string{"01", "02", "03", "04", "05", "06", "07"} {
		d, ok := registry.DestinationByID(groupTenant, id)
		if !ok || d.Kind != signon.KindApp || d.DefaultTTL != time.Hour || d.Reusable || d.Settings["algorithm"] != "HS256" || d.Settings["name"] == id {
			t.Errorf("%s: got %+v", id, d)
		}
	}
	type who struct{ Issues, Is, Bearers []string }
	for id, want := range map[string]who{
		"1RrLMyLrZGA=": {[]string{"01", "03"}, []string{"01"}, []string{"demo-lob-client", "demo-lob-weak"}},
		"TE9CMDM=":     {nil, []string{"03"}, []string{"demo-lob-03"}},
	} {
		c, _ := registry.Client("lob", id)
		if diff := cmp.Diff(want, who{c.IssuesFor, c.Is, c.Bearers}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	for id, want := range map[string][2]string{
		"demo-lob-client": {"demo-lob-secret", "sso/generate"}, "demo-lob-weak": {"demo-lob-weak", "profile/read"}, "demo-lob-03": {"demo-lob-03", "sso/generate"},
	} {
		c, ok := registry.Client("oauth", id)
		if !ok || c.Tenant != groupTenant || c.Secrets[0].Reveal() != want[0] || !cmp.Equal(c.Scopes, []string{want[1]}) {
			t.Errorf("%s: got another secret, or the scopes %v", id, c.Scopes)
		}
	}
	issuers := tenants[len(tenants)-1].Issuers
	if want := []signon.Issuer{{Own: true, URL: "http://localhost:8080/oauth2", Scopes: []string{"sso/generate"}}}; !cmp.Equal(issuers, want) {
		t.Errorf("got issuers %+v", issuers)
	}
}

func TestMembersAreLinkedAsTheDemoSaysAndStayAsTheyWereChanged(t *testing.T) {
	dir, _ := openDirectory(t)
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if err := dir.LinkMember(t.Context(), groupTenant, "10001005", "07", directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string][]string{"10001004": {"01", "03"}, "10001005": {"03", "07"}} {
		if m, err := dir.Member(t.Context(), groupTenant, number); err != nil || !cmp.Equal(m.Apps, want) {
			t.Errorf("%s: got %+v, %v, want the links %v", number, m, err, want)
		}
	}
	if _, err := dir.Member(t.Context(), tenant, "10001004"); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("a vendor knows the group's member: %v", err)
	}
}

func TestLinesOfBusinessHaveThePublishedKeysUntilTheyAreRotated(t *testing.T) {
	dir, store := openDirectory(t)
	unlimited := throttle.New(0, 0)
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	signOn := signon.New(signon.Options{
		Store: store, Keys: keys, People: dir, Log: slog.New(slog.DiscardHandler), Misses: unlimited, Failures: unlimited, Refusals: unlimited,
	})
	if err := SeedKeys(t.Context(), signOn); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"01", "07"} {
		found, err := signOn.SigningKeys(t.Context(), groupTenant, signon.AppOwner(id))
		if err != nil || found.Signer == nil {
			t.Fatalf("%s: got %v, %v", id, found, err)
		}
		var jwk struct{ Kty, Alg, K string }
		if err := json.Unmarshal([]byte(found.Signer.Secret.Reveal()), &jwk); err != nil {
			t.Fatal(err)
		}
		secret, err := base64.RawURLEncoding.DecodeString(jwk.K)
		if err != nil || string(secret) != "latchkey-demo-lob-"+id+"-key-32bytes" || len(secret) != 32 || jwk.Alg != "HS256" {
			t.Errorf("%s: got another key, %v", id, err)
		}
	}
	owner := signon.AppOwner("01")
	if _, err := signOn.RotateKey(t.Context(), &signon.Rotation{Tenant: groupTenant, Owner: owner, ID: "new", Secret: "x", Longest: -1}); err != nil {
		t.Fatal(err)
	}
	if err := SeedKeys(t.Context(), signOn); err != nil {
		t.Fatal(err)
	}
	if found, err := signOn.SigningKeys(t.Context(), groupTenant, owner); err != nil || len(found.Accepted) != 1 || found.Signer.ID != "new" {
		t.Errorf("loaded again: got %d keys, %v, want the rotated one alone", len(found.Accepted), err)
	}
}

func TestCustomersStandAsTheDemoSays(t *testing.T) {
	dir, _ := openDirectory(t)
	if err := Seed(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int64]directory.Standing{CustomerID: {Enabled: true}, noCardsID: {}} {
		c, err := dir.CustomerByID(t.Context(), tenant, id)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := dir.Standing(t.Context(), c); err != nil || got != want {
			t.Errorf("%d: got %+v, %v, want %+v", id, got, err, want)
		}
	}
	if _, err := dir.CustomerByID(t.Context(), tenant, 100000001); err == nil {
		t.Error("the other vendor's customer is this vendor's, too")
	}
}

func TestTheDemosBrandCanBeWorn(t *testing.T) {
	tenants, err := Config(8080).Declared()
	if err != nil {
		t.Fatal(err)
	}
	brand, err := page.NewBrand(page.BrandSource(tenants[0].Brand))
	if err != nil {
		t.Fatal(err)
	}
	if look := brand.Look(); look.Logo.Path == "" || look.LogoDark.Path == "" || look.Sheet == "" {
		t.Errorf("got %+v, want two logos and colours", look)
	}
	if other := tenants[1]; !reflect.ValueOf(other.Brand).IsZero() {
		t.Errorf("the other vendor has a brand: %+v", other.Brand)
	}
}

func TestTheDemoIsAValidConfiguration(t *testing.T) {
	tenants, err := Config(8080).Declared()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := signon.NewRegistry(tenants)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]signon.TenantID{
		"localhost:8080": tenant, "store.avancart.com": tenant, "store.yourcustomdomain.com": tenant, "127.0.0.1:8080": otherTenant,
	} {
		got, dest, ok := registry.At(host, signon.KindCart)
		if !ok || got.ID != want {
			t.Errorf("%s: got %v, want %s", host, ok, want)
			continue
		}
		if _, err := dest.CheckTarget(dest.Origins[0].String() + "/order/checkout.php?PRODS=4639321&QTY=1&CART=1"); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	got := []string{}
	for _, d := range tenants[0].Destinations {
		for _, o := range d.Origins {
			got = append(got, d.ID+" "+o.String())
		}
	}
	want := []string{
		"cart http://localhost:8080", "cart https://store.avancart.com", "cart https://store.yourcustomdomain.com",
		"account http://localhost:8080", "account https://secure.2co.com",
		"portal http://localhost:8080", "entrance http://localhost:8080",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}
