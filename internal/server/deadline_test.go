package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-sso/latchkey/internal/clientip"
)

func TestADeadlineIsNeverEarlyAndHardlyLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadlines{after: 8 * time.Second}
		var waiting sync.WaitGroup
		for range 100 {
			began := time.Now()
			ctx := d.from(began)
			waiting.Go(func() {
				<-ctx.Done()
				if took := time.Since(began); took < d.after || took > d.after+d.after/sharing {
					t.Errorf("ended after %v, want %v and at most a moment more", took, d.after)
				}
			})
			time.Sleep(37 * time.Millisecond)
		}
		waiting.Wait()
	})
}

func TestRequestsOfOneMomentShareADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadlines{after: time.Second}
		first := d.from(time.Now())
		if again := d.from(time.Now()); again != first {
			t.Error("got another context at the same instant")
		}
		time.Sleep(time.Second / sharing)
		later := d.from(time.Now())
		if later == first {
			t.Error("got the same context a moment later")
		}
		<-later.Done()
	})
}

// A part of the paths may take longer than all others: longer than the server has
// for reading, for working and for writing.
func TestAPartOfThePathsHasTimeLimitsOfItsOwn(t *testing.T) {
	t.Parallel() // it waits most of the time
	const usual, own, work = 250 * time.Millisecond, 2 * time.Second, 1250 * time.Millisecond
	slow := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(work):
			plain(w, http.StatusGatewayTimeout, "late")
		case <-r.Context().Done():
		}
	}
	endless := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	late := func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(work)
		plain(w, http.StatusOK, "late")
	}
	limits := &bounds{deadlines: deadlines{after: own}, write: 2 * own}
	routes := table{
		exact: map[string]http.Handler{"/late": http.HandlerFunc(late)},
		below: []mount{{path: "/slow", handler: http.HandlerFunc(slow), bounds: limits}, {path: "/endless", handler: http.HandlerFunc(endless), bounds: limits}},
		other: http.HandlerFunc(slow),
	}
	s := httptest.NewUnstartedServer(&edge{
		next: routes, bounds: routes.bounds, clients: clientip.New(nil, ""), timeout: deadlines{after: usual}, log: slog.New(slog.DiscardHandler),
	})
	s.Config.ReadTimeout, s.Config.WriteTimeout = usual, 2*usual
	s.Start()
	defer s.Close()
	began := time.Now()
	if got := get(t, s.URL+"/slow/6.0"); got.status != http.StatusGatewayTimeout || got.text != "late\n" {
		t.Errorf("a slow one with limits of its own: got %d, %q", got.status, got.text)
	}
	if took := time.Since(began); took < work {
		t.Errorf("a slow one with limits of its own: it took %v, want %v", took, work)
	}
	began = time.Now()
	if got := get(t, s.URL+"/endless"); got.status != http.StatusServiceUnavailable {
		t.Errorf("an endless one with limits of its own: got %d", got.status)
	}
	if took := time.Since(began); took < own {
		t.Errorf("an endless one with limits of its own was given %v, want %v", took, own)
	}
	if got := get(t, s.URL+"/slower"); got.status != http.StatusServiceUnavailable {
		t.Errorf("a slow one with the usual limits: got %d", got.status)
	}
	if answer, err := http.Get(s.URL + "/late"); err == nil {
		answer.Body.Close()
		t.Errorf("what writes too late for the usual limits: got %d, want the connection to end", answer.StatusCode)
	}
}
