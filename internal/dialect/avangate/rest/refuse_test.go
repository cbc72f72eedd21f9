package rest_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
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
	w.handler = http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) { usual.(*rest.Handler).Refuse(a, r, err) })
	return w.send(r)
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	get := func(target string) func() *http.Request {
		return func() *http.Request { return w.request(http.MethodGet, target, "") }
	}
	w.refusing("a wrong proof", func() *http.Request {
		r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
		r.Header.Set(rest.AuthHeader, "none")
		return r
	}, &signon.Error{Code: signon.CodeUnauthenticated})
	w.refusing("an unknown customer", get("/rest/6.0/customers/nobody/cart/?Url=x"), &signon.Error{Code: signon.CodeSubjectUnknown})
	w.refusing("a wrong argument, by the client's word for it", get("/rest/6.0/customers/352365983/account/?validityTIME=0"),
		signon.Invalid(signon.ArgTTL, "must be a whole number of seconds, at least 1"))
}

func TestEveryRefusalThatIsAskedForIsInTheDocument(t *testing.T) {
	w := newWorld(t)
	undocumented := []signon.Code{signon.CodeForbidden, signon.CodeSessionInvalid, signon.CodeConflict} // of links
	for _, code := range signon.Codes() {
		if slices.Contains(undocumented, code) {
			continue
		}
		a := w.refused(w.request(http.MethodGet, cartTarget("352365983", buyLink), ""), &signon.Error{Code: code, RetryAfter: time.Second})
		if a.Code < http.StatusBadRequest {
			t.Errorf("%s: got %d", code, a.Code)
		}
	}
	if a := w.get("/rest/6.0/orders/1/"); a.Code != http.StatusNotFound {
		t.Errorf("the handler goes on with %d", a.Code)
	}
}
