package soap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

func TestUnknownMethodIsNamedSafely(t *testing.T) {
	for name, want := range map[string]string{
		"":                         "Procedure '' not present",
		"getOrder":                 "Procedure 'getOrder' not present",
		"a-b_c.D9":                 "Procedure 'a-b_c.D9' not present",
		"a'<b>\n&\x00\"":           "Procedure 'a??b?????' not present",
		"naïve":                    "Procedure 'na?ve' not present",
		strings.Repeat("a", 64):    "Procedure '" + strings.Repeat("a", 64) + "' not present",
		strings.Repeat("a", 65):    "Procedure '" + strings.Repeat("a", 64) + "' not present",
		strings.Repeat("ä", 9_999): "Procedure '" + strings.Repeat("?", 32) + "' not present",
	} {
		if f := soap.UnknownMethod(name); f.Message != want || f.Code != "SOAP-ENV:Server" {
			t.Errorf("%.70q: got %s, %q; want %q", name, f.Code, f.Message, want)
		}
	}
}

func TestFaultsKeepTheirCauseForOperators(t *testing.T) {
	cause := errors.New("no gzip")
	f := soap.BadRequest(cause)
	if f.Code != "SOAP-ENV:Client" || f.Message != "Bad Request" || !errors.Is(f, cause) || f.Error() != "Bad Request: no gzip" {
		t.Errorf("got %+v: %v", f, f)
	}
	if got := (&soap.Fault{Message: "no"}).Error(); got != "no" {
		t.Errorf("got %q", got)
	}
}
