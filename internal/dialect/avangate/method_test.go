package avangate_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// caller makes calls of a vendor, as a dialect does.
type caller struct {
	*avangatetest.World
	session string
}

func login(w *avangatetest.World, code string, key signon.Secret) *caller {
	w.Helper()
	c, err := avangate.Sign(code, w.Clock.Now(), key, "")
	if err != nil {
		w.Fatal(err)
	}
	session, err := invoke(w, "login", c.Code, c.Date, c.Hash, nil)
	if err != nil {
		w.Fatal(err)
	}
	return &caller{World: w, session: session.(string)}
}

// invoke makes a call with arguments by position.
func invoke(w *avangatetest.World, method string, values ...any) (any, error) {
	args := make([]avangate.Argument, len(values))
	for i := range values {
		args[i].Value = values[i]
	}
	return invokeNamed(w, method, args...)
}

func invokeNamed(w *avangatetest.World, method string, args ...avangate.Argument) (any, error) {
	w.Helper()
	m, ok := avangate.FindMethod(method)
	if !ok {
		w.Fatalf("no method %s", method)
	}
	by := &avangate.Caller{Addr: netip.MustParseAddr("192.0.2.10"), SupportCode: "TESTCODE00"}
	result, err := w.API.Call(w.Context(), by, m, args)
	if err == nil && reflect.TypeOf(result) != m.Result && reflect.TypeOf(result) != reflect.PointerTo(m.Result) {
		w.Errorf("%s returned %T, declared is %v", method, result, m.Result)
	}
	return result, err
}

func (c *caller) call(method string, values ...any) (any, error) {
	c.Helper()
	return invoke(c.World, method, append([]any{c.session}, values...)...)
}

