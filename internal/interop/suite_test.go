package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dev"
)

var (
	sessionForm = regexp.MustCompile(`^[a-z0-9]{32}$`)
	ending      = regexp.MustCompile(`[?&]logintoken=([0-9a-f]{40})$`)
)

// TestClients has every client call every method, as its users do.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, k)
			for _, promise := range promises {
				if promise.by == nil || promise.by(c) {
					t.Run(promise.name, func(t *testing.T) { promise.kept(t, c) })
				}
			}
			for method := range methods {
				if !c.answered[method] && !c.noObjects {
					t.Errorf("%s has never come to a result", method)
				}
			}
		})
	}
}

var promises = []struct {
	name string
	kept func(*testing.T, *client)
	// by says which clients can show it; nil means all.
	by func(*client) bool
}{
	{"a login opens a session", loginOpensASession, nil},
	{"a wrong proof opens none", wrongProofOpensNone, nil},
	{"nothing is told without a session", nothingWithoutASession, nil},
	{"nothing is told to another vendor", nothingToAnotherVendor, nil},
	{"a cart link is the URL and a token", cartLinkIsURLAndToken, nil},
	{"a token tells its customer with cards", tokenTellsItsCustomer, nil},
	{"account links lead to pages", accountLinksLeadToPages, nil},
	{"a bad argument is named by its code", badArgumentIsNamed, nil},
	{"a customer is made, changed and read", customerIsMadeChangedAndRead, passesObjects},
	{"a subscription is added and read", subscriptionIsAddedAndRead, passesObjects},
	{"subscriptions are a list however many there are", subscriptionsAreAList, passesObjects},
	{"an unknown method is a fault", unknownMethodIsAFault, callsAnything},
}

func passesObjects(c *client) bool { return !c.noObjects }
func callsAnything(c *client) bool { return !c.described }

func loginOpensASession(t *testing.T, c *client) {
	for _, algorithm := range []string{"md5", "sha256", "sha3-256"} {
		if algorithm == "sha3-256" && c.noSHA3 {
			continue
		}
		proof := c.proof(t, dev.MerchantCode, dev.SecretKey, algorithm)
		ways := map[string][]any{
			"by name":               proof,
			"by name in upper case": {proof[0], proof[1], proof[2], strings.ToUpper(algorithm)},
		}
		if algorithm != "sha3-256" {
			ways["unnamed"], ways["null"], ways["empty"] = proof[:3], append(proof[:3:3], nil), append(proof[:3:3], "")
		}
		for way, proof := range ways {
			if got := c.getText(t, "login", proof...); !sessionForm.MatchString(got) {
				t.Errorf("%s %s: got %q, want 32 letters and digits", algorithm, way, got)
			}
		}
	}
}

func wrongProofOpensNone(t *testing.T, c *client) {
	for _, proof := range [][]any{
		c.proof(t, dev.MerchantCode, "ANOTHER_KEY", "sha256"),
		c.proof(t, "NOBODY", dev.SecretKey, "md5"),
		{dev.MerchantCode, "", "", nil},
	} {
		c.refused(t, "AUTHENTICATION_FAILED", "Authentication failed", "login", proof...)
	}
}

// expired is what published clients look for, to log in again on their own.
const expired = "Invalid hash provided or session expired"

func nothingWithoutASession(t *testing.T, c *client) {
	for s, session := range []any{strings.Repeat("a", 32), "", nil} {
		for method, args := range map[string][]any{
			"getSingleSignOnInCart":            {session, john, byID, buyLink, 50, nil},
			"getSingleSignOnByCustomer":        {session, john, byID, "index", nil, 50, nil, nil},
			"getSingleSignOn":                  {session, "123D40F123", nil, 50, nil, nil, nil},
			"getCustomerInformationBySSOToken": {session, strings.Repeat("0", 40)},
			"createCustomer":                   {session, newCustomer()},
			"updateCustomerInformation":        {session, map[string]any{"AvangateCustomerReference": 352365984}, false},
			"getCustomerInformation":           {session, john, nil, true},
			"addSubscription":                  {session, map[string]any{"StartDate": "2026-01-01"}},
			"getSubscription":                  {session, "123D40F123"},
			"getCustomerSubscriptions":         {session, john, nil},
		} {
			if s == 0 || c.takes(len(method)+s) {
				c.refused(t, "FORBIDDEN", expired, method, args...)
			}
		}
	}
}

