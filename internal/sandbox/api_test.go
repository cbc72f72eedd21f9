package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/config"
)

// call is a call in few words, as the API answers it.
type call struct {
	ID     int64
	Kind   string
	URL    string
	Status int
	Fault  string
}

func (w *world) calls(query string) (calls []call, more bool) {
	w.Helper()
	r := w.request(http.MethodGet, "/dev/api/calls"+query, "")
	status, body := w.do(r)
	var all struct {
		Calls []call
		More  bool
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil || status != http.StatusOK {
		w.Fatalf("got %d %s, %v", status, body, err)
	}
	return all.Calls, all.More
}

func TestCallsAreListedInPages(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.fine()
	}
	w.do(w.request(http.MethodGet, "/soap/6.0/?wsdl", ""))
	w.api(http.MethodGet, "calls", "", http.StatusOK, nil) // as described
	first, more := w.calls("?limit=3")
	second, end := w.calls("?limit=3&before=" + strconv.FormatInt(first[2].ID, 10))
	if len(first) != 3 || !more || len(second) != 3 || end || first[0].ID != 6 || second[2].ID != 1 {
		t.Errorf("got %+v (%v) and %+v (%v)", first, more, second, end)
	}
	for query, want := range map[string]int{
		"?dialect=2checkout-rest": 5, "?dialect=2checkout-soap": 1, "?status=2xx": 6, "?status=none": 0, "?kind=link": 0, "?text=MY_products%20352365983": 5,
		"?tenant=avangate&person_kind=customer&person=352365983": 5, "?tenant=avangate&person_kind=customer&person=1": 0,
	} {
		if got, _ := w.calls(query); len(got) != want {
			t.Errorf("%s: got %d, want %d", query, len(got), want)
		}
	}
	for _, query := range []string{"?limit=501", "?before=0", "?kind=cat", "?status=200", "?person=1", "?colour=blue"} {
		w.api(http.MethodGet, "calls"+query, "", http.StatusUnprocessableEntity, nil)
	}
	w.api(http.MethodDelete, "calls", "", http.StatusNoContent, nil)
	if got, _ := w.calls(""); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestACallIsShownWithItsTokensNamed(t *testing.T) {
	w := newWorld(t)
	w.issue("2checkout-rest", "account")
	calls, _ := w.calls("")
	var c struct {
		call
		At, Clock                          time.Time
		Dialect, Operation, Caller, Method string
		Host                               string
		TookMS                             float64 `json:"took_ms"`
		SupportCode                        string  `json:"support_code"`
		Grants                             []string
		People                             []struct{ Tenant, Kind, Ref string }
		Request, Response                  struct {
			Headers http.Header
			Body    struct {
				Text        string
				Size        int
				Binary, Cut bool
			}
			Tokens []string
		}
		Decisions []struct {
			At                                                                  time.Time
			Operation, Tenant, Client, Destination, Grant, Failed, Reason, Note string
			Expected, Received                                                  string
			Steps                                                               []struct{ Check, Result string }
		}
	}
	w.api(http.MethodGet, "calls/"+strconv.FormatInt(calls[0].ID, 10), "", http.StatusOK, &c)
	if len(c.Response.Tokens) != 1 || !strings.Contains(c.Response.Body.Text, c.Response.Tokens[0]) || len(c.Request.Tokens) != 1 {
		t.Errorf("the tokens are %q and %q", c.Request.Tokens, c.Response.Tokens)
	}
	if len(c.Decisions) == 0 || len(c.Decisions[0].Steps) == 0 || len(c.Grants) != 1 || len(c.People) != 1 {
		t.Errorf("got %+v", c)
	}
	w.api(http.MethodGet, "calls/99", "", http.StatusNotFound, nil)
	w.api(http.MethodGet, "calls/x", "", http.StatusUnprocessableEntity, nil)
}

func TestWhoWaitsForACallGetsIt(t *testing.T) {
	w := newWorld(t)
	w.fine()
	var got call
	next := func(query string) call {
		r := w.request(http.MethodGet, "/dev/api/calls/next"+query, "")
		status, body := w.do(r)
		if got = (call{}); status != http.StatusOK || json.Unmarshal([]byte(body), &got) != nil {
			t.Errorf("%s: got %d %s", query, status, body)
		}
		return got
	}
	if first := next("?timeout=60s"); first.ID != 1 {
		t.Errorf("what ended before is not answered: %+v", first)
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if c := next("?after=1&dialect=2checkout-soap&timeout=60s"); c.ID != 3 {
			t.Errorf("got %+v, want the third call", c)
		}
	})
	w.fine()
	w.do(w.request(http.MethodGet, "/soap/6.0/?wsdl", ""))
	waiting.Wait()
	if c := next("?after=1"); c.ID != 2 {
		t.Errorf("got %+v, want the second call", c)
	}
	began := time.Now()
	w.api(http.MethodGet, "calls/next?after=3&timeout=300ms", "", http.StatusNotFound, nil)
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("it waited for %s", took)
	}
	for _, timeout := range []string{"61s", "0s", "x", "-1s"} {
		w.api(http.MethodGet, "calls/next?timeout="+timeout, "", http.StatusUnprocessableEntity, nil)
	}
}