// want makes the call and returns the JSON of its result.
func (c *caller) want(method string, values ...any) string {
	c.Helper()
	result, err := c.call(method, values...)
	if err != nil {
		c.Fatalf("%s: %v", method, err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

func wantFault(t testing.TB, err error, code avangate.Code, message string) {
	t.Helper()
	f := avangate.FaultOf(err)
	if f == nil || f.Code != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if got := f.Message(func(argument string) string { return "<" + argument + ">" }); !strings.Contains(got, message) {
		t.Errorf("got message %q, want %q in it", got, message)
	}
}

const buyLink = "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1"

func TestArgumentsFindTheirPlaceByNameAndElseByPosition(t *testing.T) {
	w := avangatetest.New(t)
	session := login(w, "AVANGATE", "SECRET_KEY").session
	id, kind := "352365983", "AvangateCustomerReference"
	named := func(name string, value any) avangate.Argument { return avangate.Argument{Name: name, Value: value} }
	for name, args := range map[string][]avangate.Argument{
		"by name in any order": {named("url", buyLink), named("customerType", kind), named("idCustomer", id), named("sessionID", session)},
		"by name in any case":  {named("SESSIONID", session), named("IdCustomer", id), named("customertype", kind), named("URL", buyLink)},
		"by position":          {named("param0", session), named("param1", id), named("param2", kind), named("param3", buyLink)},
		"without names":        {{Value: session}, {Value: id}, {Value: kind}, {Value: buyLink}},
		"some by name":         {named("c-gensym1", session), named("Customer", id), named("customerType", kind), named("url", buyLink)},
		"with more than there are": {
			named("sessionID", session), named("idCustomer", id), named("customerType", kind), named("url", buyLink),
			{},
			{},
			named("more", "x"), named("evenMore", "y"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			link, err := invokeNamed(w, "getSingleSignOnInCart", args...)
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := link.(string); !strings.HasPrefix(text, buyLink+"&logintoken=") {
				t.Errorf("the link does not begin with the buy link")
			}
		})
	}
}

func TestAnArgumentGivenTwiceByNameIsRefused(t *testing.T) {
	w := avangatetest.New(t)
	session := avangate.Argument{Name: "sessionID", Value: login(w, "AVANGATE", "SECRET_KEY").session}
	for _, second := range []any{nil, "", "115D3F5ED1"} {
		_, err := invokeNamed(w, "getSubscription", session, avangate.Argument{Name: "subscriptionReference", Value: "123D40F123"}, avangate.Argument{Name: "SubscriptionReference", Value: second, ByName: true})
		wantFault(t, err, avangate.RequestInvalid, "<subscriptionReference> must not be given twice")
	}
}

func TestNoCallIsMadeWithoutASession(t *testing.T) {
	w := avangatetest.New(t)
	session := login(w, "AVANGATE", "SECRET_KEY").session
	for _, m := range avangate.Methods() {
		if m.Name == "login" {
			continue
		}
		for _, id := range []any{nil, "", strings.ToUpper(session), session[1:] + "a", json.Number("5"), true, []any{session}, map[string]any{"sessionID": session}} {
			_, err := invoke(w, m.Name, id)
			wantFault(t, err, avangate.Forbidden, "Invalid hash provided or session expired")
		}
	}
}

func TestSessionLivesTenMinutesFromLogin(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	for range 10 {
		c.Clock.Advance(time.Minute - time.Millisecond)
		c.want("getCustomerInformation", "352365983")
	}
	c.Clock.Advance(11 * time.Millisecond)
	_, err := c.call("getCustomerInformation", "352365983")
	wantFault(t, err, avangate.Forbidden, "Invalid hash provided or session expired")
}

func TestLoginIsRefusedLikeAnyWrongProof(t *testing.T) {
	w := avangatetest.New(t)
	c, err := avangate.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", "sha256")
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("0", len(c.Hash))
	for _, args := range [][]any{
		{},
		{c.Code},
		{c.Code, c.Date},
		{c.Code, c.Date, other},
		{"NOBODY", c.Date, c.Hash},
		{c.Code, c.Date, c.Hash, "md5"},
		{c.Code, c.Date, c.Hash, "none"},
		{[]any{c.Code}, c.Date, c.Hash},
	} {
		_, err := invoke(w, "login", args...)
		wantFault(t, err, avangate.AuthenticationFailed, "Authentication failed")
	}
	if _, err := invoke(w, "login", c.Code, c.Date, c.Hash, "SHA256"); err != nil {
		t.Errorf("the right proof: %v", err)
	}
}

func TestLinksLeadWhereTheyAreAskedTo(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	const account = "https://secure.2co.com"
	for want, ask := range map[string][]any{
		account + "/myaccount/?":                                        {"getSingleSignOnByCustomer", "352365983", "2CheckoutCustomerReference"},
		account + "/myaccount/?lang=de&":                                {"getSingleSignOnByCustomer", "HotTalks1Customer123", "ExternalCustomerReference", "", "", "", "", "de"},
		account + "/myaccount/my_subscription/?":                        {"getSingleSignOnByCustomer", "352365983", "AvangateCustomerReference", "my_subscription", nil, json.Number("60"), nil, nil},
		account + "/myaccount/my_subscription/?code=123D40F123&":        {"getSingleSignOnByCustomer", "352365983", "AvangateCustomerReference", "my_subscription", "code=123D40F123"},
		account + "/myaccount/my_subscription/?code=115D3F5ED1&":        {"getSingleSignOnByCustomer", "352365983", "AvangateCustomerReference", "my_subscription", "Request[]=code=115D3F5ED1"},
		account + "/myaccount/my_subscription/?code=115D3F5ED1&lang=fr": {"getSingleSignOnByCustomer", "352365983", "AvangateCustomerReference", "my_subscription", []any{"code=115D3F5ED1"}, nil, nil, "fr"},
		account + "/myaccount/my_subscription/?code=123D40F123&lang=en": {
			"getSingleSignOnByCustomer", "352365983", "AvangateCustomerReference", "my_subscription", map[string]any{"code": "123D40F123"}, nil, nil, "en",
		},
		account + "/myaccount/view_order/?code=123D40F123&": {"getSingleSignOn", "123D40F123", "JOHN.newman@example.com", "60", "view_order"},
		account + "/support/?lang=ro&":                      {"getSingleSignOn", "123D40F123", nil, nil, "faq", " 192.0.2.1 ", "ro"},
	} {
		if link := c.want(ask[0].(string), ask[1:]...); !strings.HasPrefix(strings.Trim(strings.ReplaceAll(link, `\u0026`, "&"), `"`), want) {
			t.Errorf("%v: the link does not begin with %s", ask, want)
		}
	}
}

func TestBadArgumentsAreNamed(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	cart := func(values ...any) []any { return append([]any{"getSingleSignOnInCart"}, values...) }
	const kind = "AvangateCustomerReference"
	for _, bad := range []struct {
		ask     []any
		code    avangate.Code
		message string
	}{
		{cart(nil, kind, buyLink), avangate.CustomerNotFound, ""},
		{cart("1", kind, buyLink), avangate.CustomerNotFound, ""},
		{cart("0352365983", kind, buyLink), avangate.CustomerNotFound, ""},
		{cart("100000001", kind, buyLink), avangate.CustomerNotFound, ""},
		{cart("hottalks1customer123", "ExternalCustomerReference", buyLink), avangate.CustomerNotFound, ""},
		{cart("352365983", nil, buyLink), avangate.CustomerTypeInvalid, "<customer_type> must be AvangateCustomerReference"},
		{cart("352365983", "avangatecustomerreference", buyLink), avangate.CustomerTypeInvalid, "<customer_type>"},
		{cart("352365983", kind, nil), avangate.URLInvalid, "<target>"},
		{cart("352365983", kind, map[string]any{}), avangate.URLInvalid, "<target> must be text"},
		{cart("352365983", kind, "https://evil.example/order/checkout.php?PRODS=1"), avangate.URLInvalid, "<target>"},
		{cart("352365983", kind, "https://store.avancart.com/checkout/?PRODS=1"), avangate.URLNotSupported, ""},
		{cart("352365983", kind, buyLink, "0"), avangate.ValidityTimeInvalid, "<ttl> must be a whole number of seconds"},
		{cart("352365983", kind, buyLink, json.Number("1.5")), avangate.ValidityTimeInvalid, "<ttl>"},
		{cart("352365983", kind, buyLink, json.Number("-1")), avangate.ValidityTimeInvalid, "<ttl>"},
		{cart("352365983", kind, buyLink, true), avangate.ValidityTimeInvalid, "<ttl> must be a whole number of seconds, at least 1"},
		{cart("352365983", kind, buyLink, "86401"), avangate.ValidityTimeInvalid, "<ttl>"},
		{cart("352365983", kind, buyLink, nil, "192.0.2.0/24"), avangate.ValidationIPInvalid, "<address> must be one"},
		{cart("352365983", kind, buyLink, nil, []any{"192.0.2.1"}), avangate.ValidationIPInvalid, "<address> must be one IPv4 or IPv6 address, or empty"},
		{cart(map[string]any{}, kind, buyLink), avangate.RequestInvalid, "<customer> must be text"},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, "view_order"}, avangate.PageInvalid, "<page>"},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, "my_subscription", "id=1"}, avangate.PageInvalid, "<request>"},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, "my_subscription", []any{"code=123D40F123", "code=115D3F5ED1"}}, avangate.PageInvalid, "<request> must be code= and a subscription reference"},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, "my_subscription", "code=DC47E143FA"}, avangate.SubscriptionNotFound, ""},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, nil, nil, nil, nil, "xx"}, avangate.LanguageInvalid, "<language>"},
		{[]any{"getSingleSignOn", "0000000000"}, avangate.SubscriptionNotFound, ""},
		{cart("352365983", map[string]any{}, buyLink), avangate.CustomerTypeInvalid, "<customer_type> must be AvangateCustomerReference"},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, []any{"index"}}, avangate.PageInvalid, "<page> must be index"},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, nil, true}, avangate.PageInvalid, "<request> must be code="},
		{[]any{"getSingleSignOnByCustomer", "352365983", kind, nil, nil, nil, nil, true}, avangate.LanguageInvalid, "<language> must be an ISO 639-1 code"},
		{[]any{"getSingleSignOn", "123D40F123", nil, nil, true}, avangate.PageInvalid, "<page> must be index, view_order"},
		{[]any{"getCustomerInformation", "352365983", nil, map[string]any{}}, avangate.RequestInvalid, "<includePaymentData> must be true or false"},
		{[]any{"addSubscription", newSubscription("StartDate", true)}, avangate.SubscriptionInvalid, "<StartDate> must be a day in the form YYYY-MM-DD"},
		{[]any{"addSubscription", newSubscription("IsTrial", []any{true})}, avangate.SubscriptionInvalid, "<IsTrial> must be true or false"},
		{[]any{"addSubscription", newSubscription("NextRenewalPrice", true)}, avangate.SubscriptionInvalid, "<NextRenewalPrice> must be an amount with at most two places"},
		{[]any{"addSubscription", newSubscription("Product", map[string]any{"ProductId": "1", "ProductQuantity": map[string]any{}})}, avangate.SubscriptionInvalid, "<Product.ProductQuantity> must be a whole number, at least 1"},
		{[]any{"addSubscription", newSubscription("Status", "CANCELED")}, avangate.SubscriptionInvalid, "<Status> must be ACTIVE, PASTDUE, EXPIRED or DISABLED"},
		{[]any{"getSingleSignOn", "0AE5000001"}, avangate.SubscriptionNotFound, ""},
		{[]any{"getSingleSignOn", "123D40F123", "other@example.com"}, avangate.EmailInvalid, "<email>"},
		{[]any{"getSingleSignOn", "123D40F123", nil, nil, "my_subscription"}, avangate.PageInvalid, "<page>"},
		{[]any{"getCustomerInformationBySSOToken"}, avangate.SSOTokenInvalid, "<token> must be given"},
		{[]any{"getCustomerInformationBySSOToken", strings.Repeat("0", 40)}, avangate.SSOTokenInvalid, "<token> is unknown"},
		{[]any{"createCustomer"}, avangate.CustomerInvalid, "<Customer> must be given"},
		{[]any{"createCustomer", "x"}, avangate.CustomerInvalid, "<Customer> must be an object"},
		{[]any{"createCustomer", map[string]any{"FirstName": "A"}}, avangate.CustomerInvalid, "LastName"},
		{[]any{"updateCustomerInformation", map[string]any{"FirstName": "A"}}, avangate.CustomerInvalid, "AvangateCustomerReference or ExternalCustomerReference must be given"},
		{[]any{"updateCustomerInformation", map[string]any{"AvangateCustomerReference": json.Number("1")}}, avangate.CustomerNotFound, ""},
		{[]any{"updateCustomerInformation", map[string]any{"AvangateCustomerReference": json.Number("352365983")}, "perhaps"}, avangate.RequestInvalid, "updateEndUserSubscriptions"},
		{[]any{"getCustomerInformation"}, avangate.CustomerNotFound, "customerReference or externalCustomerReference must be given"},
		{[]any{"getCustomerInformation", "352365983", "NoCards1"}, avangate.CustomerNotFound, ""},
		{[]any{"getCustomerInformation", "352365983", nil, "maybe"}, avangate.RequestInvalid, "includePaymentData"},
		{[]any{"addSubscription"}, avangate.SubscriptionInvalid, "<SubscriptionImport> must be given"},
		{[]any{"addSubscription", map[string]any{"StartDate": "2026-01-01"}}, avangate.SubscriptionInvalid, "ProductId"},
		{[]any{"getSubscription"}, avangate.SubscriptionNotFound, ""},
		{[]any{"getCustomerSubscriptions", nil, "Nobody"}, avangate.CustomerNotFound, ""},
	} {
		_, err := c.call(bad.ask[0].(string), bad.ask[1:]...)
		if wantFault(t, err, bad.code, bad.message); t.Failed() {
			t.Fatalf("in %v", bad.ask)
		}
	}
}