func nothingToAnotherVendor(t *testing.T, c *client) {
	link := c.getText(t, "getSingleSignOnInCart", c.login(t), john, byID, buyLink, 50, nil)
	other := c.getText(t, "login", c.proof(t, dev.OtherMerchantCode, dev.OtherSecretKey, "sha256")...)
	c.refused(t, "CUSTOMER_NOT_FOUND", "", "getCustomerInformation", other, john, nil, false)
	c.refused(t, "CUSTOMER_NOT_FOUND", "", "getSingleSignOnByCustomer", other, john, byID, nil, nil, nil, nil, nil)
	c.refused(t, "SUBSCRIPTION_NOT_FOUND", "", "getSubscription", other, "123D40F123")
	c.refused(t, "SSO_TOKEN_INVALID", "", "getCustomerInformationBySSOToken", other, tokenOf(t, link))
}

// tokenOf returns the token that a link ends with.
func tokenOf(t *testing.T, link string) string {
	t.Helper()
	found := ending.FindStringSubmatch(link)
	if found == nil {
		t.Fatalf("got link %q, want one that ends with its token", link)
	}
	return found[1]
}

func cartLinkIsURLAndToken(t *testing.T, c *client) {
	session := c.login(t)
	for _, args := range [][]any{
		{john, byID, buyLink, 50, nil},
		{john, byIDLater, buyLink, 86400, ""},
		{johnsOwn, byOwn, buyLink, "50", "192.0.2.7"},
		{mariasOwn, byOwn, buyLink, nil, "2001:db8::1"},
		{maria, byID, buyLink, nil, nil},
		{john, byID, buyLink, 1},
		{john, byID, buyLink},
		{john, byID, "https://store.YourCustomDomain.com/order/checkout.php?PRODS=1112233,4586004&QTY=1,2&COUPON=a%26b%3D%3C", 50, nil},
	} {
		link := c.getText(t, "getSingleSignOnInCart", append([]any{session}, args...)...)
		if url := args[2].(string); link != url+"&logintoken="+tokenOf(t, link) {
			t.Errorf("%v: got %q", args, link)
		}
	}
}

func tokenTellsItsCustomer(t *testing.T, c *client) {
	session := c.login(t)
	link := c.getText(t, "getSingleSignOnInCart", session, john, byID, buyLink, 50, nil)
	for range 2 { // nothing is spent
		got := c.get(t, "getCustomerInformationBySSOToken", session, tokenOf(t, link))
		c.same(t, "customer", got, johnFields(true))
	}
	c.same(t, "by reference", c.get(t, "getCustomerInformation", session, john, nil, false), johnFields(false))
	c.same(t, "by both references", c.get(t, "getCustomerInformation", session, john, johnsOwn, true), johnFields(true))
	c.same(t, "by own reference, the rest left out", c.get(t, "getCustomerInformation", session, nil, johnsOwn), johnFields(false))

	link = c.getText(t, "getSingleSignOnInCart", session, maria, byID, buyLink, 50, nil)
	got, _ := c.get(t, "getCustomerInformationBySSOToken", session, tokenOf(t, link)).(map[string]any)
	c.same(t, "the cards of somebody who has none", got["ExistingCards"], []any{})

	account := c.getText(t, "getSingleSignOnByCustomer", session, john, byID, nil, nil, 50, nil, nil)
	for _, token := range []any{tokenOf(t, account), strings.Repeat("0", 40), strings.ToUpper(tokenOf(t, link)), "x", "", nil} {
		c.refused(t, "SSO_TOKEN_INVALID", "", "getCustomerInformationBySSOToken", session, token)
	}
}

