package postgres

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
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
		config, err := parse(server.URL("migrated"), slog.New(slog.DiscardHandler))
		if err == nil {
			err = migrate(ctx, config)
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

const empty = `TRUNCATE grants, audit, tenants, clients, destinations, customers, subscriptions, products, orders,
users, members, activity, replies, signing_keys, voided;
UPDATE head SET epoch = 1, history = '', at = 0, seq = 0, hash = ''`

// leave empties the database for the next test.
func (f *fixture) leave(t *testing.T) {
	t.Helper()
	f.with(t, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, empty, pgx.QueryExecModeSimpleProtocol)
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

func (f *fixture) harness() *storetest.Harness {
	return &storetest.Harness{
		Store: f.Store, Keys: f.options.Keys,
		Reopen: func(t *testing.T) storetest.Store { f.reopen(t); return f.Store },
		Snapshot: func(t *testing.T) func(*testing.T) storetest.Store {
			return func(t *testing.T) storetest.Store { t.Skip("later"); return f.Store }
		},
		ChangeEvent: func(t *testing.T, seq int64, body []byte) {
			f.exec(t, "UPDATE audit SET body = $1 WHERE seq = $2", body, seq)
		},
		RemoveEvent: func(t *testing.T, seq int64) { f.exec(t, "DELETE FROM audit WHERE seq = $1", seq) },
		Bytes:       func(t *testing.T) []byte { t.Skip("later"); return nil },
	}
}
