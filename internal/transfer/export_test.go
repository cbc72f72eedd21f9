package transfer

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

func TestExportIsReadBackByteForByte(t *testing.T) {
	dir := newDirectory(t) // tenants are apart from each other, so one is enough
	tenants := 0
	empty := func() signon.TenantID { tenants++; return signon.TenantID(fmt.Sprint("t", tenants)) }
	rapid.Check(t, func(rt *rapid.T) {
		from := empty()
		if _, err := dir.Import(t.Context(), from, drawBatch(rt), directory.Act{}); err != nil {
			rt.Fatalf("fill: %v", err)
		}
		for _, format := range []Format{CSV, JSONL} {
			to := empty()
			for _, kind := range ImportKinds {
				text := exportOf(t, dir, from, kind, format)
				sum, refused, err := run(t, dir, kind, text, func(j *Job) { j.Tenant, j.Format = to, format })
				if err != nil || len(refused) > 0 || sum.Updated > 0 {
					rt.Fatalf("import %s as %s: %+v, %v, refused %q:\n%s", kind, format, sum, err, refused, text)
				}
				for _, as := range []Format{CSV, JSONL} {
					if diff := cmp.Diff(exportOf(t, dir, from, kind, as), exportOf(t, dir, to, kind, as)); diff != "" {
						rt.Fatalf("%s through %s, as %s (-before +after):\n%s", kind, format, as, diff)
					}
				}
			}
		}
	})
}

// awkward are pieces of text that a format could stumble over.
var awkward = []string{
	`"`, `'`, `,`, `;`, `|`, `\`, `\|`, ` | `, `; `, `=`, `+`, `-`, `@`, `=cmd`, `+49 171`, `''`, `'=`, "#", "{", "[", "null", "true", "<b>&", "\u00e4\u00f6", "名前", "🙂", "e\u0301",
	"\u00a0", "\u200b", "＝", "a", "b c", "0", "12", "/", `\.`, "%", "$(x)",
}

func drawText(rt *rapid.T, label string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(awkward), 0, 5).Draw(rt, label), "")
}

// drawName is text with something in it.
func drawName(rt *rapid.T, label string) string { return drawText(rt, label) + "x" }

func drawLines(rt *rapid.T, label string) string {
	return drawText(rt, label) + rapid.SampledFrom([]string{"", "\n", "\r\n", "\t", "\n\n"}).Draw(rt, label) + drawText(rt, label)
}

func drawContact(rt *rapid.T, label string) directory.Contact {
	return directory.Contact{
		FirstName: drawName(rt, label), LastName: drawName(rt, label), Company: drawName(rt, label), Address1: drawName(rt, label), Address2: drawText(rt, label),
		City: drawName(rt, label), State: drawText(rt, label), Zip: rapid.StringMatching(`[0-9]{5}`).Draw(rt, label), CountryCode: "de",
		Phone: rapid.SampledFrom([]string{"", "+49 (0) 171/12", "-1", "2175550100", "=1"}).Draw(rt, label), Fax: drawText(rt, label), Email: "x@example.com",
	}
}

