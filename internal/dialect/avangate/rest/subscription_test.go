package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/directory"
)

func TestSubscriptionIsAnsweredInTheOrderOfTheContract(t *testing.T) {
	w := newWorld(t)
	const want = `{"SubscriptionReference":"123D40F123","StartDate":"2026-01-01","ExpirationDate":"2027-11-01","RecurringEnabled":true,"SubscriptionEnabled":true,` +
		`"Product":{"ProductCode":"ANTI","ProductId":"4639321","ProductName":"Antivirus","ProductVersion":"2","ProductQuantity":1,"PriceOptionCodes":[]},` +
		`"EndUser":{"FirstName":"John","LastName":"Newman","Email":"john.newman@example.com","Company":"","Phone":"2175550100","Fax":"","Address1":"12 Orchard Street",` +
		`"Address2":"","Zip":"62704","City":"Springfield","State":"Illinois","CountryCode":"us","Language":"en"},"SKU":"","DeliveryInfo":{"Description":"","Codes":[]},` +
		`"ReceiveNotifications":true,"Lifetime":false,"PartnerCode":"","AvangateCustomerReference":"352365983","ExternalCustomerReference":"HotTalks1Customer123",` +
		`"TestSubscription":false,"IsTrial":false,"Status":"ACTIVE"}`
	if diff := cmp.Diff(want, w.get("/rest/6.0/subscriptions/123D40F123/").Body.String()); diff != "" {
		t.Errorf("subscription (-want +got):\n%s", diff)
	}
	if got := object(t, w.get("/rest/6.0/subscriptions/DC47E143FA/")); got["Status"] != "EXPIRED" {
		t.Errorf("got status %v, want EXPIRED", got["Status"])
	}
}

// list returns the references of an answer that has to be a list.
func list(t testing.TB, a *httptest.ResponseRecorder) []string {
	t.Helper()
	var subscriptions []struct{ SubscriptionReference string }
	if err := json.Unmarshal(a.Body.Bytes(), &subscriptions); err != nil || a.Code != http.StatusOK {
		t.Fatalf("got %d %s, want a list", a.Code, a.Body)
	}
	references := []string{}
	for _, s := range subscriptions {
		references = append(references, s.SubscriptionReference)
	}
	return references
}

