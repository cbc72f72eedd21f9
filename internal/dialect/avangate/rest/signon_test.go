package rest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

var tokenAtEnd = regexp.MustCompile(`[?&]logintoken=[0-9a-f]{40}$`)

func TestCartLinkKeepsTheURLByteForByte(t *testing.T) {
	w := newWorld(t)
	for given, want := range map[string]string{
		buyLink: buyLink,
		"https://store.avancart.com/order/checkout.php?PRODS=1,2&QTY=1,1&COUPON=%C3%A4%2B%20x&b=1&a=2":                                    "",
		"https://Store.AvanCart.com:443/order/cart.php?PRODS=1":                                                                           "",
		"http://localhost:8080/order/checkout.php?PRODS=4639321":                                                                          "",
		"https://store.avancart.com/order/checkout.php?PRODS=1#section":                                                                   "https://store.avancart.com/order/checkout.php?PRODS=1",
		"https://store.avancart.com/order/checkout.php?PRODS=1&X=" + strings.Repeat("x", 2048-len(buyLink)+len("&QTY=1&CART=1&CARD=2")-4): "",
	} {
		if want == "" {
			want = given
		}
		for _, customer := range []string{"352365983", "HotTalks1Customer123", "NoCards1"} {
			got := link(t, w.get(cartTarget(customer, given)))
			if end := tokenAtEnd.FindString(got); end == "" || strings.TrimSuffix(got, end) != want || end[0] != '&' {
				t.Errorf("%s for %s: got %s", given, customer, tokenAtEnd.ReplaceAllString(got, "…"))
			}
		}
	}
}

