package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/sandbox"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// add adds a fault by the API and returns what it is answered.
func (w *world) add(fault string) (f fault) {
	w.Helper()
	w.api(http.MethodPost, "faults", fault, http.StatusCreated, &f)
	return f
}

// fault is a fault as the API answers it.
type fault struct {
	ID                                   int64
	Dialect, Contains, Kind, Hang, Error string
	Status, Every, Times, Seen, Failed   int
	After, Spent                         bool
}

// standing returns how a fault stands.
func (w *world) standing(id int64) fault {
	w.Helper()
	var all struct{ Faults []fault }
	w.api(http.MethodGet, "faults", "", http.StatusOK, &all)
	for _, f := range all.Faults {
		if f.ID == id {
			return f
		}
	}
	w.Fatalf("fault %d is gone", id)
	return fault{}
}

// fine makes a call that must not fail.
func (w *world) fine() {
	w.Helper()
	if status, body := w.do(w.ask()); status != http.StatusOK {
		w.Errorf("got %d %s, want a call that does not fail", status, body)
	}
}

// cut makes a call whose connection has to be cut without an answer.
func (w *world) cut() {
	w.Helper()
	if status, _, _, err := w.try(w.ask()); !errors.Is(err, io.EOF) {
		w.Errorf("got %d, %v, want a connection that ends", status, err)
	}
}

// last returns the call that was recorded last.
func (w *world) last() *sandbox.Call {
	w.Helper()
	calls, _ := w.sandbox.Calls(sandbox.Filter{Limit: 1})
	if len(calls) == 0 {
		w.Fatal("nothing is recorded")
	}
	return calls[0]
}

func TestAStatusIsAnsweredAsInFrontOfAService(t *testing.T) {
	w := newWorld(t)
	f := w.add(`{"kind":"status","times":1}`)
	status, header, body, err := w.try(w.ask())
	if err != nil || status != http.StatusServiceUnavailable || header.Get("Retry-After") != "1" || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %d, %v, %q, %v", status, header, body, err)
	}
	if header.Get(inbound.Header) != "" {
		t.Error("it has a support code: it did not come from in front of the service")
	}
	if c := w.last(); c.Response.Status != http.StatusServiceUnavailable || c.Fault != "answered 503, by fault 1" || c.Dialect != "2checkout-rest" {
		t.Errorf("it is recorded as %+v", c)
	}
	w.fine()
	if got := w.standing(f.ID); got.Seen != 1 || got.Failed != 1 || !got.Spent {
		t.Errorf("got %+v, want a fault that is spent", got)
	}
	w.add(`{"kind":"status","status":502,"dialect":"2checkout-rest"}`)
	if status, _ := w.do(w.ask()); status != http.StatusBadGateway {
		t.Errorf("got %d", status)
	}
}

func TestAConnectionIsCut(t *testing.T) {
	w := newWorld(t)
	w.add(`{"kind":"cut","times":1}`)
	w.cut()
	if c := w.last(); c.Response.Status != 0 || c.Fault != "connection cut, by fault 1" {
		t.Errorf("it is recorded as %+v", c)
	}
	w.fine()
}

func TestAHangOutlastsTheServersDeadlines(t *testing.T) {
	t.Parallel() // it waits most of the time
	w := newWorld(t, hasty)
	w.add(`{"kind":"hang","hang":"3s","times":1}`)
	began := time.Now()
	w.cut()
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("it hung for %s", took)
	}
}

func TestAResetReleasesWhatHangs(t *testing.T) {
	w := newWorld(t)
	f := w.add(`{"kind":"hang","hang":"10m"}`)
	ended := make(chan error, 1)
	go func() {
		_, _, _, err := w.try(w.ask())
		ended <- err
	}()
	for w.standing(f.ID).Failed == 0 {
		time.Sleep(time.Millisecond)
	}
	w.api(http.MethodPost, "reset", "", http.StatusNoContent, nil)
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("what hung ended with %v", err)
	}
	w.fine()
}

func TestAHangEndsWithItsClient(t *testing.T) {
	w := newWorld(t)
	f := w.add(`{"kind":"hang","hang":"10m"}`)
	ctx, leave := context.WithCancel(t.Context())
	r := w.request(http.MethodPost, "/soap/6.0/", strings.Repeat("x", 1000)).WithContext(ctx)
	var gone sync.WaitGroup
	gone.Go(func() { _, _, _, _ = w.try(r) })
	for w.standing(f.ID).Failed == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	gone.Wait()
	w.api(http.MethodGet, "calls/next?dialect=2checkout-soap&timeout=60s", "", http.StatusOK, nil)
}

