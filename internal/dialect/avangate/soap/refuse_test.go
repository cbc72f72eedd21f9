package soap_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/soap"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// refusing lets the handler answer what sent builds, and then refuse the same with
// the error: the two answers must be alike.
func (w *world) refusing(what string, sent func() *http.Request, err *signon.Error) {
	w.Helper()
	genuine := w.send(sent())
	asked := w.refused(sent(), err)
	if asked.Code != genuine.Code || asked.Body.String() != genuine.Body.String() {
		w.Errorf("%s: got %d %s,\nwant %d %s", what, asked.Code, asked.Body, genuine.Code, genuine.Body)
	}
	if diff := cmp.Diff(genuine.Header(), asked.Header()); diff != "" {
		w.Errorf("%s: the headers differ (-genuine +asked for):\n%s", what, diff)
	}
}

// refused lets the handler refuse the request.
func (w *world) refused(r *http.Request, err *signon.Error) *httptest.ResponseRecorder {
	w.Helper()
	usual := w.handler
	defer func() { w.handler = usual }()
	w.handler = http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) { usual.(*soap.Handler).Refuse(a, r, err) })
	return w.send(r)
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	call := func(method string, args ...string) func() *http.Request {
		return func() *http.Request {
			return httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader([]byte(envelope(method, texts(args...)...))))
		}
	}
	w.refusing("a wrong proof", call("login", "AVANGATE", "x", "y"), &signon.Error{Code: signon.CodeUnauthenticated})
	w.refusing("no session", call("getSubscription", "x", "y"), &signon.Error{Code: signon.CodeSessionInvalid})
	w.refusing("a wrong argument, by the method's word for it",
		call("getSingleSignOnInCart", session, "352365983", "AvangateCustomerReference", buyLink, "0", ""),
		signon.Invalid(signon.ArgTTL, "must be a whole number of seconds, at least 1"))
}

func TestWhatIsNoCallIsRefusedAsItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string]*http.Request{
		"a description": httptest.NewRequest(http.MethodGet, "/soap/6.0/?wsdl", nil),
		"no XML":        httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader([]byte("x"))),
		"no method":     httptest.NewRequest(http.MethodPost, "/soap/6.0/", bytes.NewReader([]byte(envelope("fly")))),
	} {
		for _, code := range signon.Codes() {
			if a := w.refused(r, &signon.Error{Code: code}); faultOf(t, a).Code == "" {
				t.Errorf("%s, %s: got %d %s", name, code, a.Code, a.Body)
			}
		}
	}
}
