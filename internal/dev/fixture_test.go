package dev

import (
	"errors"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/password"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
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
		client, ok := registry.Client(apiRealm, user)
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
