// Tests of the pretend shop against a sandbox. Start `latchkey dev`, then: go test
//
// Nothing here sleeps: what takes time is made to have happened.
package shop

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
)

var sandbox = "http://localhost:8080"

func TestMain(m *testing.M) {
	if url := os.Getenv("LATCHKEY_URL"); url != "" {
		sandbox = strings.TrimSuffix(url, "/")
	}
	os.Exit(m.Run())
}

const customer = "352365983"

func buyLink() string { return sandbox + "/order/checkout.php?PRODS=4639321&QTY=1&CART=1" }

// newShop returns a shop, and sets the sandbox back to where it began.
func newShop(t *testing.T) *Shop {
	t.Helper()
	control(t, http.MethodPost, "reset", nil, nil)
	return &Shop{URL: sandbox, Code: "AVANGATE", Key: "SECRET_KEY"}
}

func (s *Shop) mustLink(t *testing.T) string {
	t.Helper()
	link, err := s.CartLink(t.Context(), customer, buyLink())
	if err != nil {
		t.Fatal(err)
	}
	return link
}

type fields map[string]any

// control calls the sandbox's own API, and reads what it answers.
func control(t *testing.T, method, path string, body fields, answer any) {
	t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, sandbox+"/dev/api/"+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode > 299 {
		t.Fatalf("%s %s: %s, %v: %s", method, path, response.Status, err, text)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// follow follows a link in a browser of its own, and returns the status and the page.
func follow(t *testing.T, link string) (status int, page string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Jar: jar}).Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// wantOpen requires that a link can be followed.
func wantOpen(t *testing.T, link string) {
	t.Helper()
	if status, page := follow(t, link); status != http.StatusOK || !strings.Contains(page, "john.newman@example.com") {
		t.Errorf("got status %d, want the page of the customer", status)
	}
}

// wantCalls requires that the shop called a method that often since the reset.
func wantCalls(t *testing.T, method string, want int) {
	t.Helper()
	var answer struct{ Calls []struct{ Operation string } }
	control(t, http.MethodGet, "calls?dialect=2checkout-jsonrpc", nil, &answer)
	got := 0
	for _, c := range answer.Calls {
		if c.Operation == method {
			got++
		}
	}
	if got != want {
		t.Errorf("got %d calls of %s, want %d", got, method, want)
	}
}

func TestALinkSignsTheCustomerIn(t *testing.T) {
	wantOpen(t, newShop(t).mustLink(t))
}

func TestALinkThatHasExpiredIsRefusedAndANewOneWorks(t *testing.T) {
	s := newShop(t)
	link := s.mustLink(t)
	control(t, http.MethodPost, "links/expire", fields{"link": link}, nil)
	if status, _ := follow(t, link); status != http.StatusForbidden {
		t.Errorf("got status %d, want 403", status)
	}
	wantOpen(t, s.mustLink(t))
}

func TestTheShopLogsInAgainWhenItsSessionIsOver(t *testing.T) {
	s := newShop(t)
	s.mustLink(t)
	s.mustLink(t)
	wantCalls(t, "login", 1)
	control(t, http.MethodPost, "clock", fields{"advance": "10m"}, nil)
	wantOpen(t, s.mustLink(t))
	wantCalls(t, "login", 2)
}

func TestOne503GoesUnnoticed(t *testing.T) {
	s := newShop(t)
	control(t, http.MethodPost, "faults", fields{"dialect": "2checkout-jsonrpc", "kind": "status", "status": 503, "times": 1}, nil)
	wantOpen(t, s.mustLink(t))
	var answer struct{ Faults []struct{ Spent bool } }
	if control(t, http.MethodGet, "faults", nil, &answer); len(answer.Faults) != 1 || !answer.Faults[0].Spent {
		t.Errorf("got %+v, want that the fault has struck", answer.Faults)
	}
}

func TestTheShopGivesUpWhenTheAPIStaysAway(t *testing.T) {
	s := newShop(t)
	control(t, http.MethodPost, "faults", fields{"dialect": "2checkout-jsonrpc", "contains": "getSingleSignOnInCart", "kind": "error", "error": "unavailable"}, nil)
	if link, err := s.CartLink(t.Context(), customer, buyLink()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %q, %v, want that the API is unavailable", link, err)
	}
	wantCalls(t, "getSingleSignOnInCart", 3)
}

func TestAnAnswerThatIsLostCostsNothingButALink(t *testing.T) {
	s := newShop(t)
	control(t, http.MethodPost, "faults", fields{"dialect": "2checkout-jsonrpc", "contains": "getSingleSignOnInCart", "kind": "cut", "after": true, "times": 1}, nil)
	wantOpen(t, s.mustLink(t))
	var answer struct{ Links []struct{ Standing string } }
	control(t, http.MethodGet, "links?tenant=avangate&kind=customer&ref="+customer, nil, &answer)
	if len(answer.Links) != 2 || answer.Links[0].Standing != "redeemed" || answer.Links[1].Standing != "live" { // the latest first
		t.Errorf("got %+v, want one that was redeemed, and the one before", answer.Links)
	}
}
