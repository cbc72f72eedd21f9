package transfer

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// add adds rows of JSON as Add takes them, each after its kind.
func add(t *testing.T, rows *directory.Rows, kind Kind, object string) *Refusal {
	t.Helper()
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &values); err != nil {
		t.Fatal(err)
	}
	return Add(rows, kind, values)
}

const ann = `{"external_reference":"ann","first_name":"Ann","last_name":"Lee","address1":"1 Main Street","city":"Springfield","zip":"62704","country_code":"us","email":"ann@example.com"}`

func TestASubscriptionMayNameACustomerOfTheSameRows(t *testing.T) {
	dir := newDirectory(t)
	var rows directory.Rows
	for _, r := range []struct {
		kind   Kind
		object string
	}{
		{Subscriptions, `{"reference":"0A0B0C0D01","customer_external_reference":"ann","product_id":"1","quantity":"2","start_date":"2026-01-01","expiration_date":"2027-01-01"}`},
		{Customers, ann},
		{Members, `{"number":"1000","apps":["01"]}`},
	} {
		if refusal := add(t, &rows, r.kind, r.object); refusal != nil {
			t.Fatalf("%s: refused: %s", r.kind, refusal)
		}
	}
	if _, err := dir.Merge(t.Context(), shop, &rows, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	owner, err := dir.CustomerByExternalRef(t.Context(), shop, "ann")
	if err != nil {
		t.Fatal(err)
	}
	sub, err := dir.Subscription(t.Context(), shop, "0A0B0C0D01")
	if err != nil || sub.CustomerID != owner.ID {
		t.Errorf("got %+v, %v, want it to be Ann's, who is %d", sub, err, owner.ID)
	}
}

func TestRowsThatTheDirectoryRefusesAreNamedWithTheirKind(t *testing.T) {
	dir := newDirectory(t)
	var rows directory.Rows
	for _, r := range []struct {
		kind   Kind
		object string
	}{
		{Customers, ann},
		{Customers, `{"external_reference":"bob","first_name":"Bob"}`},
		{Subscriptions, `{"customer_external_reference":"carl","product_id":"1","quantity":"1","start_date":"2026-01-01"}`},
		{Subscriptions, `{"customer_external_reference":"ann","product_id":"1","quantity":"1","start_date":"2026-01-01","lifetime":"yes"}`},
		{Products, `{"name":"Without an id"}`},
		{Users, `{"id":"7","username":"dana"}`},
		{Members, `{"number":"1 000"}`},
	} {
		if refusal := add(t, &rows, r.kind, r.object); refusal != nil {
			t.Fatalf("%s: refused: %s", r.kind, refusal)
		}
	}
	var refused directory.RowErrors
	if err := dir.Check(t.Context(), shop, &rows); !errors.As(err, &refused) {
		t.Fatalf("got %v, want RowErrors", err)
	}
	type at struct {
		kind   directory.RowKind
		index  int
		column string
	}
	var got []at
	for _, r := range refused {
		got = append(got, at{r.Kind, r.Index, RefusalOf(r).Column})
	}
	want := []at{
		{directory.CustomerRows, 1, "last_name"},
		{directory.SubscriptionRows, 0, "customer_external_reference"},
		{directory.ProductRows, 0, "id"},
		{directory.UserRows, 0, "first_name"},
		{directory.MemberRows, 0, "number"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(at{})); diff != "" {
		t.Errorf("refused rows (-want +got):\n%s", diff)
	}
}

func TestAValueThatIsWrongInItselfIsRefusedAtOnce(t *testing.T) {
	for _, c := range []struct {
		kind         Kind
		object, want string
	}{
		{Customers, `{"id":"0"}`, "line 0: id must be a whole number from 1 to 2147483647"},
		{Customers, `{"cards":[{"type":"visa","holder":"x"}]}`, "line 0: cards must each have no members but type, last_digits, expiration_month, expiration_year, cardholder, token"},
		{Subscriptions, `{"start_date":"tomorrow"}`, "line 0: start_date must be a date such as 2026-12-31"},
		{Products, `{"prices":{}}`, "line 0: prices must be an array"},
		{Users, `{"permissions":["everything"]}`, ""},
		{Members, `{"number":["1"]}`, ""},
		{Orders, `{}`, "line 0: orders can't be imported"},
	} {
		var rows directory.Rows
		refusal := add(t, &rows, c.kind, c.object)
		if refusal == nil || c.want != "" && refusal.String() != c.want {
			t.Errorf("%s %s: got %v, want %q", c.kind, c.object, refusal, c.want)
		}
		if diff := cmp.Diff(directory.Rows{}, rows); diff != "" {
			t.Errorf("%s %s: a row was added all the same", c.kind, c.object)
		}
	}
}
