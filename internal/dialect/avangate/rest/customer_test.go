package rest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestCustomerIsAnsweredInTheOrderOfTheContract(t *testing.T) {
	w := newWorld(t)
	const john = `{"AvangateCustomerReference":352365983,"ExternalCustomerReference":"HotTalks1Customer123","FirstName":"John","LastName":"Newman",` +
		`"Company":"","FiscalCode":"","Address1":"12 Orchard Street","Address2":"","City":"Springfield","State":"Illinois","Zip":"62704","CountryCode":"us",` +
		`"Phone":"2175550100","Fax":"","Email":"john.newman@example.com","ExistingCards":["visa 1111","mastercard 4444"],"Enabled":true,"Trial":false,` +
		`"Language":"en","CustomerReference":"352365983","Credit":{"Limit":51.00,"Remaining":21.50,"Currency":"EUR"}}`
	for _, target := range []string{
		"customers/352365983/", "customers/HotTalks1Customer123/", "subscriptions/123D40F123/customer/",
		"customers/?ssotoken=" + tokenOf(t, link(t, w.get(cartTarget("352365983", buyLink)))),
	} {
		if a := w.get("/rest/6.0/" + target); a.Code != http.StatusOK || a.Body.String() != john {
			t.Errorf("%s: got %d %s", target, a.Code, a.Body)
		}
	}
	// A customer of few words: no cards, no credit, an expired subscription.
	a := w.get("/rest/6.0/customers/NoCards1/")
	for _, part := range []string{`"ExistingCards":[]`, `"Enabled":false`, `"Credit":{"Limit":0.00,"Remaining":0.00,"Currency":""}`, `"State":""`} {
		if !strings.Contains(a.Body.String(), part) {
			t.Errorf("got %s, want %s in it", a.Body, part)
		}
	}
}

// body returns JSON of the members, without those that are "".
func body(members map[string]any, changes ...any) string {
	all := maps.Clone(members)
	for i := 0; i < len(changes); i += 2 {
		name := changes[i].(string)
		if all[name] = changes[i+1]; changes[i+1] == nil {
			delete(all, name)
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(data)
}

var ann = map[string]any{
	"FirstName": "Ann", "LastName": "Other", "Address1": "1 Main Street", "City": "Dublin", "Zip": "D02 X285", "CountryCode": "IE", "Email": "ann@example.com",
}

func (w *world) post(target, body string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(w.request(http.MethodPost, "/rest/6.0/"+target, body))
}

func (w *world) put(target, body string) *httptest.ResponseRecorder {
	w.Helper()
	return w.send(w.request(http.MethodPut, "/rest/6.0/"+target, body))
}

// object returns an answer that has to be an object.
func object(t testing.TB, a *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &o); err != nil || a.Code != http.StatusOK {
		t.Fatalf("got %d %s, want an object", a.Code, a.Body)
	}
	return o
}

func TestCreatedCustomerCanBeUsed(t *testing.T) {
	w := newWorld(t)
	a := w.post("customers/", body(ann, "ExternalCustomerReference", "ann-1", "Company", "Ann & Co <Ltd>", "FiscalCode", "IE1", "Language", "EN", "Phone", 35315550100,
		"Fax", nil, "State", json.RawMessage("null"), "Unknown", []int{1}, "Enabled", true, "ExistingCards", []string{"visa 9999"}, "Credit", map[string]any{"Limit": 1e9}))
	reference := a.Body.String()
	if a.Code != http.StatusOK || len(reference) != 9 || strings.Trim(reference, "0123456789") != "" {
		t.Fatalf("got %d %s, want 200 and a bare number of 9 digits", a.Code, reference)
	}
	got := object(t, w.get("/rest/6.0/customers/ann-1/"))
	want := map[string]any{
		"CustomerReference": reference, "ExternalCustomerReference": "ann-1", "FirstName": "Ann", "LastName": "Other", "Company": "Ann & Co <Ltd>", "FiscalCode": "IE1",
		"Address1": "1 Main Street", "Address2": "", "City": "Dublin", "State": "", "Zip": "D02 X285", "CountryCode": "ie", "Phone": "35315550100", "Fax": "",
		"Email": "ann@example.com", "ExistingCards": []any{}, "Enabled": false, "Trial": false, "Language": "en",
		"Credit": map[string]any{"Limit": 0.0, "Remaining": 0.0, "Currency": ""},
	}
	if fmt.Sprintf("%.0f", got["AvangateCustomerReference"]) != reference {
		t.Errorf("got AvangateCustomerReference %v, want %s", got["AvangateCustomerReference"], reference)
	}
	delete(got, "AvangateCustomerReference")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("created customer (-want +got):\n%s", diff)
	}
	if raw := w.get("/rest/6.0/customers/" + reference + "/").Body.String(); !strings.Contains(raw, `"Company":"Ann & Co <Ltd>"`) {
		t.Errorf("HTML was escaped: %s", raw)
	}
	link(t, w.get(cartTarget("ann-1", buyLink)))
}

