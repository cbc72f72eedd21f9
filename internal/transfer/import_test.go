package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestImportReadsEverySpellingOfAFile(t *testing.T) {
	rows := lines(customerHeader, john, maria)
	for name, text := range map[string]string{
		"plain":               rows,
		"byte order mark":     "\ufeff" + rows,
		"CRLF":                strings.ReplaceAll(rows, "\n", "\r\n"),
		"no last line end":    strings.TrimSuffix(rows, "\n"),
		"blank lines":         strings.ReplaceAll(rows, "\n", "\n\n"),
		"capital names":       strings.ToUpper(customerHeader) + strings.TrimPrefix(rows, customerHeader),
		"blanks around names": strings.ReplaceAll(customerHeader, ",", " , ") + strings.TrimPrefix(rows, customerHeader),
		"semicolons":          strings.ReplaceAll(rows, ",", ";"),
		"tabs":                strings.ReplaceAll(rows, ",", "\t"),
		"quotes":              lines(customerHeader, strings.ReplaceAll(`"`+john+`"`, ",", `","`), maria),
		"other order": lines("cards,email,country_code,zip,city,address1,last_name,first_name,external_reference,id",
			`visa 1111 12/2029 | John Newman | tok_1,john@example.com,us,62704,Springfield,12 Orchard Street,Newman,John,HotTalks1,352365983`,
			`,maria@example.com,DE,10969,Berlin,Lindenstr. 5,Keller,Maria,NoCards1,352365984`),
		"JSON Lines": lines(
			`{"id":352365983,"external_reference":"HotTalks1","first_name":"John","last_name":"Newman","address1":"12 Orchard Street","city":"Springfield","zip":"62704","country_code":"us","email":"john@example.com","cards":[{"type":"visa","last_digits":"1111","expiration_month":12,"expiration_year":2029,"cardholder":"John Newman","token":"tok_1"}]}`,
			`{"id":"352365984","external_reference":"NoCards1","first_name":"Maria","last_name":"Keller","address1":"Lindenstr. 5","city":"Berlin","zip":"10969","country_code":"DE","email":"maria@example.com","cards":null}`),
		"JSON Lines with CRLF": "\ufeff\r\n" + strings.ReplaceAll(lines(
			` {"id":352365983,"external_reference":"HotTalks1","first_name":"John","last_name":"Newman","address1":"12 Orchard Street","city":"Springfield","zip":"62704","country_code":"us","email":"john@example.com","cards":[{"type":"visa","last_digits":"1111","expiration_month":"12","expiration_year":"2029","cardholder":"John Newman","token":"tok_1"}]} `,
			``,
			`{"id":352365984,"external_reference":"NoCards1","first_name":"Maria","last_name":"Keller","address1":"Lindenstr. 5","city":"Berlin","zip":"10969","country_code":"DE","email":"maria@example.com"}`), "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDirectory(t)
			if got, want := mustRun(t, dir, Customers, text), (Summary{Imported: 2}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			c, err := dir.CustomerByRef(t.Context(), shop, "HotTalks1")
			if err != nil || c.ID != 352365983 || c.Billing.FirstName != "John" {
				t.Errorf("got %+v, %v", c, err)
			}
			card := directory.Card{Type: "visa", LastDigits: "1111", ExpirationMonth: 12, ExpirationYear: 2029, Cardholder: "John Newman", Token: "tok_1"}
			if diff := cmp.Diff([]directory.Card{card}, c.Cards); diff != "" {
				t.Errorf("cards (-want +got):\n%s", diff)
			}
			if got, want := mustRun(t, dir, Customers, text), (Summary{Updated: 2}); got != want {
				t.Errorf("again: got %+v, want %+v", got, want)
			}
		})
	}
}

