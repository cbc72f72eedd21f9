package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// answerer is a handler that answers every request with that.
func answerer(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// silent is an http.ResponseWriter that keeps nothing.
type silent struct{ header http.Header }

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) Write(p []byte) (int, error) { return len(p), nil }
func (s *silent) WriteHeader(int)             {}

// call records a call.
func call(s *Sandbox, h http.Handler, method, target, body string) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	s.Around(h).ServeHTTP(&silent{header: http.Header{}}, r)
}

// settled waits until all that has ended is kept, however long that takes.
func settled(s *Sandbox) {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	for s.calls.done < s.calls.last {
		s.calls.changed.Wait()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTheLatestTenThousandCallsAreKept(t *testing.T) {
	s := newSandbox(t)
	s.Use(dialects())
	around := s.Around(answerer(200, `{"ok":true}`))
	const extra = 234
	for i := range maxCalls + extra {
		around.ServeHTTP(&silent{header: http.Header{}}, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/rest/6.0/customers/%d/", i), nil))
	}
	settled(s)
	calls, more := s.Calls(Filter{})
	if len(calls) != maxCalls || more || calls[0].ID != maxCalls+extra || calls[maxCalls-1].ID != extra+1 {
		t.Fatalf("got %d calls from %d to %d", len(calls), calls[0].ID, calls[len(calls)-1].ID)
	}
	if _, ok := s.Call(extra); ok {
		t.Error("got the call that had to go")
	}
	if c, ok := s.Call(extra + 1); !ok || c.Request.URL != fmt.Sprintf("/rest/6.0/customers/%d/", extra) {
		t.Errorf("got %+v, %v", c, ok)
	}
}

// The bounds are 10,000 calls and 64 MiB of texts; with large bodies the second one
// counts. What is beside the texts adds three quarters to that at most.
func TestMemoryIsBounded(t *testing.T) {
	s := newSandbox(t)
	s.Use(dialects())
	around := s.Around(answerer(200, `{"a":"`+strings.Repeat("answer ", 6000)+`"}`))
	sent := bytes.Repeat([]byte("request "), 6000)
	recorded := func(n int) {
		for range n {
			around.ServeHTTP(&silent{header: http.Header{}}, httptest.NewRequest(http.MethodPost, "/rest/6.0/customers/", bytes.NewReader(sent)))
		}
		settled(s)
	}
	recorded(2) // what is made once is there
	before, size := heap(), s.calls.size
	recorded(60)
	used, texts := heap()-before, s.calls.size-size
	if texts < 60*captureLen || used > texts*7/4 {
		t.Errorf("60 calls take %d KiB, of which %d are texts", used>>10, texts>>10)
	}
	calls, _ := s.Calls(Filter{Limit: 1})
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	for range 2000 { // as many as have twice the texts that are kept
		again := *calls[0]
		s.calls.keep(&again)
	}
	total := int64(0)
	for _, c := range s.calls.calls {
		total += c.size()
	}
	if n := len(s.calls.calls); n < 900 || total > maxText || total != s.calls.size {
		t.Errorf("got %d calls with %d KiB of texts, counted as %d, want about a thousand in %d", n, total>>10, s.calls.size>>10, maxText>>10)
	}
	runtime.KeepAlive(s)
}

func TestCallsOfManyAtOnceAreAllThereAndInOrder(t *testing.T) {
	s := newSandbox(t)
	s.Use(dialects())
	around := s.Around(answerer(200, "{}"))
	const clients, each = 8, 100
	var running sync.WaitGroup
	for client := range clients {
		running.Go(func() {
			for i := range each {
				url := fmt.Sprintf("/rest/6.0/customers/c%dc%dc/", client, i)
				around.ServeHTTP(&silent{header: http.Header{}}, httptest.NewRequest(http.MethodGet, url, nil))
				// Whoever has its answer finds its call.
				if i%20 > 0 {
					continue
				}
				if calls, _ := s.Calls(Filter{Text: url}); len(calls) != 1 {
					t.Errorf("%s: got %d calls, want one", url, len(calls))
				}
			}
		})
	}
	running.Wait()
	calls, _ := s.Calls(Filter{})
	if len(calls) != clients*each || !slices.IsSortedFunc(calls, func(a, b *Call) int { return int(b.ID - a.ID) }) || calls[0].ID != clients*each {
		t.Errorf("got %d calls, want %d in order", len(calls), clients*each)
	}
}

// A client that has the whole of a long answer may ask before the server has done
// with it.
// They wait for each other only so long, so a busy machine is given several tries.
func TestACallIsThereAsSoonAsItsAnswerIs(t *testing.T) {
	s, server := front(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(50 * time.Millisecond)
	})
	for range 20 {
		s.Clear()
		send(t, "GET", server.URL+"/x", "")
		if calls, _ := s.Calls(Filter{}); len(calls) == 1 {
			return
		}
		settled(s)
	}
	t.Error("the call was never there")
}

func TestClearForgetsAndIDsGoOn(t *testing.T) {
	s := newSandbox(t)
	call(s, answerer(200, ""), "GET", "/x", "")
	call(s, answerer(200, ""), "GET", "/x", "")
	s.Clear()
	if calls, more := s.Calls(Filter{}); len(calls) != 0 || more {
		t.Errorf("got %d calls, %v", len(calls), more)
	}
	call(s, answerer(200, ""), "GET", "/y", "")
	if c := only(t, s); c.ID != 3 || c.Request.URL != "/y" {
		t.Errorf("got %+v", c)
	}
}

func TestFiltersSelect(t *testing.T) {
	s := newSandbox(t)
	john, mary := Person{"shop", signon.SubjectCustomer, "1"}, Person{"shop", signon.SubjectCustomer, "2"}
	for i, c := range []*Call{
		{Kind: KindCall, Dialect: "bluesnap", Operation: "generateSSOLoginToken", Request: Request{Method: "POST", URL: "/services/2/generateSSOLoginToken/1"}, Response: Response{Status: 201}, Grants: []signon.Reference{"a"}, People: []Person{john}},
		{Kind: KindLink, Request: Request{Method: "GET", URL: "/order/cart.php"}, Response: Response{Status: 303}, Grants: []signon.Reference{"a", "b"}, People: []Person{john, mary}},
		{Kind: KindPage, Request: Request{Method: "GET", URL: "/myaccount/"}, Response: Response{Status: 404, Body: Body{Text: "Straße NOT found"}}},
		{Kind: KindCall, Dialect: "2checkout-soap", Request: Request{Method: "POST", URL: "/soap/6.0/", Header: http.Header{"X-Trace": {"AbC"}}}, Fault: "cut"},
		{Kind: KindCall, Dialect: "2checkout-soap", Request: Request{Method: "POST", URL: "/soap/6.0/"}, Response: Response{Status: 500}, Decisions: []signon.Trace{{Reason: "expired"}}},
	} {
		c.ID = int64(i + 1)
		s.calls.keep(c)
	}
	for _, c := range []struct {
		want string
		f    Filter
	}{
		{"5 4 3 2 1", Filter{}},
		{"5 4 1", Filter{Kind: KindCall}},
		{"2", Filter{Kind: KindLink}},
		{"5 4", Filter{Dialect: "2checkout-soap"}},
		{"1", Filter{Status: "2xx"}},
		{"2", Filter{Status: "3xx"}},
		{"3", Filter{Status: "4xx"}},
		{"5", Filter{Status: "5xx"}},
		{"4", Filter{Status: "none"}},
		{"2 1", Filter{Grant: "a"}},
		{"2", Filter{Grant: "b"}},
		{"2", Filter{Person: &mary}},
		{"5 4 more", Filter{Limit: 2}},
		{"2 1", Filter{Before: 3, Limit: 2}},
		{"", Filter{Text: "not  STRASSE"}},
		{"3", Filter{Text: "straße NOT"}},
		{"4", Filter{Text: "x-trace abc"}},
		{"5", Filter{Text: "EXPIRED"}},
		{"1", Filter{Text: "ssologin"}},
		{"", Filter{Text: "nothing"}},
		{"5 4", Filter{Kind: KindCall, Text: "soap"}},
		{"4", Filter{Kind: KindCall, Text: "soap", Before: 5, Limit: 0}},
		{"5 more", Filter{Kind: KindCall, Limit: 1}},
		{"1", Filter{Text: "bluesnap 201"}},
		{"4", Filter{Text: "cut", Status: "none", Dialect: "2checkout-soap"}},
	} {
		calls, more := s.Calls(c.f)
		var got []string
		for _, call := range calls {
			got = append(got, strconv.FormatInt(call.ID, 10))
			if !c.f.Selects(call) {
				t.Errorf("%+v: got call %d, which Selects does not select", c.f, call.ID)
			}
		}
		if more {
			got = append(got, "more")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: got %v, want %q", c.f, got, c.want)
		}
	}
}

func TestWatchersSeeEveryCall(t *testing.T) {
	s := newSandbox(t)
	ctx, stop := context.WithCancel(t.Context())
	watcher, idle := s.Watch(ctx), s.Watch(ctx)
	for range 10 {
		call(s, answerer(200, ""), "GET", "/x", "")
	}
	for id := int64(1); id <= 10; id++ {
		if c := <-watcher; c.ID != id {
			t.Errorf("got call %d, want %d", c.ID, id)
		}
	}
	stop()
	for range idle { // until it is closed
	}
	if _, open := <-watcher; open {
		t.Error("got a call, want the channel closed")
	}
	call(s, answerer(200, ""), "GET", "/x", "")
}

func TestASlowWatcherHoldsNobodyUpAndSeesTheGap(t *testing.T) {
	s := newSandbox(t)
	slow := s.Watch(t.Context())
	around := s.Around(answerer(200, ""))
	const calls = 3 * watchLen
	for range calls {
		around.ServeHTTP(&silent{header: http.Header{}}, httptest.NewRequest(http.MethodGet, "/x", nil))
	}
	settled(s)
	first := <-slow
	if first.ID != calls-watchLen+1 {
		t.Errorf("got call %d first, want the oldest of the latest %d", first.ID, watchLen)
	}
	for id := first.ID + 1; id <= calls; id++ {
		if c := <-slow; c.ID != id {
			t.Fatalf("got call %d, want %d", c.ID, id)
		}
	}
}

func TestWatchersComeAndGoWhileCallsAreMade(t *testing.T) {
	s := newSandbox(t)
	around := s.Around(answerer(200, ""))
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 100 {
				around.ServeHTTP(&silent{header: http.Header{}}, httptest.NewRequest(http.MethodGet, "/x", nil))
			}
		})
		running.Go(func() {
			for range 50 {
				ctx, stop := context.WithCancel(t.Context())
				watcher := s.Watch(ctx)
				select {
				case <-watcher:
				case <-time.After(time.Millisecond):
				}
				stop()
			}
		})
	}
	running.Wait()
}

