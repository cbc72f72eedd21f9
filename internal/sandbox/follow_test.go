package sandbox

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAFollowerWhoIsSlowMissesNothing(t *testing.T) {
	s := newSandbox(t)
	s.Use(&Core{})
	h := s.Around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	following, stop := s.follow(t.Context(), Filter{Text: "/even"}, 0)
	defer stop()
	const many = 4 * watchLen
	for i := range many {
		path := "/even"
		if i%2 == 0 {
			path = "/odd"
		}
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	for i := range many / 2 {
		if c := following.next(t.Context()); c == nil || c.ID != int64(2*i+2) {
			t.Fatalf("got %+v, want call %d", c, 2*i+2)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if c := following.next(ended); c != nil || following.over {
		t.Errorf("got %+v, want nothing", c)
	}
	s.Stop()
	if c := following.next(t.Context()); c != nil || !following.over {
		t.Errorf("got %+v, want the end", c)
	}
}
