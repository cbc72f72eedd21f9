package jsonrpc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/jsonrpc"
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
	w.handler = http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) { usual.(*jsonrpc.Handler).Refuse(a, r, err) })
	return w.send(r)
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	session := w.login("AVANGATE")
	call := func(method string, args ...any) func() *http.Request {
		return func() *http.Request {
			return httptest.NewRequest(http.MethodPost, path, strings.NewReader(bodyOf(t, method, args...)))
		}
	}
	w.refusing("a wrong proof", call("login", "AVANGATE", "x", "y"), &signon.Error{Code: signon.CodeUnauthenticated})
	w.refusing("no session", call("getSubscription", "x", "y"), &signon.Error{Code: signon.CodeSessionInvalid})
	w.refusing("a wrong argument, by the method's word for it",
		call("getSingleSignOnInCart", session, "352365983", "AvangateCustomerReference", buyLink, 0, ""), signon.Invalid(signon.ArgTTL, "must be a whole number of seconds, at least 1"))
	w.refusing("what can't be read", func() *http.Request {
		return httptest.NewRequest(http.MethodPost, path, strings.NewReader("x"))
	}, &signon.Error{Code: signon.CodeLimit})
}

func TestEachCallOfABatchIsRefusedAsItIsAskedFor(t *testing.T) {
	w := newWorld(t)
	const batch = `[{"jsonrpc":"2.0","method":"login","id":1},{"jsonrpc":"2.0","method":"fly","id":"a b"},{"jsonrpc":"2.0","method":"login"}]`
	const refused = `"error":{"code":42900,"message":"A limit is reached; try again later","data":{"error_code":"LIMIT_EXCEEDED"}},"id":`
	err := &signon.Error{Code: signon.CodeLimit, RetryAfter: time.Second}
	a := w.refused(httptest.NewRequest(http.MethodPost, path, strings.NewReader(batch)), err)
	want := `[{"jsonrpc":"2.0",` + refused + `1},{"jsonrpc":"2.0",` + refused + `"a b"}]`
	if a.Code != http.StatusOK || a.Body.String() != want || a.Header().Get("Retry-After") != "1" {
		t.Errorf("got  %d %s\nwant %s", a.Code, a.Body, want)
	}
	notification := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"jsonrpc":"2.0","method":"login"}`))
	if a := w.refused(notification, err); a.Code != http.StatusNoContent {
		t.Errorf("a notification: got %d %s", a.Code, a.Body)
	}
}
