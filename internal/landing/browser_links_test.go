package landing_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// TestBrowserLinks follows links of every page type, as back ends ask for them
// by REST and by SOAP, in two languages. A browser follows each page's link once,
// and all kinds in turn; the others are followed without one.
func TestBrowserLinks(t *testing.T) {
	t.Parallel()
	parent := chromium(t)
	s := newSite(t)
	s.clock.now = time.Now().UTC()
	s.order(john, "PRODS=4639321&QTY=1")
	b := newTab(parent, t, true)
	b.wear(looks[3])
	shops := []backEnd{s.backEnd(t, "REST"), s.backEnd(t, "SOAP")}
	headings := map[string]string{} // of each page, by language and path
	visited := map[string]bool{}    // by the browser
	for i, page := range linkedPages {
		for kind := range 4 {
			by, language := kind%2, []string{"en", "de"}[kind/2]
			t.Run(strings.Join([]string{[]string{"REST", "SOAP"}[by], language, page.call, page.name}, "/"), func(t *testing.T) {
				link := shops[by].accountLink(t, page, language)
				if kind == i%4 && !visited[page.path] || allLooks {
					visited[page.path] = true
					b.t = t
					b.followPage(link, page, language).check(t, page, language, headings)
				} else {
					s.browser().followPage(t, link).check(t, page, language, headings)
				}
			})
		}
	}
	b.t = t
	distinct := map[string]string{}
	for where, heading := range headings {
		if strings.HasSuffix(where, "/my_subscription/") {
			continue // without a subscription it is the list of all, as my_products
		}
		if other, twice := distinct[heading]; twice {
			t.Errorf("%s and %s have the same heading %q", where, other, heading)
		}
		distinct[heading] = where
	}
}

// linkedPage is a page type in one of the two calls for account links.
type linkedPage struct{ call, name, path string }

var linkedPages = []linkedPage{
	{"customer", "index", "/myaccount/"},
	{"customer", "my_subscription", "/myaccount/my_subscription/"},
	{"customer", "my_products", "/myaccount/my_products/"},
	{"customer", "my_license", "/myaccount/my_license/"},
	{"customer", "user_data", "/myaccount/user_data/"},
	{"customer", "order_lookup", "/myaccount/order_lookup/"},
	{"customer", "faq", "/support/"},
	{"customer", "payment_methods", "/myaccount/payment_methods/"},
	{"subscription", "index", "/myaccount/"},
	{"subscription", "view_order", "/myaccount/view_order/"},
	{"subscription", "my_license", "/myaccount/my_license/"},
	{"subscription", "change_card", "/myaccount/change_card/"},
	{"subscription", "my_products", "/myaccount/my_products/"},
	{"subscription", "payment_methods", "/myaccount/payment_methods/"},
	{"subscription", "user_data", "/myaccount/user_data/"},
	{"subscription", "order_lookup", "/myaccount/order_lookup/"},
	{"subscription", "faq", "/support/"},
}

// landed is where a link led to.
type landed struct{ address, language, heading string }

// followPage follows a link to the page.
func (b *tab) followPage(link string, page linkedPage, language string) landed {
	b.t.Helper()
	if status := b.open(link); status != http.StatusOK {
		b.t.Fatalf("got status %d", status)
	}
	if language != "en" { // the others are looked at elsewhere
		b.peek("link-" + page.name + "-" + language)
	}
	return landed{b.address(), script[string](b, "document.documentElement.lang"), script[string](b, `document.querySelector("h1").innerText`)}
}

// followPage follows a link as a browser without a person does.
func (b *browser) followPage(t *testing.T, link string) landed {
	t.Helper()
	a := b.follow(link).status(t, http.StatusOK)
	language, heading := regexpFind(a.body, `<html lang="([^"]*)"`), regexpFind(a.body, `<h1[^>]*>([^<]*)</h1>`)
	if len(language) != 1 || len(heading) != 1 {
		t.Fatalf("the page has %d languages and %d headings", len(language), len(heading))
	}
	return landed{a.Request.URL.String(), language[0][1], html.UnescapeString(heading[0][1])}
}

// check fails the test unless the page is the one asked for, in the language asked
// for, whoever asked.
func (l landed) check(t *testing.T, page linkedPage, language string, headings map[string]string) {
	t.Helper()
	at, err := url.Parse(l.address)
	if err != nil {
		t.Fatal(err)
	}
	if at.Path != page.path || at.Query().Has("logintoken") {
		t.Errorf("landed at %s, want %s without a token", at.Path, page.path)
	}
	if l.language != language {
		t.Errorf("the page is in %q, want %q", l.language, language)
	}
	where := language + " " + page.path
	if known := headings[where]; known != "" && known != l.heading {
		t.Errorf("the page is headed %q, and was %q by another link", l.heading, known)
	}
	headings[where] = l.heading
}

