package soap_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

// object writes an object, by name and value in turn.
func object(name string, members ...string) string {
	text := "<" + name + ">"
	for i := 0; i < len(members); i += 2 {
		text += "<" + members[i] + ">" + escape(members[i+1]) + "</" + members[i] + ">"
	}
	return text + "</" + name + ">"
}

// TestEveryMethod makes calls by position, with "S" for a session and "T" for
// the token of a cart link.
func TestEveryMethod(t *testing.T) {
	const (
		internal, external = "AvangateCustomerReference", "ExternalCustomerReference"
		nobody             = "No customer has this reference"
	)
	ann := object("Customer", "FirstName", "Ann", "LastName", "Lee", "Address1", "1 High Street", "City", "Leeds", "Zip", "LS1", "CountryCode", "GB", "Email", "ann@example.com")
	subscription := object("SubscriptionImport", "StartDate", "2026-11-01", "ExpirationDate", "2027-11-01", "ExternalCustomerReference", "NoCards1")
	subscription = strings.Replace(subscription, "</Sub", object("Product", "ProductId", "4639321")+"</Sub", 1)
	w := newWorld(t)
	session := w.login("AVANGATE")
	tried := map[string]bool{"login": true}
	for _, c := range []struct {
		method string
		args   []string // texts, or XML
		answer string   // a pattern of the result
		code   avangate.Code
		text   string // of the fault
	}{
		{"login", []string{"AVANGATE", "2026-11-21 12:00:00", "x"}, "", avangate.AuthenticationFailed, "Authentication failed"},
		{"login", nil, "", avangate.AuthenticationFailed, "Authentication failed"},
		{"login", []string{"<code><x/></code>"}, "", avangate.AuthenticationFailed, "Authentication failed"},

		{"getSingleSignOnInCart", []string{"S", "352365983", internal, buyLink, "50", ""}, `checkout\.php\?PRODS=4639321&amp;QTY=1&amp;CART=1&amp;CARD=2&amp;logintoken=[0-9a-f]{40}<`, "", ""},
		{"getSingleSignOnInCart", []string{"S", "HotTalks1Customer123", external, buyLink, "", "2001:db8::1"}, `logintoken=`, "", ""},
		{"getSingleSignOnInCart", []string{"S", "HotTalks1Customer123", internal, buyLink}, "", avangate.CustomerNotFound, nobody},
		{"getSingleSignOnInCart", []string{"S", "100000001", internal, buyLink}, "", avangate.CustomerNotFound, nobody},
		{"getSingleSignOnInCart", []string{"S", "352365983", "internal", buyLink}, "", avangate.CustomerTypeInvalid, "customerType must be AvangateCustomerReference, 2CheckoutCustomerReference or ExternalCustomerReference"},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, "https://evil.example/order/checkout.php?PRODS=1"}, "", avangate.URLInvalid, "url must be on a registered host and port"},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, "https://store.avancart.com/checkout/?PRODS=1"}, "", avangate.URLNotSupported, ""},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, buyLink, "0"}, "", avangate.ValidityTimeInvalid, "validityTime must be a whole number of seconds, at least 1"},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, buyLink, "86401"}, "", avangate.ValidityTimeInvalid, ""},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, buyLink, "5e1"}, "", avangate.ValidityTimeInvalid, ""},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, buyLink, "50", "localhost"}, "", avangate.ValidationIPInvalid, "validationIp must be one IPv4 or IPv6 address, or empty"},
		{"getSingleSignOnInCart", []string{"S", "352365983", internal, "<url><a>b</a></url>"}, "", avangate.URLInvalid, "url must be text"},

		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal, "my_subscription", "code=123D40F123", "50", "", "de"}, `>https://secure\.2co\.com/myaccount/my_subscription/\?code=123D40F123&amp;lang=de&amp;logintoken=`, "", ""},
		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal, "my_subscription", `<request SOAP-ENC:arrayType="xsd:string[1]"><item>code=123D40F123</item></request>`}, `code=123D40F123&amp;logintoken=`, "", ""},
		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal, "my_subscription", `<request xsi:type="ns2:Map"><item><key>code</key><value>123D40F123</value></item></request>`}, `code=123D40F123&amp;logintoken=`, "", ""},
		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal}, `>https://secure\.2co\.com/myaccount/\?logintoken=`, "", ""},
		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal, "nonsense"}, "", avangate.PageInvalid, ""},
		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal, "my_subscription", "123D40F123"}, "", avangate.PageInvalid, ""},
		{"getSingleSignOnByCustomer", []string{"S", "352365983", internal, "index", "", "", "", "english"}, "", avangate.LanguageInvalid, ""},

		{"getSingleSignOn", []string{"S", "123D40F123", "JOHN.newman@example.com", "50", "view_order", "", "en"}, `myaccount/view_order/\?code=123D40F123&amp;lang=en&amp;logintoken=`, "", ""},
		{"getSingleSignOn", []string{"S", "DC47E143FA"}, `myaccount/\?logintoken=`, "", ""},
		{"getSingleSignOn", []string{"S", "123D40F123", "nobody@example.com"}, "", avangate.EmailInvalid, ""},
		{"getSingleSignOn", []string{"S", "0AE5000001"}, "", avangate.SubscriptionNotFound, "No subscription has this reference"},
		{"getSingleSignOn", []string{"S", "123D40F123", "", "", "my_subscription"}, "", avangate.PageInvalid, ""},

		{"getCustomerInformationBySSOToken", []string{"S", "T"}, `<FirstName>John</FirstName>.*<Token>tok-visa</Token>`, "", ""},
		{"getCustomerInformationBySSOToken", []string{"S", "0123456789abcdef0123456789abcdef01234567"}, "", avangate.SSOTokenInvalid, "singleSignOnToken is unknown or no longer valid"},
		{"getCustomerInformationBySSOToken", []string{"S"}, "", avangate.SSOTokenInvalid, "singleSignOnToken must be given"},

		{"createCustomer", []string{"S", ann}, `<createCustomerReturn xsi:type="xsd:int">[0-9]{9}</createCustomerReturn>`, "", ""},
		{"createCustomer", []string{"S"}, "", avangate.CustomerInvalid, "Customer must be given"},
		{"createCustomer", []string{"S", "Ann"}, "", avangate.CustomerInvalid, "Customer must be an object"},
		{"createCustomer", []string{"S", strings.Replace(ann, "GB", "Britain", 1)}, "", avangate.CustomerInvalid, ""},

		{"updateCustomerInformation", []string{"S", object("Customer", internal, "352365984", "FirstName", "Marie"), "true"}, `<updateCustomerInformationReturn xsi:type="xsd:boolean">true<`, "", ""},
		{"updateCustomerInformation", []string{"S", object("Customer", internal, "100000001")}, "", avangate.CustomerNotFound, nobody},
		{"updateCustomerInformation", []string{"S", object("Customer", "FirstName", "Marie")}, "", avangate.CustomerInvalid, "AvangateCustomerReference or ExternalCustomerReference must be given"},
		{"updateCustomerInformation", []string{"S", object("Customer", internal, "352365984"), "perhaps"}, "", avangate.RequestInvalid, "updateEndUserSubscriptions must be true or false"},

		{"getCustomerInformation", []string{"S", "352365983"}, `<CardholderName>John Newman</CardholderName></item>`, "", ""},
		{"getCustomerInformation", []string{"S", "", "HotTalks1Customer123", "1"}, `<Token>tok-mc</Token>`, "", ""},
		{"getCustomerInformation", []string{"S", "100000001"}, "", avangate.CustomerNotFound, nobody},
		{"getCustomerInformation", []string{"S"}, "", avangate.CustomerNotFound, "customerReference or externalCustomerReference must be given"},

		{"addSubscription", []string{"S", subscription}, `<addSubscriptionReturn>[0-9A-F]{10}</addSubscriptionReturn>`, "", ""},
		{"addSubscription", []string{"S", strings.Replace(subscription, "NoCards1", "Other1", 1)}, "", avangate.CustomerNotFound, nobody},
		{"addSubscription", []string{"S", object("SubscriptionImport", "StartDate", "soon")}, "", avangate.SubscriptionInvalid, "StartDate must be a day in the form YYYY-MM-DD"},

		{"getSubscription", []string{"S", "DC47E143FA"}, `<getSubscriptionReturn xsi:type="ns1:Subscription"><SubscriptionReference>DC47E143FA<.*<Status>EXPIRED</Status>`, "", ""},
		{"getSubscription", []string{"S", "0AE5000001"}, "", avangate.SubscriptionNotFound, "No subscription has this reference"},

		{"getCustomerSubscriptions", []string{"S", "352365983"}, `SOAP-ENC:arrayType="ns1:Subscription\[2\]"`, "", ""},
		{"getCustomerSubscriptions", []string{"S", "352365985"}, `SOAP-ENC:arrayType="ns1:Subscription\[0\]" xsi:type="SOAP-ENC:Array"></getCustomerSubscriptionsReturn>`, "", ""},
		{"getCustomerSubscriptions", []string{"S", "", "Other1"}, "", avangate.CustomerNotFound, nobody},
	} {
		w.caller = w.caller.Next() // too many failures from one address are another test
		values := slices.Clone(c.args)
		for i, v := range values {
			switch {
			case v == "S":
				values[i] = texts(session)[0]
			case v == "T":
				values[i] = strings.ReplaceAll(texts("", w.cartToken(session))[1], "param1", "token")
			case !strings.HasPrefix(v, "<"):
				values[i] = texts(v)[0]
			}
		}
		a := w.call(c.method, values...)
		if c.code == "" {
			tried[c.method] = true
			if a.Code != 200 || !regexp.MustCompile(c.answer).MatchString(a.Body.String()) {
				t.Errorf("%s %v: got %d %s, want %s", c.method, c.args, a.Code, a.Body, c.answer)
			}
			continue
		}
		got := faultOf(t, a)
		if want := (fault{500, string(c.code), c.text}); got != want && (c.text != "" || got.Code != want.Code) {
			t.Errorf("%s %v: got %+v, want %+v", c.method, c.args, got, want)
		}
	}
	for _, m := range avangate.Methods() {
		if !tried[m.Name] {
			t.Errorf("%s never succeeded", m.Name)
		}
	}
}

