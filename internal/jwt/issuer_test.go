package jwt

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// issuer publishes keys as tests tell it to, and counts who asks.
type issuer struct {
	*httptest.Server
	asked atomic.Int32

	mu      sync.Mutex
	answer  http.HandlerFunc
	clock   time.Time
	outages []string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{clock: now()}
	i.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		answer := i.answer
		i.mu.Unlock()
		answer(w, r)
	}))
	i.Config.ErrorLog = log.New(io.Discard, "", 0)
	i.StartTLS()
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) answers(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// publishes sets the keys and the header Cache-Control.
func (i *issuer) publishes(t *testing.T, cache string, keys ...Key) {
	data := published(t, keys...)
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		if cache != "" {
			w.Header().Set("Cache-Control", cache)
		}
		_, _ = w.Write(data)
	})
}

func (i *issuer) isDown() {
	i.answers(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

func (i *issuer) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.clock
}

func (i *issuer) passes(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clock = i.clock.Add(d)
}

func (i *issuer) outage(reason error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if reason == nil {
		i.outages = append(i.outages, "over")
		return
	}
	i.outages = append(i.outages, reason.Error())
}

func (i *issuer) reported() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string{}, i.outages...)
}

func (i *issuer) remote(t *testing.T) *Remote {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(i.Certificate())
	r, err := NewRemote(RemoteOptions{
		URL: i.URL + "/jwks", Algorithm: ES256, Now: i.now, Outage: i.outage, Roots: roots, Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { settle(r) })
	return r
}

// settle waits for the fetch under way.
func settle(r *Remote) {
	r.mu.Lock()
	flight := r.flight
	r.mu.Unlock()
	if flight != nil {
		<-flight
	}
}

// expect looks for keys and says how many requests there have been since the
// beginning, those in the background included.
func (i *issuer) expect(t *testing.T, r *Remote, kid string, want []Key, asked int) {
	t.Helper()
	got, err := r.Find(context.Background(), kid)
	settle(r)
	if err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if n := int(i.asked.Load()); n != asked {
		t.Errorf("got %d requests so far, want %d", n, asked)
	}
}

func (i *issuer) expectError(t *testing.T, r *Remote, want error, asked int) {
	t.Helper()
	got, err := r.Find(context.Background(), "")
	settle(r)
	if !errors.Is(err, want) || got != nil {
		t.Errorf("got %d keys, %v; want %v", len(got), err, want)
	}
	if n := int(i.asked.Load()); n != asked {
		t.Errorf("got %d requests so far, want %d", n, asked)
	}
}
