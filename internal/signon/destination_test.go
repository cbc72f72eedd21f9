package signon

import (
	"strings"
	"testing"
	"time"
)

func cart(t testing.TB, hosts ...string) *Destination {
	t.Helper()
	d := &Destination{
		ID: "cart", Kind: KindCart, TokenParam: "logintoken", QueryRequired: true,
		Paths:            []string{"/order/checkout.php", "/order/cart.php", "/buy/*"},
		UnsupportedPaths: []string{"/checkout/"}, UnsupportedHosts: []string{"mobile.shop.example"},
		DefaultTTL: 10 * time.Second, MaxTTL: 24 * time.Hour, SessionTTL: time.Hour, AddrPolicy: AddrExact,
	}
	for _, h := range hosts {
		o, err := ParseOrigin(h)
		if err != nil {
			t.Fatal(err)
		}
		d.Origins = append(d.Origins, o)
	}
	return d
}

func testCart(t testing.TB) *Destination {
	return cart(t, "https://shop.example", "http://localhost:8080", "https://*.wild.example", "https://ported.example:8443", "https://[2001:db8::1]")
}

func TestTargetIsKeptByteForByte(t *testing.T) {
	d := testCart(t)
	for raw, want := range map[string]string{
		"https://shop.example/order/checkout.php?PRODS=1&QTY=2":          "",
		"https://SHOP.example/order/checkout.php?PRODS=1":                "",
		"https://shop.example:443/order/checkout.php?PRODS=1":            "",
		"http://localhost:8080/order/cart.php?PRODS=a%20b+c":             "",
		"https://a.wild.example/order/cart.php?x":                        "",
		"https://ported.example:8443/order/cart.php?x=//evil.example":    "",
		"https://[2001:db8::1]/order/cart.php?x":                         "",
		"https://shop.example/buy/anything?x=1":                          "",
		"https://shop.example/order/cart.php?PRODS=1#top":                "https://shop.example/order/cart.php?PRODS=1",
		"https://shop.example/order/cart.php?back=https://evil.example/": "",
	} {
		if want == "" {
			want = raw
		}
		got, err := d.CheckTarget(raw)
		if err != nil || got != want {
			t.Errorf("CheckTarget(%q): got %q, %v; want %q", raw, got, err, want)
		}
	}
}

func TestTargetOffTheRegisteredHostsIsRefused(t *testing.T) {
	d := testCart(t)
	const tail = "/order/checkout.php?PRODS=1"
	for _, raw := range []string{
		"", " ", "/order/checkout.php?PRODS=1", "//shop.example" + tail, "https:shop.example" + tail, "https:/shop.example" + tail,
		"https:///shop.example" + tail, "ftp://shop.example" + tail, "javascript://shop.example" + tail, "HTTPS://shop.example" + tail,
		"http://shop.example" + tail, "https://shop.example:80" + tail, "https://shop.example:8443" + tail, "https://shop.example:0443" + tail,
		"https://shop.example:" + tail, "https://shop.example:+443" + tail, "https://localhost:8080" + tail,
		"https://user@shop.example" + tail, "https://shop.example@evil.example" + tail, "https://shop.example:443@evil.example" + tail,
		"https://evil.example\\@shop.example" + tail, "https://evil.example\\.shop.example" + tail, "https:\\\\shop.example" + tail,
		"https://evil.example/shop.example" + tail, "https://shop.example.evil.example" + tail, "https://evilshop.example" + tail,
		"https://shop.example." + tail, "https://.shop.example" + tail, "https://shop%2eexample" + tail, "https://%73hop.example" + tail,
		"https://evil.example%2f@shop.example" + tail, "https://evil.example%23.shop.example" + tail, "https://evil.example#.shop.example" + tail,
		"https://evil.example?.shop.example" + tail, "https://shop.example?PRODS=1", "https://shop.example", "https://shop.example#/order",
		"https://wild.example" + tail, "https://a.b.wild.example" + tail, "https://.wild.example" + tail, "https://-.wild.example" + tail,
		"https://evil.example%00.wild.example" + tail, "https://a!.wild.example" + tail,
		"https://shop\u3002example" + tail, "https://sh\u00f6p.example" + tail, "https://shop.example\u2025" + tail,
		"https://shop.example/order/checkout.php?a=b c", "https://shop.example\t" + tail, "https://shop.example" + tail + "\n", "\x00https://shop.example" + tail,
		"https://[2001:db8:0::1]" + tail, "https://[::ffff:1.2.3.4]" + tail, "https://2130706433" + tail, "https://0x7f.1" + tail,
		"https://shop.example/order/../order/checkout.php?x", "https://shop.example/./order/checkout.php?x", "https://shop.example//order/checkout.php?x",
		"https://shop.example/order/%63heckout.php?x", "https://shop.example/order/checkout.php/?x", "https://shop.example/order/CHECKOUT.php?x",
		"https://shop.example/order/checkout.php%2f..?x", "https://shop.example/buy/../x?x", "https://shop.example/buy/%2e%2e/x?x",
		"https://shop.example/order/checkout.php", "https://shop.example/order/checkout.php?", "https://shop.example/order/checkout.php#?PRODS=1",
		"https://shop.example/order/checkout.php?x='y'", "https://shop.example/order/checkout.php?x=%zz", "https://shop.example/order/checkout.php?x=%4",
		"https://shop.example/order/checkout.php?logintoken=1", "https://shop.example/order/checkout.php?a=1&LoginToken=1",
		"https://shop.example/order/checkout.php?+logintoken=1", "https://shop.example/order/checkout.php?logintoken%20=1",
		"https://shop.example/order/checkout.php?login%74oken=1", "https://shop.example/order/checkout.php?" + strings.Repeat("a&", 70),
		"https://shop.example/order/checkout.php?" + strings.Repeat("a", MaxTargetLen),
	} {
		if got, err := d.CheckTarget(raw); err == nil || AsError(err).Code != CodeInvalid || AsError(err).Argument != ArgTarget {
			t.Errorf("CheckTarget(%q): got %q, %v; want CodeInvalid for the target", raw, got, err)
		}
	}
}