func TestErrorsAreAnsweredAsTheVendorDocumentsThem(t *testing.T) {
	w := newWorld(t)
	for dialect, c := range map[string]struct{ target, body, mediaType, holds string }{
		"2checkout-rest":    {"/rest/6.0/customers/1/", `{}`, "application/json", `"error_code":"`},
		"2checkout-soap":    {"/soap/6.0/", `x`, "text/xml; charset=utf-8", "<faultcode>"},
		"2checkout-jsonrpc": {"/rpc/6.0/", `{"jsonrpc":"2.0","method":"login","id":7}`, "application/json", `"id":7`},
		"bluesnap":          {"/services/2/cp/user", `{}`, "application/json", `{"message":[{"errorName":"`},
		"generatessotoken":  {"/v2/get_sso_token", `{}`, "application/json", `essage":"`},
	} {
		codes := sandbox.ErrorsOf(dialect)
		if len(codes) < 5 {
			t.Errorf("%s: only %v are offered", dialect, codes)
		}
		bodies := map[string]bool{}
		for _, code := range codes {
			w.add(`{"kind":"error","dialect":"` + dialect + `","error":"` + code + `","times":1}`)
			r := w.request(http.MethodPost, c.target, c.body)
			r.Header.Set("Content-Type", c.mediaType)
			status, header, body, err := w.try(r)
			if err != nil || header.Get("Content-Type") != c.mediaType || header.Get(inbound.Header) == "" || !strings.Contains(body, c.holds) {
				t.Errorf("%s, %s: got %d, %v, %s, %v", dialect, code, status, header, body, err)
			}
			if limited := code == string(signon.CodeLimit); limited && header.Get("Retry-After") != "1" {
				t.Errorf("%s, %s: got no Retry-After in %v", dialect, code, header)
			}
			bodies[body] = true
		}
		if len(bodies) != len(codes) {
			t.Errorf("%s: %d codes have %d answers", dialect, len(codes), len(bodies))
		}
	}
}

func TestALostAnswerIsOfACallThatWasDone(t *testing.T) {
	w := newWorld(t)
	for i, kind := range []string{`"kind":"cut"`, `"kind":"status"`, `"kind":"hang","hang":"10ms"`, `"kind":"error","dialect":"2checkout-rest","error":"unavailable"`} {
		w.add(`{` + kind + `,"after":true,"times":1}`)
		status, _, body, err := w.try(w.ask())
		if (err == nil) != (i%2 == 1) || err == nil && status != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d %s, %v", kind, status, body, err)
		}
		links, err := w.sandbox.Links(t.Context(), sandbox.LinkFilter{Person: &john})
		if err != nil || len(links) != i+1 {
			t.Errorf("%s: there are %d links (%v), want %d", kind, len(links), err, i+1)
		}
		c := w.last()
		if !strings.Contains(c.Fault, "after it was done") || len(c.Decisions) == 0 || c.SupportCode == "" {
			t.Errorf("%s: it is recorded as %+v", kind, c)
		}
	}
	// A body is read twice: by who does the call, and by who refuses it.
	w.add(`{"kind":"error","dialect":"2checkout-jsonrpc","error":"unavailable","after":true}`)
	_, body := w.do(w.request(http.MethodPost, "/rpc/6.0/", `{"jsonrpc":"2.0","method":"login","id":"mine"}`))
	if !strings.Contains(body, `"UNAVAILABLE"`) || !strings.Contains(body, `"mine"`) {
		t.Errorf("got %s", body)
	}
}

func TestFaultsAreForTheCallsThatTheyName(t *testing.T) {
	w := newWorld(t)
	soap := func(target, body string) *http.Request { return w.request(http.MethodPost, target, body) }
	const login = `<x:Envelope xmlns:x="http://schemas.xmlsoap.org/soap/envelope/"><x:Body><login/></x:Body></x:Envelope>`
	wsdl := func() *http.Request { return w.request(http.MethodGet, "/soap/6.0/?wsdl", "") }
	link := w.issue("2checkout-rest", "account").URL
	for name, c := range map[string]struct {
		fault string
		fails []*http.Request
		fine  []*http.Request
	}{
		"of one dialect":   {`"dialect":"2checkout-soap"`, []*http.Request{soap("/soap/6.0/", login), soap("/soap/3.0/", "x")}, []*http.Request{w.ask(), wsdl()}},
		"of an operation":  {`"contains":"LOGIN"`, []*http.Request{soap("/soap/6.0/", login)}, []*http.Request{soap("/soap/6.0/", "x"), w.ask()}},
		"of a path":        {`"contains":"MY_Products"`, []*http.Request{w.ask()}, []*http.Request{soap("/soap/6.0/", login), wsdl()}},
		"of links":         {`"dialect":"links"`, []*http.Request{w.request(http.MethodGet, strings.TrimPrefix(link, w.url), "")}, []*http.Request{w.ask(), wsdl()}},
		"of descriptions":  {`"contains":"/soap/","dialect":"2checkout-soap"`, []*http.Request{wsdl(), soap("/soap/6.0/", login)}, []*http.Request{w.ask()}},
		"of all, no pages": {`"times":0`, []*http.Request{w.ask()}, []*http.Request{w.request(http.MethodGet, "/", ""), w.request(http.MethodGet, "/healthz", ""), w.request(http.MethodGet, "/dev/api/people", "")}},
	} {
		w.api(http.MethodDelete, "faults", "", http.StatusNoContent, nil)
		w.add(`{"kind":"status","status":599,` + c.fault + `}`)
		for _, r := range c.fails {
			if status, _ := w.do(r); status != 599 {
				t.Errorf("%s: %s %s got %d, want it to fail", name, r.Method, r.URL, status)
			}
		}
		for _, r := range c.fine {
			if status, _ := w.do(r); status == 599 {
				t.Errorf("%s: %s %s failed", name, r.Method, r.URL)
			}
		}
	}
}

