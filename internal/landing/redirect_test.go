package landing_test

import (
	"bufio"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/landing"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// payloads are request targets that try to lead a browser off the site.
func payloads(t *testing.T) []string {
	t.Helper()
	all := []string{
		"//evil.test/", "/%09/evil.test/", "/%0a/evil.test/", "/\\evil.test/", "/%5cevil.test/", "/.//evil.test/", "/..//evil.test/", "/%2f/evil.test/", "/%2fevil.test/",
		"///evil.test/", "/%20//evil.test/", "/order/..//evil.test/", "http://evil.test/", "https://evil.test/order/cart.php", "/;@evil.test/", "/@evil.test/", "/.evil.test/",
	}
	folder := os.Getenv("LATCHKEY_CORPORA")
	if folder == "" {
		t.Log("SKIPPED in part: LATCHKEY_CORPORA does not name a folder of public test data")
		return all
	}
	raw, err := os.ReadFile(filepath.Join(folder, "redirects", "openredirects.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		all = append(all, line, "/"+line)
	}
	return all
}

// TestNoRequestLeadsOffTheSite: even where any path is registered, a redirect
// stays on the host, as a browser reads it.
func TestNoRequestLeadsOffTheSite(t *testing.T) {
	s := newSite(t, func(tenants *[]signon.Tenant) {
		for i := range (*tenants)[0].Destinations {
			(*tenants)[0].Destinations[i].Paths = []string{"/*"}
		}
	})
	handler := landing.New(landing.Options{SignOn: s.signOn, Directory: s.people, Log: slog.New(slog.DiscardHandler)})
	token := strings.Repeat("0", signon.TokenLen)
	tried, redirected := 0, 0
	for _, p := range payloads(t) {
		for _, target := range []string{p + "?PRODS=1", p + "?logintoken=" + token, "/order/cart.php?PRODS=1&x=" + p, "/order/checkout.php?logintoken=" + token + "&url=" + p} {
			raw := "GET " + target + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.base, "http://") + "\r\n\r\n"
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
			if err != nil {
				continue // the server answers 400
			}
			tried++
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			to := w.Header().Get("Location")
			if to == "" {
				continue
			}
			redirected++
			path, _, _ := strings.Cut(to, "?")
			if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsAny(path, "\\%\t\r\n ") {
				t.Errorf("%q is sent to %q", target, to)
			}
		}
	}
	if tried < 40 || redirected < 30 {
		t.Errorf("%d requests tried, %d redirected: the test has no teeth", tried, redirected)
	}
}