func TestSessionEndsTenMinutesAfterLogin(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	get := func() fault {
		if a := w.call("getSubscription", texts(session, "123D40F123")...); a.Code != 200 {
			return faultOf(t, a)
		}
		return fault{Status: 200}
	}
	over := fault{500, "FORBIDDEN", "Invalid hash provided or session expired"}
	for _, step := range []struct {
		advance time.Duration
		want    fault
	}{
		{5 * time.Minute, fault{Status: 200}}, // and using it does not prolong it
		{5*time.Minute - time.Millisecond, fault{Status: 200}},
		{time.Millisecond, over},
		{time.Second, over},
		{time.Hour, over},
	} {
		w.Clock.Advance(step.advance)
		if got := get(); got != step.want {
			t.Errorf("after %s more: got %+v, want %+v", step.advance, got, step.want)
		}
	}
}

func TestWithoutASessionNothingCanBeCalled(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	for _, m := range avangate.Methods() {
		if m.Name == "login" {
			continue
		}
		for name, id := range map[string]string{
			"none": "", "empty": "<sessionID/>", "nil": `<sessionID xsi:nil="true"/>`, "short": "<sessionID>x</sessionID>",
			"another": "<sessionID>" + strings.Repeat("a", 32) + "</sessionID>",
			"capital": "<sessionID>" + strings.ToUpper(session) + "</sessionID>",
			"object":  "<sessionID><x>" + session + "</x></sessionID>",
			"array":   `<sessionID SOAP-ENC:arrayType="xsd:string[1]"><x>` + session + `</x></sessionID>`,
		} {
			got := faultOf(t, w.call(m.Name, id))
			if want := (fault{500, "FORBIDDEN", "Invalid hash provided or session expired"}); got != want {
				t.Errorf("%s, %s: got %+v", m.Name, name, got)
			}
		}
	}
}

