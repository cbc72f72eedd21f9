package bench

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// anybody is a directory in which everybody is.
type anybody struct{}

func (anybody) Subject(_ context.Context, _ signon.TenantID, kind signon.SubjectKind, ref signon.SubjectRef) (signon.Subject, error) {
	return signon.Subject{Kind: kind, Ref: ref, Language: "en", PrivacyKey: signon.PrivacyKey{1}}, nil
}

func (anybody) SignOut(context.Context, signon.TenantID, signon.SubjectKind, signon.SubjectRef, *signon.Event) error {
	return errors.New("nobody signs out here")
}

type patient struct{}

func (patient) Blocked(string, time.Time) time.Duration { return 0 }
func (patient) Count(string, time.Time) bool            { return true }

// signOnOnce issues and redeems one link in a new database and returns its path.
func signOnOnce(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	store := openStore(t, path)
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	origin, err := signon.ParseOrigin("http://127.0.0.1:18080")
	if err != nil {
		t.Fatal(err)
	}
	core := signon.New(signon.Options{
		Store: store, Keys: keys, People: anybody{}, Misses: patient{}, Failures: patient{}, Refusals: patient{}, Log: slog.New(slog.DiscardHandler),
	})
	tenant := signon.Tenant{ID: "bench", Clients: []signon.Client{{Realm: "avangate", ID: benchClient, Secrets: []signon.Secret{"secret"}}}, Destinations: []signon.Destination{{
		ID: "cart", Kind: signon.KindCart, Origins: []signon.Origin{origin}, Paths: []string{"/order/checkout.php"}, TokenParam: "logintoken", QueryRequired: true,
		DefaultTTL: 10 * time.Second, MaxTTL: time.Hour, SessionTTL: time.Hour, AddrPolicy: signon.AddrExact,
	}}}
	if err := core.Apply(t.Context(), []signon.Tenant{tenant}); err != nil {
		t.Fatal(err)
	}
	client, _ := core.Registry().Client("avangate", benchClient)
	cart, _ := core.Registry().Destination("bench", signon.KindCart)
	addr := netip.MustParseAddr("127.0.0.1")
	issued, err := core.Issue(t.Context(), &signon.IssueRequest{
		Client: client, Destination: cart, Kind: signon.SubjectCustomer, Subject: "123456789",
		Target: origin.String() + benchTarget, Caller: addr, SupportCode: "0123456789",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = core.Redeem(t.Context(), &signon.RedeemRequest{
		Tenant: "bench", Destination: cart, Token: issued.Token.Reveal(), Binding: signon.Binding{1}, Addr: addr, SupportCode: "0123456789",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStoreFloorRowsAreAsLargeAsTheProducts(t *testing.T) {
	db, err := sql.Open("sqlite", signOnOnce(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, floor := range map[string]int{
		"SELECT length(key) FROM grants":                          floorKeyLen,
		"SELECT length(binding) FROM grants":                      floorBindingLen,
		"SELECT length(session_secret) FROM grants":               floorSecretLen,
		"SELECT length(about) FROM grants":                        floorAboutLen,
		"SELECT avg(length(body)) FROM audit WHERE seq > 1":       floorEventLen,
		"SELECT max(length(hash)) FROM audit":                     floorHashLen,
		"SELECT count(*) FROM audit WHERE seq > 1 /* a pair's */": 2,
	} {
		var n float64
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if math.Abs(n-float64(floor)) > 0.05*float64(floor) {
			t.Errorf("%s: the product has %g, the floor %d", query, n, floor)
		}
	}
}
