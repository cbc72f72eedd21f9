package jsonrpc_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

var forbidden = refusal("10000", "Invalid hash provided or session expired", "FORBIDDEN")

func TestASessionLastsTenMinutesHoweverMuchItIsUsed(t *testing.T) {
	w := newWorld(t)
	s := w.login("AVANGATE")
	for _, step := range []time.Duration{0, 4 * time.Minute, 4 * time.Minute, 2*time.Minute - time.Millisecond} {
		w.Clock.Advance(step)
		w.result("getCustomerInformation", s, 352365983)
	}
	for _, step := range []time.Duration{time.Millisecond, time.Second, time.Hour} {
		w.Clock.Advance(step)
		if got := w.call("getCustomerInformation", s, 352365983); got != forbidden {
			t.Errorf("%s later: got %s", step, got)
		}
	}
	w.result("getCustomerInformation", w.login("AVANGATE"), 352365983)
}

func TestWhatIsNoSessionIsForbidden(t *testing.T) {
	w := newWorld(t)
	s := w.login("AVANGATE")
	other := "a"
	if s[31:] == other {
		other = "b"
	}
	for _, session := range []any{nil, "", "x", s[:31], s + "a", s[:31] + other, strings.ToUpper(s), 7, true, []any{s}, map[string]any{"id": s}} {
		if got := w.call("getCustomerInformation", session, 352365983); got != forbidden {
			t.Errorf("got %s", got)
		}
	}
}

func TestLogin(t *testing.T) {
	w := newWorld(t)
	failed := refusal("10003", "Authentication failed", "AUTHENTICATION_FAILED")
	right := w.proof("AVANGATE")
	for name, args := range map[string][]any{
		"nothing": {}, "no hash": {right[0], right[1]}, "another's hash": {right[0], right[1], w.proof("OTHERSHOP")[2]}, "nobody": {"NOBODY", right[1], right[2]},
		"another algorithm": {right[0], right[1], right[2], "sha3-256"}, "an object": {right[0], right[1], map[string]any{"hash": right[2]}},
	} {
		if got := w.call("login", args...); got != failed {
			t.Errorf("%s: got %s", name, got)
		}
	}
	w.result("login", right[:3]...)
	w.Clock.Advance(10*time.Minute + time.Second)
	if got := w.call("login", right...); got != failed {
		t.Errorf("an old date: got %s", got)
	}
}

func TestFailedLoginsAreLimited(t *testing.T) {
	w := newWorld(t)
	wrong := bodyOf(t, "login", append(w.proof("AVANGATE")[:2], strings.Repeat("0", 64))...)
	a := w.post("[" + strings.Repeat(wrong+",", 10) + wrong + "]")
	failed, limited := refusal("10003", "Authentication failed", "AUTHENTICATION_FAILED"), refusal("42900", "A limit is reached; try again later", "LIMIT_EXCEEDED")
	if want := "[" + strings.Repeat(failed+",", 10) + limited + "]"; a.Code != http.StatusOK || a.Body.String() != want {
		t.Errorf("got %d %s", a.Code, a.Body)
	}
	if seconds, err := strconv.Atoi(a.Header().Get("Retry-After")); err != nil || seconds < 1 || seconds > 60 {
		t.Errorf("Retry-After: got %q, want some seconds", a.Header().Get("Retry-After"))
	}
	if got := w.call("login", w.proof("AVANGATE")...); got != limited {
		t.Errorf("the right proof while limited: got %s", got)
	}
	w.login("OTHERSHOP")
}

