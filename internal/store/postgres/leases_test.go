package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// claim asks for the lease of a key for an hour, and waits for that long.
func claim(ctx context.Context, s *Store, key byte, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	_, err := s.ClaimReply(ctx, signon.ReplyKey{key}, s.Now().Add(time.Hour))
	return err
}

func TestACallerWhoGivesUpCostsNobodyElseALease(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := pgtest.New(ctx, pgtest.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Remove() })
	if err := server.CreateDatabase(ctx, "latchkey", ""); err != nil {
		t.Fatal(err)
	}
	var nodes [2]*Store
	for i := range nodes {
		if nodes[i], err = Open(ctx, Options{URL: server.URL("latchkey"), Keys: testKeys(t)}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nodes[i].Close() })
	}
	if err := claim(ctx, nodes[0], 1, patience); !errors.Is(err, signon.ErrNotFound) {
		t.Fatalf("claim: got %v, want the lease", err)
	}

	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	patient := make(chan error, 1)
	go func() { patient <- claim(ctx, nodes[0], 2, patience) }()
	for range 2 { // the second one waits for nobody's round trip either
		if err := claim(ctx, nodes[0], 3, 100*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("beside a server that does not answer: got %v", err)
		}
	}
	select {
	case err := <-patient:
		t.Errorf("callers had to wait for one that waits for the server, which got %v", err)
	default:
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-patient; !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("who waited got %v, want the lease", err)
	}
	if err := claim(ctx, nodes[1], 1, patience); !errors.Is(err, signon.ErrConflict) {
		t.Errorf("another node got %v, want a conflict: the lease stands", err)
	}
	persist(t, func() (any, error) {
		err := claim(ctx, nodes[1], 3, patience)
		if errors.Is(err, signon.ErrConflict) {
			return nil, signon.Unavailable("claim", err) // until the other node has noticed
		}
		if errors.Is(err, signon.ErrNotFound) {
			err = nil
		}
		return nil, err
	})
}

// A node that is stopped, and does not run on, is nobody to wait for.
func TestANodeThatIsStoppedLosesItsLeases(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	f := newFixture(t, nil)
	other := f.newNodes(t, 2).all[1]
	f.leases.idle = 200 * time.Millisecond
	if err := claim(t.Context(), f.Store, 1, patience); !errors.Is(err, signon.ErrNotFound) {
		t.Fatalf("claim: got %v, want the lease", err)
	}
	for end := time.Now().Add(patience); !errors.Is(claim(t.Context(), other, 1, patience), signon.ErrNotFound); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the lease of a node that does nothing stands for ever")
		}
	}
	// The node goes on when it runs again.
	if err := claim(t.Context(), f.Store, 2, patience); !errors.Is(err, signon.ErrNotFound) {
		t.Errorf("claim: got %v, want the lease", err)
	}
}
