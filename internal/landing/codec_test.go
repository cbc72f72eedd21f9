package landing

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func sample() *cart {
	c := newCart()
	c.Lines = []line{{Product: "4639321", Quantity: 2, Options: "a,b"}, {Product: "ü-1", Quantity: 100_000}}
	c.Currency, c.Coupon, c.Language, c.DetailsFirst, c.Card = "EUR", "10 % <off>", "de", true, cardChoose
	c.Owner = personMark(&signon.BrowserSession{Tenant: "t", Subject: "1"})
	c.Grants = []string{grantMark(signon.GrantKey{1}), grantMark(signon.GrantKey{2})}
	c.Placed = []string{newCart().ID}
	return c
}

func TestCartSurvivesItsCookie(t *testing.T) {
	for _, c := range []*cart{newCart(), sample()} {
		value := c.encode()
		back, ok := decodeCart(value)
		if !ok {
			t.Fatalf("%q does not decode", value)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Errorf("the cart differs (-want +got):\n%s", diff)
		}
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			t.Errorf("%q does not fit a cookie", value)
		}
	}
}

func TestOnlyWhatEncodeWritesIsACart(t *testing.T) {
	id := newCart().ID
	for _, raw := range []string{
		`{}`, `null`, `[]`, `{"i":""}`, `{"i":"x"}`, `{"i":"` + id + `","x":1}`, `{"i":"` + id + `"} `, `{"i":"` + id + `"}{}`, ` {"i":"` + id + `"}`,
		`{"i":"` + id + `","i":"` + id + `"}`, `{"I":"` + id + `"}`,
		`{"i":"` + id + `","l":[]}`, `{"i":"` + id + `","l":[{"p":"1","q":0}]}`, `{"i":"` + id + `","l":[{"p":"1","q":100001}]}`,
		`{"i":"` + id + `","l":[{"p":"1","q":1},{"p":"1","q":2}]}`, `{"i":"` + id + `","l":[{"p":"a,b","q":1}]}`, `{"i":"` + id + `","l":[{"p":"a\u0000","q":1}]}`,
		`{"i":"` + id + `","c":"eur"}`, `{"i":"` + id + `","g":"xx"}`, `{"i":"` + id + `","p":3}`, `{"i":"` + id + `","p":-1}`,
		`{"i":"` + id + `","k":"` + strings.Repeat("k", 65) + `"}`, `{"i":"` + id + `","o":"short"}`, `{"i":"` + id + `","t":["x"]}`, `{"i":"` + id + `","f":["x"]}`,
	} {
		if _, ok := decodeCart(cartVersion + base64.RawURLEncoding.EncodeToString([]byte(raw))); ok {
			t.Errorf("%s was taken for a cart", raw)
		}
	}
}

func FuzzDecodeCart(f *testing.F) {
	f.Add(sample().encode())
	f.Add(newCart().encode())
	f.Add("1.e30")
	f.Fuzz(func(t *testing.T, value string) {
		c, ok := decodeCart(value)
		if ok && c.encode() != value {
			t.Errorf("%q decodes to a cart that encodes to %q", value, c.encode())
		}
		if ok && len(value) > maxCartCookie {
			t.Errorf("a cart of %d bytes", len(value))
		}
	})
}

// FuzzBuyLink: whatever a link says, the cart that comes of it can be kept.
func FuzzBuyLink(f *testing.F) {
	f.Add("PRODS=4639321,1112233&QTY=2,1&COUPON=x&OPTIONS4639321=a&CURRENCY=EUR&LANG=de&CART=2&CARD=1")
	f.Add("PRODS=,,,&QTY=-1,1e9,99999999999999999999")
	f.Add("PROD=1&CLEAN_CART=all&PRODS=%zz&%zz=1;a=b")
	f.Fuzz(func(t *testing.T, query string) {
		p, ok := parseParams(query, "logintoken")
		if !ok {
			return
		}
		c := sample()
		c.order(p)
		for i := range maxGrants + 2 {
			next := newCart()
			next.Grants = []string{grantMark(signon.GrantKey{9, byte(i)})}
			next.Lines, next.Coupon = c.Lines, c.Coupon
			c = c.replaced(next)
		}
		if _, ok := decodeCart(c.encode()); !ok {
			t.Errorf("%q makes a cart that can't be read back: %+v", query, c)
		}
	})
}

func TestFullCartLeavesRoomForWhatComesLater(t *testing.T) {
	c := newCart()
	c.Coupon = strings.Repeat("ü", maxCoupon)
	for i := range maxLines {
		c.put(line{Product: fmt.Sprintf("%s%02d", strings.Repeat("é", maxProductID-2), i), Quantity: maxQuantity, Options: strings.Repeat("€", maxOptions)})
	}
	for i := range maxGrants {
		c.Grants = append(c.Grants, grantMark(signon.GrantKey{byte(i)}))
	}
	for range maxPlaced {
		c.Placed = append(c.Placed, newCart().ID)
	}
	c.Owner, c.Language, c.Currency, c.DetailsFirst, c.Card = grantMark(signon.GrantKey{}), "de", "EUR", true, cardNew
	if n := len(c.encode()); n > maxCartCookie {
		t.Errorf("got %d bytes, want at most %d", n, maxCartCookie)
	}
	if len(c.Lines) == 0 {
		t.Errorf("nothing had room")
	}
}

