package bluesnap_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/bluesnap"
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
	w.handler = http.HandlerFunc(func(a http.ResponseWriter, r *http.Request) { usual.(*bluesnap.Handler).Refuse(a, r, err) })
	return w.send(r)
}

func TestARefusalThatWasAskedForIsLikeAGenuineOne(t *testing.T) {
	w := newWorld(t)
	for _, mediaType := range []string{asJSON, asXML} {
		login := func(user, userID, body string) func() *http.Request {
			return func() *http.Request {
				return by(user, w.request(http.MethodPost, "generateSSOLoginToken/"+userID, body, mediaType))
			}
		}
		address := ownAddress
		if mediaType == asXML {
			address = `<login xmlns="http://ws.plimus.com"><requestingUserIp>62.216.234.216</requestingUserIp></login>`
		}
		w.refusing("nobody", func() *http.Request {
			r := login("username", "1111001", address)()
			r.Header.Del("Authorization")
			return r
		}, &signon.Error{Code: signon.CodeUnauthenticated})
		w.refusing("no role", login("norole", "1111001", address), &signon.Error{Code: signon.CodeForbidden})
		w.refusing("an unknown user", login("username", "7", address), &signon.Error{Code: signon.CodeSubjectUnknown})
	}
	w.refusing("a wrong argument, with what came for it", func() *http.Request {
		return w.request(http.MethodPost, "generateSSOLoginToken/1111001", `{"requestingUserIp":"here"}`, asJSON)
	}, signon.Invalid(signon.ArgAddr, "must be one IPv4 or IPv6 address"))
}

func TestEveryRefusalThatIsAskedForHasAMessage(t *testing.T) {
	w := newWorld(t)
	for _, mediaType := range []string{asJSON, asXML, "text/html"} {
		for _, code := range signon.Codes() {
			a := w.refused(w.request(http.MethodGet, "cp/user/1111001", "", mediaType), &signon.Error{Code: code})
			if a.Code < http.StatusBadRequest { // that it has one, send has checked
				t.Errorf("%s: got %d", code, a.Code)
			}
		}
	}
}