func TestTokenOfACartLinkTellsTheCustomerWithCards(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	link, err := c.call("getSingleSignOnInCart", "352365983", "AvangateCustomerReference", buyLink, "50", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link.(string), "logintoken=")
	const want = `{"AvangateCustomerReference":352365983,"ExternalCustomerReference":"HotTalks1Customer123","FirstName":"John","LastName":"Newman","Company":"","FiscalCode":"",` +
		`"Address1":"12 Orchard Street","Address2":"","City":"Springfield","State":"Illinois","Zip":"62704","CountryCode":"us","Phone":"2175550100","Fax":"",` +
		`"Email":"john.newman@example.com","ExistingCards":[` +
		`{"CardType":"visa","LastDigits":"1111","ExpirationMonth":"12","ExpirationYear":"2029","CardholderName":"John Newman","TransientToken":{"Token":"tok-visa"}},` +
		`{"CardType":"mastercard","LastDigits":"4444","ExpirationMonth":"3","ExpirationYear":"2028","CardholderName":"John Newman","TransientToken":{"Token":"tok-mc"}}],` +
		`"Enabled":true,"Trial":false,"Language":"en","Credit":{"Limit":51.00,"Remaining":21.50,"Currency":"EUR"}}`
	if diff := cmp.Diff(want, c.want("getCustomerInformationBySSOToken", token)); diff != "" {
		t.Errorf("customer (-want +got):\n%s", diff)
	}
	_, err = login(w, "OTHERSHOP", "OTHER_SECRET").call("getCustomerInformationBySSOToken", token)
	wantFault(t, err, avangate.SSOTokenInvalid, "<token> is unknown or no longer valid")
	w.Clock.Advance(51 * time.Second)
	_, err = c.call("getCustomerInformationBySSOToken", token)
	wantFault(t, err, avangate.SSOTokenInvalid, "<token> is unknown or no longer valid")
}