func TestReplacedCartRemembersTheLastSignOns(t *testing.T) {
	c := newCart()
	for i := range 15 {
		next := newCart()
		next.Grants = []string{grantMark(signon.GrantKey{byte(i)})}
		c = c.replaced(next)
	}
	if len(c.Grants) != maxGrants || !c.started(grantMark(signon.GrantKey{14})) || c.started(grantMark(signon.GrantKey{4})) {
		t.Errorf("got %d marks", len(c.Grants))
	}
	again := newCart()
	again.Grants = []string{grantMark(signon.GrantKey{10})}
	if c = c.replaced(again); len(c.Grants) != maxGrants || c.Grants[maxGrants-1] != grantMark(signon.GrantKey{10}) {
		t.Errorf("a mark came twice")
	}
}

func TestParams(t *testing.T) {
	for query, want := range map[string]bool{
		"": true, "a=b": true, "logintoken=x": true, "logintoken=x&a=%zz": true, "a=1;b=2": true,
		"logintoken=x&logintoken=x": false, "LoginToken=x": false, "logintoken=x&LOGINTOKEN=": false, "login%74oken=x": false,
		"+logintoken=x": false, "logintoken=%zz": false, strings.Repeat("a&", 63) + "a": true, strings.Repeat("a&", 64) + "a": false,
	} {
		if _, ok := parseParams(query, "logintoken"); ok != want {
			t.Errorf("%q: got %v, want %v", query, ok, want)
		}
	}
	p, _ := parseParams("a=1&b=%20x+y&a=2&c", "logintoken")
	if p.get("a") != "1" || p.get("b") != " x y" || !p.has("c") || p.has("d") {
		t.Errorf("got %v", p)
	}
	if _, once := p.single("a"); once {
		t.Errorf("a was given twice")
	}
}

func TestCommonCurrency(t *testing.T) {
	eur, usd := directory.Money{Hundredths: 1, Currency: "EUR"}, directory.Money{Hundredths: 1, Currency: "USD"}
	both := directory.Product{Prices: []directory.Money{eur, usd}}
	only := directory.Product{Prices: []directory.Money{usd}}
	euro := directory.Product{Prices: []directory.Money{eur}}
	none := directory.Product{}
	for _, c := range []struct {
		products []directory.Product
		wanted   string
		want     string
	}{
		{[]directory.Product{both}, "", "EUR"},
		{[]directory.Product{both}, "USD", "USD"},
		{[]directory.Product{both}, "JPY", "EUR"},
		{[]directory.Product{both, only}, "", "USD"},
		{[]directory.Product{both, only}, "EUR", "USD"},
		{[]directory.Product{euro, only}, "", ""},
		{[]directory.Product{none, both}, "", "EUR"},
		{[]directory.Product{none}, "EUR", ""},
		{nil, "EUR", ""},
	} {
		if got := commonCurrency(c.products, c.wanted); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestExpiryIsReadInTwoSpellings(t *testing.T) {
	for text, ok := range map[string]bool{"12/2030": true, "01/31": true, "1/31": false, "13/31": false, "00/31": false, "12": false, "": false, "12/031": false, "12/2030x": false} {
		if _, _, got := parseExpiry(text); got != ok {
			t.Errorf("%q: got %v, want %v", text, got, ok)
		}
	}
}

func TestLocalTarget(t *testing.T) {
	for target, want := range map[string]string{
		"https://a.test/myaccount/":                  "/myaccount/",
		"https://a.test/myaccount/x/?code=1&lang=de": "/myaccount/x/?code=1&lang=de",
		"https://a.test//evil.test/":                 "/myaccount/",
		"https://a.test":                             "/myaccount/",
		":":                                          "/myaccount/",
	} {
		if got := localTarget(target); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

func TestOriginAt(t *testing.T) {
	wild := signon.Origin{Scheme: "https", Host: "*.shop.test", Port: 8443}
	d := &signon.Destination{Origins: []signon.Origin{
		{Scheme: "http", Host: "both.test", Port: 80}, {Scheme: "https", Host: "both.test", Port: 443}, {Scheme: "http", Host: "[::1]", Port: 8080}, wild,
	}}
	for _, c := range []struct {
		host   string
		secure bool
		want   string
	}{
		{"both.test", false, "http://both.test"},
		{"BOTH.test", true, "https://both.test"},
		{"[::1]:8080", false, "http://[::1]:8080"},
		{"a.shop.test:8443", false, "https://a.shop.test:8443"},
	} {
		if got := originAt(d, c.host, c.secure).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.host, got, c.want)
		}
	}
	for _, host := range []string{"shop.test:8443", "a.b.shop.test:8443", "a.shop.test", "x@a.shop.test:8443"} {
		if got := originAt(d, host, true); got.Scheme != "" {
			t.Errorf("%s: got %s, want none", host, got)
		}
	}
}

func TestCountriesHaveNames(t *testing.T) {
	all := countries("en")
	if len(all) != len(directory.CountryCodes()) {
		t.Errorf("got %d countries, want %d", len(all), len(directory.CountryCodes()))
	}
	for i, c := range all {
		if len(c.name) < 3 {
			t.Errorf("%s has the name %q", c.code, c.name)
		}
		if i > 0 && all[i-1].sortKey > c.sortKey {
			t.Errorf("%s stands after %s", c.name, all[i-1].name)
		}
	}
	if got := countryName("en", "us"); got != "United States" {
		t.Errorf("got %q", got)
	}
}
