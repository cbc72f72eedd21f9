package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestPeopleAreFoundByNameAndEmail(t *testing.T) {
	w := newWorld(t)
	w.issue("2checkout-rest", "account") // John Newman
	w.do(w.request(http.MethodGet, "/soap/6.0/?wsdl", ""))
	for query, want := range map[string]int{
		"?text=newman": 1, "?text=John%20Newman": 1, "?text=john.newman@": 1, "?text=Popescu": 0,
		"?tenant=avangate": 1, "?tenant=other": 0, "?tenant=avangate&text=newman": 1,
	} {
		if got, _ := w.calls(query); len(got) != want {
			t.Errorf("%s: got %d, want %d", query, len(got), want)
		}
	}
}

func TestTheDialectOfAFilterIsOneThatThereIs(t *testing.T) {
	w := newWorld(t)
	w.follow(w.issue("2checkout-rest", "cart").URL)
	links, _ := w.calls("?kind=link")
	same, _ := w.calls("?dialect=links")
	if len(links) == 0 || len(links) != len(same) {
		t.Errorf("got %v and %v", links, same)
	}
	for _, query := range []string{"?dialect=2checkout-sopa", "?dialect=links&kind=call"} {
		for _, path := range []string{"calls", "calls/next", "calls/stream"} {
			status, body := w.do(w.request(http.MethodGet, "/dev/api/"+path+query, ""))
			if status != http.StatusUnprocessableEntity || !strings.Contains(body, "query.dialect") {
				t.Errorf("%s%s: got %d %s", path, query, status, body)
			}
		}
	}
}

// Links are long enough here to ask first.
func TestARowTellsWhatCameOfALink(t *testing.T) {
	w := newWorld(t)
	url, browser := w.issue("2checkout-soap", "account").URL, w.browser()
	if _, err := w.open(browser, url); err != nil {
		t.Fatal(err)
	}
	_, page := w.do(w.request(http.MethodGet, "/dev?kind=link", ""))
	if !strings.Contains(page, "<span>asked first</span>") || strings.Contains(page, "<span>redeemed</span>") {
		t.Error("the list does not say that the browser was asked first")
	}
	if calls, _ := w.calls("?text=asked%20first"); len(calls) != 1 {
		t.Errorf("got %v", calls)
	}
}
