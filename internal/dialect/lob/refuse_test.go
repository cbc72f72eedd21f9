package lob_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
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
	call := func(client, bearer, body string) func() *http.Request {
		return func() *http.Request { return w.by(client, bearer, w.request("get_member", body)) }
	}
	refusals.Alike("no token", func() *http.Request {
		r := w.request("get_member", `{"CIINo":"`+member+`"}`)
		r.Header.Del("Authorization")
		return r
	}, &signon.Error{Code: signon.CodeUnauthenticated})
	refusals.Alike("no scope", call(group, "weak", `{"CIINo":"`+member+`"}`), &signon.Error{Code: signon.CodeForbidden})
	refusals.Alike("an unknown member", call(group, "demo", `{"CIINo":"10009999"}`), &signon.Error{Code: signon.CodeSubjectUnknown})
	refusals.Alike("a wrong client of the issuer", func() *http.Request { return ask("grant_type=client_credentials", "demo:weak-secret") },
		&signon.Error{Code: signon.CodeUnauthenticated})
	refusals.Alike("a host of nobody's", func() *http.Request {
		r := call(group, "demo", "{}")()
		r.Host = "elsewhere.example"
		return r
	}, &signon.Error{Code: signon.CodeLimit})
	refusals.Alike("a token that is none", func() *http.Request {
		return w.request("validate_sso_token", `{"TokenNo":"x","TokenRefNo":"y"}`)
	}, &signon.Error{Code: signon.CodeTokenInvalid})
}

func TestEveryRefusalThatIsAskedForIsAnAnswer(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	for _, target := range []string{"/v2/get_member", "/v2/fly", "/oauth2/token", "/lob/01/.well-known/jwks.json"} {
		for _, code := range signon.Codes() {
			r := httptest.NewRequest(http.MethodPost, target, strings.NewReader("{}"))
			r.Host = ownHost
			if a := refusals.Refused(r, &signon.Error{Code: code}); a.Body.Len() == 0 || a.Header().Get("Allow") != "" {
				t.Errorf("%s, %s: got %d %s, %v", target, code, a.Code, a.Body, a.Header())
			}
		}
	}
}