func TestEveryBadLineIsNamedAndTheGoodOnesAreImported(t *testing.T) {
	csv := lines(customerHeader,
		john,
		`,,Maria,,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
		`x,,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
		`2147483648,,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
		`,HotTalks2,"Maria
Anna",Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
		`,,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com`,
		`,,Ma"ria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
		maria,
		`,HotTalks3,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,visa 1111`,
		`,HotTalks4,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,visa 4111111111111111 12/2029`,
		`,HotTalks4,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,visa 1111 12/2029 | a | b | c`,
		`,HotTalks4,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,visa 1111 13/2029`,
		`,HotTalks4,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,visa 1111 x/2029`,
		`,352365983,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
		`,HotTalks5,Maria,Keller,Lindenstr. 5,Berlin,10969,DE,maria@example.com,`,
	)
	want := []string{
		"line 3: last_name must be given",
		"line 4: id must be a whole number from 1 to 2147483647",
		"line 5: id must be a whole number from 1 to 2147483647",
		"line 6: first_name must not hold control characters",
		"line 8: has 9 cells, the header has 10",
		"line 9: has a quotation mark out of place",
		"line 11: cards must look like visa 1111 12/2029 | John Newman | token, separated by semicolons, with no more of a number than its last four digits",
		"line 12: cards must have the last four digits of the card and no more",
		"line 13: cards must look like visa 1111 12/2029 | John Newman | token, separated by semicolons, with no more of a number than its last four digits",
		"line 14: cards must have an expiry month from 1 to 12 and a year of four digits",
		"line 15: cards must have an expiry month from 1 to 12 and a year of four digits",
		"line 16: external_reference must not be another customer's reference",
	}
	dir := newDirectory(t)
	sum, refused, err := run(t, dir, Customers, csv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if want := (Summary{Imported: 3, Refused: len(want)}); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
	for _, ref := range []string{"HotTalks1", "NoCards1", "HotTalks5"} {
		if _, err := dir.CustomerByRef(t.Context(), shop, ref); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}

	dir = newDirectory(t)
	sum, refused, err = run(t, dir, Customers, csv, allOrNothing)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("all or nothing: refused (-want +got):\n%s", diff)
	}
	if want := (Summary{Refused: len(want)}); sum != want {
		t.Errorf("all or nothing: got %+v, want %+v", sum, want)
	}
	if got := export(t, dir, Customers, CSV); strings.Count(got, "\n") != 1 {
		t.Errorf("all or nothing: something was imported:\n%s", got)
	}
}

