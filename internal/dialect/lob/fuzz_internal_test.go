package lob

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func FuzzAuthorization(f *testing.F) {
	for _, header := range []string{"Bearer a.e30.c", "a.eyJpc3MiOiJ4In0.c", "bearer ", "Bearer  a.b.c", "a.b", "a.b.c\n", "Basic eDp5", ""} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, unreadable := parseBearer([]string{header})
		if (token == "") == (unreadable == "") && unreadable == "" {
			t.Fatalf("%q: neither a token nor a reason", header)
		}
		if unreadable != "" {
			return
		}
		if token != header && !strings.EqualFold(header, "bearer "+token) || len(token) > jwt.MaxToken {
			t.Errorf("%q: got %q", header, token)
		}
		said, ok := peek(token)
		if !ok {
			return
		}
		_, _ = said.text(wIssuer), said.texts(wScope)
		for _, issuer := range []*signon.Issuer{{}, {Audience: "x"}} {
			_, _, _ = said.unfit(issuer), said.client(issuer), said.scopes(issuer)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"CIINo":"1","LOBId":"01","Functionality":"D"}`, `{"GenerateTokenRequest":{"CIINo":10001004}}`, `{"CIINo":1e3}`, `{"CIINo":1,"CIINo":1}`, `[]`, `null`, `{"TokenRefNo":1,"TokenNo":"a"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decode(body, wGenerateRequest)
		if err != nil {
			c := &call{context: context.Background()}
			if fault := c.faultOf(err); fault.status != http.StatusBadRequest || !utf8.ValidString(fault.text) || len(fault.text) > 100 {
				t.Errorf("got %+v", fault)
			}
			return
		}
		for name, value := range got {
			if !utf8.ValidString(value) || name != wMember && name != wLOB && name != wTarget && name != wNumber && name != wToken {
				t.Errorf("%q: got %q", name, value)
			}
		}
	})
}
