package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
)

// leaks are texts that must be found nowhere, by what they are.
type leaks map[string]string

// TestNothingSecretIsLogged sends canaries through every endpoint, in every
// place that a request has, with everything logged that can be.
func TestNothingSecretIsLogged(t *testing.T) {
	p := newProgram(t, "limits: {misses: 0, failed_logins: 0}\n")
	p.env = append(p.env, "LATCHKEY_LOG_LEVEL=debug", "LATCHKEY_LOG_ACCESS=true", "SHOP_KEY=canary-secret-key", "LATCHKEY_ROOT_KEY="+strings.Repeat("ca9a", 16))
	p.start(t)
	s := newShopper(p.base)
	proof, err := rest.Sign(shopCode, time.Now(), "canary-secret-key", "")
	if err != nil {
		t.Fatal(err)
	}
	_, hash, _ := strings.Cut(proof, `hash="`)
	found := leaks{"secret key": "canary-secret-key", "root key": "ca9aca9a", "hash": hash[:64]}
	customer, token := signOnWithCanaries(t, s, proof, found)
	for _, r := range requestsWithCanaries(customer, token) {
		for _, auth := range []string{proof, `code="canary-code" date="canary-date" hash="canary-hash" algo="canary-algo"`} {
			send(t, p.base, r, auth)
		}
	}
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	logged := p.said(t)
	if n := strings.Count(logged, `"msg":"request"`); n < 60 {
		t.Fatalf("only %d requests were logged", n)
	}
	found["what a stranger sent"] = "anary"
	found["e-mail address"] = "@example"
	found["address of a client"] = "127.0.0.1:"
	for what, text := range found {
		for line := range strings.Lines(logged) {
			if strings.Contains(line, text) {
				t.Errorf("%s: is in the log: %s", what, line)
			}
		}
	}
}