func TestFaultsAreCountedExactlyHoweverManyCallAtOnce(t *testing.T) {
	w := newWorld(t)
	third := w.add(`{"kind":"status","every":3}`)
	ten := w.add(`{"kind":"status","status":504,"times":10}`)
	const clients, each = 8, 12
	var failed [600]atomic.Int32
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range each {
				status, _, _, err := w.try(w.ask())
				if err != nil {
					t.Error(err)
					return
				}
				failed[status].Add(1)
			}
		})
	}
	all.Wait()
	if got := w.standing(third.ID); got.Seen != clients*each || got.Failed != clients*each/3 || int(failed[503].Load()) != got.Failed {
		t.Errorf("each third: got %+v, and %d clients saw it", got, failed[503].Load())
	}
	if got := w.standing(ten.ID); got.Failed != 10 || failed[504].Load() != 10 || !got.Spent {
		t.Errorf("ten: got %+v, and %d clients saw it", got, failed[504].Load())
	}
}

func TestWhatIsNoFaultIsRefusedByItsArgument(t *testing.T) {
	w := newWorld(t)
	for fault, argument := range map[string]string{
		`{"kind":"burn"}`:                                              "kind",
		`{}`:                                                           "body",
		`{"kind":"cut","dialect":"cobol"}`:                             "dialect",
		`{"kind":"status","status":404}`:                               "status",
		`{"kind":"status","status":600}`:                               "status",
		`{"kind":"hang","hang":"11m"}`:                                 "hang",
		`{"kind":"hang","hang":"-1s"}`:                                 "hang",
		`{"kind":"hang","hang":"long"}`:                                "hang",
		`{"kind":"error","error":"limit"}`:                             "dialect",
		`{"kind":"error","dialect":"links","error":"limit"}`:           "dialect",
		`{"kind":"error","dialect":"2checkout-rest"}`:                  "error",
		`{"kind":"error","dialect":"2checkout-rest","error":"x"}`:      "error",
		`{"kind":"cut","every":-1}`:                                    "every",
		`{"kind":"cut","times":-1}`:                                    "times",
		`{"kind":"cut","contains":"` + strings.Repeat("x", 201) + `"}`: "contains",
		`{"kind":"cut","sometimes":true}`:                              "sometimes",
		`{"kind":"cut","times":"1"}`:                                   "times",
		`{"kind":"cut","status":503}`:                                  "status",
		`{"kind":"hang","status":503}`:                                 "status",
		`{"kind":"status","hang":"1s"}`:                                "hang",
		`{"kind":"status","error":"limit"}`:                            "error",
	} {
		var problem struct {
			Title, Detail string
			Status        int
			Errors        []struct {
				Message, Location string
				Value             any
			}
		}
		w.api(http.MethodPost, "faults", fault, http.StatusUnprocessableEntity, &problem)
		if len(problem.Errors) != 1 || !strings.HasSuffix(problem.Errors[0].Location, argument) || problem.Errors[0].Message == "" {
			t.Errorf("%s: got %+v, want an error of %s", fault, problem, argument)
		}
	}
	if all := w.sandbox.Faults(); len(all) != 0 {
		t.Errorf("got %+v", all)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	w := newWorld(t)
	spent, err := w.sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultCut, Times: 1})
	if err != nil {
		t.Fatal(err)
	}
	w.cut()
	for range 100 {
		if _, err = w.sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultCut, Dialect: "bluesnap"}); err != nil {
			t.Fatal(err)
		}
	}
	if w.sandbox.RemoveFault(spent.ID) {
		t.Error("the spent one is still there")
	}
	if _, err = w.sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultCut}); signon.AsError(err).Code != signon.CodeLimit {
		t.Errorf("one more: got %v", err)
	}
	w.api(http.MethodPost, "faults", `{"kind":"cut"}`, http.StatusConflict, nil)
	w.api(http.MethodDelete, "faults/50", "", http.StatusNoContent, nil)
	w.api(http.MethodDelete, "faults/50", "", http.StatusNotFound, nil)
	w.api(http.MethodPost, "faults", `{"kind":"cut"}`, http.StatusCreated, nil)
}
