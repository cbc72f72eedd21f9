package avangate

import (
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func wantArgument(t *testing.T, err error, argument string) {
	t.Helper()
	if e := signon.AsError(err); e == nil || e.Code != signon.CodeInvalid || e.Argument != argument || e.Rule == "" {
		t.Errorf("got error %v, want one that names %s", err, argument)
	}
}

func TestValidityTimeIsWholeSecondsInPlainDigits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "1": time.Second, "50": 50 * time.Second, "86400": 24 * time.Hour,
		"99999999999": endlessSeconds * time.Second, "99999999999999999999999": endlessSeconds * time.Second,
	} {
		if o, err := ParseLinkOptions(text, "", ""); err != nil || o.TTL != want {
			t.Errorf("%q: got %v, %v; want %v", text, o.TTL, err, want)
		}
	}
	for _, text := range []string{"0", "00", "010", "-1", "+5", "1.5", "1.0", "1e3", "0x10", " 5", "5 ", "５", "null", "ten", "1,000", "-0"} {
		_, err := ParseLinkOptions(text, "", "")
		wantArgument(t, err, signon.ArgTTL)
	}
}

func TestValidationIPIsOneAddressOrNone(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8::1": "2001:db8::1", "2001:DB8:0::1": "2001:db8::1", "::ffff:192.0.2.7": "192.0.2.7",
	} {
		if o, err := ParseLinkOptions("", text, ""); err != nil || o.Bind != netip.MustParseAddr(want) {
			t.Errorf("%q: got %v, %v; want %s", text, o.Bind, err, want)
		}
	}
	if o, err := ParseLinkOptions("", " 192.0.2.7\t", ""); err != nil || o.Bind != netip.MustParseAddr("192.0.2.7") {
		t.Errorf("with blanks: got %v, %v", o.Bind, err)
	}
	if o, err := ParseLinkOptions("", "", ""); err != nil || o.Bind.IsValid() {
		t.Errorf("empty: got %v, %v; want no binding", o.Bind, err)
	}
	for _, text := range []string{
		" ", "\t", "null", "undefined", "0", "192.0.2", "192.0.2.256", "192.0.2.07", "192.0.2.7, 192.0.2.8", "192.0.2.0/24", "192.0.2.7:80",
		"[2001:db8::1]", "fe80::1%eth0", "localhost", "3221225994", "0xC0000207",
	} {
		_, err := ParseLinkOptions("", text, "")
		wantArgument(t, err, signon.ArgAddr)
	}
}

func TestLanguageIsACodeOrNone(t *testing.T) {
	for text, want := range map[string]string{"": "", "en": "en", "DE": "de"} {
		if o, err := ParseLinkOptions("", "", text); err != nil || o.Language != want {
			t.Errorf("%q: got %q, %v", text, o.Language, err)
		}
	}
	for _, text := range []string{"xx", "eng", "en-US", " en", "e"} {
		_, err := ParseLinkOptions("", "", text)
		wantArgument(t, err, signon.ArgLanguage)
	}
}

func TestPagesLeadWhereTheContractSays(t *testing.T) {
	origin := signon.Origin{Scheme: "https", Host: "secure.2co.com", Port: 443}
	const ref, host = "123D40F123", "https://secure.2co.com"
	byCustomer := map[[2]string]string{
		{"", ""}: "/myaccount/", {"index", ""}: "/myaccount/", {"my_subscription", ""}: "/myaccount/my_subscription/",
		{"my_subscription", "code=" + ref}: "/myaccount/my_subscription/?code=" + ref,
		{"my_products", ""}:                "/myaccount/my_products/", {"my_license", ""}: "/myaccount/my_license/", {"user_data", ""}: "/myaccount/user_data/",
		{"order_lookup", ""}: "/myaccount/order_lookup/", {"faq", ""}: "/support/", {"payment_methods", ""}: "/myaccount/payment_methods/",
	}
	for in, want := range byCustomer {
		p, err := CustomerPage(in[0], in[1])
		if got := p.target(origin, ""); err != nil || got != host+want {
			t.Errorf("CustomerPage(%q): got %s, %v; want %s", in, got, err, want)
		}
	}
	bySubscription := map[string]string{
		"": "/myaccount/", "index": "/myaccount/", "view_order": "/myaccount/view_order/?code=" + ref, "my_license": "/myaccount/my_license/",
		"change_card": "/myaccount/change_card/?code=" + ref, "my_products": "/myaccount/my_products/", "payment_methods": "/myaccount/payment_methods/",
		"user_data": "/myaccount/user_data/", "order_lookup": "/myaccount/order_lookup/", "faq": "/support/",
	}
	for name, want := range bySubscription {
		p, err := SubscriptionPage(name, ref)
		if got := p.target(origin, ""); err != nil || got != host+want {
			t.Errorf("SubscriptionPage(%q): got %s, %v; want %s", name, got, err, want)
		}
	}
	if p, _ := SubscriptionPage("faq", ref); p.target(origin, "de") != host+"/support/?lang=de" {
		t.Errorf("with a language: got %s", p.target(origin, "de"))
	}
	if p, _ := SubscriptionPage("view_order", ref); p.target(origin, "de") != host+"/myaccount/view_order/?code="+ref+"&lang=de" {
		t.Errorf("with a language: got %s", p.target(origin, "de"))
	}
}

func TestPagesAreAnEnumeration(t *testing.T) {
	for _, name := range []string{"view_order", "change_card", "Index", "my_subscription/", "../order", "index?x=1", " index", "nonsense"} {
		_, err := CustomerPage(name, "")
		wantArgument(t, err, ArgPage)
	}
	for _, name := range []string{"my_subscription", "INDEX", "nonsense"} {
		_, err := SubscriptionPage(name, "123D40F123")
		wantArgument(t, err, ArgPage)
	}
	for _, c := range [][2]string{
		{"my_subscription", "123D40F123"},
		{"my_subscription", "code="},
		{"my_subscription", "code=123d40f123"},
		{"my_subscription", "code=123D40F123&x=1"},
		{"my_subscription", "code=1"},
		{"index", "code=123D40F123"},
	} {
		_, err := CustomerPage(c[0], c[1])
		wantArgument(t, err, ArgRequest)
	}
}