func TestVendorsDoNotSeeEachOther(t *testing.T) {
	w := newWorld(t)
	mine, other := w.login("AVANGATE"), w.login("OTHERSHOP")
	token := w.token("getSingleSignOnInCart", mine, 352365983, "AvangateCustomerReference", buyLink)
	noCustomer := refusal("40001", "No customer has this reference", "CUSTOMER_NOT_FOUND")
	noSubscription := refusal("40002", "No subscription has this reference", "SUBSCRIPTION_NOT_FOUND")
	for _, c := range []struct {
		method string
		args   []any
		want   string
	}{
		{"getSingleSignOnInCart", []any{352365983, "AvangateCustomerReference", "https://other.example/order/cart.php?PRODS=1"}, noCustomer},
		{"getSingleSignOnInCart", []any{"HotTalks1Customer123", "ExternalCustomerReference", "https://other.example/order/cart.php?PRODS=1"}, noCustomer},
		{"getSingleSignOnByCustomer", []any{352365983, "2CheckoutCustomerReference"}, noCustomer},
		{"getSingleSignOnByCustomer", []any{100000001, "AvangateCustomerReference", "my_subscription", "code=123D40F123"}, noSubscription},
		{"getSingleSignOn", []any{"123D40F123"}, noSubscription},
		{"getCustomerInformation", []any{352365983}, noCustomer},
		{"getCustomerInformation", []any{nil, "HotTalks1Customer123"}, noCustomer},
		{"getCustomerSubscriptions", []any{352365983}, noCustomer},
		{"updateCustomerInformation", []any{map[string]any{"AvangateCustomerReference": 352365983, "FirstName": "Eve"}}, noCustomer},
		{"getSubscription", []any{"123D40F123"}, noSubscription},
		{"addSubscription", []any{map[string]any{
			"AvangateCustomerReference": 352365983, "StartDate": "2026-11-01", "Product": map[string]any{"ProductId": "1"},
		}}, noCustomer},
		{"getCustomerInformationBySSOToken", []any{token}, refusal("40020", "singleSignOnToken is unknown or no longer valid", "SSO_TOKEN_INVALID")},
	} {
		if got := w.call(c.method, append([]any{other}, c.args...)...); got != c.want {
			t.Errorf("%s %v:\n got %s\nwant %s", c.method, c.args, got, c.want)
		}
	}
	w.result("getCustomerInformationBySSOToken", mine, token)
}

