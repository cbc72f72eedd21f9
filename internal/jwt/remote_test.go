package jwt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func TestKeysAreKeptAsLongAsTheIssuerSays(t *testing.T) {
	a, b := freshKey(t, ES256), freshKey(t, ES256)
	for cache, ttl := range map[string]time.Duration{
		"":                                      time.Hour,
		"public":                                time.Hour,
		"public, Max-Age=7200, must-revalidate": 2 * time.Hour,
		`max-age="600"`:                         10 * time.Minute,
		"max-age=1":                             5 * time.Minute,
		"max-age=-1":                            5 * time.Minute,
		"max-age=soon":                          5 * time.Minute,
		"no-store, max-age=7200":                5 * time.Minute,
		"max-age=99999999999999999999999999999": 24 * time.Hour,
		"max-age=9223372036854775807":           24 * time.Hour,
	} {
		t.Run(cache, func(t *testing.T) {
			i := newIssuer(t)
			i.publishes(t, cache, a)
			r := i.remote(t)
			i.expect(t, r, a.ID(), []Key{a}, 1)
			i.publishes(t, cache, b)
			i.passes(ttl*8/10 - time.Second)
			i.expect(t, r, a.ID(), []Key{a}, 1)
			i.passes(time.Second)
			i.expect(t, r, a.ID(), []Key{a}, 2) // the old one meanwhile
			i.expect(t, r, b.ID(), []Key{b}, 2)
		})
	}
}

func TestKeysWhoseTimeIsOverAreFetchedFirst(t *testing.T) {
	i, a, b := newIssuer(t), freshKey(t, ES256), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	i.expect(t, r, "", []Key{a}, 1)
	i.publishes(t, "", b)
	i.passes(time.Hour)
	i.expect(t, r, a.ID(), nil, 2)
	i.expect(t, r, "", []Key{b}, 2)
}

func TestAnUnknownKeyIsAskedForOnceAMinute(t *testing.T) {
	i, a, b := newIssuer(t), freshKey(t, ES256), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	i.expect(t, r, a.ID(), []Key{a}, 1)
	i.publishes(t, "", a, b)
	i.expect(t, r, b.ID(), []Key{b}, 2)
	for n := range 100 {
		i.passes(599 * time.Millisecond)
		i.expect(t, r, fmt.Sprint(n), nil, 2)
		i.expect(t, r, a.ID(), []Key{a}, 2)
	}
	i.passes(time.Second)
	i.expect(t, r, "unknown", nil, 3)
	i.expect(t, r, "unknown", nil, 3)
}

func TestAFloodOfUnknownKeysIsOneRequest(t *testing.T) {
	i, a, b := newIssuer(t), freshKey(t, ES256), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	i.expect(t, r, "", []Key{a}, 1)
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write(published(t, a, b))
	})
	var flood sync.WaitGroup
	for n := range 200 {
		flood.Go(func() {
			if got, err := r.Find(context.Background(), b.ID()); err != nil || len(got) != 1 {
				t.Errorf("the new key: got %d, %v", len(got), err)
			}
			if got, err := r.Find(context.Background(), fmt.Sprint(n)); err != nil || len(got) != 0 {
				t.Errorf("a made-up key: got %d, %v", len(got), err)
			}
		})
	}
	flood.Wait()
	i.expect(t, r, "", []Key{a, b}, 2)
}

func TestTheFirstCallersShareOneRequest(t *testing.T) {
	i, a := newIssuer(t), freshKey(t, ES256)
	i.answers(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write(published(t, a))
	})
	r := i.remote(t)
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() {
			if got, err := r.Find(context.Background(), a.ID()); err != nil || len(got) != 1 {
				t.Errorf("got %d keys, %v", len(got), err)
			}
		})
	}
	callers.Wait()
	i.expect(t, r, "", []Key{a}, 1)
}

