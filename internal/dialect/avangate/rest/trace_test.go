package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// explained returns the last trace of the last request.
func (w *world) explained() signon.Trace {
	w.Helper()
	found, err := w.SignOn.Explain(w.Context(), "TESTCODE00")
	if err != nil || len(found.Traces) == 0 {
		w.Fatalf("no trace: %v", err)
	}
	return found.Traces[len(found.Traces)-1]
}

// reason is what a trace says of a refusal.
type reason struct {
	operation          signon.Operation
	failed             signon.Check
	expected, received string
}

func reasonOf(t *signon.Trace) reason { return reason{t.Operation, t.Failed, t.Expected, t.Received} }

func TestARefusedCallExplainsItself(t *testing.T) {
	w := newWorld(t)
	issue, resolve := signon.OpIssue, signon.OpResolve
	token := tokenOf(t, link(t, w.get(cartTarget("352365983", buyLink))))
	const cart, account, mine = "customers/352365983/cart/", "customers/352365983/account/", "subscriptions/123D40F123/signon/"
	url := "?Url=" + strings.NewReplacer(":", "%3A", "/", "%2F", "?", "%3F", "=", "%3D", "&", "%26").Replace(buyLink)
	for target, want := range map[string]reason{
		cart + url + "&ValidityTime=0":         {issue, signon.CheckArguments, "ValidityTime must be a whole number of seconds, at least 1", "0"},
		cart + url + "&validationip=localhost": {issue, signon.CheckArguments, "validationip must be one IPv4 or IPv6 address, or empty", "localhost"},
		cart + url + "&Lang=english":           {issue, signon.CheckArguments, "Lang must be an ISO 639-1 code of two letters, as in en", "english"},
		cart + url + "&Url=x":                  {issue, signon.CheckArguments, "Url must not be repeated", ""},
		cart + url + "&ValidityTime=" + token:  {issue, signon.CheckArguments, "ValidityTime must be a whole number of seconds, at least 1", "[redacted]"},
		cart + url + "&x=%zz":                  {issue, signon.CheckArguments, "The query has a % that does not start an escape", ""},
		cart + url + "&ValidityTime=86401":     {issue, signon.CheckValidity, "ttl must be at most 86400 seconds", "24h0m1s"},
		cart + "?Url=https%3A%2F%2Fevil.example%2Fx%3Flogintoken%3D" + token: {
			issue, signon.CheckTarget, "target must be on a registered host and port", "https://evil.example/x?[redacted]",
		},
		"customers/nobody/cart/" + url: {issue, signon.CheckReference, "a customer of this vendor", "nobody"},
		account + "order/":             {issue, signon.CheckArguments, "PageType must be index, my_subscription, my_products, my_license, user_data, order_lookup, faq or payment_methods", "order"},
		account + "my_subscription/?Request=code%3D0AE5000001": {
			issue, signon.CheckReference, "a subscription of this vendor, and of this customer where one is named", "code=0AE5000001",
		},
		mine + "?Email=joe.newman%40example.org":  {issue, signon.CheckArguments, "Email must be the address of the customer who has the subscription", "j…@example.org"},
		"subscriptions/0AE5000001/signon/":        {issue, signon.CheckReference, "a subscription of this vendor, and of this customer where one is named", "0AE5000001"},
		"customers/":                              {resolve, signon.CheckArguments, "ssotoken must be given", ""},
		"customers/?ssotoken=" + token[1:]:        {resolve, signon.CheckForm, "", ""},
		"customers/?ssotoken=" + token[:39] + "x": {resolve, signon.CheckForm, "", ""},
	} {
		a := w.get("/rest/6.0/" + target)
		if a.Code < 400 {
			t.Errorf("%s: got %d", target, a.Code)
		}
		trace := w.explained()
		if got := reasonOf(&trace); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", target, got, want)
		}
		if trace.Tenant != shop || trace.Client != "AVANGATE" || trace.Destination == "" {
			t.Errorf("%s: traced for %s, %s, %s", target, trace.Tenant, trace.Client, trace.Destination)
		}
	}
}

