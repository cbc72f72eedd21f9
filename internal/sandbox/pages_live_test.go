package sandbox

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ask records a request to each path.
func (s *Sandbox) ask(paths ...string) {
	h := s.Around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, path := range paths {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
}

func withDialect(t *testing.T) *Sandbox {
	t.Helper()
	s := newSandbox(t)
	s.Use(&Core{Dialects: []Dialect{{Name: "2checkout-rest", Title: "2Checkout REST", Paths: []string{"/rest"}}}})
	return s
}

func TestCallsThatAWatcherLostAreSentAllTheSame(t *testing.T) {
	s := withDialect(t)
	s.ask("/rest/1", "/rest/2", "/rest/3", "/rest/4", "/rest/5")
	known := func(id int64) *Call {
		c, _ := s.Call(id)
		return c
	}
	for name, told := range map[string][]int64{"the first ones": {4, 5}, "some between": {1, 2, 5}, "all but the last": {5}, "none": {1, 2, 3, 4, 5}} {
		w := httptest.NewRecorder()
		l := &listener{pages: newPages(s), w: w, out: http.NewResponseController(w)}
		calls := make(chan *Call, len(told))
		for _, id := range told[1:] {
			calls <- known(id)
		}
		close(calls)
		if err := l.take(context.Background(), known(told[0]), calls); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range regexp.MustCompile(`data-id="(\d+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
			ids = append(ids, m[1])
		}
		if got := strings.Join(ids, " "); got != "5 4 3 2 1" || l.last != 5 {
			t.Errorf("%s were lost: got %s, up to %d", name, got, l.last)
		}
	}
}

func TestPagesAreLeftOutHoweverManyThereAre(t *testing.T) {
	s := withDialect(t)
	s.ask(slices.Repeat([]string{"/page", "/page", "/page", "/rest/x"}, 150)...)
	calls, more := s.listed(query{}, maxRows)
	if len(calls) != 150 || more {
		t.Errorf("got %d calls, more: %v", len(calls), more)
	}
	if calls, more = s.listed(query{}, 149); len(calls) != 149 || !more {
		t.Errorf("got %d calls of 150, more: %v", len(calls), more)
	}
	if calls, more = s.listed(query{kind: kindAll}, maxRows); len(calls) != maxRows || !more {
		t.Errorf("got %d of everything, more: %v", len(calls), more)
	}
}
