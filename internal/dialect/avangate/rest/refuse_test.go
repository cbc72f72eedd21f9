package rest_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/dialect/dialecttest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func (w *world) refusals() dialecttest.Refusals {
	return dialecttest.Refusals{TB: w, Handler: &w.handler, Send: w.send}
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	get := func(target string) func() *http.Request {
		return func() *http.Request { return w.request(http.MethodGet, target, "") }
	}
	refusals.Alike("a wrong proof", func() *http.Request {
		r := w.request(http.MethodGet, "/rest/6.0/customers/352365983/", "")
		r.Header.Set(rest.AuthHeader, "none")
		return r
	}, &signon.Error{Code: signon.CodeUnauthenticated})
	refusals.Alike("an unknown customer", get("/rest/6.0/customers/nobody/cart/?Url=x"), &signon.Error{Code: signon.CodeSubjectUnknown})
	refusals.Alike("a wrong argument, by the client's word for it", get("/rest/6.0/customers/352365983/account/?validityTIME=0"),
		signon.Invalid(signon.ArgTTL, "must be a whole number of seconds, at least 1"))
}

func TestEveryRefusalThatIsAskedForIsInTheDocument(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	undocumented := []signon.Code{signon.CodeForbidden, signon.CodeSessionInvalid, signon.CodeConflict} // of links
	for _, code := range signon.Codes() {
		if slices.Contains(undocumented, code) {
			continue
		}
		a := refusals.Refused(w.request(http.MethodGet, cartTarget("352365983", buyLink), ""), &signon.Error{Code: code, RetryAfter: time.Second})
		if a.Code < http.StatusBadRequest {
			t.Errorf("%s: got %d", code, a.Code)
		}
	}
	if a := w.get("/rest/6.0/orders/1/"); a.Code != http.StatusNotFound {
		t.Errorf("the handler goes on with %d", a.Code)
	}
}