func drawBatch(rt *rapid.T) *directory.Batch {
	b := &directory.Batch{}
	for i := range rapid.IntRange(1, 3).Draw(rt, "customers") {
		c := &directory.Customer{ID: int64(100_000_000 + i), ExternalRef: drawText(rt, "ref") + strings.Repeat("r", i+1), Billing: drawContact(rt, "billing"), FiscalCode: drawText(rt, "fiscal"), Language: "de"}
		if rapid.Bool().Draw(rt, "delivery") {
			d := drawContact(rt, "delivery contact")
			c.Delivery = &d
		}
		if rapid.Bool().Draw(rt, "credit") {
			c.Credit = directory.Credit{Limit: rapid.Int64Range(0, 1e15).Draw(rt, "limit"), Remaining: rapid.Int64Range(-1e15, 1e15).Draw(rt, "remaining"), Currency: "EUR"}
		}
		for range rapid.IntRange(0, 3).Draw(rt, "cards") {
			c.Cards = append(c.Cards, directory.Card{
				Type: rapid.SampledFrom([]string{"visa", "american express", "card 2", "-", "maestro_uk"}).Draw(rt, "type"), LastDigits: rapid.StringMatching(`[0-9]{4}`).Draw(rt, "digits"),
				ExpirationMonth: rapid.IntRange(1, 12).Draw(rt, "month"), ExpirationYear: rapid.IntRange(2000, 2099).Draw(rt, "year"),
				Cardholder: drawText(rt, "holder"), Token: drawText(rt, "token"),
			})
		}
		if rapid.Bool().Draw(rt, "shopper") {
			c.ShopperID = rapid.Int64Range(1, 99_999_999_999).Draw(rt, "shopper id")*10 + int64(i)
		}
		b.Customers = append(b.Customers, c)
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "subscriptions") {
		s := &directory.Subscription{
			Reference: fmt.Sprintf("%010X", i), ExternalRef: drawText(rt, "ref"), CustomerID: 100_000_000,
			Product:  directory.SubscribedProduct{ID: drawName(rt, "id"), Code: drawText(rt, "code"), Name: drawText(rt, "name"), Version: drawText(rt, "version"), Quantity: i + 1},
			StartsOn: directory.Date{Year: 2026, Month: 2, Day: 28}, Recurring: rapid.Bool().Draw(rt, "recurring"), Trial: rapid.Bool().Draw(rt, "trial"),
			SKU: drawText(rt, "sku"), PartnerCode: drawText(rt, "partner"), CardToken: drawText(rt, "card token"), DeliveryDescription: drawLines(rt, "description"),
		}
		if rapid.Bool().Draw(rt, "user") {
			u := drawContact(rt, "user contact")
			s.EndUser, s.EndUserLanguage = &u, "fr"
		}
		for range rapid.IntRange(0, 2).Draw(rt, "codes") {
			s.DeliveryCodes = append(s.DeliveryCodes, directory.DeliveryCode{
				Code: drawText(rt, "code"), Description: drawLines(rt, "description"), ExtraInfo: drawLines(rt, "extra"), File: drawName(rt, "file"),
			})
			s.Product.PriceOptionCodes = append(s.Product.PriceOptionCodes, drawName(rt, "option"))
		}
		if rapid.Bool().Draw(rt, "renewal") {
			s.NextRenewalPrice = directory.Money{Hundredths: rapid.Int64Range(0, 1e12).Draw(rt, "price"), Currency: "USD"}
		}
		b.Subscriptions = append(b.Subscriptions, s)
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "products") {
		p := &directory.Product{ID: fmt.Sprint("=p", i), Code: drawText(rt, "code"), Name: drawName(rt, "name"), Version: drawText(rt, "version")}
		for _, currency := range []string{"EUR", "USD"}[:rapid.IntRange(0, 2).Draw(rt, "prices")] {
			p.Prices = append(p.Prices, directory.Money{Hundredths: rapid.Int64Range(0, 1e12).Draw(rt, "price"), Currency: currency})
		}
		b.Products = append(b.Products, p)
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "users") {
		b.Users = append(b.Users, &directory.User{
			ID: rapid.Int64Range(1, 99_999_999_999).Draw(rt, "user id")*10 + int64(i), Username: fmt.Sprint(rapid.StringMatching(`[A-Za-z0-9._-]{1,20}`).Draw(rt, "username"), i),
			FirstName: drawName(rt, "first name"), LastName: drawName(rt, "last name"), Email: "x@example.com",
			Permissions: rapid.SliceOfDistinct(rapid.SampledFrom(directory.AllPermissions()), rapid.ID).Draw(rt, "permissions"),
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "members") {
		b.Members = append(b.Members, &directory.Member{
			Number: fmt.Sprint(rapid.StringMatching(`[A-Za-z][A-Za-z0-9]{0,20}`).Draw(rt, "number"), i), Name: drawText(rt, "name"), Email: "x@example.com", Mobile: "+1 2",
			Apps: rapid.SliceOfDistinct(rapid.StringMatching(`[A-Za-z0-9]{1,4}`), rapid.ID).Draw(rt, "apps"),
		})
	}
	return b
}

func TestNoExportedCellRunsInASpreadsheet(t *testing.T) {
	check := func(rt *rapid.T) {
		cell := rapid.OneOf(rapid.String(), rapid.Custom(func(rt *rapid.T) string { return drawText(rt, "text") })).Draw(rt, "cell")
		guarded := guard(cell)
		if got := unguard(guarded); got != cell {
			rt.Fatalf("%q was read back as %q", cell, got)
		}
		if formula.MatchString(guarded) && !signed.MatchString(guarded) {
			rt.Fatalf("%q is exported as %q", cell, guarded)
		}
	}
	for range 10 { // they cost nothing
		rapid.Check(t, check)
	}
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "+49 171 1234567": "+49 171 1234567", "-1": "-1", "+1|cmd": "'+1|cmd", "-2+3": "'-2+3", "'=1": "''=1",
		"O'Neill": "O'Neill", "'quoted'": "'quoted'", "": "",
	} {
		if got := guard(cell); got != want {
			t.Errorf("guard(%q) = %q, want %q", cell, got, want)
		}
	}
}

func TestJSONLinesAreNeverChangedForSpreadsheets(t *testing.T) {
	dir := newDirectory(t)
	mustRun(t, dir, Products, `{"id":"1","name":"=1+1"}`+"\n"+`{"id":"2","name":"'=1+1"}`+"\n")
	if got := export(t, dir, Products, JSONL); !strings.Contains(got, `"name":"=1+1"`) || !strings.Contains(got, `"name":"'=1+1"`) {
		t.Errorf("got %s", got)
	}
	if got := export(t, dir, Products, CSV); !strings.Contains(got, ",'=1+1,") || !strings.Contains(got, ",''=1+1,") {
		t.Errorf("got %s", got)
	}
}

func TestOrdersAreExportedWithTheirItems(t *testing.T) {
	dir := newDirectory(t)
	billing := directory.Contact{FirstName: "John", LastName: "Newman", Address1: "12 Orchard Street", City: "Springfield", Zip: "62704", CountryCode: "us", Email: "john@example.com"}
	o, err := dir.PlaceOrder(t.Context(), &directory.Order{
		Tenant: shop, CartID: "secret-cart", CustomerID: 352365983, Status: directory.OrderPending, Language: "en", Coupon: "10OFF", Billing: billing, Delivery: billing,
		Items: []directory.OrderItem{
			{ProductID: "4639321", ProductCode: "ANTI", Name: "Antivirus; 2", Quantity: 2, UnitPrice: directory.Money{Hundredths: 1999, Currency: "EUR"}, Options: "a=1"},
			{ProductID: "1112233", Name: "Backup", Quantity: 1, UnitPrice: directory.Money{Hundredths: 500, Currency: "EUR"}},
		},
		Card: directory.Card{Type: "visa", LastDigits: "1111", ExpirationMonth: 3, ExpirationYear: 2029, Cardholder: "John Newman", Token: "tok_1"},
	}, directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(export(t, dir, Orders, CSV))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"ref_no": o.RefNo, "status": "PENDING", "placed_at": "2026-11-21T10:00:00Z", "customer_id": "352365983", "total": "44.98", "currency": "EUR",
		"items": `4639321 | ANTI | Antivirus\; 2 | 2 | 19.99 | a=1; 1112233 |  | Backup | 1 | 5.00`, "card": "visa 1111 03/2029 | John Newman | tok_1",
		"coupon": "10OFF", "first_name": "John", "delivery_city": "Springfield",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}

	text := export(t, dir, Orders, JSONL)
	if strings.Contains(text, "secret-cart") {
		t.Error("the export names the cart")
	}
	if err := strictjson.Check([]byte(text), maxDepth); err != nil {
		t.Errorf("the line %v:\n%s", err, text)
	}
	var row struct {
		Total string
		Items []map[string]any
		Card  []map[string]any
	}
	if err := json.Unmarshal([]byte(text), &row); err != nil || row.Total != "44.98" || len(row.Items) != 2 || row.Items[0]["unit_price"] != "19.99" || row.Card[0]["expiration_month"] != 3.0 {
		t.Errorf("got %+v, %v", row, err)
	}
}

// full fails to be written to.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAnExportThatFailsSaysSo(t *testing.T) {
	dir := newDirectory(t)
	mustRun(t, dir, Customers, lines(customerHeader, john))
	for _, format := range []Format{CSV, JSONL} {
		if _, err := Export(t.Context(), dir, shop, Customers, format, full{}); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: got %v, want the writer's error", format, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Export(ctx, dir, shop, Customers, CSV, &strings.Builder{}); err == nil {
		t.Error("a canceled export: got no error")
	}
}
