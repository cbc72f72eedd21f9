// Package testcluster shares one PostgreSQL server among the tests of a package,
// each with a database of its own.
package testcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
)

// shared is the server of a test program.
var shared struct {
	mu      sync.Mutex
	cluster *pgtest.Cluster // nil before the first test that needs it
	err     error           // why it could not be started
	count   atomic.Int64    // databases so far
}

// patience is how long a busy machine may take for anything here.
const patience = 2 * time.Minute

// Main runs the tests and then removes the server that they shared. TestMain calls
// it: os.Exit(testcluster.Main(m)).
func Main(m *testing.M) int {
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.Remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Need skips the test where PostgreSQL is missing, but never where the outcome
// counts.
func Need(t testing.TB) {
	t.Helper()
	_, err := pgtest.Find()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true" || !errors.Is(err, pgtest.ErrMissing):
		t.Fatal(err)
	default:
		t.Skip("SKIPPED: no PostgreSQL here, so nothing is known of stores in it (apt-get install postgresql)")
	}
}

// Shared returns the server of all tests of this program, which starts when the
// first of them asks for it. It does not sync to disk; a test that kills or pauses
// a server makes one of its own. The package's TestMain must call Main.
func Shared(t testing.TB) *pgtest.Cluster {
	t.Helper()
	Need(t)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.cluster == nil && shared.err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		shared.cluster, shared.err = pgtest.New(ctx, pgtest.Options{NoSync: true})
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// Database returns the address of a new and empty database on the shared server,
// which is dropped after the test.
func Database(t testing.TB) string {
	t.Helper()
	return Copy(t, "")
}

// Copy is like Database, but the database is a copy of the one called template,
// which the caller made with Shared(t).CreateDatabase and is not connected to.
func Copy(t testing.TB, template string) string {
	t.Helper()
	server := Shared(t)
	name := fmt.Sprintf("test%d", shared.count.Add(1))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.CreateDatabase(ctx, name, template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.DropDatabase(ctx, name); err != nil {
			t.Error(strings.TrimSpace(err.Error()))
		}
	})
	return server.URL(name)
}
