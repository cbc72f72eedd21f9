package jsonrpc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
	call := func(method string, args ...any) func() *http.Request {
		return func() *http.Request {
			return httptest.NewRequest(http.MethodPost, path, strings.NewReader(bodyOf(t, method, args...)))
		}
	}
	refusals.Alike("a wrong proof", call("login", "AVANGATE", "x", "y"), &signon.Error{Code: signon.CodeUnauthenticated})
	refusals.Alike("no session", call("getSubscription", "x", "y"), &signon.Error{Code: signon.CodeSessionInvalid})
	refusals.Alike("a wrong argument, by the method's word for it",
		call("getSingleSignOnInCart", session, "352365983", "AvangateCustomerReference", buyLink, 0, ""), signon.Invalid(signon.ArgTTL, "must be a whole number of seconds, at least 1"))
	refusals.Alike("what can't be read", func() *http.Request {
		return httptest.NewRequest(http.MethodPost, path, strings.NewReader("x"))
	}, &signon.Error{Code: signon.CodeLimit})
}

func TestEachCallOfABatchIsRefusedAsItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	const batch = `[{"jsonrpc":"2.0","method":"login","id":1},{"jsonrpc":"2.0","method":"fly","id":"a b"},{"jsonrpc":"2.0","method":"login"}]`
	const refused = `"error":{"code":42900,"message":"A limit is reached; try again later","data":{"error_code":"LIMIT_EXCEEDED"}},"id":`
	err := &signon.Error{Code: signon.CodeLimit, RetryAfter: time.Second}
	a := refusals.Refused(httptest.NewRequest(http.MethodPost, path, strings.NewReader(batch)), err)
	want := `[{"jsonrpc":"2.0",` + refused + `1},{"jsonrpc":"2.0",` + refused + `"a b"}]`
	if a.Code != http.StatusOK || a.Body.String() != want || a.Header().Get("Retry-After") != "1" {
		t.Errorf("got  %d %s\nwant %s", a.Code, a.Body, want)
	}
	notification := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"jsonrpc":"2.0","method":"login"}`))
	if a := refusals.Refused(notification, err); a.Code != http.StatusNoContent {
		t.Errorf("a notification: got %d %s", a.Code, a.Body)
	}
}