func TestBadFieldsOfACustomerAreNamed(t *testing.T) {
	w := newWorld(t)
	for _, name := range slices.Sorted(maps.Keys(ann)) {
		for _, value := range []any{nil, "", json.RawMessage("null"), "  "} {
			got := failureOf(t, w.post("customers/", body(ann, name, value)))
			if got != (failure{400, "CUSTOMER_INVALID", name + " must be given"}) {
				t.Errorf("%s = %v: got %+v", name, value, got)
			}
		}
	}
	for _, c := range []struct {
		name    string
		value   any
		message string
	}{
		{"CountryCode", "xx", "CountryCode must be an ISO 3166-1 code"},
		{"CountryCode", "USA", "CountryCode must be an ISO 3166-1 code"},
		{"Email", "ann", "Email must be an e-mail address"},
		{"Email", "ann@example.com, bob@example.com", "Email must be an e-mail address"},
		{"Language", "xx", "Language must be an ISO 639-1 code"},
		{"FiscalCode", "IE1", "FiscalCode needs a company"},
		{"FirstName", strings.Repeat("x", 256), "FirstName "},
		{"FirstName", "An\x00n", "FirstName must not hold control characters"},
		{"LastName", true, "LastName must be text"},
		{"Zip", map[string]any{}, "Zip must be text"},
		{"City", []string{"x"}, "City must be text"},
		{"Address2", "4111 1111 1111 1111", "Address2 "},
		{"Phone", "4111111111111111", "Phone "},
		{"ExistingCards", []string{"visa 4111111111111111"}, "ExistingCards must not be sent: card numbers are never stored"},
		{"PaymentDetails", map[string]any{"cardnumber": "1"}, "PaymentDetails.cardnumber must not be sent: card numbers are never stored"},
		{"city", "Leeds", "city must not be given twice"},
		{"ExternalCustomerReference", "HotTalks1Customer123", "ExternalCustomerReference must not be another customer's reference"},
		{"ExternalCustomerReference", "352365983", "ExternalCustomerReference must not be another customer's reference"},
		{"ExternalCustomerReference", 352365983, "ExternalCustomerReference must not be another customer's reference"},
	} {
		got := failureOf(t, w.post("customers/", body(ann, c.name, c.value)))
		if got.Status != http.StatusBadRequest || got.Code != "CUSTOMER_INVALID" || !strings.HasPrefix(got.Message, c.message) {
			t.Errorf("%s = %v: got %+v, want %q", c.name, c.value, got, c.message)
		}
		if strings.Contains(got.Message, "_") {
			t.Errorf("%s = %v: %q names a field that is not on the wire", c.name, c.value, got.Message)
		}
	}
}

func TestUpdateChangesTheGivenFieldsOnly(t *testing.T) {
	w := newWorld(t)
	before := object(t, w.get("/rest/6.0/customers/352365983/"))
	if a := w.put("customers/HotTalks1Customer123/", `{"Phone":"+44 20 7946 0000","Zip":10115,"City":null,"State":"","CountryCode":"GB"}`); a.Code != http.StatusOK || a.Body.String() != "true" {
		t.Fatalf("got %d %s", a.Code, a.Body)
	}
	before["Phone"], before["Zip"], before["State"], before["CountryCode"] = "+44 20 7946 0000", "10115", "", "gb"
	if diff := cmp.Diff(before, object(t, w.get("/rest/6.0/customers/352365983/"))); diff != "" {
		t.Errorf("changed customer (-want +got):\n%s", diff)
	}
	c, err := w.Directory.CustomerByID(t.Context(), shop, 352365983)
	if err != nil || c.Delivery == nil || c.Delivery.City != "Peoria" || len(c.Cards) != 2 || c.Cards[0].Token != "tok-visa" {
		t.Errorf("delivery details or cards were lost: %+v, %v", c, err)
	}
}

