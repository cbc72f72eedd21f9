package lob

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestEveryCodeHasItsReply(t *testing.T) {
	want := map[signon.Code]int{
		signon.CodeUnauthenticated: 401, signon.CodeForbidden: 403, signon.CodeSubjectUnknown: 0, signon.CodeNotFound: 0,
		signon.CodeInvalid: 400, signon.CodeTargetUnsupported: 400, signon.CodeTokenInvalid: 0, signon.CodeSessionInvalid: 403,
		signon.CodeConflict: 409, signon.CodeLimit: 429, signon.CodeUnavailable: 502, signon.CodeInternal: 502,
	}
	c := &call{context: context.Background(), tenant: &signon.Tenant{}}
	for _, code := range signon.Codes() {
		f := c.faultOf(&signon.Error{Code: code, Reason: "secret reason", Err: errors.New("secret cause")})
		if f.status != want[code] || f.text == "" || (f.status == 0) != (f.code != "") || (f.kind == "") != (f.status == 0) {
			t.Errorf("%s: got %+v, want %d", code, f, want[code])
		}
		a, err := says(c.document(f))
		if err != nil || strings.Contains(string(a.body), "secret") {
			t.Errorf("%s: %s says why, %v", code, a.body, err)
		}
	}
	if len(want) != len(signon.Codes()) || len(replies) != len(want) {
		t.Errorf("%d codes, %d replies, %d wanted", len(signon.Codes()), len(replies), len(want))
	}
	for _, err := range []error{errors.New("x"), &signon.Error{Code: "new"}} {
		if f := c.faultOf(err); f.status != 502 {
			t.Errorf("%v: got %d", err, f.status)
		}
	}
}

func TestServesItsPathsAlone(t *testing.T) {
	for path, want := range map[string]bool{
		"/v2": true, "/v2/x": true, "//v2//get_sso_token/": true, "/oauth2/token": true, "/oauth2": true, "/lob/01/.well-known/jwks.json": true, "/lob/01/.well-known/jwks.json/": true,
		"/": false, "": false, "/v2x": false, "/lob/01": false, "/lob": false, "/lob/01/.well-known": false, "/lob//.well-known/jwks.json": false, "/x/v2": false, "/services/2": false,
	} {
		if got := Serves(path); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}