func TestCardTokensComeOnlyWhenAskedFor(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	if got := c.want("getCustomerInformation", "352365983"); strings.Contains(got, "tok-visa") || strings.Contains(got, "TransientToken") || !strings.Contains(got, `"LastDigits":"1111"`) {
		t.Errorf("got %s", got)
	}
	if got := c.want("getCustomerInformation", nil, "HotTalks1Customer123", true); !strings.Contains(got, "tok-visa") {
		t.Errorf("got %s", got)
	}
	if got := c.want("getCustomerInformation", "352365984"); !strings.Contains(got, `"ExistingCards":[]`) {
		t.Errorf("got %s", got)
	}
}

func TestCustomerIsCreatedAndChanged(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	fields := map[string]any{
		"ExternalCustomerReference": "New1", "FirstName": "Ada", "LastName": "Byron", "Address1": "1 Engine Road", "City": "London", "Zip": "N1", "CountryCode": "GB",
		"Email": "ada@example.com", "ExistingCards": []any{}, "Enabled": "true",
	}
	id := c.want("createCustomer", fields)
	if len(id) != 9 {
		t.Fatalf("got %s, want an int of 9 digits", id)
	}
	if got := c.want("updateCustomerInformation", map[string]any{"ExternalCustomerReference": "New1", "City": "Ockham", "Company": nil}, nil); got != "true" {
		t.Errorf("got %s, want true", got)
	}
	if got := c.want("updateCustomerInformation", map[string]any{"AvangateCustomerReference": json.Number(id), "ExternalCustomerReference": "New2"}, "0"); got != "true" {
		t.Errorf("got %s, want true", got)
	}
	got := c.want("getCustomerInformation", nil, "New2")
	for _, part := range []string{`"City":"Ockham"`, `"FirstName":"Ada"`, `"CountryCode":"gb"`, `"Enabled":false`, `"AvangateCustomerReference":` + id} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s, want %s in it", got, part)
		}
	}
}

