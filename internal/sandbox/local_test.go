package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dev"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
)

// A browser looks "localhost" up as ::1, and a client writes 127.0.0.1.
func TestALinkForOneLoopbackAddressOpensAtAnother(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		bound, from string
		want        int
	}{
		{"127.0.0.1", "::1", http.StatusOK},
		{"127.0.0.1", "127.0.0.1", http.StatusOK},
		{"127.0.0.1", "192.0.2.1", http.StatusForbidden},
	} {
		r := w.request(http.MethodGet, "/rest/6.0/subscriptions/123D40F123/signon/my_products/?ValidationIp="+c.bound, "")
		header, err := rest.Sign(dev.MerchantCode, time.Now(), dev.SecretKey, "")
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(rest.AuthHeader, header)
		status, text := w.do(r)
		var link string
		if err := json.Unmarshal([]byte(text), &link); err != nil || !strings.HasPrefix(link, "http") {
			t.Fatalf("got %d %s, %v", status, text, err)
		}
		browser := w.browser()
		browser.Transport = from{c.from, browser.Transport}
		if got, err := w.open(browser, link); err != nil || got != c.want {
			t.Errorf("for %s, from %s: got %d, %v", c.bound, c.from, got, err)
		}
	}
}

// from makes requests from another address.
type from struct {
	addr string
	http.RoundTripper
}

func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.addr)
	return f.RoundTripper.RoundTrip(r)
}