func TestSubscriptionsAreListed(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string][]string{
		"":                                       {"115D3F5ED1", "123D40F123", "DC47E143FA"},
		"CustomerReference=352365983":            {"115D3F5ED1", "123D40F123"},
		"CustomerReference=HotTalks1Customer123": {"115D3F5ED1", "123D40F123"},
		"AvangateCustomerReference=352365984":    {"DC47E143FA"},
		"ExternalCustomerReference=NoCards1":     {"DC47E143FA"},
		"ExternalCustomerReference=a%2Fb%20c%3F%C3%B6%252F": {},
		"CustomerEmail=MARIA.Keller@example.com":            {"DC47E143FA"},
		"CustomerEmail=nobody@example.com":                  {},
		"Limit=2":                                           {"115D3F5ED1", "123D40F123"},
		"Limit=2&Page=2":                                    {"DC47E143FA"},
		"Limit=2&Page=3":                                    {},
		"Limit=200&Page=1000000":                            {},
		"CustomerReference=352365983&CustomerEmail=maria.keller@example.com":               {},
		"CustomerReference=352365983&ExternalCustomerReference=HotTalks1Customer123&Page=": {"115D3F5ED1", "123D40F123"},
	} {
		if diff := cmp.Diff(want, list(t, w.get("/rest/6.0/subscriptions/?"+query))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestListHasTenToAPage(t *testing.T) {
	w := newWorld(t)
	var more []*directory.Subscription
	for i := range 12 {
		more = append(more, avangatetest.Subscription(shop, fmt.Sprintf("%010X", i), 352365985, 2027))
	}
	w.Load(shop, &directory.Batch{Subscriptions: more})
	if got := list(t, w.get("/rest/6.0/subscriptions")); len(got) != 10 {
		t.Errorf("got %d, want 10", len(got))
	}
	if got := list(t, w.get("/rest/6.0/subscriptions?Page=2")); len(got) != 5 {
		t.Errorf("got %d, want 5", len(got))
	}
}

// imported creates a subscription and returns it as answered.
func (w *world) imported(t testing.TB, fields string) map[string]any {
	t.Helper()
	a := w.post("subscriptions/", fields)
	var reference string
	if a.Code != http.StatusCreated || json.Unmarshal(a.Body.Bytes(), &reference) != nil {
		t.Fatalf("got %d %s, want 201 and a reference", a.Code, a.Body)
	}
	if got := a.Header().Get("Location"); got != "/rest/6.0/subscriptions/"+reference+"/" {
		t.Errorf("got Location %q", got)
	}
	return object(t, w.get(a.Header().Get("Location")))
}

// fromAClient is what a published client sends to import a subscription.
const fromAClient = `{"AdditionalInfo":null,"CustomPriceBillingCyclesLeft":1,"DeliveryInfo":{"Codes":[{"Code":"___TEST___CODE____","Description":null,"ExtraInfo":null,"File":null}],
"Description":null},"EndUser":{"Address1":"Test Address","Address2":"","City":"LA","Company":"","CountryCode":"us","Email":"customer@example.com","Fax":"","FirstName":"Customer",
"Language":"en","LastName":"Vendor","Phone":"","State":"CA","Zip":12345},"ExpirationDate":"2027-12-16","ExternalCustomerReference":null,"ExternalSubscriptionReference":12235,
"NextRenewalPrice":49.99,"NextRenewalPriceCurrency":"usd","PartnerCode":"","Payment":{"CCID":"","CardNumber":"","CardType":"","ExpirationMonth":"","ExpirationYear":"","HolderName":""},
"Product":{"PriceOptionCodes":[""],"ProductCode":"XZXVWTAHH7","ProductId":"34702111","ProductName":"A Subscription","ProductQuantity":1,"ProductVersion":""},
"StartDate":"2026-02-16","SubscriptionValue":199,"SubscriptionValueCurrency":"usd","Test":1}`

func TestImportMakesTheCustomerThatTheEndUserIs(t *testing.T) {
	w := newWorld(t)
	got := w.imported(t, fromAClient)
	reference, customer := got["SubscriptionReference"].(string), got["AvangateCustomerReference"].(string)
	want := map[string]any{
		"SubscriptionReference": reference, "StartDate": "2026-02-16", "ExpirationDate": "2027-12-16", "RecurringEnabled": false, "SubscriptionEnabled": true,
		"Product": map[string]any{
			"ProductCode": "XZXVWTAHH7", "ProductId": "34702111", "ProductName": "A Subscription", "ProductVersion": "", "ProductQuantity": 1.0, "PriceOptionCodes": []any{},
		},
		"EndUser": map[string]any{
			"FirstName": "Customer", "LastName": "Vendor", "Email": "customer@example.com", "Company": "", "Phone": "", "Fax": "", "Address1": "Test Address", "Address2": "",
			"Zip": "12345", "City": "LA", "State": "CA", "CountryCode": "us", "Language": "en",
		},
		"SKU": "", "DeliveryInfo": map[string]any{"Description": "", "Codes": []any{map[string]any{"Code": "___TEST___CODE____", "File": "", "Description": "", "ExtraInfo": ""}}},
		"ReceiveNotifications": true, "Lifetime": false, "PartnerCode": "", "AvangateCustomerReference": customer, "ExternalCustomerReference": "",
		"TestSubscription": true, "IsTrial": false, "Status": "ACTIVE",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("imported subscription (-want +got):\n%s", diff)
	}
	if c := object(t, w.get("/rest/6.0/customers/"+customer+"/")); c["Email"] != "customer@example.com" || c["Enabled"] != true {
		t.Errorf("made customer %v", c)
	}
	link(t, w.get("/rest/6.0/subscriptions/"+reference+"/signon/view_order/?Email=Customer@example.com"))
	// The same end user again is the same customer.
	if again := w.imported(t, fromAClient); again["AvangateCustomerReference"] != customer || again["SubscriptionReference"] == reference {
		t.Errorf("the second one is %v of %v", again["SubscriptionReference"], again["AvangateCustomerReference"])
	}
}

func TestImportBelongsToWhomItNames(t *testing.T) {
	w := newWorld(t)
	const rest = `"Product":{"ProductId":4639321,"ProductQuantity":"3","PriceOptionCodes":["users-5",7]},"StartDate":"2026-01-01 00:00:00"`
	for reference, want := range map[string]string{
		`"AvangateCustomerReference":352365984`:                                              "352365984",
		`"AvangateCustomerReference":"352365984"`:                                            "352365984",
		`"CustomerReference":"HotTalks1Customer123"`:                                         "352365983",
		`"ExternalCustomerReference":"NoCards1"`:                                             "352365984",
		`"ExternalCustomerReference":"NoCards1","AvangateCustomerReference":352365984`:       "352365984",
		`"EndUser":{"Email":"John.Newman@EXAMPLE.com"}`:                                      "352365983",
		`"EndUser":{"Email":"user@example.com"},"ExternalCustomerReference":"NoCards1"`:      "352365984",
		`"AvangateCustomerReference":"","ExternalCustomerReference":"NoCards1","EndUser":[]`: "352365984",
	} {
		got := w.imported(t, "{"+reference+","+rest+"}")
		if got["AvangateCustomerReference"] != want {
			t.Errorf("%s: belongs to %v, want %s", reference, got["AvangateCustomerReference"], want)
		}
		product := got["Product"].(map[string]any)
		if product["ProductId"] != "4639321" || product["ProductQuantity"] != 3.0 || fmt.Sprint(product["PriceOptionCodes"]) != "[users-5 7]" {
			t.Errorf("%s: got product %v", reference, product)
		}
	}
	// Another end user than the customer keeps the details given.
	if got := w.imported(t, `{"EndUser":{"Email":"user@example.com"},"ExternalCustomerReference":"NoCards1",`+rest+`}`); got["EndUser"].(map[string]any)["Email"] != "user@example.com" {
		t.Errorf("got end user %v", got["EndUser"])
	}
}

func TestImportReadsFlagsLoosely(t *testing.T) {
	w := newWorld(t)
	const rest = `"ExternalCustomerReference":"NoCards1","Product":{"ProductId":"1"},"StartDate":"2026-01-01"`
	for given, want := range map[string]map[string]any{
		`"RecurringEnabled":true`:                         {"RecurringEnabled": true},
		`"RecurringEnabled":"YES"`:                        {"RecurringEnabled": true},
		`"RecurringEnabled":"NO"`:                         {"RecurringEnabled": false},
		`"RecurringEnabled":1`:                            {"RecurringEnabled": true},
		`"ReceiveNotifications":false`:                    {"ReceiveNotifications": false},
		`"ReceiveNotifications":"0"`:                      {"ReceiveNotifications": false},
		`"Lifetime":true,"ExpirationDate":""`:             {"Lifetime": true, "ExpirationDate": "", "Status": "ACTIVE"},
		`"TestSubscription":true`:                         {"TestSubscription": true},
		`"IsTrial":"yes"`:                                 {"IsTrial": true},
		`"SubscriptionEnabled":false`:                     {"SubscriptionEnabled": false, "Status": "DISABLED"},
		`"Status":"DISABLED"`:                             {"SubscriptionEnabled": false, "Status": "DISABLED"},
		`"Status":"PASTDUE"`:                              {"Status": "PASTDUE"},
		`"Status":"ACTIVE","ExpirationDate":"2026-02-01"`: {"Status": "EXPIRED"},
		`"NextRenewalPrice":0,"DeliveryInfo":null`:        {"Status": "ACTIVE"},
		`"NextRenewalPrice":"9.5","NextRenewalPriceCurrency":"EUR","DeliveryInfo":{"Description":"Hello","Codes":{"File":"x.lic"}}`: {
			"DeliveryInfo": map[string]any{"Description": "Hello", "Codes": []any{map[string]any{"Code": "", "File": "x.lic", "Description": "", "ExtraInfo": ""}}},
		},
	} {
		got := w.imported(t, "{"+given+","+rest+"}")
		for name, value := range want {
			if diff := cmp.Diff(value, got[name]); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", given, name, diff)
			}
		}
	}
}

func TestBadFieldsOfAnImportAreNamed(t *testing.T) {
	w := newWorld(t)
	const customer = `"ExternalCustomerReference":"NoCards1"`
	for _, c := range []struct{ fields, message string }{
		{`{}`, "Product.ProductId must be given"},
		{`{"Product":{"ProductId":"1"}}`, "StartDate must be given"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-01-01"}`, "EndUser.Email or a customer reference must be given"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-01-01","EndUser":{"FirstName":"Ann"}}`, "EndUser.Email or a customer reference must be given"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-01-01","EndUser":{"Email":"new@example.com"}}`, "EndUser.FirstName must be given"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-01-01","EndUser":{"Email":"new"}}`, "EndUser.Email must be an e-mail address"},
		{`{"Product":{"ProductId":"1"},"StartDate":"01/02/2026",` + customer + `}`, "StartDate must be a day in the form YYYY-MM-DD"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-30",` + customer + `}`, "StartDate must be a day in the form YYYY-MM-DD"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","ExpirationDate":"2026-01-01",` + customer + `}`, "ExpirationDate must not be before"},
		{`{"Product":{"ProductId":"1","ProductQuantity":0},"StartDate":"2026-02-01",` + customer + `}`, "Product.ProductQuantity must be a whole number"},
		{`{"Product":{"ProductId":"1","ProductQuantity":1.5},"StartDate":"2026-02-01",` + customer + `}`, "Product.ProductQuantity must be a whole number"},
		{`{"Product":{"ProductId":"1","ProductQuantity":100001},"StartDate":"2026-02-01",` + customer + `}`, "Product.ProductQuantity must be a whole number"},
		{`{"Product":"1","StartDate":"2026-02-01",` + customer + `}`, "Product must be an object"},
		{`{"Product":["1"],"StartDate":"2026-02-01",` + customer + `}`, "Product must be an object"},
		{`{"Product":{"ProductId":"1","PriceOptionCodes":[{}]},"StartDate":"2026-02-01",` + customer + `}`, "Product.PriceOptionCodes must be text"},
		{`{"Product":{"ProductId":"1","PriceOptionCodes":"x"},"StartDate":"2026-02-01",` + customer + `}`, "Product.PriceOptionCodes must be a list"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","RecurringEnabled":"perhaps",` + customer + `}`, "RecurringEnabled must be true or false"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","NextRenewalPrice":"1.999",` + customer + `}`, "NextRenewalPrice must be an amount"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","NextRenewalPrice":5,` + customer + `}`, "NextRenewalPrice must "},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","DeliveryInfo":{"Codes":["x"]},` + customer + `}`, "DeliveryInfo.Codes must be an object"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","EndUser":{"Email":"a@example.com","CountryCode":"zz"},` + customer + `}`, "EndUser.CountryCode must be"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","EndUser":{"Email":"a@example.com","Language":"zz"},` + customer + `}`, "EndUser.Language must be"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","Payment":{"CardNumber":"4111111111111111"},` + customer + `}`, "Payment.CardNumber must not be sent"},
		{`{"Product":{"ProductId":"1"},"StartDate":"2026-02-01","CardPayment":{"cardNumber":4111111111111111},` + customer + `}`, "CardPayment.cardNumber must not be sent"},
		{`{"Product":{"ProductId":"1","ProductName":"4111-1111-1111-1111"},"StartDate":"2026-02-01",` + customer + `}`, "Product.ProductName "},
	} {
		got := failureOf(t, w.post("subscriptions/", c.fields))
		if got.Status != http.StatusBadRequest || got.Code != "SUBSCRIPTION_INVALID" || !strings.HasPrefix(got.Message, c.message) {
			t.Errorf("%s: got %+v, want %q", c.fields, got, c.message)
		}
	}
	for _, reference := range []string{`"AvangateCustomerReference":1`, `"ExternalCustomerReference":"x"`, `"AvangateCustomerReference":100000001`, `"CustomerReference":"352365983","ExternalCustomerReference":"NoCards1"`} {
		if got := failureOf(t, w.post("subscriptions/", `{"Product":{"ProductId":"1"},"StartDate":"2026-01-01",`+reference+`}`)); got.Code != "CUSTOMER_NOT_FOUND" {
			t.Errorf("%s: got %+v", reference, got)
		}
	}
}