func accountLinksLeadToPages(t *testing.T, c *client) {
	session := c.login(t)
	leads := func(path, method string, args ...any) {
		t.Helper()
		link := c.getText(t, method, append([]any{session}, args...)...)
		if want := demo.url(t) + path + "logintoken=" + tokenOf(t, link); link != want {
			t.Errorf("%s %v: got %q, want %q", method, args, link, want)
		}
	}
	leads("/myaccount/?", "getSingleSignOnByCustomer", john, byID)
	leads("/myaccount/?", "getSingleSignOnByCustomer", john, byID, nil, nil, nil, nil, nil)
	leads("/myaccount/?", "getSingleSignOnByCustomer", john, byID, "", "", "", "", "")
	leads("/myaccount/user_data/?lang=de&", "getSingleSignOnByCustomer", johnsOwn, byOwn, "user_data", nil, 50, "192.0.2.7", "de")
	leads("/myaccount/my_subscription/?code=123D40F123&", "getSingleSignOnByCustomer", john, byIDLater, "my_subscription", "code=123D40F123", 50, nil, nil)
	leads("/myaccount/my_subscription/?code=115D3F5ED1&", "getSingleSignOnByCustomer", john, byID, "my_subscription", "Request[]=code=115D3F5ED1", 50)
	leads("/myaccount/?", "getSingleSignOn", "123D40F123")
	leads("/myaccount/?", "getSingleSignOn", "DC47E143FA", nil, nil, nil, nil, nil) // it has expired
	leads("/myaccount/view_order/?code=123D40F123&", "getSingleSignOn", "123D40F123", "John.Newman@example.com", 50, "view_order", "192.0.2.7", nil)
	leads("/support/?lang=fr&", "getSingleSignOn", "123D40F123", "", "50", "faq", "", "fr")
}

// refusal is a fault, and a call of which it must come, without the session.
type refusal struct {
	code, says, method string
	args               []any
}

func badArgumentIsNamed(t *testing.T, c *client) {
	session := c.login(t)
	const evil, express = "https://evil.example/order/checkout.php?PRODS=1", "https://store.avancart.com/checkout/buy?merchant=AVANGATE&prod=1"
	bad := []refusal{
		{"CUSTOMER_NOT_FOUND", "", "getSingleSignOnInCart", []any{"999999999", byID, buyLink}},
		{"CUSTOMER_NOT_FOUND", "", "getSingleSignOnInCart", []any{johnsOwn, byID, buyLink}},
		{"CUSTOMER_NOT_FOUND", "", "getSingleSignOnInCart", []any{"hottalks1customer123", byOwn, buyLink}},
		{"CUSTOMER_TYPE_INVALID", "customerType", "getSingleSignOnInCart", []any{john, "Customer", buyLink}},
		{"URL_INVALID", "url", "getSingleSignOnInCart", []any{john, byID, evil}},
		{"URL_INVALID", "url", "getSingleSignOnInCart", []any{john, byID, "https://store.avancart.com/order/checkout.php"}},
		{"URL_INVALID", "url", "getSingleSignOnInCart", []any{john, byID, "http://store.avancart.com/order/checkout.php?PRODS=1"}},
		{"URL_INVALID", "url", "getSingleSignOnInCart", []any{john, byID, ""}},
		{"URL_INVALID", "url", "getSingleSignOnInCart", []any{john, byID, nil}},
		{"URL_NOT_SUPPORTED", "url", "getSingleSignOnInCart", []any{john, byID, express}},
		{"VALIDITY_TIME_INVALID", "validityTime", "getSingleSignOnInCart", []any{john, byID, buyLink, 0, nil}},
		{"VALIDITY_TIME_INVALID", "validityTime", "getSingleSignOnInCart", []any{john, byID, buyLink, -1, nil}},
		{"VALIDITY_TIME_INVALID", "validityTime", "getSingleSignOnInCart", []any{john, byID, buyLink, 86401, nil}},
		{"VALIDITY_TIME_INVALID", "validityTime", "getSingleSignOnInCart", []any{john, byID, buyLink, 10.5, nil}},
		{"VALIDITY_TIME_INVALID", "validityTime", "getSingleSignOnInCart", []any{john, byID, buyLink, "1e3", nil}},
		{"VALIDITY_TIME_INVALID", "validityTime", "getSingleSignOnInCart", []any{john, byID, buyLink, "ten", nil}},
		{"VALIDATION_IP_INVALID", "validationIp", "getSingleSignOnInCart", []any{john, byID, buyLink, 50, "localhost"}},
		{"VALIDATION_IP_INVALID", "validationIp", "getSingleSignOnInCart", []any{john, byID, buyLink, 50, "192.0.2.7, 192.0.2.8"}},
		{"PAGE_INVALID", "page", "getSingleSignOnByCustomer", []any{john, byID, "nonsense"}},
		{"PAGE_INVALID", "request", "getSingleSignOnByCustomer", []any{john, byID, "my_subscription", "123D40F123"}},
		{"SUBSCRIPTION_NOT_FOUND", "", "getSingleSignOnByCustomer", []any{john, byID, "my_subscription", "code=DC47E143FA"}},
		{"LANGUAGE_INVALID", "languageCode", "getSingleSignOnByCustomer", []any{john, byID, nil, nil, nil, nil, "xx"}},
		{"SUBSCRIPTION_NOT_FOUND", "", "getSingleSignOn", []any{"0000000000"}},
		{"EMAIL_INVALID", "email", "getSingleSignOn", []any{"123D40F123", "nobody@example.com"}},
		{"PAGE_INVALID", "accessPage", "getSingleSignOn", []any{"123D40F123", nil, nil, "nonsense"}},
		{"CUSTOMER_NOT_FOUND", "", "getCustomerInformation", []any{"999999999", nil, false}},
		{"CUSTOMER_NOT_FOUND", "", "getCustomerInformation", []any{john, mariasOwn, false}},
		{"SUBSCRIPTION_NOT_FOUND", "", "getSubscription", []any{"0000000000"}},
		{"CUSTOMER_NOT_FOUND", "", "getCustomerSubscriptions", []any{"999999999", nil}},
	}
	objects := []refusal{
		{"CUSTOMER_INVALID", "City", "createCustomer", []any{without(newCustomer(), "City")}},
		{"CUSTOMER_INVALID", "CountryCode", "createCustomer", []any{with(newCustomer(), "CountryCode", "xx")}},
		{"CUSTOMER_INVALID", "Customer", "createCustomer", []any{nil}},
		{"CUSTOMER_NOT_FOUND", "", "updateCustomerInformation", []any{map[string]any{"AvangateCustomerReference": 999999999, "City": "Peoria"}, false}},
		{"CUSTOMER_INVALID", "Email", "updateCustomerInformation", []any{map[string]any{"AvangateCustomerReference": 352365984, "Email": "nobody"}, false}},
		{"SUBSCRIPTION_INVALID", "Product.ProductId", "addSubscription", []any{map[string]any{"StartDate": "2026-01-31", "ExternalCustomerReference": johnsOwn}}},
		{"SUBSCRIPTION_INVALID", "CardPayment.CardNumber must not be sent", "addSubscription", []any{newSubscription(johnsOwn), map[string]any{"CardNumber": "4111111111111111"}}},
		{"SUBSCRIPTION_INVALID", "StartDate", "addSubscription", []any{with(newSubscription(johnsOwn), "StartDate", "31 January")}},
	}
	if !c.noObjects {
		bad = append(bad, objects...)
	}
	for i, b := range bad {
		if !c.takes(i) {
			continue
		}
		c.refused(t, b.code, b.says, b.method, append([]any{session}, b.args...)...)
	}
}

