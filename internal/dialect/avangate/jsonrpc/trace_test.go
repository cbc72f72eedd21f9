package jsonrpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// tracesOf posts the body and returns the traces that it leaves.
func (w *world) tracesOf(body string) []string {
	w.Helper()
	before := len(w.SignOn.Traces("TESTCODE00"))
	w.post(body)
	var told []string
	for _, t := range w.SignOn.Traces("TESTCODE00")[before:] {
		told = append(told, fmt.Sprintf("%s %s|%s|%s|%s", t.Operation, t.Failed, t.Expected, t.Received, t.Note))
	}
	return told
}

func TestWhatIsNoCallExplainsItself(t *testing.T) {
	w := newWorld(t)
	const readable = "call readable|a call that can be read|"
	for body, want := range map[string]string{
		"canary":                                readable + "Parse error: the body is not valid JSON|",
		"[]":                                    readable + "Invalid Request: a batch must have 1 to 50 calls|",
		"[7]":                                   readable + "Invalid Request: a call must be an object|call 1 of the batch",
		`{"jsonrpc":"1.0"}`:                     readable + `Invalid Request: jsonrpc must be "2.0"|`,
		`{"jsonrpc":"2.0","method":"getOrder"}`: `call method|a method that there is|"getOrder"|`,
		`{"jsonrpc":"2.0","method":"login","params":7}`:                                          readable + "Invalid params: params must be an array or an object|",
		`{"jsonrpc":"2.0","method":"getSubscription","params":{"sessionID":"","SESSIONID":"x"}}`: "call arguments|sessionID must not be given twice||getSubscription",
	} {
		if got := w.tracesOf(body); len(got) != 1 || got[0] != want {
			t.Errorf("%s:\n got %q\nwant %q", body, got, want)
		}
	}
}

// What strangers send must not crowd out what others may want explained.
func TestABatchOfStrangersLeavesOneTrace(t *testing.T) {
	w := newWorld(t)
	for name, call := range map[string]string{
		"no call":        `7`,
		"no method":      `{"jsonrpc":"2.0","method":"canary","id":1}`,
		"no session":     bodyOf(t, "getSubscription", "", "123D40F123"),
		"no vendor":      bodyOf(t, "login", "NOBODY", "x", "y"),
		"unusable":       `{"jsonrpc":"2.0","method":"login","params":7}`,
		"notifications":  `{"jsonrpc":"2.0","method":"getSubscription","params":["x"]}`,
		"one of several": bodyOf(t, "getSubscription", strings.Repeat("a", 32)) + `,{}`,
	} {
		body := "[" + strings.Repeat(call+",", 20) + call + "]"
		if got := w.tracesOf(body); len(got) != 1 {
			t.Errorf("%s: got %d traces: %q", name, len(got), got)
		}
	}
	session := w.login("AVANGATE")
	got := w.tracesOf("[7,7," + bodyOf(t, "getSubscription", session, "0000000000") + "," + bodyOf(t, "getSubscription", session, "123D40F123") + "," + bodyOf(t, "getCustomerInformation", session, "1") + "]")
	want := []string{
		"call readable|a call that can be read|Invalid Request: a call must be an object|call 1 of the batch",
		"call reference|a subscription of this vendor, and of this customer where one is named|0000000000|getSubscription, call 3 of the batch",
		"call reference|a customer of this vendor|1|getCustomerInformation, call 5 of the batch",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for _, trace := range w.SignOn.Traces("TESTCODE00") {
		if trace.Operation == signon.OpCall && strings.Contains(fmt.Sprintf("%+v", trace), session) {
			t.Error("a trace holds the session")
		}
	}
}
