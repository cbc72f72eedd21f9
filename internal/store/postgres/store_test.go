package postgres

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m)) }

func TestStoreKeepsTheContracts(t *testing.T) {
	t.Parallel()
	testcluster.Need(t)
	storetest.Run(t, func(t *testing.T, clock signon.Clock) *storetest.Harness { return newFixture(t, clock).harness() })
}

// fixture is a store in a database of the test's own.
type fixture struct {
	*Store
	options Options
	logged  *bytes.Buffer
}

func testKeys(t *testing.T) *signon.Keyring {
	t.Helper()
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{7}, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatalf("make keys: %v", err)
	}
	return keys
}

// databases are empty ones with all tables, which tests leave behind for others: to
// empty one costs a tenth of making one.
var databases struct {
	sync.Mutex
	idle []string
	made int
}

// database returns the address of an empty database with all tables.
func database(t *testing.T) string {
	t.Helper()
	databases.Lock()
	defer databases.Unlock()
	if n := len(databases.idle); n > 0 {
		url := databases.idle[n-1]
		databases.idle = databases.idle[:n-1]
		return url
	}
	ctx, server := context.Background(), testcluster.Shared(t)
	if databases.made == 0 {
		if err := server.CreateDatabase(ctx, "migrated", ""); err != nil {
			t.Fatal(err)
		}
		first, err := Open(ctx, Options{URL: server.URL("migrated"), Keys: testKeys(t), Clock: storetest.NewClock()}) // no later than tests begin
		if err == nil {
			err = first.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	databases.made++
	name := fmt.Sprint("store", databases.made)
	if err := server.CreateDatabase(ctx, name, "migrated"); err != nil {
		t.Fatal(err)
	}
	return server.URL(name)
}

// leave empties the database for the next test.
func (f *fixture) leave(t *testing.T) {
	t.Helper()
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		if err := (filler{reader{ctx, c}, c}).Empty(); err != nil {
			return err
		}
		_, err := c.Exec(ctx, "UPDATE head SET epoch = 1, history = '', at = 0, seq = 0, hash = ''")
		return err
	})
	databases.Lock()
	defer databases.Unlock()
	databases.idle = append(databases.idle, f.options.URL)
}

// newFixture opens a new store, which is closed when the test ends.
func newFixture(t *testing.T, clock signon.Clock) *fixture {
	t.Helper()
	f := &fixture{logged: &bytes.Buffer{}}
	f.options = Options{
		URL: database(t), Keys: testKeys(t), Clock: clock,
		Log: slog.New(slog.NewTextHandler(f.logged, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	f.open(t)
	t.Cleanup(func() {
		f.close(t)
		f.leave(t)
	})
	return f
}

func (f *fixture) open(t *testing.T) {
	t.Helper()
	s, err := Open(t.Context(), f.options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	f.Store = s
}

func (f *fixture) close(t *testing.T) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (f *fixture) reopen(t *testing.T) {
	t.Helper()
	f.close(t)
	f.open(t)
}

// with lends a connection to the database behind the store's back.
func (f *fixture) with(t *testing.T, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, f.options.URL)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer c.Close(ctx)
	if err := do(ctx, c); err != nil {
		t.Fatal(err)
	}
}

// holding has do run in a transaction that holds the head, and commits it.
func (f *fixture) holding(t *testing.T, do func(context.Context, pgx.Tx) error) {
	t.Helper()
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "SELECT FROM head FOR UPDATE"); err != nil {
				return err
			}
			return do(ctx, tx)
		})
	})
}

func (f *fixture) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		tag, err := c.Exec(ctx, query, args...)
		if err == nil && tag.RowsAffected() == 0 {
			t.Fatalf("%s changed nothing", query)
		}
		return err
	})
}

// bytes returns the contents of the tables' and the indexes' files. What was removed
// is in the pages until they are used again, and in the server's log: it is vacuumed
// away first, and the log is not looked at.
func (f *fixture) bytes(t *testing.T) (all []byte) {
	t.Helper()
	var dir, oid string
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		for _, query := range []string{"VACUUM FULL", "CHECKPOINT"} {
			if _, err := c.Exec(ctx, query); err != nil {
				return err
			}
		}
		return c.QueryRow(ctx, "SELECT current_setting('data_directory'), oid::text FROM pg_database WHERE datname = current_database()").Scan(&dir, &oid)
	})
	files, err := filepath.Glob(filepath.Join(dir, "base", oid, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("list the database's files: %d, %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatalf("read %s: %v", name, err)
		}
		all = append(all, b...)
	}
	return all
}

// backup writes an archive of the store.
func (f *fixture) backup(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := archive.Write(t.Context(), &file, f.Store, archive.Options{Keys: f.options.Keys}); err != nil {
		t.Fatalf("back up: %v", err)
	}
	return file.Bytes()
}

// restore fills the store from an archive, in the place of what it holds.
func (f *fixture) restore(t *testing.T, file io.Reader) error {
	t.Helper()
	f.close(t)
	l := archive.Loading{Src: file, Keys: f.options.Keys, Replace: true}
	err := Fill(t.Context(), f.options, l.Restore(t.Context()))
	f.open(t)
	return err
}

func (f *fixture) harness() *storetest.Harness {
	return &storetest.Harness{
		Store: f.Store, Keys: f.options.Keys,
		Reopen: func(t *testing.T) storetest.Store { f.reopen(t); return f.Store },
		Snapshot: func(t *testing.T) func(*testing.T) storetest.Store {
			file := f.backup(t)
			return func(t *testing.T) storetest.Store {
				if err := f.restore(t, bytes.NewReader(file)); err != nil {
					t.Fatalf("restore: %v", err)
				}
				return f.Store
			}
		},
		Restore: func(t *testing.T, file io.Reader) (storetest.Store, error) {
			err := f.restore(t, file)
			return f.Store, err
		},
		ChangeEvent: func(t *testing.T, seq int64, body []byte) {
			f.exec(t, "UPDATE audit SET body = $1 WHERE seq = $2", body, seq)
		},
		RemoveEvent: func(t *testing.T, seq int64) { f.exec(t, "DELETE FROM audit WHERE seq = $1", seq) },
		Bytes:       f.bytes,
	}
}
