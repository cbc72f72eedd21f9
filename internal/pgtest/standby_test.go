package pgtest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
)

const timeline = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"

func TestPromotedStandbyHasEveryRowThatWasAcknowledged(t *testing.T) {
	primary := usedUp(t)
	conn := connect(t, primary.URL("postgres"))
	execute(t, conn, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (n int PRIMARY KEY)")
	before := number(t, conn, timeline)
	// A standby must not inherit for whom commits wait.
	if err := primary.SetSynchronous(limited(t), "nobody"); err != nil {
		t.Fatal(err)
	}
	standby, err := primary.Standby(limited(t), pgtest.StandbyOptions{Name: "second", Synchronous: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removed(t, standby) })
	commitsWaitFor(t, standby, conn)

	acknowledged := writeUntilKilled(t, primary)
	if err := standby.Promote(limited(t)); err != nil {
		t.Fatal(err)
	}
	promoted := connect(t, pgtest.FailoverURL("postgres", primary, standby))
	rows, err := promoted.Query(limited(t), "SELECT n FROM kept")
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	kept := map[int]bool{}
	for _, n := range found {
		kept[n] = true
	}
	for _, n := range acknowledged {
		if !kept[n] {
			t.Errorf("row %d was acknowledged and is lost", n)
		}
	}
	execute(t, promoted, "INSERT INTO kept VALUES (-1)") // it waits for nobody
	if after := number(t, promoted, timeline); after <= before {
		t.Errorf("got timeline %d after %d, want a new one", after, before)
	}
}

// commitsWaitFor checks that a commit on the primary ends no earlier than its
// synchronous standby lets it.
func commitsWaitFor(t *testing.T, standby *pgtest.Cluster, conn *pgx.Conn) {
	t.Helper()
	if err := standby.Pause(); err != nil {
		t.Fatal(err)
	}
	committed := make(chan error, 1)
	ctx := limited(t)
	go func() {
		_, err := conn.Exec(ctx, "INSERT INTO kept VALUES (0)")
		committed <- err
	}()
	select {
	case err := <-committed:
		t.Errorf("a commit did not wait for the standby: %v", err)
		committed <- err
	case <-time.After(100 * time.Millisecond):
	}
	if err := standby.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-committed; err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

// writeUntilKilled inserts rows from several connections, kills the server in the
// midst of it, and returns the rows that were acknowledged.
func writeUntilKilled(t *testing.T, server *pgtest.Cluster) []int {
	t.Helper()
	const writers, enough = 4, 100
	written := make(chan int, enough)
	var all sync.WaitGroup
	for w := range writers {
		conn := connect(t, server.URL("postgres"))
		ctx := limited(t)
		all.Go(func() {
			for n := w + 1; ; n += writers {
				if _, err := conn.Exec(ctx, "INSERT INTO kept VALUES ($1)", n); err != nil {
					return
				}
				written <- n
			}
		})
	}
	go func() {
		all.Wait()
		close(written)
	}()
	var acknowledged []int
	for n := range written {
		acknowledged = append(acknowledged, n)
		if len(acknowledged) == enough {
			if err := server.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if len(acknowledged) < enough {
		t.Fatalf("got %d rows before the server was killed, want %d", len(acknowledged), enough)
	}
	return acknowledged
}