func TestTargetLengthIsJudgedExactly(t *testing.T) {
	d := testCart(t)
	base := "https://shop.example/order/checkout.php?PRODS="
	if _, err := d.CheckTarget(base + strings.Repeat("1", MaxTargetLen-len(base))); err != nil {
		t.Errorf("2,048 characters: %v", err)
	}
	if _, err := d.CheckTarget(base + strings.Repeat("1", MaxTargetLen-len(base)+1)); err == nil {
		t.Error("2,049 characters are accepted")
	}
}

func TestUnsupportedTargetsHaveACodeOfTheirOwn(t *testing.T) {
	d := testCart(t)
	for _, raw := range []string{"https://shop.example/checkout/buy?x=1", "https://mobile.shop.example/order/checkout.php?PRODS=1"} {
		if _, err := d.CheckTarget(raw); err == nil || AsError(err).Code != CodeTargetUnsupported {
			t.Errorf("CheckTarget(%q): got %v, want CodeTargetUnsupported", raw, err)
		}
	}
}

func TestOriginsAreNormalised(t *testing.T) {
	for text, want := range map[string]string{
		"https://Shop.Example": "https://shop.example", "https://shop.example:443": "https://shop.example",
		"http://localhost:80": "http://localhost", "https://x.example:8443": "https://x.example:8443", "https://127.0.0.1": "https://127.0.0.1",
	} {
		if o, err := ParseOrigin(text); err != nil || o.String() != want {
			t.Errorf("ParseOrigin(%q): got %v, %v; want %s", text, o, err, want)
		}
	}
	for _, bad := range []string{
		"", "shop.example", "ftp://shop.example", "https://", "https://a b", "https://shop.example/", "https://u@shop.example", "https://*.example",
		"https://*", "https://a.*.example", "https://1.2.3", "https://x.example:0", "https://x.example:70000", "https://sh\u00f6p.example", "https://[::1",
	} {
		if o, err := ParseOrigin(bad); err == nil {
			t.Errorf("ParseOrigin(%q): got %v, want an error", bad, o)
		}
	}
}

func FuzzCheckTargetNeverLeavesTheRegisteredHosts(f *testing.F) {
	f.Add("https://shop.example/order/checkout.php?PRODS=1")
	f.Add("https://shop.example@evil.example/order/checkout.php?PRODS=1")
	f.Add("https://a.wild.example:443/order/cart.php?x#y")
	f.Fuzz(func(t *testing.T, raw string) {
		d := testCart(t)
		got, err := d.CheckTarget(raw)
		if err != nil {
			return
		}
		if before, _, _ := strings.Cut(raw, "#"); got != before {
			t.Fatalf("%q was changed to %q", raw, got)
		}
		lower := strings.ToLower(got)
		for _, o := range []string{
			"https://shop.example/", "https://shop.example:443/", "http://localhost:8080/", "https://ported.example:8443/", "https://[2001:db8::1]/", "https://[2001:db8::1]:443/",
		} {
			if strings.HasPrefix(lower, o) {
				return
			}
		}
		host, _, _ := strings.Cut(strings.TrimPrefix(lower, "https://"), "/")
		label, ok := strings.CutSuffix(strings.TrimSuffix(host, ":443"), ".wild.example")
		if !ok || !validLabel(label) {
			t.Fatalf("%q is accepted", raw)
		}
	})
}

func TestLanguageIsTwoASCIILetters(t *testing.T) {
	for _, text := range []string{"\u0130d", "\u212aa", "e ", " e", "eng", "xx"} { // the first two fold to id and ka
		if got, err := ParseLanguage(text); err == nil {
			t.Errorf("ParseLanguage(%q): got %q, want an error", text, got)
		}
	}
}