func TestAResetWaitsForNestedRequestsAndKeepsOthersOut(t *testing.T) {
	var g gate
	g.RLock() // a page that calls the API
	locked := make(chan struct{})
	go func() {
		g.Lock()
		close(locked)
	}()
	time.Sleep(20 * time.Millisecond)
	if !comesIn(&g) {
		t.Fatal("the page's own request does not come in")
	}
	select {
	case <-locked:
		t.Fatal("the reset has begun while a page is served")
	default:
	}
	g.RUnlock()
	<-locked
	in := make(chan struct{})
	go func() {
		g.RLock()
		close(in)
	}()
	select {
	case <-in:
		t.Error("a request came in during a reset")
	case <-time.After(20 * time.Millisecond):
	}
	g.Unlock()
	<-in
}

// comesIn reports whether a request comes in before a reset loses its patience. On a
// machine that is too busy for that, one of many may.
func comesIn(g *gate) bool {
	in := make(chan struct{}, 10)
	for range cap(in) {
		go func() {
			g.RLock()
			in <- struct{}{}
			g.RUnlock()
		}()
	}
	select {
	case <-in:
		return true
	case <-time.After(time.Minute):
		return false
	}
}

func TestAResetHasItsTurnHoweverManyCome(t *testing.T) {
	var g gate
	stop := make(chan struct{})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				g.RLock()
				time.Sleep(time.Millisecond)
				g.RUnlock()
			}
		})
	}
	var inside sync.Mutex
	var resets sync.WaitGroup
	for range 2 {
		resets.Go(func() {
			g.Lock()
			if !inside.TryLock() {
				t.Error("two resets at once")
			}
			time.Sleep(time.Millisecond)
			inside.Unlock()
			g.Unlock()
		})
	}
	resets.Wait()
	close(stop)
	running.Wait()
}

