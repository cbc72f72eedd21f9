package soap_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/dialect/dialecttest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func (w *world) refusals() dialecttest.Refusals {
	return dialecttest.Refusals{TB: w, Handler: &w.handler, Send: w.send}
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	session := w.login("AVANGATE")
	call := func(method string, args ...string) func() *http.Request {
		return func() *http.Request {
			return httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader([]byte(envelope(method, texts(args...)...))))
		}
	}
	refusals.Alike("a wrong proof", call("login", "AVANGATE", "x", "y"), &signon.Error{Code: signon.CodeUnauthenticated})
	refusals.Alike("no session", call("getSubscription", "x", "y"), &signon.Error{Code: signon.CodeSessionInvalid})
	refusals.Alike("a wrong argument, by the method's word for it",
		call("getSingleSignOnInCart", session, "352365983", "AvangateCustomerReference", buyLink, "0", ""),
		signon.Invalid(signon.ArgTTL, "must be a whole number of seconds, at least 1"))
}

func TestWhatIsNoCallIsRefusedAsItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	for name, r := range map[string]*http.Request{
		"a description": httptest.NewRequest(http.MethodGet, "/soap/6.0/?wsdl", nil),
		"no XML":        httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader([]byte("x"))),
		"no method":     httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader([]byte(envelope("fly")))),
	} {
		for _, code := range signon.Codes() {
			if a := refusals.Refused(r, &signon.Error{Code: code}); faultOf(t, a).Code == "" {
				t.Errorf("%s, %s: got %d %s", name, code, a.Code, a.Body)
			}
		}
	}
}