func TestAnotherVendorSeesNothing(t *testing.T) {
	w := newWorld(t)
	token := w.cartToken(w.login("AVANGATE"))
	other := w.login("OTHERSHOP")
	const buy = "https://other.example/order/checkout.php?PRODS=1"
	for _, c := range []struct {
		code   avangate.Code
		method string
		args   []string
	}{
		{avangate.CustomerNotFound, "getCustomerInformation", []string{"352365983"}},
		{avangate.CustomerNotFound, "getCustomerInformation", []string{"", "HotTalks1Customer123"}},
		{avangate.CustomerNotFound, "getCustomerSubscriptions", []string{"352365983"}},
		{avangate.CustomerNotFound, "getSingleSignOnInCart", []string{"352365983", "AvangateCustomerReference", buy}},
		{avangate.CustomerNotFound, "getSingleSignOnByCustomer", []string{"HotTalks1Customer123", "ExternalCustomerReference"}},
		{avangate.SubscriptionNotFound, "getSubscription", []string{"123D40F123"}},
		{avangate.SubscriptionNotFound, "getSingleSignOn", []string{"123D40F123"}},
		{avangate.SSOTokenInvalid, "getCustomerInformationBySSOToken", []string{token}},
	} {
		if got := faultOf(t, w.call(c.method, texts(append([]string{other}, c.args...)...)...)); got.Code != string(c.code) {
			t.Errorf("%s: got %+v, want %s", c.method, got, c.code)
		}
	}
	if a := w.call("getCustomerInformation", texts(other, "100000001")...); a.Code != 200 {
		t.Errorf("its own customer: got %d %s", a.Code, a.Body)
	}
}

func TestUnknownMethods(t *testing.T) {
	w := newWorld(t)
	for sent, shown := range map[string]string{
		"getOrder": "getOrder", "Login": "Login", "__construct": "__construct", "été": "?t?", strings.Repeat("x", 100): strings.Repeat("x", 64),
	} {
		w.wantFault(w.call(sent), "SOAP-ENV:Server", "Procedure '"+shown+"' not present")
	}
}

func TestTenFailedLoginsThenALimitWithRetryAfter(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.wantFault(w.call("login", texts("AVANGATE", "2026-11-21 12:00:00", strings.Repeat("0", 32))...), "AUTHENTICATION_FAILED", "Authentication failed")
	}
	a := w.call("login", texts("AVANGATE", "2026-11-21 12:00:00", strings.Repeat("0", 32))...)
	if got := faultOf(t, a); got.Status != 500 || got.Code != "LIMIT_EXCEEDED" || a.Header().Get("Retry-After") == "" {
		t.Errorf("got %+v, Retry-After %q", got, a.Header().Get("Retry-After"))
	}
	w.Clock.Advance(time.Minute)
	w.login("AVANGATE")
}