// hasty gives requests less time than those to the sandbox may take, and enough for
// a slow machine to send them.
func hasty(c *config.Config) {
	const short = config.Duration(2 * time.Second)
	c.Limits.RequestTimeout, c.Limits.WriteTimeout, c.Limits.ReadHeaderTimeout, c.Limits.HandlerTimeout = short, short, short/2, short/2
}

func TestWhoWaitsIsNotCutOff(t *testing.T) {
	t.Parallel() // it waits most of the time
	w := newWorld(t, hasty)
	lines := w.listen("", "")
	w.api(http.MethodGet, "calls/next?timeout=3s", "", http.StatusNotFound, nil)
	w.do(w.request(http.MethodPost, "/soap/6.0/", "x"))
	w.events(lines, 1)
}

// events reads events of a stream and returns the IDs of their calls.
func (w *world) events(lines *bufio.Scanner, n int) (ids []int64) {
	w.Helper()
	id := ""
	for len(ids) < n && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "data":
			var c call
			if err := json.Unmarshal([]byte(value), &c); err != nil || strconv.FormatInt(c.ID, 10) != id {
				w.Fatalf("event %s has %s, %v", id, value, err)
			}
			ids = append(ids, c.ID)
		}
	}
	if len(ids) < n {
		w.Fatalf("the stream ended after %v: %v", ids, lines.Err())
	}
	return ids
}

// listen opens a stream of calls.
func (w *world) listen(query, lastID string) *bufio.Scanner {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	r := w.request(http.MethodGet, "/dev/api/calls/stream"+query, "").WithContext(ctx)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	a, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		stop()
		_ = a.Body.Close()
	})
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "text/event-stream" {
		w.Fatalf("got %d, %v", a.StatusCode, a.Header)
	}
	lines := bufio.NewScanner(a.Body)
	lines.Buffer(nil, 1<<20)
	return lines
}

func TestAStreamHasEveryCallOnceAndGoesOnWhereItEnded(t *testing.T) {
	w := newWorld(t)
	w.fine()
	w.fine()
	live, resumed := w.listen("", ""), w.listen("", "1")
	if got := w.events(resumed, 1); got[0] != 2 {
		t.Errorf("it goes on with %v, want 2", got)
	}
	const many = 300 // more than a watcher may be behind
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range many / 4 {
				if _, _, _, err := w.try(w.request(http.MethodPost, "/soap/6.0/", "x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, lines := range []*bufio.Scanner{live, resumed} {
		for i, id := range w.events(lines, many) {
			if id != int64(i+3) {
				t.Fatalf("event %d is of call %d", i, id)
			}
		}
	}
	if got := w.events(w.listen("?dialect=2checkout-rest", "0"), 2); got[0] != 1 || got[1] != 2 {
		t.Errorf("with a filter: got %v", got)
	}
	r := w.request(http.MethodGet, "/dev/api/calls/stream", "")
	r.Header.Set("Last-Event-ID", "x")
	if status, body := w.do(r); status != http.StatusUnprocessableEntity {
		t.Errorf("got %d %s", status, body)
	}
}

func TestTheAPIAnswersNobodyElse(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"another host":         {func(r *http.Request) { r.Host = "sandbox.example" }, http.StatusForbidden},
		"another site's form":  {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, http.StatusForbidden},
		"another origin":       {func(r *http.Request) { r.Header.Set("Origin", "http://localhost:1") }, http.StatusForbidden},
		"a form":               {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, http.StatusUnsupportedMediaType},
		"a text":               {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain; application/json") }, http.StatusUnsupportedMediaType},
		"nothing said of it":   {func(r *http.Request) { r.Header.Del("Content-Type") }, http.StatusUnsupportedMediaType},
		"a genuine one":        {func(*http.Request) {}, http.StatusCreated},
		"with a character set": {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, http.StatusCreated},
	} {
		r := w.request(http.MethodPost, "/dev/api/faults", `{"kind":"cut","dialect":"bluesnap"}`)
		r.Header.Set("Content-Type", "application/json")
		c.change(r)
		status, header, body, err := w.try(r)
		if err != nil || status != c.want || status >= 400 && header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d, %v, %s, %v", name, status, header, body, err)
		}
		if header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: others may read it", name)
		}
	}
}