// TestBrowserEditsAreSeenByTheAPI edits personal data in a browser, in two tabs,
// and reads it back as back ends do.
func TestBrowserEditsAreSeenByTheAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.clock.now = time.Now().UTC()
	b := newTab(chromium(t), t, true)
	b.open(s.backEnd(t, "SOAP").accountLink(t, linkedPage{call: "customer", name: "user_data"}, "en"))
	other := newTab(b.ctx, t, false)
	other.open(b.address())
	b.fill("#f-city", "Müllheim & Söhne")
	if status := b.submit("main form button"); status != http.StatusOK {
		t.Fatalf("got status %d", status)
	}
	for _, by := range []string{"REST", "SOAP"} {
		if got := s.backEnd(t, by).city(t); got != "Müllheim & Söhne" {
			t.Errorf("%s: got %q", by, got)
		}
	}
	other.fill("#f-city", "Elsewhere")
	if status := other.submit("main form button"); status != http.StatusConflict {
		t.Errorf("the older page: got status %d, want a conflict", status)
	}
	other.wantText("Elsewhere", "Stored now: Müllheim & Söhne")
	if status := other.submit("main form button"); status != http.StatusOK {
		t.Errorf("sent again: got status %d", status)
	}
	for _, by := range []string{"REST", "SOAP"} {
		if got := s.backEnd(t, by).city(t); got != "Elsewhere" {
			t.Errorf("%s: got %q", by, got)
		}
	}
}

// backEnd calls the API as a shop does.
type backEnd interface {
	accountLink(t *testing.T, page linkedPage, language string) string
	city(t *testing.T) string // of the demo's customer
}

func (s *site) backEnd(t *testing.T, by string) backEnd {
	t.Helper()
	if by == "REST" {
		return restShop{s}
	}
	proof, err := avangate.Sign(dev.MerchantCode, s.clock.Now(), signon.Secret(dev.SecretKey), "sha256")
	if err != nil {
		t.Fatal(err)
	}
	shop := soapShop{s, ""}
	shop.session = shop.call(t, "login", proof.Code, proof.Date, proof.Hash)
	return shop
}

type restShop struct{ *site }

func (s restShop) get(t *testing.T, path string, into any) {
	t.Helper()
	auth, err := rest.Sign(dev.MerchantCode, s.clock.Now(), signon.Secret(dev.SecretKey), "")
	if err != nil {
		t.Fatal(err)
	}
	answer := fetch(t, http.MethodGet, s.base+"/rest/6.0/"+path, "", http.Header{rest.AuthHeader: {auth}})
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func (s restShop) accountLink(t *testing.T, page linkedPage, language string) (link string) {
	t.Helper()
	query := "?ValidityTime=60&Lang=" + language
	path := fmt.Sprintf("subscriptions/%s/signon/%s/%s", johnsTalks, page.name, query)
	if page.call == "customer" {
		path = fmt.Sprintf("customers/%d/account/%s/%s", john, page.name, query)
	}
	s.get(t, path, &link)
	return link
}

func (s restShop) city(t *testing.T) string {
	t.Helper()
	var c struct{ City string }
	s.get(t, fmt.Sprintf("customers/%d/", john), &c)
	return c.City
}

type soapShop struct {
	*site
	session string
}

// call makes a call with arguments by position and returns the text of its
// result.
func (s soapShop) call(t *testing.T, method string, args ...string) string {
	t.Helper()
	var body strings.Builder
	for i, arg := range args {
		fmt.Fprintf(&body, "<param%d>%s</param%d>", i, html.EscapeString(arg), i)
	}
	envelope := fmt.Sprintf(`<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><%[1]s>%[2]s</%[1]s></E:Body></E:Envelope>`, method, body.String())
	answer := fetch(t, http.MethodPost, s.base+"/soap/6.0/", envelope, nil)
	_, result, _ := strings.Cut(answer, "<"+method+"Return")
	_, result, _ = strings.Cut(result, ">")
	result, _, ok := strings.Cut(result, "</"+method+"Return>")
	if !ok {
		t.Fatalf("%s has no result", method)
	}
	return html.UnescapeString(result)
}

func (s soapShop) accountLink(t *testing.T, page linkedPage, language string) string {
	t.Helper()
	if page.call == "customer" {
		return s.call(t, "getSingleSignOnByCustomer", s.session, "HotTalks1Customer123", "ExternalCustomerReference", page.name, "", "60", "", language)
	}
	return s.call(t, "getSingleSignOn", s.session, johnsTalks, "", "60", page.name, "", language)
}

func (s soapShop) city(t *testing.T) string {
	t.Helper()
	_, city, _ := strings.Cut(s.call(t, "getCustomerInformation", s.session, fmt.Sprint(john)), "<City>")
	city, _, _ = strings.Cut(city, "</City>")
	return city
}

// fetch sends a request and returns the answer's body, which must come with 200.
func fetch(t *testing.T, method, address, body string, header http.Header) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("got %d, %v", answer.StatusCode, err)
	}
	return string(text)
}