func TestUpdateAcceptsWhatWasAnswered(t *testing.T) {
	w := newWorld(t)
	before := w.get("/rest/6.0/customers/352365983/").Body.String()
	if a := w.put("customers/352365983/", before); a.Code != http.StatusOK {
		t.Fatalf("got %d %s", a.Code, a.Body)
	}
	if diff := cmp.Diff(before, w.get("/rest/6.0/customers/352365983/").Body.String()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestUpdateMayGiveAnotherExternalReference(t *testing.T) {
	w := newWorld(t)
	if a := w.put("customers/NoCards1/", `{"ExternalCustomerReference":"Renamed1"}`); a.Code != http.StatusOK {
		t.Fatalf("got %d %s", a.Code, a.Body)
	}
	if got := failureOf(t, w.get("/rest/6.0/customers/NoCards1/")); got.Code != "CUSTOMER_NOT_FOUND" {
		t.Errorf("by the old one: got %+v", got)
	}
	if got := object(t, w.get("/rest/6.0/customers/Renamed1/")); got["CustomerReference"] != "352365984" {
		t.Errorf("by the new one: got %v", got)
	}
	for _, taken := range []string{"HotTalks1Customer123", "352365983"} {
		got := failureOf(t, w.put("customers/Renamed1/", `{"ExternalCustomerReference":"`+taken+`"}`))
		if got != (failure{400, "CUSTOMER_INVALID", "ExternalCustomerReference must not be another customer's reference"}) {
			t.Errorf("%s: got %+v", taken, got)
		}
	}
	if got := failureOf(t, w.put("customers/Renamed1/", `{"FirstName":""}`)); got != (failure{400, "CUSTOMER_INVALID", "FirstName must be given"}) {
		t.Errorf("got %+v", got)
	}
	if got := failureOf(t, w.put("customers/nobody/", `{}`)); got.Code != "CUSTOMER_NOT_FOUND" {
		t.Errorf("got %+v", got)
	}
}

func TestUpdatesOfOneCustomerAtOnceAllStand(t *testing.T) {
	w := newWorld(t)
	fields := slices.Repeat([]string{"Phone", "Fax", "Address2", "State"}, 10)
	var wg sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, len(fields))
	for i, field := range fields {
		answers[i] = httptest.NewRecorder()
		r := w.request(http.MethodPut, "/rest/6.0/customers/352365983/", `{"`+field+`":"new"}`)
		wg.Go(func() { w.handler.ServeHTTP(answers[i], r) })
	}
	wg.Wait()
	got := object(t, w.get("/rest/6.0/customers/352365983/"))
	for i, field := range fields {
		if answers[i].Code != http.StatusOK || got[field] != "new" {
			t.Errorf("%s: answered %d, is %v", field, answers[i].Code, got[field])
		}
	}
}

func TestUpdateGivesUpWhenOthersAreAlwaysFaster(t *testing.T) {
	w := newWorld(t)
	w.Store.BeforeUpdate = func() {
		c, err := w.Store.Store.Customer(t.Context(), shop, 352365983)
		if err == nil {
			err = w.Store.Store.UpdateCustomer(t.Context(), c, &signon.Event{Type: signon.EventCustomerChanged})
		}
		if err != nil {
			t.Error(err)
		}
	}
	a := w.put("customers/352365983/", `{"Phone":"1"}`)
	if got := failureOf(t, a); got.Status != http.StatusServiceUnavailable || got.Code != "UNAVAILABLE" || a.Header().Get("Retry-After") == "" {
		t.Errorf("got %+v", got)
	}
}

func TestOrderIsAnswered(t *testing.T) {
	w := newWorld(t)
	number := w.placeOrder(t)
	a := w.get("/rest/6.0/orders/" + number)
	want := `{"RefNo":"` + number + `","Status":"PENDING","OrderDate":"2026-11-21 12:00:00","Language":"en","Currency":"eur","AvangateCustomerReference":352365983,` +
		`"CustomerReference":"352365983","BillingDetails":{"FiscalCode":"","FirstName":"John","LastName":"Newman","Company":"","Email":"john.newman@example.com",` +
		`"Phone":"2175550100","Fax":"","Address1":"12 Orchard Street","Address2":"","City":"Springfield","State":"Illinois","Zip":"62704","CountryCode":"us"},` +
		`"DeliveryDetails":{"FirstName":"John","LastName":"Newman","Company":"","Email":"","Phone":"","Fax":"","Address1":"400 Market Road","Address2":"Unit 5",` +
		`"City":"Peoria","State":"Illinois","Zip":"61602","CountryCode":"us"},"PaymentDetails":{"Type":"CC","Currency":"eur","PaymentMethod":{"CardType":"visa",` +
		`"LastDigits":"1111","ExpirationMonth":"12","ExpirationYear":"2029","HolderName":"John Newman","Token":"tok-visa"}},"Items":[{"Code":"ANTI","Quantity":2,` +
		`"ProductDetails":{"ProductId":"4639321","Name":"Antivirus"},"PriceOptions":"","Price":{"UnitGrossPrice":19.90,"GrossPrice":39.80,"Currency":"eur"}},` +
		`{"Code":"BACK","Quantity":1,"ProductDetails":{"ProductId":"1112233","Name":"Backup & Restore"},"PriceOptions":"years=2","Price":{"UnitGrossPrice":19.90,` +
		`"GrossPrice":19.90,"Currency":"eur"}}],"Coupon":"","GrossPrice":59.70}`
	if diff := cmp.Diff(want, a.Body.String()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestIncompleteOrderHasNoCard(t *testing.T) {
	w := newWorld(t)
	c, err := w.Directory.CustomerByID(t.Context(), shop, 352365984)
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.Directory.PlaceOrder(t.Context(), &directory.Order{
		Tenant: shop, CartID: "cart-2", CustomerID: c.ID, Status: directory.OrderIncomplete, Billing: c.Billing, Delivery: c.DeliveryOrBilling(),
		Items: []directory.OrderItem{{ProductID: "1", Name: "One", Quantity: 1, UnitPrice: directory.Money{Hundredths: 1, Currency: "USD"}}},
	}, directory.Act{})
	if err != nil {
		t.Fatal(err)
	}
	if a := w.get("/rest/6.0/orders/" + o.RefNo); !strings.Contains(a.Body.String(), `"PaymentMethod":{"CardType":"","LastDigits":"","ExpirationMonth":"","ExpirationYear":"","HolderName":"","Token":""}`) {
		t.Errorf("got %s", a.Body)
	}
}

// TestCustomerTypes: the dialects that name a customer by type find only by it.
func TestCustomerTypes(t *testing.T) {
	w := newWorld(t)
	api := avangate.New(w.SignOn, w.Directory)
	client, _ := w.SignOn.Registry().Client(avangate.Realm, "AVANGATE")
	by := &avangate.Caller{Client: client}
	for _, c := range []struct {
		reference, customerType string
		found                   bool
	}{
		{"352365983", "AvangateCustomerReference", true},
		{"352365983", "2CheckoutCustomerReference", true},
		{"HotTalks1Customer123", "ExternalCustomerReference", true},
		{"HotTalks1Customer123", "AvangateCustomerReference", false},
		{"352365983", "ExternalCustomerReference", false},
		{"0352365983", "AvangateCustomerReference", false},
		{"hottalks1customer123", "ExternalCustomerReference", false},
		{"", "ExternalCustomerReference", false},
		{"100000001", "AvangateCustomerReference", false}, // another vendor's
	} {
		got, err := api.CustomerOfType(t.Context(), by, c.reference, c.customerType)
		if c.found && (err != nil || got.ID != 352365983) || !c.found && avangate.FaultOf(err).Code != avangate.CustomerNotFound {
			t.Errorf("%s %q: got %v", c.customerType, c.reference, err)
		}
	}
}