func TestBodiesAreBoundedAndSayEverythingOnce(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]int{
		`{"kind":"cut","kind":"hang"}`: http.StatusBadRequest,
		`{"Kind":"cut"}`:               http.StatusBadRequest,
		`{"kind":"cut","KIND":"hang"}`: http.StatusBadRequest,
		`{"\u212Aind":"cut"}`:          http.StatusBadRequest,
		`{"kind":`:                     http.StatusBadRequest,
		`[]`:                           http.StatusUnprocessableEntity,
		`{"kind":"cut","contains":"` + strings.Repeat("x", 64<<10) + `"}`: http.StatusRequestEntityTooLarge,
		strings.Repeat("[", 100) + strings.Repeat("]", 100):               http.StatusBadRequest,
	} {
		r := w.request(http.MethodPost, "/dev/api/faults", body)
		r.Header.Set("Content-Type", "application/json")
		if status, text := w.do(r); status != want {
			t.Errorf("%.40s: got %d %s, want %d", body, status, text, want)
		}
	}
}

func TestWhatIsNoOperationIsAProblem(t *testing.T) {
	w := newWorld(t)
	for target, want := range map[string]int{
		"GET /dev/api/": http.StatusNotFound, "GET /dev/api": http.StatusNotFound, "GET /dev/api/docs": http.StatusNotFound, "GET /dev/api/schemas/Call.json": http.StatusNotFound,
		"GET /dev/api/calls/1/2": http.StatusNotFound, "PUT /dev/api/clock": http.StatusMethodNotAllowed, "POST /dev/api/calls": http.StatusMethodNotAllowed,
		"GET /dev/api/reset": http.StatusMethodNotAllowed, "GET /dev/api/openapi.json": http.StatusOK, "GET /dev/api/openapi.yaml": http.StatusOK,
	} {
		method, path, _ := strings.Cut(target, " ")
		status, header, body, err := w.try(w.request(method, path, ""))
		if err != nil || status != want || want >= 400 && (header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"detail"`)) {
			t.Errorf("%s: got %d, %v, %s, %v", target, status, header, body, err)
		}
		if (status == http.StatusMethodNotAllowed) != (header.Get("Allow") != "") {
			t.Errorf("%s: got %v", target, header)
		}
	}
}

func TestOffersAndDialectsAreListed(t *testing.T) {
	w := newWorld(t)
	var offers struct {
		Offers []struct{ Dialect, Tenant, Destination, Title, Kind string }
	}
	w.api(http.MethodGet, "offers", "", http.StatusOK, &offers)
	var dialects struct {
		Dialects []struct {
			Name, Title   string
			Paths, Errors []string
		}
	}
	w.api(http.MethodGet, "dialects", "", http.StatusOK, &dialects)
	if len(dialects.Dialects) != 5 || len(offers.Offers) < 10 {
		t.Errorf("got %d dialects and %d offers", len(dialects.Dialects), len(offers.Offers))
	}
	for _, d := range dialects.Dialects {
		if len(d.Errors) == 0 || len(d.Paths) == 0 || d.Title == "" {
			t.Errorf("got %+v", d)
		}
	}
}
