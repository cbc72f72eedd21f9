package testcluster_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m)) }

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	var first string
	t.Run("while it runs", func(t *testing.T) {
		first = testcluster.Database(t)
		conn := connect(t, first)
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
			t.Fatal(err)
		}
		other := connect(t, testcluster.Database(t))
		var found bool
		if err := other.QueryRow(t.Context(), "SELECT to_regclass('mine') IS NOT NULL").Scan(&found); err != nil || found {
			t.Errorf("got %v and %v: the table of another database", found, err)
		}
		// The connections stay open: databases are dropped all the same.
	})
	if first == "" {
		return // it was skipped
	}
	_, err := pgx.Connect(t.Context(), first)
	const invalidCatalogName = "3D000"
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != invalidCatalogName {
		t.Errorf("got %v, want a database that was dropped", err)
	}
}

func TestCopyHasWhatItsTemplateHas(t *testing.T) {
	server := testcluster.Shared(t)
	if err := server.CreateDatabase(t.Context(), "model", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.DropDatabase(context.Background(), "model"); err != nil {
			t.Error(err)
		}
	})
	conn := connect(t, server.URL("model"))
	if _, err := conn.Exec(t.Context(), "CREATE TABLE theirs ()"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, testcluster.Copy(t, "model")).Exec(t.Context(), "TABLE theirs"); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
