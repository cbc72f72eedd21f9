package avangate_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// told is what a trace says of a refusal.
type told struct {
	operation                signon.Operation
	failed                   signon.Check
	expected, received, note string
}

func last(w *avangatetest.World) told {
	w.Helper()
	traces := w.SignOn.Traces("TESTCODE00")
	if len(traces) == 0 {
		w.Fatal("no trace")
	}
	t := &traces[len(traces)-1]
	return told{t.Operation, t.Failed, t.Expected, t.Received, t.Note}
}

func TestEveryRefusedCallLeavesATrace(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	const noCustomer, noSubscription = "a customer of this vendor", "a subscription of this vendor, and of this customer where one is named"
	for _, bad := range []struct {
		ask  []any
		want told
	}{
		{[]any{"createCustomer"}, told{signon.OpCall, signon.CheckArguments, "Customer must be given", "", "createCustomer"}},
		{[]any{"createCustomer", newCustomer("Email", "secret@")}, told{signon.OpCall, signon.CheckArguments, "Email must be an e-mail address", "", "createCustomer"}},
		{[]any{"createCustomer", newCustomer("CardNumber", cardNumber)}, told{signon.OpCall, signon.CheckArguments, "CardNumber must not be sent: card numbers are never stored", "", "createCustomer"}},
		{[]any{"updateCustomerInformation", map[string]any{"AvangateCustomerReference": json.Number("1")}}, told{signon.OpCall, signon.CheckReference, noCustomer, "1", "updateCustomerInformation"}},
		{[]any{"updateCustomerInformation", map[string]any{"externalCustomerReference": "Nobody"}}, told{signon.OpCall, signon.CheckReference, noCustomer, "Nobody", "updateCustomerInformation"}},
		{[]any{"getCustomerInformation", "1"}, told{signon.OpCall, signon.CheckReference, noCustomer, "1", "getCustomerInformation"}},
		{[]any{"getCustomerInformation", nil, "Nobody"}, told{signon.OpCall, signon.CheckReference, noCustomer, "Nobody", "getCustomerInformation"}},
		{[]any{"getCustomerInformation"}, told{signon.OpCall, signon.CheckArguments, "customerReference or externalCustomerReference must be given", "", "getCustomerInformation"}},
		{[]any{"addSubscription", newSubscription("StartDate", "tomorrow")}, told{signon.OpCall, signon.CheckArguments, "StartDate must be a day in the form YYYY-MM-DD", "", "addSubscription"}},
		{[]any{"getSubscription", "0000000000"}, told{signon.OpCall, signon.CheckReference, noSubscription, "0000000000", "getSubscription"}},
		{[]any{"getCustomerSubscriptions", "1"}, told{signon.OpCall, signon.CheckReference, noCustomer, "1", "getCustomerSubscriptions"}},
		{[]any{"getSingleSignOn", "0000000000"}, told{signon.OpIssue, signon.CheckReference, noSubscription, "0000000000", "getSingleSignOn"}},
	} {
		if _, err := c.call(bad.ask[0].(string), bad.ask[1:]...); err == nil {
			t.Errorf("%v was not refused", bad.ask)
		}
		if got := last(w); got != bad.want {
			t.Errorf("%v:\n got %+v\nwant %+v", bad.ask, got, bad.want)
		}
	}
	w.Store.Err = signon.Unavailable("read", errors.New("disk away"))
	if _, err := c.call("getCustomerSubscriptions", "352365983"); err == nil || last(w) != (told{signon.OpCall, signon.CheckCommitted, "", "", "getCustomerSubscriptions"}) {
		t.Errorf("got %v, %+v", err, last(w))
	}
}

func TestALimitIsTraced(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	subscribe(w, 1001)
	if _, err := c.call("updateCustomerInformation", map[string]any{"ExternalCustomerReference": "NoCards1"}, true); err == nil {
		t.Fatal("not refused")
	}
	if got := last(w); got.operation != signon.OpCall || got.failed != signon.CheckLimits {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsNoCallLeavesATrace(t *testing.T) {
	w := avangatetest.New(t)
	by := &avangate.Caller{Addr: netip.MustParseAddr("192.0.2.10"), SupportCode: "TESTCODE00", Note: "call 3 of the batch"}
	w.API.TraceUnread(by, "it is nested too deeply")
	if got, want := last(w), (told{signon.OpCall, signon.CheckReadable, "a call that can be read", "it is nested too deeply", "call 3 of the batch"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for name, received := range map[string]string{
		"placeOrder": `"placeOrder"`, "order.get": `"order.get"`, "": "0 bytes", "a b": "3 bytes",
		"nbswy3dpeb3w64tmmqqho2lonrsxg43u": "32 bytes", // a session, say
	} {
		w.API.TraceUnknownMethod(by, name)
		if got, want := last(w), (told{signon.OpCall, signon.CheckMethod, "a method that there is", received, "call 3 of the batch"}); got != want {
			t.Errorf("%q: got %+v, want %+v", name, got, want)
		}
	}
	m, _ := avangate.FindMethod("getSubscription")
	twice := []avangate.Argument{{Name: "sessionID", Value: "x"}, {Name: "SESSIONID", Value: "y"}}
	if _, err := w.API.Call(t.Context(), by, m, twice); err == nil {
		t.Fatal("not refused")
	}
	if got, want := last(w), (told{signon.OpCall, signon.CheckArguments, "sessionID must not be given twice", "", "getSubscription, call 3 of the batch"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Strangers must not crowd out what others may want explained.
func TestAQuietStrangerLeavesNoTrace(t *testing.T) {
	w := avangatetest.New(t)
	session := login(w, "AVANGATE", "SECRET_KEY").session
	before := len(w.SignOn.Traces("TESTCODE00"))
	by := func() *avangate.Caller {
		return &avangate.Caller{Addr: netip.MustParseAddr("192.0.2.10"), SupportCode: "TESTCODE00", Quiet: true}
	}
	get, _ := avangate.FindMethod("getSubscription")
	in, _ := avangate.FindMethod("login")
	w.API.TraceUnread(by(), "x")
	w.API.TraceUnknownMethod(by(), "x")
	for range 3 {
		_, _ = w.API.Call(t.Context(), by(), get, []avangate.Argument{{Value: "nobody"}})
		_, _ = w.API.Call(t.Context(), by(), in, []avangate.Argument{{Value: "NOBODY"}})
	}
	if got := len(w.SignOn.Traces("TESTCODE00")); got != before {
		t.Errorf("%d traces were left", got-before)
	}
	_, _ = w.API.Call(t.Context(), by(), get, []avangate.Argument{{Value: session}, {Value: "0000000000"}})
	if got := last(w); got.failed != signon.CheckReference {
		t.Errorf("a client's refusal was not traced: %+v", got)
	}
}
