package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pressly/goose/v3"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// migrateTo makes a database as the program wrote it when that was its latest
// migration, and runs the statements in it.
func migrateTo(t *testing.T, path string, version int64, statements ...string) {
	t.Helper()
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// openMigrated opens such a database with what is the latest migration now.
func openMigrated(t *testing.T, path string, keys *signon.Keyring) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestOrdersAndSubscriptionsOfTheFirstTablesStay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	migrateTo(t, path, 1,
		`INSERT INTO orders (tenant, ref_no, cart_id, status, doc) VALUES ('shop', '7', 'cart', 'INCOMPLETE',
'{"customer_id":352365983,"coupon":"HALF","total":{"hundredths":205,"currency":"EUR"},"billing":{"first_name":"John"},"delivery":{},"placed_at":1790000000123}')`,
		`INSERT INTO subscriptions (tenant, reference, customer_id, created_at, doc) VALUES ('shop', 'AA', 1, 1790000000000, '{"product":{"id":"1"},"sku":"s"}')`)
	s := openMigrated(t, path, testKeys(t))

	orders, err := s.OrdersOf(t.Context(), "shop", 352365983, 9)
	if err != nil {
		t.Fatal(err)
	}
	want := []directory.Order{{
		Tenant: "shop", RefNo: "7", CartID: "cart", CustomerID: 352365983, Status: directory.OrderIncomplete, Coupon: "HALF",
		Total: directory.Money{Hundredths: 205, Currency: "EUR"}, Billing: directory.Contact{FirstName: "John"}, PlacedAt: time.UnixMilli(1790000000123).UTC(),
	}}
	if diff := cmp.Diff(want, orders, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	sub, err := s.Subscription(t.Context(), "shop", "AA")
	if err != nil || sub.Version != 1 || sub.CardToken != "" || sub.SKU != "s" {
		t.Errorf("subscription: got %+v, %v, want it at version 1", sub, err)
	}
}

func TestWhatWasThereBeforeThereWereUsersStays(t *testing.T) {
	t.Parallel()
	path, keys := filepath.Join(t.TempDir(), "latchkey.db"), testKeys(t)
	key := keys.Seal(append([]byte{5}, make([]byte, 31)...), signon.Place{Table: "customers", Column: "privacy_key", Tenant: "shop", Row: "1"})
	secrets := keys.Seal([]byte(`["s1"]`), signon.Place{Table: "clients", Column: "secrets", Tenant: "shop", Row: "r\x00SHOP"})
	grant := tables.NewCreation(&signon.Grant{
		Tenant: "shop", Client: "SHOP", Destination: "cart", SubjectKind: signon.SubjectCustomer, Subject: "1", Target: "https://shop.example/buy",
	}, nil, nil)
	event := keys.Chain(signon.ChainHead{}).Append(&signon.Event{Type: signon.EventIssued, Tenant: "shop"}, time.UnixMilli(1790000000000), nil)
	migrateTo(t, path, 2,
		fmt.Sprintf(`INSERT INTO customers (tenant, id, external_ref, version, created_at, changed_at, privacy_key, doc, signed_out_before)
VALUES ('shop', 1, 'ref', 4, 1790000000000, 1790000000001, x'%x', '{"billing":{"first_name":"John"}}', 1790000000002)`, key),
		`INSERT INTO tenants (id, doc) VALUES ('shop', '{"name":"Shop"}')`,
		fmt.Sprintf(`INSERT INTO clients (tenant, pos, realm, id, doc, secrets) VALUES ('shop', 0, 'r', 'SHOP', '{"algorithms":["md5"]}', x'%x')`, secrets),
		`INSERT INTO destinations (tenant, pos, id, doc) VALUES ('shop', 0, 'cart', '{"kind":"cart","default_ttl_ns":1,"max_ttl_ns":2,"session_ttl_ns":3}')`,
		fmt.Sprintf(`INSERT INTO grants (key, state, epoch, issued_at, expires_at, misses, about) VALUES (x'%072x', 0, 1, 1790000000000, 1790000060000, 0, x'%x')`, 7, grant.About),
		fmt.Sprintf(`INSERT INTO audit (seq, body, hash) VALUES (1, x'%x', x'%x')`, event.Body, event.Hash),
	)
	s := openMigrated(t, path, keys)

	c, err := s.Customer(t.Context(), "shop", 1)
	if err != nil {
		t.Fatal(err)
	}
	want := &directory.Customer{
		Tenant: "shop", ID: 1, ExternalRef: "ref", Billing: directory.Contact{FirstName: "John"}, PrivacyKey: signon.PrivacyKey{5}, Version: 4,
		CreatedAt: time.UnixMilli(1790000000000).UTC(), ChangedAt: time.UnixMilli(1790000000001).UTC(), SignedOutBefore: time.UnixMilli(1790000000002).UTC(),
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("customer (-want +got):\n%s", diff)
	}
	tenants, err := s.Tenants(t.Context())
	if err != nil || len(tenants) != 1 || len(tenants[0].Clients) != 1 || len(tenants[0].Destinations) != 1 {
		t.Fatalf("tenants: got %+v, %v", tenants, err)
	}
	if client := tenants[0].Clients[0]; client.Can(signon.CapPrincipal) || client.Networks != nil || client.Secrets[0].Reveal() != "s1" {
		t.Error("the client has other rights than it had")
	}
	if d := tenants[0].Destinations[0]; d.Requires != "" || d.Kind != signon.KindCart || d.SessionTTL != 3 {
		t.Errorf("destination: got %+v", d)
	}
	grants, err := s.Grants(t.Context(), signon.GrantKey{}, 9)
	if err != nil || len(grants) != 1 || grants[0].Destination != "cart" || grants[0].Subject != "1" || grants[0].State != signon.GrantLive {
		t.Errorf("grants: got %+v, %v", grants, err)
	}
	list, err := s.Activity(t.Context(), signon.ActivityQuery{Tenant: "shop", Limit: 9})
	if err != nil || len(list) != 0 {
		t.Errorf("activity: got %v, %v, want none", list, err)
	}
	for id, name := range map[int64]string{1: "ada", 2: "bob"} { // and users can be made
		if err := s.CreateUser(t.Context(), &directory.User{Tenant: "shop", ID: id, Username: name, Version: 1}, &signon.Event{Type: signon.EventUserCreated}, nil); err != nil {
			t.Error(err)
		}
	}
	if n, err := keys.VerifyAudit(t.Context(), s, signon.ChainHead{}, nil); n != 4 || err != nil { // with that of the mark that was not there
		t.Errorf("audit log: %d events, %v", n, err)
	}
}