func TestEveryBadJSONLineIsNamed(t *testing.T) {
	rest := `"first_name":"Maria","last_name":"Keller","address1":"Lindenstr. 5","city":"Berlin","zip":"10969","country_code":"DE","email":"maria@example.com"`
	text := lines(
		`{`+rest+`}`,
		`{"id":true,`+rest+`}`,
		`{"id":1.5,`+rest+`}`,
		`not JSON`,
		`["array"]`,
		`{"city":"Berlin",`+rest+`}`,
		`{"CITY":"Berlin",`+rest+`}`,
		`{"4111111111111111":"Berlin",`+rest+`}`,
		`{"fax":5,`+rest+`}`,
		`{"fax":"\ud800",`+rest+`}`,
		`{"cards":"visa 1111 12/2029",`+rest+`}`,
		`{"cards":["visa 1111 12/2029"],`+rest+`}`,
		`{"cards":[{"type":"visa","number":"4111111111111111"}],`+rest+`}`,
		`{"cards":[{"type":"visa","last_digits":1111}],`+rest+`}`,
		`{"cards":[{"type":"visa","type":"visa"}],`+rest+`}`,
		`{"cards":[[[[]]]],`+rest+`}`,
		`{"credit_limit":1e2,`+rest+`}`,
		`{"credit_limit":51.005,`+rest+`}`,
		`{"credit_limit":51.5,"credit_remaining":"0","credit_currency":"EUR",`+rest+`}`,
		`{"credit_limit":51.5,`+rest+`}`,
		`{`+rest+`} {}`,
	)
	known := strings.Join(Columns(Customers), ", ")
	cardMembers := "type, last_digits, expiration_month, expiration_year, cardholder, token"
	want := []string{
		"line 2: id must be a whole number",
		"line 3: id must be a whole number from 1 to 2147483647",
		"line 4: is not valid JSON",
		"line 5: is not a JSON object",
		"line 6: names a member twice",
		`line 7: column "CITY" is not known; known are ` + known,
		"line 8: a member is not known; known are " + known,
		"line 9: fax must be a string",
		"line 10: holds text that is not Unicode",
		"line 11: cards must be an array",
		"line 12: cards must each be an object with " + cardMembers,
		"line 13: cards must each have no members but " + cardMembers,
		"line 14: cards has a last_digits that must be a string",
		"line 15: names a member twice",
		"line 16: is nested too deeply",
		"line 17: credit_limit must be an amount such as 19.99",
		"line 18: credit_limit must be an amount such as 19.99",
		"line 20: credit_limit must have a currency of three letters, as in EUR",
		"line 21: is not valid JSON",
	}
	sum, refused, err := run(t, newDirectory(t), Customers, text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if want := (Summary{Imported: 2, Refused: len(want)}); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
}

func TestColumnsThatAFileDoesNotHaveStayAsTheyAre(t *testing.T) {
	dir := newDirectory(t)
	mustRun(t, dir, Customers, lines(customerHeader, john))
	before := export(t, dir, Customers, JSONL)

	mustRun(t, dir, Customers, lines("id,phone", "352365983,2175550100"))
	mustRun(t, dir, Customers, lines(`{"external_reference":"HotTalks1","delivery_city":"Peoria"}`))
	want := strings.Replace(before, `"phone":""`, `"phone":"2175550100"`, 1)
	want = strings.Replace(want, `"delivery_city":""`, `"delivery_city":"Peoria"`, 1)
	if diff := cmp.Diff(want, export(t, dir, Customers, JSONL)); diff != "" {
		t.Errorf("filled in (-want +got):\n%s", diff)
	}

	// An empty cell is something else than no cell.
	mustRun(t, dir, Customers, lines("id,phone,delivery_city,cards", "352365983,,,"))
	c, err := dir.CustomerByID(t.Context(), shop, 352365983)
	if err != nil || c.Billing.Phone != "" || c.Delivery != nil || len(c.Cards) != 0 {
		t.Errorf("emptied: got %+v, %v", c, err)
	}
}

func TestALaterLineWins(t *testing.T) {
	for _, how := range []func(*Job){func(*Job) {}, allOrNothing} {
		dir := newDirectory(t)
		sum, refused, err := run(t, dir, Customers, lines(
			`{"external_reference":"a","first_name":"Maria","last_name":"Keller","address1":"Lindenstr. 5","city":"Berlin","zip":"10969","country_code":"DE","email":"maria@example.com"}`,
			`{"external_reference":"a","phone":"1"}`,
			`{"external_reference":"a","fax":"2"}`,
			`{"external_reference":"a","phone":"3"}`,
		), how)
		if want := (Summary{Imported: 1, Updated: 3}); err != nil || len(refused) > 0 || sum != want {
			t.Errorf("got %+v, %v, refused %q, want %+v", sum, err, refused, want)
		}
		c, err := dir.CustomerByRef(t.Context(), shop, "a")
		if err != nil || c.Billing.Phone != "3" || c.Billing.Fax != "2" || c.Billing.City != "Berlin" {
			t.Errorf("got %+v, %v", c, err)
		}
	}
}

func TestSubscriptionsNameTheirCustomerEitherWay(t *testing.T) {
	dir := newDirectory(t)
	mustRun(t, dir, Customers, lines(customerHeader, john, maria))
	sum, refused, err := run(t, dir, Subscriptions, lines(
		"reference,customer_id,customer_external_reference,product_id,start_date,expiration_date,recurring,quantity,price_option_codes,delivery_codes,next_renewal_price,next_renewal_currency",
		`123D40F123,352365983,,4639321,2026-01-01,2027-01-01,YES,3,users-5; years-2,AAAA | code; B\;B\|B\\ |  | extra,19.99,EUR`,
		`115D3F5ED1,,HotTalks1,4639321,2026-01-01,,no,,,,,`,
		`DC47E143FA,352365984,NoCards1,4639321,2026-01-01,,,,,,,`,
		`DC47E143FB,352365983,NoCards1,4639321,2026-01-01,,,,,,,`,
		`DC47E143FC,,Nobody,4639321,2026-01-01,,,,,,,`,
		`DC47E143FD,123456789,,4639321,2026-01-01,,,,,,,`,
		`DC47E143FE,,,4639321,2026-01-01,,,,,,,`,
		`DC47E143FF,x,,4639321,2026-01-01,,,,,,,`,
		`dc47e143fa,352365984,,4639321,2026-01-01,,,,,,,`,
		`,352365984,,4639321,2026-02-30,,,,,,,`,
		`,352365984,,4639321,2026-02-28,,maybe,,,,,`,
		`,352365984,,4639321,2026-02-28,,,1.5,,,,`,
		`,352365984,,4639321,2026-02-28,,,1,,,19,`,
		`,352365984,,4639321,2026-02-28,,,1,,| a,,`,
		`,352365984,,4639321,2026-02-28,,,1,,a|b|c|d|e,,`,
	))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line 5: customer_external_reference must be that of the customer whose id is given",
		"line 6: customer_external_reference must be that of a customer who exists",
		"line 7: customer_id must be one that exists",
		"line 8: customer_id must be given",
		"line 9: customer_id must be a customer's id",
		"line 10: reference must be 10 upper-case hexadecimal digits",
		"line 11: start_date must be a date such as 2026-12-31",
		"line 12: recurring must be true or false",
		"line 13: quantity must be a whole number",
		"line 14: next_renewal_price must be from 0 to 10000000000.00 with a currency of three letters, as in 19.99 EUR",
		"line 15: delivery_codes must each have a code or a file",
		"line 16: delivery_codes must look like CODE | description | extra information | file, separated by semicolons",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if want := (Summary{Imported: 3, Refused: len(want)}); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
	got, err := dir.Subscription(t.Context(), shop, "123D40F123")
	if err != nil {
		t.Fatal(err)
	}
	wantSub := &directory.Subscription{
		Tenant: shop, Reference: "123D40F123", CustomerID: 352365983,
		Product:  directory.SubscribedProduct{ID: "4639321", Quantity: 3, PriceOptionCodes: []string{"users-5", "years-2"}},
		StartsOn: directory.Date{Year: 2026, Month: 1, Day: 1}, ExpiresOn: directory.Date{Year: 2027, Month: 1, Day: 1}, Recurring: true,
		DeliveryCodes:    []directory.DeliveryCode{{Code: "AAAA", Description: "code"}, {Code: `B;B|B\`, ExtraInfo: "extra"}},
		NextRenewalPrice: directory.Money{Hundredths: 1999, Currency: "EUR"}, CreatedAt: fixedClock{}.Now(), Version: 1,
	}
	if diff := cmp.Diff(wantSub, got); diff != "" {
		t.Errorf("subscription (-want +got):\n%s", diff)
	}
}

func TestProductsWithPrices(t *testing.T) {
	dir := newDirectory(t)
	sum, refused, err := run(t, dir, Products, lines("id,code,name,version,prices",
		"4639321,ANTI,Antivirus,2,19.99 EUR; 21.99 usd",
		"1112233,,Backup,,",
		",,No id,,",
		"4,,,,",
		"5,,x,,19.99",
		"6,,x,,19.999 EUR",
		"7,,x,,-1 EUR",
		"8,,x,,1 EUR; 2 EUR",
		"9,,x,,1 EURO",
		"a b,,x,,",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line 4: id must be given, without commas, blanks and &",
		"line 5: name must be given",
		"line 6: prices must look like 19.99 EUR; 21.99 USD",
		"line 7: prices must be an amount such as 19.99",
		"line 8: prices must be from 0 to 10000000000.00 with a currency of three letters, as in 19.99 EUR",
		"line 9: prices must be one for each currency",
		"line 10: prices must be from 0 to 10000000000.00 with a currency of three letters, as in 19.99 EUR",
		"line 11: id must be given, without commas, blanks and &",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if want := (Summary{Imported: 2, Refused: len(want)}); sum != want {
		t.Errorf("got %+v, want %+v", sum, want)
	}
	if diff := cmp.Diff(lines("id,code,name,version,prices", "1112233,,Backup,,", "4639321,ANTI,Antivirus,2,19.99 EUR; 21.99 USD"), export(t, dir, Products, CSV)); diff != "" {
		t.Errorf("exported (-want +got):\n%s", diff)
	}
}

func TestFilesThatCantBeReadAtAll(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"empty":           {"", "line 1: is missing: the first line names the columns"},
		"unknown column":  {"id,first_name,surname\n", `line 1: column "surname" is not known; known are ` + strings.Join(Columns(Customers), ", ")},
		"doubled column":  {"id,phone,ID\n", "line 1: names the column id twice"},
		"no header":       {"4111111111111111,John\n", "line 1: column 1 is not known; known are " + strings.Join(Columns(Customers), ", ")},
		"broken header":   {"id,\"pho\"ne\n", "line 1: has a quotation mark out of place"},
		"UTF-16":          {"\xff\xfei\x00d\x00", "line 1: must be UTF-8 text"},
		"UTF-16 unmarked": {"i\x00d\x00", "line 1: must be UTF-8 text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, newDirectory(t), Customers, tc.text)
			var file *FileError
			if !errors.As(err, &file) || file.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestOrdersCantBeImported(t *testing.T) {
	if _, _, err := run(t, newDirectory(t), Orders, "ref_no\n1\n"); err == nil {
		t.Error("got no error")
	}
	if _, err := ParseKind("orders", ImportKinds); err == nil {
		t.Error("orders are a kind to import")
	}
}

// A card number is refused wherever it stands, and what is said about it does
// not repeat it.
func TestACardNumberIsRefusedInEveryColumnAndNeverRepeated(t *testing.T) {
	spellings := []string{"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "visa 4111111111111111 12/2029", "tok|4111111111111111"}
	for _, kind := range ImportKinds {
		for _, column := range Columns(kind) {
			for _, spelling := range spellings {
				for _, text := range []string{withCSV(kind, column, spelling), withJSON(kind, column, spelling)} {
					dir := newDirectoryOnce(t)
					sum, refused, err := run(t, dir, kind, text)
					if err != nil || sum != (Summary{Refused: 1}) {
						t.Errorf("%s %s: got %+v, %v, want one refusal:\n%s", kind, column, sum, err, text)
					}
					if strings.Contains(strings.Join(refused, "\n"), "1111 1111") || strings.Contains(strings.Join(refused, "\n"), "41111") {
						t.Errorf("%s %s: the refusal repeats the number: %q", kind, column, refused)
					}
				}
			}
		}
	}
}

var sharedDirectory *directory.Service

// newDirectoryOnce returns a directory that all refused imports share.
func newDirectoryOnce(t *testing.T) *directory.Service {
	if sharedDirectory == nil {
		sharedDirectory = newDirectory(t)
		mustRun(t, sharedDirectory, Customers, lines(customerHeader, john))
		t.Cleanup(func() { sharedDirectory = nil })
	}
	return sharedDirectory
}

// good are rows without faults.
var good = map[Kind]map[string]string{
	Customers: {
		"first_name": "Maria", "last_name": "Keller", "company": "Keller", "address1": "Lindenstr. 5", "city": "Berlin", "zip": "10969",
		"country_code": "DE", "email": "maria@example.com",
	},
	Subscriptions: {"customer_id": "352365983", "product_id": "1", "start_date": "2026-01-01"},
	Products:      {"id": "1", "name": "Backup"},
	Users:         {"username": "maria", "first_name": "Maria", "last_name": "Keller", "email": "maria@example.com"},
	Members:       {"number": "10001004"},
}

func withCSV(kind Kind, column, cell string) string {
	var names, cells []string
	for _, name := range Columns(kind) {
		value := good[kind][name]
		if name == column {
			value = cell
		}
		names, cells = append(names, name), append(cells, `"`+value+`"`)
	}
	return lines(strings.Join(names, ","), strings.Join(cells, ","))
}

func withJSON(kind Kind, column, text string) string {
	row := map[string]any{}
	for name, value := range good[kind] {
		row[name] = value
	}
	row[column] = text
	b, _ := json.Marshal(row)
	return string(b) + "\n"
}

func TestAQuotationMarkThatIsNeverClosedDoesNotFillTheMemory(t *testing.T) {
	endless := io.MultiReader(
		strings.NewReader(lines(customerHeader, john)+`,"`),
		io.LimitReader(repeat("never closed\n"), 100<<20))
	src := &counter{src: endless}
	var sum Summary
	dir := newDirectory(t)
	sum, err := Import(t.Context(), dir, src, Job{Tenant: shop, Kind: Customers})
	var file *FileError
	if !errors.As(err, &file) || file.Line != 3 || !strings.Contains(file.Rule, "1 MiB") {
		t.Errorf("got %v, want line 3 to be too long", err)
	}
	if sum.Imported != 1 {
		t.Errorf("got %+v, want the row before it imported", sum)
	}
	if src.n > 2<<20 {
		t.Errorf("%d bytes were read", src.n)
	}
}

func TestAnUnclosedQuotationMarkNamesTheLinesThatItSwallowed(t *testing.T) {
	_, refused, err := run(t, newDirectory(t), Customers, lines("id,phone", `1,"2`, "3,4", "5,6"))
	want := []string{"line 2: has a quotation mark that is out of place or not closed; it was read together with the lines up to 4"}
	if diff := cmp.Diff(want, refused); err != nil || diff != "" {
		t.Errorf("error %v, refused (-want +got):\n%s", err, diff)
	}
}

func TestALongJSONLineIsSkipped(t *testing.T) {
	long := `{"phone":"` + strings.Repeat("x", 3<<20) + `"}`
	row := `{"first_name":"Maria","last_name":"Keller","address1":"Lindenstr. 5","city":"Berlin","zip":"10969","country_code":"DE","email":"maria@example.com"}`
	sum, refused, err := run(t, newDirectory(t), Customers, lines(row, long, row)+long)
	want := []string{"line 2: is longer than 1 MiB", "line 4: is longer than 1 MiB"}
	if diff := cmp.Diff(want, refused); err != nil || diff != "" || sum.Imported != 2 {
		t.Errorf("error %v, %+v, refused (-want +got):\n%s", err, sum, diff)
	}
}

func TestAllOrNothingHasBounds(t *testing.T) {
	dir := newDirectory(t)
	for name, src := range map[string]io.Reader{
		"rows":  io.MultiReader(strings.NewReader("phone\n"), io.LimitReader(repeat("1\n"), 2*(MaxWholeRows+10))),
		"bytes": io.MultiReader(strings.NewReader("phone\n"), io.LimitReader(repeat(strings.Repeat("1", 1<<19)+"\n"), 2*MaxWholeBytes)),
	} {
		counted := &counter{src: src}
		_, err := Import(t.Context(), dir, counted, Job{Tenant: shop, Kind: Customers, AllOrNothing: true})
		var file *FileError
		if !errors.As(err, &file) || !strings.Contains(file.Rule, "50000 rows and 64 MiB") {
			t.Errorf("%s: got %v", name, err)
		}
		if counted.n > MaxWholeBytes+2<<20 {
			t.Errorf("%s: %d bytes were read", name, counted.n)
		}
	}
}

// repeat returns a reader of a text over and over.
func repeat(text string) io.Reader { return &repeated{text: text} }

type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

func TestProgressAndStepsOfALargeFile(t *testing.T) {
	const n = 1230
	var b strings.Builder
	b.WriteString(customerHeader + "\n")
	for i := range n {
		if i%100 == 50 {
			b.WriteString("broken\n")
			continue
		}
		fmt.Fprintf(&b, "%d,,John,Newman,12 Orchard Street,Springfield,62704,us,john@example.com,\n", 100_000_000+i)
	}
	store := newStore(t)
	dir := directory.New(store, fixedClock{})
	var steps []Progress
	last := 0
	sum, err := Import(t.Context(), dir, strings.NewReader(b.String()), Job{
		Tenant: shop, Kind: Customers, Progress: func(p Progress) { steps = append(steps, p) },
		Refused: func(r Refusal) {
			if r.Line <= last || (r.Line-2)%100 != 50 {
				t.Errorf("line %d is refused after line %d", r.Line, last)
			}
			last = r.Line
		},
	})
	if want := (Summary{Imported: n - 12, Refused: 12}); err != nil || sum != want {
		t.Errorf("got %+v, %v, want %+v", sum, err, want)
	}
	if len(steps) != 3 || steps[2] != (Progress{Lines: n, Bytes: int64(b.Len())}) {
		t.Errorf("got steps %+v", steps)
	}
	chained, err := store.Events(t.Context(), 0, 100)
	if err != nil || len(chained) != 3 {
		t.Fatalf("got %d events, %v, want one for each step", len(chained), err)
	}
	if e, err := chained[0].Event(); err != nil || e.Type != signon.EventImported || e.Note != "495 customers, 0 subscriptions, 0 products, 0 users, 0 members: 495 new" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// failing fails after some bytes.
type failing struct{ src io.Reader }

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.src.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("the connection died")
	}
	return n, err
}

func TestASourceThatFailsIsToldAndAllOrNothingWritesNothing(t *testing.T) {
	for format, text := range map[Format]string{
		CSV:   lines(customerHeader, john),
		JSONL: `{"first_name":"Maria","last_name":"Keller","address1":"Lindenstr. 5","city":"Berlin","zip":"10969","country_code":"DE","email":"maria@example.com"}` + "\n",
	} {
		for _, whole := range []bool{false, true} {
			dir := newDirectory(t)
			sum, err := Import(t.Context(), dir, &failing{strings.NewReader(text)}, Job{Tenant: shop, Kind: Customers, AllOrNothing: whole})
			if err == nil || !strings.Contains(err.Error(), "the connection died") {
				t.Errorf("%s: got %v", format, err)
			}
			if wrote := sum.Imported == 1; wrote == whole {
				t.Errorf("%s, all or nothing %t: got %+v", format, whole, sum)
			}
		}
	}
}

func TestMembersAreImportedByNumber(t *testing.T) {
	dir := newDirectory(t)
	mustRun(t, dir, Members, lines("number,name,email,mobile,apps", `10001004,Asha Menon,asha@example.com,9000010004,03; 01`, `007,,,,`))
	mustRun(t, dir, Members, `{"number":"10001004","name":"Asha M."}`+"\n"+`{"number":"007","apps":["02"]}`+"\n")
	want := lines(
		`{"number":"007","name":"","email":"","mobile":"","apps":["02"]}`,
		`{"number":"10001004","name":"Asha M.","email":"asha@example.com","mobile":"9000010004","apps":["01","03"]}`)
	if diff := cmp.Diff(want, export(t, dir, Members, JSONL)); diff != "" {
		t.Errorf("export (-want +got):\n%s", diff)
	}
	_, refused, err := run(t, dir, Members, lines("number,apps", ",01", "1 2,01", "3,0 1"))
	wantRefused := []string{"line 2: number must have 1 to 32 letters and digits", "line 3: number must have 1 to 32 letters and digits", "line 4: apps must be ids of letters and digits"}
	if diff := cmp.Diff(wantRefused, refused); err != nil || diff != "" {
		t.Errorf("error %v, refused (-want +got):\n%s", err, diff)
	}
}