func TestOldKeysServeWhileTheIssuerIsDown(t *testing.T) {
	i, a, b := newIssuer(t), freshKey(t, ES256), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	i.expect(t, r, "", []Key{a}, 1)
	i.isDown()
	i.passes(48 * time.Hour)
	i.expect(t, r, a.ID(), []Key{a}, 2)
	for range 20 {
		i.passes(499 * time.Millisecond)
		i.expect(t, r, a.ID(), []Key{a}, 2) // not asked at every call
	}
	i.passes(time.Second)
	i.expect(t, r, a.ID(), []Key{a}, 3)
	if got := i.reported(); len(got) != 1 || !strings.HasPrefix(got[0], "ask for a key set: ") {
		t.Errorf("got the reports %q, want one", got)
	}
	i.publishes(t, "", b)
	i.passes(10 * time.Second)
	i.expect(t, r, a.ID(), []Key{a}, 4)
	i.expect(t, r, "", []Key{b}, 4)
	if got := i.reported(); len(got) != 2 || got[1] != "over" {
		t.Errorf("got the reports %q, want one more: that it is over", got)
	}
}

func TestNobodyWaitsForAnIssuerThatIsKnownToBeDown(t *testing.T) {
	i, a := newIssuer(t), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	r.o.Timeout = time.Hour
	i.expect(t, r, "", []Key{a}, 1)
	i.isDown()
	i.passes(2 * time.Hour)
	i.expect(t, r, "", []Key{a}, 2)
	hang := make(chan struct{})
	i.answers(func(http.ResponseWriter, *http.Request) { <-hang })
	i.passes(time.Minute)
	done := make(chan struct{})
	go func() { defer close(done); _, _ = r.Find(context.Background(), a.ID()) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("a known key waits for a request that hangs")
	}
	close(hang)
	<-done
}

func TestWithoutAnyAnswerNothingIsJudged(t *testing.T) {
	i, a := newIssuer(t), freshKey(t, ES256)
	i.isDown()
	r := i.remote(t)
	i.expectError(t, r, ErrUnavailable, 1)
	i.expectError(t, r, ErrUnavailable, 1)
	if _, _, err := Verify(context.Background(), sign(t, a, claims), r); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
	i.publishes(t, "", a)
	i.passes(retryEvery)
	if _, kid, err := Verify(context.Background(), sign(t, a, claims), r); err != nil || kid != a.ID() {
		t.Errorf("got key %q, %v; want %q", kid, err, a.ID())
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	a := freshKey(t, ES256)
	body := string(published(t, a))
	page := func(status int, text string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for n := 0; n < len(headers); n += 2 {
				w.Header().Set(headers[n], headers[n+1])
			}
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}
	redirect := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/elsewhere" {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
			}
			fmt.Fprint(w, body)
		}
	}
	one := publicJWK(t, a)
	for name, answer := range map[string]http.HandlerFunc{
		"a redirect":           redirect(http.StatusFound),
		"a permanent redirect": redirect(http.StatusPermanentRedirect),
		"an error":             page(http.StatusInternalServerError, body),
		"not found":            page(http.StatusNotFound, body),
		"another success":      page(http.StatusAccepted, body),
		"nothing":              page(http.StatusOK, ""),
		"a page":               page(http.StatusOK, "<html>Sign in to the hotel's network</html>"),
		"a broken set":         page(http.StatusOK, `{"keys":[],"keys":[]}`),
		"too many keys":        page(http.StatusOK, `{"keys":[`+strings.Repeat(one+",", maxKeys)+one+`]}`),
		"compressed":           page(http.StatusOK, "\x8b\x02\x80", "Content-Encoding", "br"),
		"cut":                  page(http.StatusOK, body[:len(body)-5], "Content-Length", fmt.Sprint(len(body))),
		"long headers":         page(http.StatusOK, body, "X-Long", strings.Repeat("x", 64<<10)),
		"too long":             page(http.StatusOK, body+strings.Repeat(" ", maxSet)),
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, err := fmt.Fprint(w, body)
			for err == nil {
				_, err = fmt.Fprint(w, strings.Repeat(" ", 64<<10))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.answers(answer)
			r := i.remote(t)
			i.expectError(t, r, ErrUnavailable, 1)
			if got := i.reported(); len(got) != 1 || strings.Contains(got[0], "hotel") || strings.Contains(got[0], a.ID()) {
				t.Errorf("got the reports %q, want one that says nothing of the answer", got)
			} else if name == "endless" && !strings.Contains(got[0], "more than") {
				t.Errorf("got the report %q: it was read to the end", got[0])
			}
		})
	}
}