func customerIsMadeChangedAndRead(t *testing.T, c *client) {
	session := c.login(t)
	own := unique(c)
	id := fmt.Sprint(c.get(t, "createCustomer", session, with(newCustomer(), "ExternalCustomerReference", own)))
	if number, err := strconv.Atoi(id); err != nil || len(id) != 9 {
		t.Fatalf("got reference %q, want nine digits", id)
	} else {
		c.same(t, "the customer", c.get(t, "getCustomerInformation", session, id, nil, true), created(number, own))
	}
	reference, _ := strconv.Atoi(id)
	changed := c.get(t, "updateCustomerInformation", session, map[string]any{
		"AvangateCustomerReference": reference, "City": "Düsseldorf", "Phone": "0211 55", "Language": "fr",
	}, false)
	c.same(t, "the change", changed, true)
	want := created(reference, own)
	want["City"], want["Phone"], want["Language"] = "Düsseldorf", "0211 55", "fr"
	c.same(t, "the changed customer", c.get(t, "getCustomerInformation", session, nil, own, false), want)
	// What was read can be sent back as it came.
	c.same(t, "sent back", c.get(t, "updateCustomerInformation", session, c.get(t, "getCustomerInformation", session, id, nil, true)), true)
	c.same(t, "the same customer", c.get(t, "getCustomerInformation", session, id), want)
	johnAsRead := c.get(t, "getCustomerInformation", session, john, nil, true)
	c.same(t, "sent back with cards", c.get(t, "updateCustomerInformation", session, johnAsRead, false), true)
	c.same(t, "the same customer with cards", c.get(t, "getCustomerInformation", session, john, nil, true), johnFields(true))
}