func TestSubscriptionIsStoredAndListed(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	reference := strings.Trim(c.want("addSubscription", map[string]any{
		"ExternalCustomerReference": "NoCards1", "StartDate": "2026-11-01", "ExpirationDate": "2027-11-01", "RecurringEnabled": "NO",
		"Product": map[string]any{"ProductId": json.Number("4639321"), "ProductQuantity": "2", "PriceOptionCodes": []any{"users-5"}},
		"EndUser": map[string]any{"FirstName": "Eva", "LastName": "Keller", "Email": "eva@example.com"},
	}), `"`)
	if len(reference) != 10 || strings.Trim(reference, "0123456789ABCDEF") != "" {
		t.Fatalf("got %s, want 10 upper-case hexadecimal digits", reference)
	}
	got := c.want("getSubscription", reference)
	for _, part := range []string{`"RecurringEnabled":false`, `"ProductQuantity":2`, `"PriceOptionCodes":["users-5"]`, `"FirstName":"Eva"`, `"AvangateCustomerReference":"352365984"`} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s, want %s in it", got, part)
		}
	}
	if got := c.want("getCustomerSubscriptions", "352365984"); strings.Count(got, `"SubscriptionReference"`) != 2 {
		t.Errorf("got %s, want two subscriptions", got)
	}
	c.want("updateCustomerInformation", map[string]any{"ExternalCustomerReference": "NoCards1", "FirstName": "Mia"}, "true")
	if got := c.want("getSubscription", reference); !strings.Contains(got, `"EndUser":{"FirstName":"Mia"`) {
		t.Errorf("got %s, want the customer as end user", got)
	}
	if got := c.want("getCustomerSubscriptions", nil, "a/b c?ö%2F"); got != "[]" {
		t.Errorf("got %s, want an empty list", got)
	}
}