func BenchmarkRequest(b *testing.B) {
	body := `{"jsonrpc":"2.0","method":"getSingleSignOnInCart","params":["mfrggzdfmztwq2lknnwg23tpobyxe43u","CustomerID",352365983],"id":1}`
	h := answerer(200, `{"jsonrpc":"2.0","result":"http://localhost:8080/order/cart.php?a=b&logintoken=0123456789abcdef0123456789abcdef01234567","id":1}`)
	s := newSandbox(b)
	s.Use(dialects())
	for name, h := range map[string]http.Handler{"bare": h, "recorded": s.Around(h)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, _ := http.NewRequest(http.MethodPost, "/rpc/6.0/", strings.NewReader(body)) //nolint:noctx // a benchmark
				r.RequestURI, r.RemoteAddr = "/rpc/6.0/", "127.0.0.1:1234"
				r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {"php"}}
				h.ServeHTTP(&silent{header: http.Header{}}, r)
			}
		})
	}
}

// BenchmarkServed is the same over a connection, with what else a request costs.
func BenchmarkServed(b *testing.B) {
	h := answerer(200, `{"ok":true}`)
	s := newSandbox(b)
	s.Use(dialects())
	for name, h := range map[string]http.Handler{"bare": h, "recorded": s.Around(h)} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(h)
			defer server.Close()
			for b.Loop() {
				send(b, "POST", server.URL+"/rpc/6.0/", `{"method":"x"}`)
			}
		})
	}
}

