package bluesnap_test

import (
	"net/http"
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
		refusals.Alike("nobody", func() *http.Request {
			r := login("username", "1111001", address)()
			r.Header.Del("Authorization")
			return r
		}, &signon.Error{Code: signon.CodeUnauthenticated})
		refusals.Alike("no role", login("norole", "1111001", address), &signon.Error{Code: signon.CodeForbidden})
		refusals.Alike("an unknown user", login("username", "7", address), &signon.Error{Code: signon.CodeSubjectUnknown})
	}
	refusals.Alike("a wrong argument, with what came for it", func() *http.Request {
		return w.request(http.MethodPost, "generateSSOLoginToken/1111001", `{"requestingUserIp":"here"}`, asJSON)
	}, signon.Invalid(signon.ArgAddr, "must be one IPv4 or IPv6 address"))
}

func TestEveryRefusalThatIsAskedForHasAMessage(t *testing.T) {
	w := newWorld(t)
	refusals := w.refusals()
	for _, mediaType := range []string{asJSON, asXML, "text/html"} {
		for _, code := range signon.Codes() {
			a := refusals.Refused(w.request(http.MethodGet, "cp/user/1111001", "", mediaType), &signon.Error{Code: code})
			if a.Code < http.StatusBadRequest { // that it has one, send has checked
				t.Errorf("%s: got %d", code, a.Code)
			}
		}
	}
}
