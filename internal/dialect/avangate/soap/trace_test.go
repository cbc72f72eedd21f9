package soap_test

import (
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestWhatIsNoCallExplainsItself(t *testing.T) {
	w := newWorld(t)
	good := envelope("getSubscription", texts("x", "y")...)
	type reason struct {
		failed             signon.Check
		expected, received string
	}
	const readable = "a call that can be read"
	for name, c := range map[string]struct {
		body   string
		header []string
		want   reason
	}{
		"no XML":          {"canary", nil, reason{signon.CheckReadable, readable, "Bad Request: near byte 6: there is something beside the outermost element"}},
		"a document type": {strings.Replace(good, "?>", "?><!DOCTYPE canary>", 1), nil, reason{signon.CheckReadable, readable, ""}},
		"no such method":  {envelope("placeOrder"), nil, reason{signon.CheckMethod, "a method that there is", `"placeOrder"`}},
		"a header": {
			strings.Replace(good, "<SOAP-ENV:Body>", `<SOAP-ENV:Header><canary SOAP-ENV:mustUnderstand="1"/></SOAP-ENV:Header><SOAP-ENV:Body>`, 1), nil,
			reason{signon.CheckReadable, readable, "A header must be understood and is not"},
		},
		"a coding": {good, []string{"Content-Encoding", "br"}, reason{signon.CheckReadable, readable, "The body must not be compressed, other than once with gzip or deflate"}},
		"twice":    {envelope("getSubscription", `<sessionID/><sessionId/>`), nil, reason{signon.CheckArguments, "sessionID must not be given twice", ""}},
	} {
		w.post("/soap/6.0/", []byte(c.body), c.header...)
		traces := w.SignOn.Traces("TESTCODE00")
		last := traces[len(traces)-1]
		got := reason{last.Failed, last.Expected, last.Received}
		if c.want.received == "" && c.want.failed == signon.CheckReadable {
			c.want.received = last.Received
		}
		if got != c.want || last.Operation != signon.OpCall || strings.Contains(last.Received, "canary") {
			t.Errorf("%s:\n got %s %+v\nwant %+v", name, last.Operation, got, c.want)
		}
	}
	w.get("/soap/6.0/nothing")
	if traces := w.SignOn.Traces("TESTCODE00"); !strings.HasPrefix(traces[len(traces)-1].Received, "There is nothing here") {
		t.Errorf("got %+v", traces[len(traces)-1])
	}
}
