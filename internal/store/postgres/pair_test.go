package postgres

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

// pair is a server and its standby, which takes part in every commit or in none.
type pair struct {
	primary, standby *pgtest.Cluster
	second           *pgtest.Cluster // a standby that nobody waits for, or nil
	store            *Store
}

func newPair(t *testing.T, synchronous bool) *pair {
	t.Helper()
	testcluster.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p := &pair{}
	var err error
	if p.primary, err = pgtest.New(ctx, pgtest.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.primary.Remove() })
	if p.standby, err = p.primary.Standby(ctx, pgtest.StandbyOptions{Name: "standby", Synchronous: synchronous}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.standby.Remove() })
	if err := p.primary.CreateDatabase(ctx, "latchkey", ""); err != nil {
		t.Fatal(err)
	}
	p.store = p.open(t, "postgres")
	return p
}

// open opens the database as that role.
func (p *pair) open(t *testing.T, role string) *Store {
	t.Helper()
	servers := []*pgtest.Cluster{p.primary, p.standby}
	if p.second != nil {
		servers = append(servers, p.second)
	}
	url := strings.Replace(pgtest.FailoverURL("latchkey", servers...), "user=postgres", "user="+role, 1)
	s, err := Open(t.Context(), Options{URL: url, Keys: testKeys(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// failOver kills the primary as a power cut does and promotes the standby.
func (p *pair) failOver(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Promote(ctx); err != nil {
		t.Fatal(err)
	}
}
