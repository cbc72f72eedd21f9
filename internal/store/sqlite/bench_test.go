//go:build unix

package sqlite

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// BenchmarkIssueRedeem measures the store's part of a sign-on: a grant is
// stored, read as a filter, and redeemed, each call by one of so many callers
// that wait. cpu-µs/pair is the processor time of the whole process.
func BenchmarkIssueRedeem(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "latchkey.db"), Keys: benchKeys(b)})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.ReportAllocs()
			b.ResetTimer()
			before := cpuTime(b)
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						benchPair(b, s)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/1000, "cpu-µs/pair")
		})
	}
}

// BenchmarkGrant measures the read beside no writer.
func BenchmarkGrant(b *testing.B) {
	s, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "latchkey.db"), Keys: benchKeys(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	g := benchGrant(s.Now())
	if err := s.CreateGrant(b.Context(), g, nil, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Grant(b.Context(), g.Key); err != nil {
			b.Fatal(err)
		}
	}
}

func benchKeys(b *testing.B) *signon.Keyring {
	b.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		b.Fatal(err)
	}
	return keys
}

func benchGrant(now time.Time) *signon.Grant {
	g := &signon.Grant{
		Key: signon.ExpiryKey(now.Add(10 * time.Second)), Tenant: "avangate", Client: "AVANGATE", Destination: "cart", Subject: "352365983", SubjectKind: signon.SubjectCustomer,
		Target: "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CURRENCY=EUR", Language: "en", IssuedAt: now, ExpiresAt: now.Add(10 * time.Second),
	}
	_, _ = rand.Read(g.Key[4:])
	return g
}

func benchEvent(t signon.EventType, g *signon.Grant) *signon.Event {
	return &signon.Event{
		Type: t, Tenant: g.Tenant, Client: g.Client, Destination: g.Destination, Grant: g.Key.Reference(),
		SupportCode: "K7QX2M9P", Caller: "192.0.2.17", Personal: make([]byte, 60),
	}
}

func benchPair(b *testing.B, s *Store) {
	ctx := b.Context()
	g := benchGrant(s.Now())
	if err := s.CreateGrant(ctx, g, benchEvent(signon.EventIssued, g), nil); err != nil {
		b.Error(err)
		return
	}
	found, err := s.Grant(ctx, g.Key)
	if err != nil {
		b.Error(err)
		return
	}
	out, err := s.RedeemGrant(ctx, &signon.Redemption{
		Key: found.Key, From: found.Destination, Binding: signon.BindingDigest{1}, SessionTTL: 30 * time.Minute,
		Session: signon.BrowserSession{
			Tenant: found.Tenant, Destination: found.Destination, Client: found.Client, Subject: found.Subject, SubjectKind: found.SubjectKind,
			Target: found.Target, Language: found.Language, Secret: signon.SecretDigest{1},
		},
		Record: func(*signon.RedeemOutcome) *signon.Event { return benchEvent(signon.EventRedeemed, &found) },
	})
	if err != nil || !out.Won {
		b.Errorf("redeem: won %v, %v", out.Won, err)
	}
}

// cpuTime returns the processor time that the process has used, in nanoseconds.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