func TestFaultsOfOursLoseTheirText(t *testing.T) {
	w := newWorld(t)
	s := w.login("AVANGATE")
	uncertain := refusal("50300", "The outcome is not known; it is safe to try again", "UNAVAILABLE")
	for _, c := range []struct {
		err    error
		want   string
		retry  string
		logged string
	}{
		{errors.New("disk: secret detail"), refusal("50000", "Something went wrong here; please quote the support code", "INTERNAL_ERROR"), "", "level=ERROR"},
		{signon.Unavailable("commit", errors.New("secret detail")), uncertain, "1", "level=WARN"},
		{&signon.Error{Code: signon.CodeUnavailable, RetryAfter: 1500 * time.Millisecond}, uncertain, "2", "level=WARN"},
	} {
		w.Store.Err = c.err
		for method, args := range map[string][]any{
			"getSingleSignOnInCart":     {s, 352365983, "AvangateCustomerReference", buyLink},
			"getSingleSignOnByCustomer": {s, 352365983, "AvangateCustomerReference"},
			"getSingleSignOn":           {s, "123D40F123"},
			"getCustomerInformation":    {s, 352365983},
			"getCustomerSubscriptions":  {s, 352365983},
		} {
			w.Logged.Reset()
			a := w.post(bodyOf(t, method, args...))
			if a.Code != http.StatusOK || a.Body.String() != c.want || a.Header().Get("Retry-After") != c.retry {
				t.Errorf("%s: got %d %s, Retry-After %q; want %s, %q", method, a.Code, a.Body, a.Header().Get("Retry-After"), c.want, c.retry)
			}
			logged := w.Logged.String()
			if strings.Count(logged, "\n") != 1 || !strings.Contains(logged, c.logged) || !strings.Contains(logged, "support_code=TESTCODE00") || !strings.Contains(logged, "method="+method) {
				t.Errorf("%s: logged %q, want one line of %s", method, logged, c.logged)
			}
		}
		// The faults of a notification are nobody's to see but ours.
		w.Logged.Reset()
		a := w.post(`{"jsonrpc":"2.0","method":"getSingleSignOn","params":["` + s + `","123D40F123"]}`)
		if a.Code != http.StatusNoContent || !strings.Contains(w.Logged.String(), c.logged) {
			t.Errorf("a notification: got %d, logged %q", a.Code, w.Logged)
		}
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	proof, s := w.proof("AVANGATE"), w.login("AVANGATE")
	token := w.token("getSingleSignOnInCart", s, 352365983, "AvangateCustomerReference", buyLink)
	w.Store.Err = errors.New("broken")
	w.call("login", proof...)
	w.call("login", "AVANGATE", "canary-date", "canary-hash", "canary-algo")
	for _, args := range [][]any{
		{s, 352365983, "AvangateCustomerReference", buyLink},
		{s, 352365983, "AvangateCustomerReference", buyLink + "&logintoken=" + token},
		{"canary-session"},
		{s, "canary-customer", "canary-type", "canary-url", "canary-validity", "canary-address"},
	} {
		w.call("getSingleSignOnInCart", args...)
	}
	w.call("getCustomerInformationBySSOToken", s, token)
	w.call("getCustomerInformationBySSOToken", s, "canary-token")
	w.call("canary-method", "canary-argument")
	w.post(`{"jsonrpc":"2.0","method":"getSingleSignOn","params":{"sessionID":"` + s + `","subscriptionReference":"123D40F123","canary-name":""},"id":"canary-id"}`)
	w.post("canary-body")
	hash, ok := proof[2].(string)
	if !ok || w.Logged.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for what, secret := range map[string]string{"session": s, "token": token, "hash": hash, "key": "SECRET_KEY", "what the client sent": "canary", "buy link": "PRODS"} {
		if strings.Contains(w.Logged.String(), secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
}

func TestAnIssueThatIsRefusedNamesTheCheck(t *testing.T) {
	w := newWorld(t)
	s := w.login("AVANGATE")
	type reason struct {
		operation          signon.Operation
		failed             signon.Check
		expected, received string
	}
	for _, c := range []struct {
		method, args string
		want         reason
	}{
		{"getSingleSignOnInCart", `352365983,"AvangateCustomerReference","` + buyLink + `",0`, reason{signon.OpIssue, signon.CheckArguments, "validityTime must be a whole number of seconds, at least 1", "0"}},
		{"getSingleSignOnInCart", `352365983,"AvangateCustomerReference","` + buyLink + `",null,"localhost"`, reason{signon.OpIssue, signon.CheckArguments, "validationIp must be one IPv4 or IPv6 address, or empty", "localhost"}},
		{"getSingleSignOnInCart", `352365983,"AvangateCustomerReference","https://evil.example/"`, reason{signon.OpIssue, signon.CheckTarget, "target must be on a registered host and port", "https://evil.example/"}},
		{"getSingleSignOnInCart", `"nobody","ExternalCustomerReference","` + buyLink + `"`, reason{signon.OpIssue, signon.CheckReference, "a customer of this vendor", "nobody"}},
		{"getSingleSignOn", `"0AE5000001"`, reason{signon.OpIssue, signon.CheckReference, "a subscription of this vendor, and of this customer where one is named", "0AE5000001"}},
		{"getCustomerInformationBySSOToken", `"` + strings.Repeat("0", 40) + `"`, reason{signon.OpResolve, signon.CheckKnown, "", ""}},
	} {
		answer := w.answerTo(`{"jsonrpc":"2.0","method":"` + c.method + `","params":["` + s + `",` + c.args + `],"id":1}`)
		var a struct{ Error json.RawMessage }
		if json.Unmarshal([]byte(answer), &a) != nil || a.Error == nil {
			t.Errorf("%s %s: got %s", c.method, c.args, answer)
		}
		traces := w.SignOn.Traces("TESTCODE00")
		last := traces[len(traces)-1]
		got := reason{last.Operation, last.Failed, last.Expected, last.Received}
		if c.want.expected == "" {
			got.expected, got.received = "", ""
		}
		if got != c.want || last.Client != "AVANGATE" {
			t.Errorf("%s %s:\n got %+v of %s\nwant %+v", c.method, c.args, got, last.Client, c.want)
		}
	}
}
