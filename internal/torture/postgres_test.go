package torture

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// openGround makes a PostgreSQL server with a standby, and returns how nodes find
// whichever takes writes.
func openGround(t *testing.T, g *postgresGround) (dsn string) {
	t.Helper()
	if err := g.prepare(t.Context(), &world{}); errors.Is(err, errSkip) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.close(); err != nil {
			t.Error(err)
		}
	})
	return g.url()
}

func run(t *testing.T, dsn, statement string, result ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if len(result) > 0 {
		err = conn.QueryRow(ctx, statement).Scan(result...)
	} else {
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestNodesFindTheDatabaseUnderOneAddressThroughFailovers(t *testing.T) {
	t.Parallel()
	g := &postgresGround{standbys: true, synchronous: true}
	dsn := openGround(t, g)
	run(t, dsn, "CREATE TABLE kept (n int)")
	for n := range 2 {
		if err := g.follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		run(t, dsn, "INSERT INTO kept SELECT count(*) FROM kept")
		if err := g.failOver(t.Context(), time.Duration(n)*20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	var rows int
	if run(t, dsn, "SELECT count(*) FROM kept", &rows); rows != 2 {
		t.Errorf("got %d rows after two failovers to synchronous standbys, want 2", rows)
	}
}

func TestAStalledStandbyThatIsNotSynchronousLosesWhatItHasNotHeardOf(t *testing.T) {
	t.Parallel()
	g := &postgresGround{standbys: true}
	dsn := openGround(t, g)
	run(t, dsn, "CREATE TABLE kept (n int)")
	deadline := time.Now().Add(time.Minute)
	for behind := true; behind; time.Sleep(10 * time.Millisecond) {
		run(t, dsn, "SELECT coalesce(bool_or(replay_lsn IS NULL OR replay_lsn < pg_current_wal_lsn()), true) FROM pg_stat_replication", &behind)
		if time.Now().After(deadline) {
			t.Fatal("the standby does not catch up")
		}
	}
	if _, err := g.stall(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(t, dsn, "INSERT INTO kept VALUES (1)")
	if err := g.takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows int
	if run(t, dsn, "SELECT count(*) FROM kept", &rows); rows != 0 {
		t.Errorf("got %d rows, want the loss that the fault is for", rows)
	}
}