// PHP sends 0 for an empty number that the description has.
func TestAReferenceOfZeroIsNotGiven(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	for _, zero := range []any{json.Number("0"), "0", ""} {
		c.want("updateCustomerInformation", map[string]any{"AvangateCustomerReference": zero, "ExternalCustomerReference": "NoCards1", "City": "Bonn"})
		c.want("addSubscription", newSubscription("AvangateCustomerReference", zero))
		_, err := c.call("updateCustomerInformation", map[string]any{"AvangateCustomerReference": zero, "City": "Bonn"})
		wantFault(t, err, avangate.CustomerInvalid, "AvangateCustomerReference or ExternalCustomerReference must be given")
	}
}

func TestAnyStatusThatIsAnsweredCanBeSentBack(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	for _, status := range []any{nil, "", "ACTIVE", "PastDue", "EXPIRED", "disabled"} {
		c.want("addSubscription", newSubscription("Status", status))
	}
}

func TestTheCustomerOfALinkMayBeCalledCustomer(t *testing.T) {
	w := avangatetest.New(t)
	session := login(w, "AVANGATE", "SECRET_KEY").session
	args := []avangate.Argument{
		{Name: "url", Value: buyLink, ByName: true},
		{Name: "customer", Value: "352365983", ByName: true},
		{Name: "customerType", Value: "AvangateCustomerReference", ByName: true},
		{Name: "sessionID", Value: session, ByName: true},
	}
	if _, err := invokeNamed(w, "getSingleSignOnInCart", args...); err != nil {
		t.Error(err)
	}
	_, err := invokeNamed(w, "getSingleSignOnInCart", append(args, avangate.Argument{Name: "idCustomer", Value: "352365983", ByName: true})...)
	wantFault(t, err, avangate.RequestInvalid, "<idCustomer> must not be given twice")
}

// Described by a type, PHP makes true of NO, and of a list the text Array.
func TestArgumentsThatAreSaidInManyWaysHaveAnyType(t *testing.T) {
	for method, name := range map[string]string{
		"updateCustomerInformation": "updateEndUserSubscriptions", "getCustomerInformation": "includePaymentData", "getSingleSignOnByCustomer": "request",
		"getSingleSignOnInCart": "validityTime",
	} {
		m, _ := avangate.FindMethod(method)
		found := false
		for _, p := range m.Params {
			found = found || p.Name == name && p.Type.Kind() == reflect.Interface
		}
		if !found {
			t.Errorf("%s of %s has a type", name, method)
		}
	}
}

func TestRefusalsAreTracedWithWhatCame(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	_, err := c.call("getSingleSignOnByCustomer", "352365983", "AvangateCustomerReference", "my_subscription", "code=DC47E143FA")
	if err == nil {
		t.Fatal("no fault")
	}
	traces := w.SignOn.Traces("TESTCODE00")
	last := traces[len(traces)-1]
	if last.Operation != signon.OpIssue || last.Failed != signon.CheckReference || last.Received != "code=DC47E143FA" {
		t.Errorf("got %+v", last)
	}
	if _, err = c.call("getSingleSignOnInCart", "352365983", "AvangateCustomerReference", buyLink, "soon"); err == nil {
		t.Fatal("no fault")
	}
	traces = w.SignOn.Traces("TESTCODE00")
	if last = traces[len(traces)-1]; last.Failed != signon.CheckArguments || last.Received != "soon" || !strings.HasPrefix(last.Expected, "validityTime must be") {
		t.Errorf("got %+v", last)
	}
}

func TestAnOutcomeThatIsNotKnownIsUnavailable(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	w.Store.Err = signon.Unavailable("write", errors.New("disk away"))
	_, err := c.call("getSingleSignOnInCart", "352365983", "AvangateCustomerReference", buyLink)
	wantFault(t, err, avangate.Unavailable, "safe to try again")
}

func TestMethodsHaveRoomForTheirParameters(t *testing.T) {
	for _, m := range avangate.Methods() {
		if len(m.Params) > 8 || m.About == "" || m.Result == nil {
			t.Errorf("%s is not declared in full", m.Name)
		}
		for _, p := range m.Params {
			if p.About == "" || p.Type == nil {
				t.Errorf("%s of %s is not declared in full", p.Name, m.Name)
			}
		}
		if m.Name != "login" && m.Params[0].Name != "sessionID" {
			t.Errorf("%s does not begin with a session", m.Name)
		}
	}
}