func TestARefusedCallThatAsksForNoLinkExplainsItself(t *testing.T) {
	w := newWorld(t)
	call := signon.OpCall
	for _, c := range []struct {
		method, target, body string
		want                 reason
		note                 string
	}{
		{"GET", "customers/nobody/", "", reason{call, signon.CheckReference, "a customer of this vendor", "nobody"}, "GET customers/*"},
		{"PUT", "customers/352365983/", `{"Email":"secret@"}`, reason{call, signon.CheckArguments, "Email must be an e-mail address", ""}, "PUT customers/*"},
		{"POST", "customers/", `{`, reason{call, signon.CheckArguments, "The body is not valid JSON", ""}, "POST customers"},
		{"GET", "subscriptions/0000000000/", "", reason{call, signon.CheckReference, "a subscription of this vendor, and of this customer where one is named", "0000000000"}, "GET subscriptions/*"},
		{"GET", "subscriptions/?Page=0", "", reason{call, signon.CheckArguments, "Page must be a whole number from 1 to 1000000", ""}, "GET subscriptions"},
		{"GET", "nothing/", "", reason{call, signon.CheckReadable, "a call that can be read", "There is nothing here"}, ""},
		{"DELETE", "customers/352365983/", "", reason{call, signon.CheckReadable, "a call that can be read", "Only GET, HEAD, PUT can be used here"}, ""},
	} {
		w.send(w.request(c.method, "/rest/6.0/"+c.target, c.body))
		trace := w.explained()
		if got := reasonOf(&trace); got != c.want || trace.Note != c.note {
			t.Errorf("%s %s:\n got %+v, %s\nwant %+v, %s", c.method, c.target, got, trace.Note, c.want, c.note)
		}
	}
}

// What the shell refused a client outlives the memory, without what came: that
// may be personal.
func TestACallRefusedByTheShellIsInTheAuditLog(t *testing.T) {
	for target, want := range map[string]signon.Event{
		"customers/352365983/cart/?ValidityTime=x1": {
			Type: signon.EventIssueRefused, Reason: signon.ReasonArgument, Destination: "cart",
			Note: "expected ValidityTime must be a whole number of seconds, at least 1",
		},
		"customers/joe%40example.org/account/": {
			Type: signon.EventIssueRefused, Reason: signon.ReasonReference, Destination: "account", Note: "expected a customer of this vendor",
		},
		"customers/": {Type: signon.EventResolveRefused, Reason: signon.ReasonArgument, Destination: "cart", Note: "expected ssotoken must be given"},
	} {
		w := newWorld(t)
		w.get("/rest/6.0/" + target)
		found, err := w.SignOn.Explain(t.Context(), "TESTCODE00")
		if err != nil {
			t.Fatal(err)
		}
		var got []signon.Event
		for i := range found.Events {
			e, err := found.Events[i].Event()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, *e)
		}
		want.Tenant, want.Client, want.SupportCode, want.Caller = shop, "AVANGATE", "TESTCODE00", w.caller.String()
		if diff := cmp.Diff([]signon.Event{want}, got, cmpopts.IgnoreFields(signon.Event{}, "At")); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", target, diff)
		}
	}
}

