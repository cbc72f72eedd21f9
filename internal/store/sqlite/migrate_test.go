package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pressly/goose/v3"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
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

func TestOrdersAndSubscriptionsOfTheFirstTablesStay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	migrateTo(t, path, 1,
		`INSERT INTO orders (tenant, ref_no, cart_id, status, doc) VALUES ('shop', '7', 'cart', 'INCOMPLETE',
'{"customer_id":352365983,"coupon":"HALF","total":{"hundredths":205,"currency":"EUR"},"billing":{"first_name":"John"},"delivery":{},"placed_at":1790000000123}')`,
		`INSERT INTO subscriptions (tenant, reference, customer_id, created_at, doc) VALUES ('shop', 'AA', 1, 1790000000000, '{"product":{"id":"1"},"sku":"s"}')`)
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{1}, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Path: path, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()

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
