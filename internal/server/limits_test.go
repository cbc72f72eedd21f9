package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// answered is a whole answer.
type answered struct {
	status int
	header http.Header
	text   string
}

func ask(t *testing.T, address, header, value string) answered {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header, value)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{answer.StatusCode, answer.Header, string(text)}
}

// signed asks the API, with a proof made of that key.
func signed(t *testing.T, address string, key signon.Secret) answered {
	t.Helper()
	proof, err := rest.Sign(shopCode, time.Now(), key, "")
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, address, rest.AuthHeader, proof)
}

// wantLimit requires a 429 that says when to come back, in most seconds.
func wantLimit(t *testing.T, a answered, most int) {
	t.Helper()
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > most {
		t.Errorf("got %d with Retry-After %q, want 429 and 1 to %d: %s", a.status, a.header.Get("Retry-After"), most, a.text)
	}
	if a.header.Get("Latchkey-Support-Code") == "" {
		t.Error("no support code")
	}
}

// wantDialectLimit requires it in the shape of the REST dialect.
func wantDialectLimit(t *testing.T, a answered, most int) {
	t.Helper()
	wantLimit(t, a, most)
	var body map[string]string
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || len(body) != 2 || body["error_code"] != "LIMIT_EXCEEDED" || body["message"] == "" ||
		a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %s, want an error of the dialect", a.header.Get("Content-Type"), a.text)
	}
}

func TestLinksOfOnePersonAndOfATenantAreBounded(t *testing.T) {
	p := newProgram(t, "limits: {links_per_subject: 2, live_grants: 3}\n")
	p.start(t)
	first, second := newShopper(p.base), newShopper(p.base)
	for _, s := range []*shopper{first, second} {
		if err := s.createCustomer(); err != nil {
			t.Fatal(err)
		}
	}
	const most = 100 + 2 // seconds of validity, rounded up to those in which links expire
	path := func(s *shopper) string {
		return p.base + "/rest/6.0/customers/" + s.customer + "/account/index/?ValidityTime=100"
	}
	for i, c := range []struct {
		shopper *shopper
		limited bool
	}{{first, false}, {first, false}, {first, true}, {second, false}, {second, true}} {
		a := signed(t, path(c.shopper), shopKey)
		if c.limited {
			wantDialectLimit(t, a, most)
		} else if a.status != http.StatusOK {
			t.Errorf("link %d: got %d: %s", i+1, a.status, a.text)
		}
	}
	p.kill()
	p.start(t) // and counts them anew
	wantDialectLimit(t, signed(t, path(first), shopKey), most)
	wantDialectLimit(t, signed(t, path(second), shopKey), most)
}

func TestUsedLinksMakeRoom(t *testing.T) {
	p := newProgram(t, "limits: {links_per_subject: 1}\n")
	p.start(t)
	s := newShopper(p.base)
	if err := s.createCustomer(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		link, err := s.issue()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.issue(); err == nil {
			t.Fatal("a second unused link was issued")
		}
		if err := s.follow(link, newBrowser()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFailedAuthenticationsAreBounded(t *testing.T) {
	p := newProgram(t, "limits: {failed_logins: 2}\ntrusted_proxies: [127.0.0.1]\n")
	p.start(t)
	const path = "/rest/6.0/customers/1/"
	for range 2 {
		if a := signed(t, p.base+path, "wrong"); a.status != http.StatusUnauthorized {
			t.Fatalf("got %d: %s", a.status, a.text)
		}
	}
	wantDialectLimit(t, signed(t, p.base+path, "wrong"), 60)
	wantDialectLimit(t, signed(t, p.base+path, shopKey), 60) // or guessing would go on
	// Strangers don't lock the merchant out: from elsewhere it works.
	proof, err := rest.Sign(shopCode, time.Now(), shopKey, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(rest.AuthHeader, proof)
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("from another address: got %d, want 404", answer.StatusCode)
	}
}

func TestRefusedLinksAreBoundedByAddress(t *testing.T) {
	p := newProgram(t, "limits: {misses: 2}\n")
	p.start(t)
	s := newShopper(p.base)
	if err := s.createCustomer(); err != nil {
		t.Fatal(err)
	}
	good, err := s.issue()
	if err != nil {
		t.Fatal(err)
	}
	cookie := "__Host-lk_browser=" + newBrowser().binding
	unknown := good[:len(good)-8] + strings.Repeat("0", 8)
	for range 2 {
		if a := ask(t, unknown, "Cookie", cookie); a.status != http.StatusForbidden {
			t.Fatalf("got %d", a.status)
		}
	}
	for _, link := range []string{unknown, good} {
		a := ask(t, link, "Cookie", cookie)
		wantLimit(t, a, 60)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.text, "<h1") || strings.Contains(a.text, "logintoken") {
			t.Errorf("got %s %s, want a page for people, without the token", a.header.Get("Content-Type"), a.text)
		}
	}
}
