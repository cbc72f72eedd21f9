package sandbox

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNestedRequestsComeInWhileAResetWaits(t *testing.T) {
	var g gate
	g.RLock()
	var reset sync.WaitGroup
	reset.Go(g.Lock)
	for closed := false; !closed; {
		time.Sleep(time.Millisecond)
		g.lock()
		closed = g.closed
		g.mu.Unlock()
	}
	g.RLockNested()
	g.RUnlock()
	g.RUnlock()
	reset.Wait()
	in := make(chan struct{})
	go func() {
		g.RLockNested()
		close(in)
	}()
	select {
	case <-in:
		t.Error("one came in while a reset has it alone")
	case <-time.After(20 * time.Millisecond):
	}
	g.Unlock()
	<-in
}

func TestAResetLetsABusyPageFinish(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := newSandbox(t)
	closed := func() bool {
		s.serving.lock()
		defer s.serving.mu.Unlock()
		return s.serving.closed
	}
	began := make(chan struct{})
	var client *http.Client
	front := httptest.NewServer(s.Around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/dev/open" {
			return
		}
		for close(began); !closed(); { // the reset is out of patience
			time.Sleep(time.Millisecond)
		}
		a, err := client.Get("http://" + r.Host + "/rest/6.0/")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = a.Body.Close()
	})))
	defer front.Close()
	client = &http.Client{Transport: s.Nesting(front.Client().Transport), Timeout: time.Minute}
	s.Use(&Core{Reset: func(context.Context) error { return nil }})
	var page sync.WaitGroup
	page.Go(func() {
		a, err := front.Client().Get(front.URL + "/dev/open")
		if err != nil {
			t.Error(err)
			return
		}
		defer a.Body.Close()
		if a.StatusCode != http.StatusOK {
			t.Errorf("the page is answered with %d", a.StatusCode)
		}
	})
	<-began
	if err := s.Reset(t.Context()); err != nil {
		t.Error(err)
	}
	page.Wait()
}

func TestTheKeyOfNestedRequestsIsKeptFromOthers(t *testing.T) {
	s := New(Options{Log: slog.New(slog.DiscardHandler), BaseURL: "http://sandbox.test:8080"})
	sent := http.Header{}
	transport := s.Nesting(roundTrip(func(r *http.Request) { sent = r.Header }))
	for address, want := range map[string]bool{
		"http://localhost:8080/": true, "http://shop.localhost/": true, "https://127.0.0.1:1/": true, "http://sandbox.test:8080/": true,
		"http://example.com/": false, "http://localhost.example/": false, "http://notlocalhost/": false,
	} {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		_, _ = transport.RoundTrip(r) //nolint:bodyclose // there is none
		if got := sent.Get(nestedHeader) != ""; got != want || r.Header.Get(nestedHeader) != "" {
			t.Errorf("%s: it is sent: %t, want %t", address, got, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/rest/6.0/", nil)
	r.Header.Set(nestedHeader, s.nestedKey)
	s.Use(&Core{})
	s.Around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get(nestedHeader) != "" {
			t.Error("it is handed on")
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	if calls, _ := s.Calls(Filter{Text: s.nestedKey}); len(calls) > 0 {
		t.Error("it is recorded")
	}
}

type roundTrip func(*http.Request)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return nil, io.EOF
}

func TestNoEndOfALineEndsAnEvent(t *testing.T) {
	s := newSandbox(t)
	w := httptest.NewRecorder()
	l := &listener{pages: newPages(s), w: w, out: http.NewResponseController(w)}
	if err := l.send("rows", []byte("a\rdata: evil\r\revent: cleared\r\nb\nc")); err != nil {
		t.Fatal(err)
	}
	if want := "id: 0\nevent: rows\ndata: a\ndata: data: evil\ndata: \ndata: event: cleared\ndata: b\ndata: c\n\n"; w.Body.String() != want {
		t.Errorf("got %q, want %q", w.Body, want)
	}
}

func TestStreamsEncodeACallOnce(t *testing.T) {
	s := newSandbox(t)
	c := &Call{ID: 7}
	first, err := s.encoded.of(c)
	if err != nil || !strings.Contains(string(first), `"id":7`) {
		t.Fatalf("got %s, %v", first, err)
	}
	for i := range maxEncoded - 1 {
		if other, _ := s.encoded.of(&Call{ID: int64(i) + 100}); !strings.Contains(string(other), fmt.Sprintf(`"id":%d,`, i+100)) {
			t.Fatalf("got %s for another call", other)
		}
	}
	if again, _ := s.encoded.of(c); &again[0] != &first[0] {
		t.Error("it is encoded again")
	}
}

func TestACallsPageSaysOfNoMoveThatCantBe(t *testing.T) {
	for by, want := range map[string]bool{"60": true, "9223372036854775807": false, "-1": false, "0": false} {
		notices := fmt.Sprintf("%+v", told(url.Values{"done": {"moved"}, "by": {by}}))
		if got := !strings.Contains(notices, doneTexts["moved"]); got != want {
			t.Errorf("by %s: got %s", by, notices)
		}
	}
}