// TestNothingOnDiskCanBeReplayed looks for tokens and secrets in every file of
// the data directory, as text and as bytes.
func TestNothingOnDiskCanBeReplayed(t *testing.T) {
	p := newProgram(t, "")
	p.start(t)
	s := newShopper(p.base)
	proof, err := rest.Sign(shopCode, time.Now(), shopKey, "")
	if err != nil {
		t.Fatal(err)
	}
	found := leaks{"secret key": shopKey, "root key": strings.Repeat("0f", 32)}
	customer, token := signOnWithCanaries(t, s, proof, found)
	// A token in a URL that is refused, as a client sends it that was given a link.
	refused := s.base + "/rest/6.0/customers/" + customer + "/cart/?Url=" + url.QueryEscape("https://evil.example/order/cart.php?logintoken="+token)
	if answer, err := s.do(http.MethodGet, refused, rest.AuthHeader, proof, ""); err != nil || answer.status != http.StatusBadRequest {
		t.Fatalf("got %d, %v, want the URL refused", answer.status, err)
	}
	for what, text := range found {
		for encoding, decode := range map[string]func(string) ([]byte, error){"hexadecimal": hex.DecodeString, "base64": base64.RawURLEncoding.DecodeString} {
			if raw, err := decode(text); err == nil {
				found[what+" from "+encoding] = string(raw[max(len(raw)-16, 0):]) // the key of a session is no secret, its end is
			}
		}
	}
	found["random part of the token"] = mustHex(t, token[8:])
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(filepath.Join(p.dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		for what, text := range found {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s: is in %s", what, d.Name())
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("looked into %d files: %v", files, err)
	}
}

func mustHex(t *testing.T, text string) string {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// signOnWithCanaries makes a customer, signs it on, and notes what is secret.
func signOnWithCanaries(t *testing.T, s *shopper, proof string, found leaks) (customer, token string) {
	t.Helper()
	body := strings.NewReplacer("Slow", "Canaryson", "jo@", "canary@").Replace(newCustomer)
	answer, err := s.do(http.MethodPost, s.base+"/rest/6.0/customers/", rest.AuthHeader, proof, body)
	if err != nil || answer.status != http.StatusOK {
		t.Fatalf("create customer: %v %s", err, answer.text)
	}
	customer = answer.text
	answer, err = s.do(http.MethodGet, s.base+"/rest/6.0/customers/"+customer+"/account/index/?ValidityTime=600", rest.AuthHeader, proof, "")
	link := strings.Trim(answer.text, "\"\n")
	if err != nil || !strings.Contains(link, "logintoken=") {
		t.Fatalf("issue: %v %s", err, link)
	}
	_, token, _ = strings.Cut(link, "logintoken=")
	b := newBrowser()
	if err := s.follow(link, b); err != nil {
		t.Fatal(err)
	}
	found["token"], found["binding"], found["session"] = token, b.binding, b.session
	return customer, token
}

type canaryRequest struct{ method, path, body string }

// requestsWithCanaries returns requests to every endpoint, good and bad ones.
func requestsWithCanaries(customer, token string) []canaryRequest {
	const query = "?canary=canary&Email=canary%40example.com&Url=https%3A%2F%2Fcanary.example%2F%3Fcanary&ValidationIp=canary&Lang=canary&ValidityTime=canary"
	var all []canaryRequest
	for _, path := range []string{
		"/", "/canary", "/canary@example.com/" + token, "/healthz", "/readyz", "/assets/canary", "/dev/canary",
		"/rest/6.0/customers/", "/rest/6.0/customers/canary/", "/rest/6.0/customers/" + customer + "/", "/rest/6.0/customers/" + customer + "/cart/",
		"/rest/6.0/customers/" + customer + "/account/canary/", "/rest/6.0/customers/canary@example.com/cart/", "/rest/6.0/subscriptions/",
		"/rest/6.0/subscriptions/canary/", "/rest/6.0/subscriptions/canary/signon/canary/", "/rest/6.0/subscriptions/canary/customer/",
		"/rest/6.0/orders/canary/", "/rest/9.9/canary/", "/rest//canary", "/rest/6.0/customers/%63anary%2F%2e%2e/",
		"/order/checkout.php", "/order/cart.php", "/order/done", "/order/card", "/order/sign-out", "/order/canary.php", "/checkout/canary",
		"/soap/6.0/", "/soap/6.0/canary", "/soap/canary/", "/rpc/6.0/", "/rpc/6.0/canary", "/rpc/canary/",
		"/myaccount/", "/myaccount/canary/", "/myaccount/sign-out", "/support/canary",
	} {
		for _, q := range []string{query, "?logintoken=" + token, "?ssotoken=" + token + "&canary=%zz", "?logintoken=canary&logintoken=" + token} {
			all = append(all, canaryRequest{http.MethodGet, path + q, ""})
		}
		all = append(all,
			canaryRequest{http.MethodPost, path + query, `{"Email":"canary@example.com","canary":`},
			canaryRequest{http.MethodPost, path, `{"FirstName":"canary","Email":"canary@example.com","LastName":"4111 1111 1111 1111"}`},
			canaryRequest{http.MethodPut, path, `{"Email":"canary"}`},
			canaryRequest{http.MethodPost, path, url.Values{"email": {"canary@example.com"}, "token": {token}, "card": {"canary"}}.Encode()},
			canaryRequest{"CANARY", path, ""},
		)
	}
	for _, call := range []string{
		`{"jsonrpc":"2.0","id":"canary","method":"login","params":["canary","canary","canary"]}`,
		`{"jsonrpc":"2.0","id":1,"method":"getCustomerInformationBySSOToken","params":{"sessionID":"canary","singleSignOnToken":"` + token + `"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"canary","params":["canary"]}`,
	} {
		all = append(all, canaryRequest{http.MethodPost, "/rpc/6.0/", call})
	}
	for _, call := range []string{
		"<login><a>canary</a><b>canary</b><c>canary</c></login>", "<canary>canary</canary>", "<login href='#canary'><canary", "<!DOCTYPE canary>",
		"<getCustomerInformationBySSOToken><a>canary</a><b>" + token + "</b></getCustomerInformationBySSOToken>",
	} {
		all = append(all, canaryRequest{http.MethodPost, "/soap/6.0/", `<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body>` + call + `</E:Body></E:Envelope>`})
	}
	return all
}

// send sends the request with canaries in its headers, too; whatever the
// answer, it is one.
func send(t *testing.T, base string, c canaryRequest, auth string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(rest.AuthHeader, auth)
	r.Header.Set("Content-Type", "application/json")
	if strings.Contains(c.body, "email=") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, name := range []string{"Referer", "User-Agent", "Authorization", "X-Forwarded-For", "Accept-Language", "Canary", "Origin"} {
		r.Header.Set(name, "https://canary.example")
	}
	r.Header.Set("Cookie", "__Host-lk_browser=canary; __Host-lk_cart=canary; __Host-lk_account=canary; __Host-lk_basket=canary")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	answer.Body.Close()
	if answer.Header.Get("Latchkey-Support-Code") == "" {
		t.Errorf("%s %s: an answer without a support code", c.method, c.path)
	}
	fault := strings.HasPrefix(c.path, "/soap/") // which are 500 by the contract
	if answer.StatusCode >= http.StatusInternalServerError && !fault {
		t.Errorf("%s %s: got %s", c.method, c.path, fmt.Sprint(answer.StatusCode))
	}
}
