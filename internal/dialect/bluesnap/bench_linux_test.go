package bluesnap_test

import (
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/bluesnap"
)

// BenchmarkLoginToken measures whole calls for a token but for the network, by one
// caller and by many, whom the store answers in groups; and of the CPU that they
// take the share of a warm client's authentication.
func BenchmarkLoginToken(b *testing.B) {
	for name, callers := range map[string]int{"one": 0, "many": 32} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			call := func() *http.Request { return w.request(http.MethodPost, loginPath, ownAddress, asJSON) }
			tokenOf(b, w.send(call()))
			b.ReportAllocs()
			ask := func() {
				a := httptest.NewRecorder()
				if w.handler.ServeHTTP(a, call()); a.Code != http.StatusOK {
					b.Error(a.Body)
				}
			}
			started := cpu(b)
			if callers == 0 {
				for range b.N {
					ask()
				}
			} else {
				b.SetParallelism(callers)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						ask()
					}
				})
			}
			whole := float64(cpu(b)-started) / float64(b.N)
			b.StopTimer()
			proof := authentication(b, w, call())
			b.ReportMetric(whole/1000, "cpu-µs/op")
			b.ReportMetric(proof/1000, "auth-cpu-µs/op")
			b.ReportMetric(100*proof/whole, "auth-%")
		})
	}
}

// authentication returns the CPU that a warm client's authentication takes, in
// nanoseconds.
func authentication(b *testing.B, w *world, r *http.Request) float64 {
	b.Helper()
	const times = 20_000
	started := cpu(b)
	for range times {
		if err := bluesnap.Authenticate(w.handler, r); err != nil {
			b.Fatal(err)
		}
	}
	return float64(cpu(b)-started) / times
}

// BenchmarkUnauthenticated measures what a wrong password costs, of a client that
// there is and of one that there is not.
func BenchmarkUnauthenticated(b *testing.B) {
	for _, user := range []string{"username", "nobody"} {
		b.Run(user, func(b *testing.B) {
			w := newWorld(b)
			r := w.request(http.MethodPost, loginPath, ownAddress, asJSON)
			r.Header.Set("Authorization", basic(user, "wrong"))
			for b.Loop() {
				w.clock.advance(time.Minute) // whose failures are forgotten then
				a := httptest.NewRecorder()
				w.handler.ServeHTTP(a, r)
				if a.Code != http.StatusUnauthorized {
					b.Fatal(a.Body)
				}
			}
		})
	}
}

// cpu returns what the process has taken.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
