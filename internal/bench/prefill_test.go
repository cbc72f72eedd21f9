package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

func openStore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	keys, err := signon.NewKeyring(make([]byte, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestCopiedGrantsAreLiveGrantsOfTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	now := time.Now()
	s := openStore(t, path)
	key := signon.ExpiryKey(now.Add(10 * time.Second))
	g := &signon.Grant{Key: key, Tenant: "bench", Subject: "7", Target: testTarget, IssuedAt: now, ExpiresAt: now.Add(10 * time.Second)}
	if err := s.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := copyGrants(t.Context(), path, liveGrants(1000)); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	grants, err := s.Grants(t.Context(), key, 2000)
	if err != nil {
		t.Fatal(err)
	}
	if len(grants) != 1000 {
		t.Fatalf("got %d copies, want 1000", len(grants))
	}
	latest := now.Add(longestTTL + time.Minute)
	for _, c := range grants {
		if c.State != signon.GrantLive || c.Epoch != s.Epoch() || c.Subject != "7" || c.Target != testTarget {
			t.Fatalf("a copy is not like the original: %+v", c)
		}
		if !c.ExpiresAt.After(now) || c.ExpiresAt.After(latest) || c.Key.ExpirySecond().Before(c.ExpiresAt) {
			t.Fatalf("a copy expires at %v, with a key for %v", c.ExpiresAt, c.Key.ExpirySecond())
		}
	}
}