func TestAnIssuerMayWithdrawAllItsKeys(t *testing.T) {
	i, a := newIssuer(t), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	i.expect(t, r, "", []Key{a}, 1)
	i.publishes(t, "", keyOf(t, EdDSA))
	i.passes(time.Hour)
	i.expect(t, r, a.ID(), nil, 2)
	if got := i.reported(); len(got) != 1 {
		t.Errorf("got the reports %q, want that no key is left", got)
	}
}

func TestASlowIssuerHoldsNobodyLong(t *testing.T) {
	i := newIssuer(t)
	hang := make(chan struct{})
	i.answers(func(http.ResponseWriter, *http.Request) { <-hang })
	defer close(hang)
	r := i.remote(t)
	r.o.Timeout = 30 * time.Millisecond
	i.expectError(t, r, ErrUnavailable, 1)
}

func TestWhoGivesUpDoesNotEndTheFetchForOthers(t *testing.T) {
	i, a := newIssuer(t), freshKey(t, ES256)
	hang := make(chan struct{})
	i.answers(func(w http.ResponseWriter, _ *http.Request) { <-hang; _, _ = w.Write(published(t, a)) })
	r := i.remote(t)
	ctx, cancel := context.WithCancel(context.Background())
	gaveUp := make(chan error)
	go func() { _, err := r.Find(ctx, ""); gaveUp <- err }()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	close(hang)
	i.expect(t, r, "", []Key{a}, 1)
}

func TestAClockThatIsSetBackKeepsNothingForever(t *testing.T) {
	i, a, b := newIssuer(t), freshKey(t, ES256), freshKey(t, ES256)
	i.publishes(t, "", a)
	r := i.remote(t)
	i.expect(t, r, "", []Key{a}, 1)
	i.publishes(t, "", b)
	i.passes(-1000 * time.Hour)
	i.expect(t, r, "", []Key{b}, 2)
	i.expect(t, r, "", []Key{b}, 2)
}

func TestAddressesOfKeySets(t *testing.T) {
	for address, plain := range map[string]bool{
		"https://issuer.example/jwks.json": false, "https://issuer.example:8443/a?b=c": false, "https://127.0.0.1/": false,
		"http://127.0.0.1:8080/jwks": true, "http://[::1]/jwks": true, "http://localhost/jwks": true,
	} {
		for _, allowed := range []bool{false, true} {
			_, err := NewRemote(RemoteOptions{URL: address, Algorithm: RS256, AllowHTTP: allowed})
			if want := !plain || allowed; (err == nil) != want {
				t.Errorf("%s with http allowed %v: got %v, want taken: %v", address, allowed, err, want)
			}
		}
	}
	for _, address := range []string{
		"", "/jwks", "issuer.example/jwks", "http://issuer.example/jwks", "http://10.0.0.1/", "http://localhost.example/", "http://127.0.0.1.example/",
		"ftp://127.0.0.1/", "file:///etc/passwd", "https:///jwks", "https://user:word@issuer.example/", "https://issuer.example/#a", "https://issuer.example:x/", "data:,{}",
	} {
		_, err := NewRemote(RemoteOptions{URL: address, Algorithm: RS256, AllowHTTP: true})
		if err == nil || strings.Contains(err.Error(), "word") {
			t.Errorf("%s: got %v, want an error without the address", address, err)
		}
	}
	for _, alg := range []Algorithm{"", HS256, "none", "RS384"} {
		if _, err := NewRemote(RemoteOptions{URL: "https://issuer.example/", Algorithm: alg}); err == nil {
			t.Errorf("algorithm %q was taken", alg)
		}
	}
}

func TestThePlainTransportAsksOverHTTP(t *testing.T) {
	a := freshKey(t, ES256)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(published(t, a)) }))
	defer server.Close()
	r, err := NewRemote(RemoteOptions{URL: server.URL, Algorithm: ES256, AllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Verify(context.Background(), sign(t, a, claims), r); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