func TestLinkIsAnsweredWithoutEscapingAndUncached(t *testing.T) {
	w := newWorld(t)
	a := w.get(cartTarget("352365983", buyLink))
	if body := a.Body.String(); !strings.HasPrefix(body, `"`+buyLink+"&logintoken=") || len(body) != len(buyLink)+len("&logintoken=")+40+2 {
		t.Errorf("got %d bytes, want the bare JSON string of the link", len(body))
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
		"Content-Length": strconv.Itoa(a.Body.Len()),
	} {
		if got := a.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestAccountLinksLeadToTheirPages(t *testing.T) {
	w := newWorld(t)
	const host = "https://secure.2co.com"
	for target, want := range map[string]string{
		"customers/352365983/account/":                                                     host + "/myaccount/?",
		"customers/352365983/account/index/":                                               host + "/myaccount/?",
		"customers/HotTalks1Customer123/account/user_data/?Lang=de":                        host + "/myaccount/user_data/?lang=de&",
		"customers/352365983/account/faq/?LanguageCode=FR":                                 host + "/support/?lang=fr&",
		"customers/352365983/account/my_subscription/":                                     host + "/myaccount/my_subscription/?",
		"customers/352365983/account/my_subscription/?Request=code%3D115D3F5ED1":           host + "/myaccount/my_subscription/?code=115D3F5ED1&",
		"customers/352365983/account/my_subscription/?Request%5B%5D=code%3D115D3F5ED1":     host + "/myaccount/my_subscription/?code=115D3F5ED1&",
		"customers/352365983/account/my_subscription/?Request[]=code=115D3F5ED1&Lang=en":   host + "/myaccount/my_subscription/?code=115D3F5ED1&lang=en&",
		"customers/NoCards1/account/payment_methods":                                       host + "/myaccount/payment_methods/?",
		"subscriptions/123D40F123/signon/":                                                 host + "/myaccount/?",
		"subscriptions/123D40F123/signon/view_order/?LanguageCode=en":                      host + "/myaccount/view_order/?code=123D40F123&lang=en&",
		"subscriptions/123D40F123/signon/change_card/?Lang=en":                             host + "/myaccount/change_card/?code=123D40F123&lang=en&",
		"subscriptions/DC47E143FA/signon/my_license/?Email=Maria.Keller%40EXAMPLE.com":     host + "/myaccount/my_license/?",
		"subscriptions/123D40F123/signon/my_products/?Email=&ValidationIp=&ValidityTime=&": host + "/myaccount/my_products/?",
	} {
		got := link(t, w.get("/rest/6.0/"+target))
		if rest, ok := strings.CutPrefix(got, want); !ok || !regexp.MustCompile(`^logintoken=[0-9a-f]{40}$`).MatchString(rest) {
			t.Errorf("%s: got %s", target, tokenAtEnd.ReplaceAllString(got, "…"))
		}
	}
}

func TestArgumentErrorsNameArgumentAndRule(t *testing.T) {
	w := newWorld(t)
	cart := func(buy string) string { return cartTarget("352365983", buy)[len("/rest/6.0/"):] }
	const (
		account = "customers/352365983/account/"
		signOn  = "subscriptions/123D40F123/signon/"
	)
	for _, c := range []struct {
		target, code, message string
	}{
		{"customers/352365983/cart/", "URL_INVALID", "Url must be given"},
		{"customers/352365983/cart/?Url=", "URL_INVALID", "Url must be given"},
		{cart("/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be an absolute https URL"},
		{cart("javascript:alert(1)//"), "URL_INVALID", "Url must be"},
		{cart("ftp://store.avancart.com/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be an absolute https URL"},
		{cart("http://store.avancart.com/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be an https URL"},
		{cart("https://store.avancart.com.evil.example/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be on a registered host"},
		{cart("https://evil.example/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be on a registered host"},
		{cart("https://store.avancart.com:8443/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be on a registered host"},
		{cart("https://store.avancart.com@evil.example/order/checkout.php?PRODS=1"), "URL_INVALID", "Url has a host that must be plain"},
		{cart("https://evil.example\\@store.avancart.com/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be printable ASCII"},
		{cart("https://store%2eavancart.com/order/checkout.php?PRODS=1"), "URL_INVALID", "Url has a host that must be plain"},
		{cart("//store.avancart.com/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be an absolute https URL"},
		{cart("https:\\\\store.avancart.com/order/checkout.php?PRODS=1"), "URL_INVALID", "Url must be printable ASCII"},
		{cart("https://store.avancart.com/order/../admin?PRODS=1"), "URL_INVALID", "Url must have a path without . and .. segments"},
		{cart("https://store.avancart.com/admin?PRODS=1"), "URL_INVALID", "Url must have one of the paths"},
		{cart("https://store.avancart.com/order/checkout.php"), "URL_INVALID", "Url must have a query"},
		{cart(buyLink + strings.Repeat("x", 2049-len(buyLink))), "URL_INVALID", "Url must have at most 2,048 characters"},
		{cart(buyLink + "&logintoken=x"), "URL_INVALID", "Url must not carry logintoken already"},
		{cart("https://store.avancart.com/checkout/buy?PRODS=1"), "URL_NOT_SUPPORTED", "Url has a path that"},
		{cart(buyLink) + "&ValidityTime=0", "VALIDITY_TIME_INVALID", "ValidityTime must be a whole number of seconds, at least 1"},
		{cart(buyLink) + "&ValidityTime=-1", "VALIDITY_TIME_INVALID", "ValidityTime must be"},
		{cart(buyLink) + "&ValidityTime=1.5", "VALIDITY_TIME_INVALID", "ValidityTime must be"},
		{cart(buyLink) + "&ValidityTime=1e3", "VALIDITY_TIME_INVALID", "ValidityTime must be"},
		{cart(buyLink) + "&ValidityTime=86401", "VALIDITY_TIME_INVALID", "ValidityTime must be at most 86400 seconds"},
		{cart(buyLink) + "&ValidityTime=99999999999999999999", "VALIDITY_TIME_INVALID", "ValidityTime must be at most 86400 seconds"},
		{cart(buyLink) + "&validitytime=ten", "VALIDITY_TIME_INVALID", "validitytime must be"},
		{cart(buyLink) + "&ValidationIp=nonsense", "VALIDATION_IP_INVALID", "ValidationIp must be one IPv4 or IPv6 address, or empty"},
		{cart(buyLink) + "&validationIP=192.0.2", "VALIDATION_IP_INVALID", "validationIP must be"},
		{cart(buyLink) + "&ValidationIp=%20", "VALIDATION_IP_INVALID", "ValidationIp must be"},
		{cart(buyLink) + "&Lang=xx", "LANGUAGE_INVALID", "Lang must be an ISO 639-1 code"},
		{cart(buyLink) + "&LanguageCode=en-US", "LANGUAGE_INVALID", "LanguageCode must be an ISO 639-1 code"},
		{account + "nonsense/", "PAGE_INVALID", "PageType must be index, my_subscription"},
		{account + "view_order/", "PAGE_INVALID", "PageType must be index, my_subscription"},
		{account + "..%2findex/", "PAGE_INVALID", "PageType must be"},
		{account + "my_subscription/?Request=115D3F5ED1", "PAGE_INVALID", "Request must be code="},
		{account + "my_subscription/?Request%5B%5D=x", "PAGE_INVALID", "Request[] must be code="},
		{account + "faq/?Request=code%3D115D3F5ED1", "PAGE_INVALID", "Request must be code="},
		{account + "?ValidityTime=0", "VALIDITY_TIME_INVALID", "ValidityTime must be"},
		{account + "?ValidationIp=x", "VALIDATION_IP_INVALID", "ValidationIp must be"},
		{account + "?Lang=zz", "LANGUAGE_INVALID", "Lang must be"},
		{signOn + "my_subscription/", "PAGE_INVALID", "PageType must be index, view_order"},
		{signOn + "?Email=somebody@example.com", "EMAIL_INVALID", "Email must be the address of the customer who has the subscription"},
		{signOn + "?email=somebody@example.com", "EMAIL_INVALID", "email must be"},
		{signOn + "?LanguageCode=zz", "LANGUAGE_INVALID", "LanguageCode must be"},
		{signOn + "?ValidityTime=%2B5", "VALIDITY_TIME_INVALID", "ValidityTime must be"},
		{signOn + "faq/?Lang=en&LanguageCode=en", "REQUEST_INVALID", "Lang and LanguageCode mean the same"},
		{signOn + "?ValidationIp[]=192.0.2.1", "REQUEST_INVALID", "ValidationIp must be given by that name alone"},
		{signOn + "?validationip%00=192.0.2.1", "REQUEST_INVALID", "ValidationIp must be given by that name alone"},
		{signOn + "?ValidityTime%20=5", "REQUEST_INVALID", "ValidityTime must be given by that name alone"},
		{signOn + "?Lang=en&Lang=de", "REQUEST_INVALID", "Lang must not be repeated"},
		{signOn + "?Lang=en&lang=en", "REQUEST_INVALID", "lang must not be repeated"},
		{signOn + "?x%22y=1&x%22y=1", "REQUEST_INVALID", "A parameter must not be repeated"},
		{signOn + "?Lang=%zz", "REQUEST_INVALID", "The query has a % that does not start an escape"},
		{signOn + "?" + numbered(65), "REQUEST_INVALID", "The query must have at most 64 parameters"},
		{"customers/", "SSO_TOKEN_INVALID", "ssotoken must be given"},
		{"customers/?ssotoken=", "SSO_TOKEN_INVALID", "ssotoken must be given"},
		{"customers/?ssotoken=x&ssotoken=y", "REQUEST_INVALID", "ssotoken must not be repeated"},
		{"subscriptions/?Limit=0", "REQUEST_INVALID", "Limit must be a whole number from 1 to 200"},
		{"subscriptions/?limit=201", "REQUEST_INVALID", "limit must be a whole number from 1 to 200"},
		{"subscriptions/?Page=x", "REQUEST_INVALID", "Page must be a whole number from 1 to 1000000"},
	} {
		got := failureOf(t, w.get("/rest/6.0/"+c.target))
		if got.Status != http.StatusBadRequest || got.Code != c.code || !strings.HasPrefix(got.Message, c.message) {
			t.Errorf("%s: got %d %s %q, want 400 %s %q", c.target, got.Status, got.Code, got.Message, c.code, c.message)
		}
	}
}

func numbered(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, "p"+strconv.Itoa(i)+"=1")
	}
	return strings.Join(parts, "&")
}

func Test64ParametersAreFine(t *testing.T) {
	w := newWorld(t)
	link(t, w.get("/rest/6.0/customers/352365983/account/?"+numbered(64)))
}

func TestUnknownReferencesAre404(t *testing.T) {
	w := newWorld(t)
	for target, code := range map[string]string{
		cartTarget("999999999", buyLink):                                                          "CUSTOMER_NOT_FOUND",
		cartTarget("hottalks1customer123", buyLink):                                               "CUSTOMER_NOT_FOUND", // case-sensitive
		cartTarget("0352365983", buyLink):                                                         "CUSTOMER_NOT_FOUND",
		"/rest/6.0/customers/nobody/":                                                             "CUSTOMER_NOT_FOUND",
		"/rest/6.0/customers/nobody/account/":                                                     "CUSTOMER_NOT_FOUND",
		"/rest/6.0/customers/%00/":                                                                "CUSTOMER_NOT_FOUND",
		"/rest/6.0/customers/%ff/":                                                                "CUSTOMER_NOT_FOUND",
		"/rest/6.0/subscriptions/0000000000/":                                                     "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/123d40f123/":                                                     "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/0000000000/signon/":                                              "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/0000000000/customer/":                                            "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/?CustomerReference=nobody":                                       "CUSTOMER_NOT_FOUND",
		"/rest/6.0/subscriptions/?AvangateCustomerReference=NoCards1":                             "CUSTOMER_NOT_FOUND",
		"/rest/6.0/subscriptions/?ExternalCustomerReference=352365983":                            "CUSTOMER_NOT_FOUND",
		"/rest/6.0/subscriptions/?CustomerReference=352365983&ExternalCustomerReference=NoCards1": "CUSTOMER_NOT_FOUND",
		"/rest/6.0/orders/1/":                                                                     "ORDER_NOT_FOUND",
		// A subscription of another customer of the same vendor.
		"/rest/6.0/customers/352365983/account/my_subscription/?Request=code%3DDC47E143FA": "SUBSCRIPTION_NOT_FOUND",
	} {
		if got := failureOf(t, w.get(target)); got.Status != http.StatusNotFound || got.Code != code {
			t.Errorf("%s: got %d %s, want 404 %s", target, got.Status, got.Code, code)
		}
	}
}

func TestReferencesMayHoldAnything(t *testing.T) {
	w := newWorld(t)
	a := w.get("/rest/6.0/customers/" + url.PathEscape("a/b c?ö%2F"))
	if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `"AvangateCustomerReference":352365985`) {
		t.Errorf("got %d %s", a.Code, a.Body)
	}
}

func TestTokenResolvesForItsWholeValidity(t *testing.T) {
	w := newWorld(t)
	token := tokenOf(t, link(t, w.get(cartTarget("HotTalks1Customer123", buyLink)+"&ValidityTime=50&ValidationIp=203.0.113.9")))
	unbound := tokenOf(t, link(t, w.get(cartTarget("HotTalks1Customer123", buyLink)+"&ValidityTime=50")))
	resolve := func(token string) *httptest.ResponseRecorder { return w.get("/rest/6.0/customers/?ssotoken=" + token) }
	fresh := w.get("/rest/6.0/customers/352365983/").Body.String()
	for range 2 {
		if a := resolve(token); a.Code != http.StatusOK || a.Body.String() != fresh {
			t.Fatalf("before redemption: got %d %s", a.Code, a.Body)
		}
	}
	if err := w.Redeem(unbound); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(49 * time.Second)
	for _, token := range []string{token, unbound} {
		if a := resolve(token); a.Code != http.StatusOK || a.Body.String() != fresh {
			t.Errorf("after redemption: got %d %s", a.Code, a.Body)
		}
	}
	w.Clock.Advance(time.Second)
	for _, token := range []string{token, unbound} {
		if got := failureOf(t, resolve(token)); got != (failure{400, "SSO_TOKEN_INVALID", "ssotoken is unknown or no longer valid"}) {
			t.Errorf("after its validity: got %+v", got)
		}
	}
}

func TestOnlyCartTokensOfTheVendorResolve(t *testing.T) {
	w := newWorld(t)
	token := tokenOf(t, link(t, w.get(cartTarget("352365983", buyLink))))
	account := tokenOf(t, link(t, w.get("/rest/6.0/customers/352365983/account/")))
	revoked := tokenOf(t, link(t, w.get(cartTarget("352365984", buyLink))))
	if n, err := w.SignOn.Revoke(t.Context(), signon.Selection{Tenant: shop, Kind: signon.SubjectCustomer, Subject: "352365984"}, ""); n != 1 || err != nil {
		t.Fatalf("revoked %d, %v", n, err)
	}
	want := failureOf(t, w.get("/rest/6.0/customers/?ssotoken=nonsense"))
	if want.Status != http.StatusBadRequest || want.Code != "SSO_TOKEN_INVALID" {
		t.Fatalf("nonsense: got %+v", want)
	}
	for name, bad := range map[string]string{
		"account": account, "revoked": revoked, "upper case": strings.ToUpper(token), "prefix": token[:39], "longer": token + "0",
		"another": strings.Repeat("0", 40), "blank before": "%20" + token, "last digit": token[:39] + string("0123456789abcdef"[15-hexDigit(token[39])]),
	} {
		if diff := cmp.Diff(want, failureOf(t, w.get("/rest/6.0/customers/?ssotoken="+bad))); diff != "" {
			t.Errorf("%s token (-nonsense +got):\n%s", name, diff)
		}
	}
	other := w.request(http.MethodGet, "/rest/6.0/customers/?ssotoken="+token, "")
	other.Header.Set("X-Avangate-Authentication", w.sign("OTHERSHOP"))
	if diff := cmp.Diff(want, failureOf(t, w.send(other))); diff != "" {
		t.Errorf("another vendor's token (-nonsense +got):\n%s", diff)
	}
	if a := w.get("/rest/6.0/customers/?ssotoken=" + token); a.Code != http.StatusOK {
		t.Errorf("the vendor's own: got %d", a.Code)
	}
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c) }

func TestVendorsSeeOnlyTheirOwn(t *testing.T) {
	w := newWorld(t)
	as := func(code, target string) *httptest.ResponseRecorder {
		r := w.request(http.MethodGet, target, "")
		r.Header.Set("X-Avangate-Authentication", w.sign(code))
		return w.send(r)
	}
	order := w.placeOrder(t)
	for target, code := range map[string]string{
		"/rest/6.0/customers/352365983/":                               "CUSTOMER_NOT_FOUND",
		"/rest/6.0/customers/HotTalks1Customer123/account/":            "CUSTOMER_NOT_FOUND",
		cartTarget("352365983", buyLink):                               "CUSTOMER_NOT_FOUND",
		"/rest/6.0/subscriptions/123D40F123/":                          "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/123D40F123/signon/":                   "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/123D40F123/customer/":                 "SUBSCRIPTION_NOT_FOUND",
		"/rest/6.0/subscriptions/?AvangateCustomerReference=352365983": "CUSTOMER_NOT_FOUND",
		"/rest/6.0/orders/" + order + "/":                              "ORDER_NOT_FOUND",
	} {
		if a := as("AVANGATE", target); a.Code != http.StatusOK {
			t.Errorf("AVANGATE %s: got %d %s", target, a.Code, a.Body)
		}
		if got := failureOf(t, as("OTHERSHOP", target)); got.Status != http.StatusNotFound || got.Code != code {
			t.Errorf("OTHERSHOP %s: got %d %s, want 404 %s", target, got.Status, got.Code, code)
		}
	}
	if a := as("OTHERSHOP", "/rest/6.0/subscriptions/?Limit=200"); strings.Contains(a.Body.String(), "123D40F123") || !strings.Contains(a.Body.String(), "0AE5000001") {
		t.Errorf("OTHERSHOP's subscriptions: got %s", a.Body)
	}
	// A link to another vendor's cart is none of this vendor's.
	if got := failureOf(t, as("OTHERSHOP", cartTarget("100000001", buyLink))); got.Code != "URL_INVALID" {
		t.Errorf("got %+v", got)
	}
}

func TestVendorWithoutDestinationIsToldSo(t *testing.T) {
	tenants := avangatetest.Vendors()
	tenants[0].Destinations = nil
	w := newWorldWith(t, tenants)
	if got := failureOf(t, w.get(cartTarget("352365983", buyLink))); got.Code != "URL_NOT_SUPPORTED" || !strings.Contains(got.Message, "no cart is registered") {
		t.Errorf("cart: got %+v", got)
	}
	if got := failureOf(t, w.get("/rest/6.0/customers/352365983/account/")); got.Code != "PAGE_INVALID" || !strings.Contains(got.Message, "no account area is registered") {
		t.Errorf("account: got %+v", got)
	}
	if got := failureOf(t, w.get("/rest/6.0/customers/?ssotoken="+strings.Repeat("0", 40))); got.Code != "SSO_TOKEN_INVALID" {
		t.Errorf("token: got %+v", got)
	}
}

func TestPageThatTheAccountAreaLacksIsRefused(t *testing.T) {
	tenants := avangatetest.Vendors()
	tenants[0].Destinations[1].Paths = []string{"/myaccount/"}
	w := newWorldWith(t, tenants)
	if got := failureOf(t, w.get("/rest/6.0/customers/352365983/account/faq/")); got.Code != "PAGE_INVALID" || !strings.HasPrefix(got.Message, "PageType is not offered") {
		t.Errorf("got %+v", got)
	}
}

func TestTooManyLinksOfOneCustomerAre429(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		link(t, w.get(cartTarget("352365983", buyLink)))
	}
	a := w.get(cartTarget("352365983", buyLink))
	if got := failureOf(t, a); got.Status != http.StatusTooManyRequests || got.Code != "LIMIT_EXCEEDED" {
		t.Errorf("got %+v", got)
	}
	seconds, err := strconv.Atoi(a.Header().Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 11 {
		t.Fatalf("got Retry-After %q", a.Header().Get("Retry-After"))
	}
	link(t, w.get(cartTarget("352365984", buyLink)))
	w.Clock.Advance(time.Duration(seconds) * time.Second)
	link(t, w.get(cartTarget("352365983", buyLink)))
}