func subscriptionIsAddedAndRead(t *testing.T, c *client) {
	session := c.login(t)
	own := "S-" + unique(c)
	id := fmt.Sprint(c.get(t, "createCustomer", session, with(newCustomer(), "ExternalCustomerReference", own)))
	reference := c.getText(t, "addSubscription", session, newSubscription(own))
	if !regexp.MustCompile(`^[0-9A-F]{10}$`).MatchString(reference) {
		t.Errorf("got reference %q, want ten upper-case hexadecimal digits", reference)
	}
	customer := newCustomer()
	want := fields{
		"SubscriptionReference": reference, "StartDate": "2026-01-31", "ExpirationDate": "2036-01-31", "RecurringEnabled": true, "SubscriptionEnabled": true,
		"Product": fields{
			"ProductCode": "HOT-TALKS", "ProductId": "4639321", "ProductName": "Hot Talks & Müll", "ProductVersion": "4.2", "ProductQuantity": 3,
			"PriceOptionCodes": []any{},
		},
		"EndUser": fields{
			"FirstName": customer["FirstName"], "LastName": customer["LastName"], "Email": customer["Email"], "Company": customer["Company"], "Phone": "", "Fax": "",
			"Address1": customer["Address1"], "Address2": "", "Zip": customer["Zip"], "City": customer["City"], "State": "", "CountryCode": "de", "Language": "",
		},
		"SKU": "HT-4", "DeliveryInfo": fields{"Description": "", "Codes": []any{}}, "ReceiveNotifications": true, "Lifetime": false, "PartnerCode": "",
		"AvangateCustomerReference": id, "ExternalCustomerReference": own, "TestSubscription": false, "IsTrial": false, "Status": "ACTIVE",
	}
	c.same(t, "subscription", c.get(t, "getSubscription", session, reference), want)
	c.same(t, "list of one", c.get(t, "getCustomerSubscriptions", session, id, nil), []any{want})

	loose := with(newSubscription(own), "RecurringEnabled", "NO")
	c.same(t, "a flag in words", c.get(t, "getSubscription", session, c.getText(t, "addSubscription", session, loose)).(map[string]any)["RecurringEnabled"], false)
}

func subscriptionsAreAList(t *testing.T, c *client) {
	session := c.login(t)
	own := "N-" + unique(c)
	c.get(t, "createCustomer", session, with(newCustomer(), "ExternalCustomerReference", own))
	for want, args := range map[int][]any{
		0: {session, nil, own}, 1: {session, maria}, 2: {session, "", johnsOwn},
	} {
		result := c.get(t, "getCustomerSubscriptions", args...)
		if list, ok := result.([]any); !ok || len(list) != want {
			t.Errorf("got %T %v, want a list of %d", result, result, want)
		}
	}
	delivered, _ := c.get(t, "getSubscription", session, "123D40F123").(map[string]any)
	c.same(t, "what was delivered", delivered["DeliveryInfo"], fields{
		"Description": "Your activation code",
		"Codes":       []any{fields{"Code": "HT4-DEMO-ACTIVATION", "File": "", "Description": "Activation code", "ExtraInfo": ""}},
	})
}

func unknownMethodIsAFault(t *testing.T, c *client) {
	code, message := "SOAP-ENV:Server", "Procedure 'noSuchMethod' not present"
	if c.rpc {
		code, message = "REQUEST_INVALID", "Method not found"
	}
	c.refused(t, code, message, "noSuchMethod")
}

// TestPHPListsEveryMethod: what SoapClient reads in the description is what the
// contract has, in names and order of arguments.
func TestPHPListsEveryMethod(t *testing.T) {
	t.Parallel()
	c := start(t, kinds[0])
	listed, _ := c.ask(t, request{Method: "__getFunctions"}).Result.([]any)
	got := map[string][]string{}
	for _, signature := range listed {
		text, _ := signature.(string) // "string login(string $merchantCode, …)"
		_, text, _ = strings.Cut(strings.TrimSuffix(text, ")"), " ")
		method, arguments, _ := strings.Cut(text, "(")
		for _, argument := range strings.Split(arguments, ", ") {
			_, name, _ := strings.Cut(argument, "$")
			got[method] = append(got[method], name)
		}
	}
	if diff := cmp.Diff(methods, got); diff != "" {
		t.Errorf("methods (-contract +description):\n%s", diff)
	}
}
