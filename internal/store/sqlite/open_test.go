package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

func TestFilesAreTheOwnersOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such mode here")
	}
	f := newFixture(t, storetest.NewClock())
	f.between(t, func() {
		if err := os.Chmod(f.options.Path, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	f.mustCreate(t, 0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(f.options.Path), "*"))
	if err != nil || len(files) != 5 { // database, -wal, -shm, mark, lock
		t.Fatalf("got files %v, %v, want 5", files, err)
	}
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got mode %v, %v, want 0600", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestLessThanDurableIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	for _, c := range []struct{ path, pragmas string }{
		{path, "synchronous(normal)"},
		{path, "synchronous(off)"},
		{":memory:", ""}, // has no write-ahead log
	} {
		if opened, err := openConn(t.Context(), c.path, c.pragmas); err == nil {
			t.Errorf("%s with %q was accepted", c.path, c.pragmas)
			opened.close()
		}
	}
}

func TestDatabaseOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	f.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	f.close(t)
	if _, err := Open(t.Context(), f.options); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("got %v, want it refused", err)
	}
	f.options.Path = filepath.Join(t.TempDir(), "latchkey.db") // the refused one gave its lock back
	f.open(t)
}

func TestWhatIsNoDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path, Keys: testKeys(t)}); err == nil {
		t.Error("it was opened")
	}
	if _, err := Open(t.Context(), Options{Path: path}); err == nil {
		t.Error("it was opened without keys")
	}
}

func TestOddPathsAreOpened(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "50%25", "what?", "#1", "ü", "x&_pragma=synchronous(off)"} {
		path := filepath.Join(t.TempDir(), name, "new", name+".db")
		s, err := Open(t.Context(), Options{Path: path, Keys: testKeys(t)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: the database is not where it should be: %v", name, err)
		}
		s.Close()
	}
}

func TestSealedSecretOpensInItsOwnRowOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	tenants := []signon.Tenant{
		{ID: "a", Clients: []signon.Client{{Realm: "r", ID: "1", Tenant: "a", Secrets: []signon.Secret{"one"}}}},
		{ID: "b", Clients: []signon.Client{{Realm: "r", ID: "1", Tenant: "b", Secrets: []signon.Secret{"two"}}}},
	}
	if err := f.ApplyTenants(t.Context(), tenants, nil); err != nil {
		t.Fatal(err)
	}
	for id := range int64(2) {
		c := &directory.Customer{Tenant: "a", ID: id + 1, Cards: []directory.Card{{Token: "token"}}}
		if err := f.CreateCustomer(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(t, "UPDATE clients SET secrets = (SELECT secrets FROM clients WHERE tenant = 'a')")
	if _, err := f.Tenants(t.Context()); !errors.Is(err, signon.ErrSealed) {
		t.Errorf("a client's secrets moved: got %v, want ErrSealed", err)
	}
	f.exec(t, "UPDATE customers SET card_tokens = (SELECT card_tokens FROM customers WHERE id = 1)")
	if _, err := f.Customer(t.Context(), "a", 1); err != nil {
		t.Errorf("the first customer: %v", err)
	}
	if _, err := f.Customer(t.Context(), "a", 2); !errors.Is(err, signon.ErrSealed) {
		t.Errorf("cards moved: got %v, want ErrSealed", err)
	}
}

func TestSweepLooksAtABoundedNumberOfSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, storetest.NewClock())
	const scan = 2 * scanPerRemoval
	for n := range 2*scan - 2 {
		f.live(t, f.mustCreate(t, n), true)
	}
	sessions, err := f.Sessions(t.Context(), signon.GrantKey{}, lastKey, 2*scan)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []signon.GrantKey{sessions[scan-1].Key, {}, sessions[scan-1].Key} {
		if n, err := f.Sweep(t.Context(), signon.GrantKey{}, f.Now(), 2); err != nil || n != 0 {
			t.Fatalf("sweep: removed %d, %v, want none", n, err)
		}
		if _, at := f.swept.Progress(); at != want {
			t.Errorf("the step stopped at %x, want %x", at, want)
		}
	}
}
