package lob_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/lob"
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
	w.handler = http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) { usual.(*lob.Handler).Refuse(a, r, err) })
	return w.send(r)
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	call := func(client, bearer, body string) func() *http.Request {
		return func() *http.Request { return w.by(client, bearer, w.request("get_member", body)) }
	}
	w.refusing("no token", func() *http.Request {
		r := w.request("get_member", `{"CIINo":"`+member+`"}`)
		r.Header.Del("Authorization")
		return r
	}, &signon.Error{Code: signon.CodeUnauthenticated})
	w.refusing("no scope", call(group, "weak", `{"CIINo":"`+member+`"}`), &signon.Error{Code: signon.CodeForbidden})
	w.refusing("an unknown member", call(group, "demo", `{"CIINo":"10009999"}`), &signon.Error{Code: signon.CodeSubjectUnknown})
	w.refusing("a wrong client of the issuer", func() *http.Request { return ask("grant_type=client_credentials", "demo:weak-secret") },
		&signon.Error{Code: signon.CodeUnauthenticated})
	w.refusing("a host of nobody's", func() *http.Request {
		r := call(group, "demo", "{}")()
		r.Host = "elsewhere.example"
		return r
	}, &signon.Error{Code: signon.CodeLimit})
	w.refusing("a token that is none", func() *http.Request {
		return w.request("validate_sso_token", `{"TokenNo":"x","TokenRefNo":"y"}`)
	}, &signon.Error{Code: signon.CodeTokenInvalid})
}

func TestEveryRefusalThatIsAskedForIsAnAnswer(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"/v2/get_member", "/v2/fly", "/oauth2/token", "/lob/01/.well-known/jwks.json"} {
		for _, code := range signon.Codes() {
			r := httptest.NewRequest(http.MethodPost, target, strings.NewReader("{}"))
			r.Host = ownHost
			if a := w.refused(r, &signon.Error{Code: code}); a.Body.Len() == 0 || a.Header().Get("Allow") != "" {
				t.Errorf("%s, %s: got %d %s, %v", target, code, a.Code, a.Body, a.Header())
			}
		}
	}
}