func TestACallThatTheCoreRefusedIsTracedOnce(t *testing.T) {
	w := newWorld(t)
	w.get(cartTarget("352365983", "https://evil.example/"))
	w.get("/rest/6.0/customers/?ssotoken=" + strings.Repeat("0", 40))
	w.get("/rest/6.0/customers/nobody/")
	w.get("/rest/6.0/nothing/")
	found, err := w.SignOn.Explain(t.Context(), "TESTCODE00")
	if err != nil {
		t.Fatal(err)
	}
	var got []signon.Operation
	for _, trace := range found.Traces {
		got = append(got, trace.Operation)
	}
	want := []signon.Operation{signon.OpAuthenticate, signon.OpIssue, signon.OpAuthenticate, signon.OpResolve, signon.OpAuthenticate, signon.OpCall, signon.OpCall}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARefusedProofExplainsItself(t *testing.T) {
	w := newWorld(t)
	now := w.Clock.Now()
	sign := func(at time.Time, key signon.Secret, algorithm string) string {
		t.Helper()
		header, err := rest.Sign("AVANGATE", at, key, algorithm)
		if err != nil {
			t.Fatal(err)
		}
		return header
	}
	good := sign(now, "SECRET_KEY", "sha256")
	_, hash, _ := strings.Cut(good, `hash="`)
	hash = hash[:64]
	const signed = `"8AVANGATE192026-11-21 12:00:00" (30 bytes) under the secret key of AVANGATE`
	for header, want := range map[string]reason{
		sign(now, "WRONG", "sha256"): {failed: signon.CheckSignature, expected: "the HMAC-SHA256 of " + signed, received: "another hash"},
		sign(now, "WRONG", "md5"):    {failed: signon.CheckSignature, expected: "the HMAC-MD5 of " + signed, received: "another hash"},
		strings.Replace(sign(now, "SECRET_KEY", "sha3-256"), ` algo="sha3-256"`, "", 1): {
			failed: signon.CheckSignature, expected: "the HMAC-SHA256 of " + signed, received: "another hash; no algorithm was named",
		},
		sign(now.Add(-time.Hour), "SECRET_KEY", "sha256"): {
			failed: signon.CheckDate, expected: "a date within 10m0s of the server's time, 2026-11-21 12:00:00 UTC", received: "2026-11-21 11:00:00",
		},
		strings.Replace(good, `"sha256"`, `"sha512"`, 1):     {failed: signon.CheckForm, expected: "an algorithm of md5, sha256, sha3-256", received: `"sha512"`},
		strings.Replace(good, `"sha256"`, `"SECRET_KEY"`, 1): {failed: signon.CheckForm, expected: "an algorithm of md5, sha256, sha3-256", received: "10 bytes"},
		strings.Replace(good, hash, hash[1:], 1):             {failed: signon.CheckForm, expected: "a hash of 64 hexadecimal digits for sha256", received: "63 bytes"},
		strings.Replace(good, hash, "x"+hash[1:], 1):         {failed: signon.CheckForm, expected: "a hash in hexadecimal digits", received: "a hash with other characters"},
		strings.Replace(good, "21 12", "21T12", 1): {
			failed: signon.CheckForm, expected: "a date that exists, as in 2006-01-02 15:04:05", received: `"2026-11-21T12:00:00"`,
		},
		strings.Replace(good, "2026-11-21 12:00:00", "SECRET_KEY", 1): {
			failed: signon.CheckForm, expected: "a date that exists, as in 2006-01-02 15:04:05", received: "10 bytes",
		},
		strings.Replace(good, "AVANGATE", "", 1):          {failed: signon.CheckForm, expected: "a merchant code", received: "none"},
		strings.Replace(good, "AVANGATE", "AVAN GATE", 1): {failed: signon.CheckForm, expected: "a merchant code of 1 to 64 letters, digits, hyphens, underscores and dots", received: "9 bytes"},
		strings.Replace(good, "AVANGATE", "NOBODY", 1):    {failed: signon.CheckClient},
		"code=AVANGATE": {
			failed: signon.CheckForm, expected: "credentials that can be read", received: `a header X-Avangate-Authentication that is not code="…" date="…" hash="…" algo="…", each once`,
		},
	} {
		w.caller = w.caller.Next() // whose failures are few
		r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
		r.Header.Set(rest.AuthHeader, header)
		if a := w.send(r); a.Code != http.StatusUnauthorized {
			t.Errorf("%s: got %d", header, a.Code)
		}
		want.operation = signon.OpAuthenticate
		trace := w.explained()
		if got := reasonOf(&trace); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", header, got, want)
		}
		if text := fmt.Sprintf("%+v", trace); strings.Contains(text, "SECRET_KEY") || strings.Contains(text, hash[:20]) {
			t.Errorf("%s: the trace holds a secret: %s", header, text)
		}
	}
	for _, c := range []struct {
		headers  int
		received string
	}{{0, "no header X-Avangate-Authentication"}, {2, "several headers X-Avangate-Authentication"}} {
		r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
		r.Header[rest.AuthHeader] = []string{good, good}[:c.headers]
		w.send(r)
		if trace := w.explained(); trace.Failed != signon.CheckForm || trace.Received != c.received {
			t.Errorf("%d headers: got %+v", c.headers, trace)
		}
	}
}

func TestAnAlgorithmThatIsSwitchedOffIsExplained(t *testing.T) {
	tenants := avangatetest.Vendors()
	tenants[0].Clients[0].Algorithms = []string{"sha256", "sha3-256"}
	w := newWorldWith(t, tenants)
	header, err := rest.Sign("AVANGATE", w.Clock.Now(), "SECRET_KEY", "md5")
	if err != nil {
		t.Fatal(err)
	}
	r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
	r.Header.Set(rest.AuthHeader, header)
	w.send(r)
	trace := w.explained()
	if got, want := reasonOf(&trace), (reason{signon.OpAuthenticate, signon.CheckAlgorithm, "sha256, sha3-256", "md5"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