func BenchmarkCalls(b *testing.B) {
	s := newSandbox(b)
	s.Use(dialects())
	around := s.Around(answerer(200, `{"a":"`+strings.Repeat("lorem ipsum ", 200)+`"}`))
	for i := range maxCalls {
		r := httptest.NewRequest(http.MethodPost, fmt.Sprintf("/rest/6.0/customers/%d/", i), strings.NewReader(`{"a":"b"}`))
		around.ServeHTTP(&silent{header: http.Header{}}, r)
	}
	for name, f := range map[string]Filter{"page": {Limit: 200}, "dialect": {Dialect: "bluesnap", Limit: 200}, "text of none": {Text: "needle in it", Limit: 200}, "status": {Status: "5xx", Limit: 200}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Calls(f)
			}
		})
	}
}

func BenchmarkHide(b *testing.B) {
	for name, text := range map[string]string{
		"json": `[` + strings.Repeat(`{"name":"x","value":12345,"url":"https://a.example/?b=c&d=e"},`, 500) + `{}]`,
		"xml":  `<a>` + strings.Repeat(`<item xsi:type="x"><key>name</key><value>12 345</value></item>`, 500) + `</a>`,
		"long": strings.Repeat("1 2-3=4:5<6&7%8", 2000),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				newHiding().body(text, "text/plain")
			}
		})
	}
}

func FuzzContainsFold(f *testing.F) {
	f.Add("Some TEXT", "text")
	f.Add("", "")
	f.Add("zzZ", "zz")
	f.Fuzz(func(t *testing.T, text, word string) {
		if strings.ContainsFunc(text+word, func(r rune) bool { return r >= 0x80 }) {
			t.Skip()
		}
		word = strings.ToLower(word)
		if got, want := containsFold(text, word), strings.Contains(strings.ToLower(text), word); got != want {
			t.Errorf("%q in %q: got %v, want %v", word, text, got, want)
		}
	})
}