func TestRefusedImportMakesNoCustomer(t *testing.T) {
	w := newWorld(t)
	before, err := w.Store.Customers(t.Context(), shop, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	w.post("subscriptions/", strings.Replace(fromAClient, `"XZXVWTAHH7"`, `"`+strings.Repeat("x", 300)+`"`, 1))
	w.post("subscriptions/", strings.Replace(fromAClient, `"2026-02-16"`, `""`, 1))
	after, err := w.Store.Customers(t.Context(), shop, 0, 100)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d customers became %d, %v", len(before), len(after), err)
	}
}

func TestSharedEmailNamesNobody(t *testing.T) {
	w := newWorld(t)
	w.Load(shop, &directory.Batch{Subscriptions: []*directory.Subscription{avangatetest.Subscription(shop, "AAAAAAAAAA", 352365985, 2027)}}) // Maria's other account
	got := failureOf(t, w.post("subscriptions/", `{"Product":{"ProductId":"1"},"StartDate":"2026-01-01","EndUser":{"Email":"maria.keller@example.com"}}`))
	if got != (failure{400, "SUBSCRIPTION_INVALID", "EndUser.Email is the address of several customers; name one by reference"}) {
		t.Errorf("got %+v", got)
	}
}

func TestEmailNamesACustomerWithoutSubscriptions(t *testing.T) {
	w := newWorld(t)
	const john = `{"FirstName":"Jo","LastName":"New","Address1":"1 Road","City":"Town","Zip":"1","CountryCode":"us","Email":"jo.new@example.com"}`
	id := strings.TrimSpace(w.post("customers/", john).Body.String())
	reference := strings.Trim(w.post("subscriptions/", `{"Product":{"ProductId":"1"},"StartDate":"2026-01-01","EndUser":{"Email":"JO.new@example.com"}}`).Body.String(), "\"\n")
	s, err := w.Store.Subscription(t.Context(), shop, reference)
	if err != nil || strconv.FormatInt(s.CustomerID, 10) != id {
		t.Errorf("the subscription is not customer %s's: %+v, %v", id, s, err)
	}
}

func TestUserOfAnothersSubscriptionIsNotItsCustomer(t *testing.T) {
	w := newWorld(t)
	w.imported(t, `{"EndUser":{"Email":"user@example.com"},"ExternalCustomerReference":"NoCards1","Product":{"ProductId":"1"},"StartDate":"2026-01-01"}`)
	got := failureOf(t, w.post("subscriptions/", `{"Product":{"ProductId":"1"},"StartDate":"2026-01-01","EndUser":{"Email":"user@example.com"}}`))
	if got.Message != "EndUser.FirstName must be given" {
		t.Errorf("got %+v", got)
	}
	if got := list(t, w.get("/rest/6.0/subscriptions/?CustomerEmail="+url.QueryEscape("user@example.com"))); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
