package sqlite

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/storetest"
)

func TestStoreKeepsTheContracts(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, clock signon.Clock) *storetest.Harness { return newFixture(t, clock).harness() })
}

// fixture is a store in a directory of the test's own.
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

// newFixture opens a new store, which is closed when the test ends.
func newFixture(t *testing.T, clock signon.Clock) *fixture {
	t.Helper()
	f := &fixture{logged: &bytes.Buffer{}}
	f.options = Options{
		Path: filepath.Join(t.TempDir(), "latchkey.db"), Keys: testKeys(t), Clock: clock,
		Log: slog.New(slog.NewTextHandler(f.logged, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	f.open(t)
	t.Cleanup(func() { f.close(t) })
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

// exec changes the database behind the store's back.
func (f *fixture) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	c, err := openConn(t.Context(), f.options.Path, writerPragmas)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer c.close()
	if changed, err := c.exec(query, args...); err != nil || changed == 0 {
		t.Fatalf("%s: changed %d rows, %v", query, changed, err)
	}
}

// copyOut copies the database, as a backup does. The function returned puts
// the copy in its place, as a restore does.
func (f *fixture) copyOut(t *testing.T) func(*testing.T) {
	t.Helper()
	backup := filepath.Join(t.TempDir(), "backup.db")
	c, err := openConn(t.Context(), f.options.Path, writerPragmas)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer c.close()
	if _, err := c.exec("VACUUM INTO ?", backup); err != nil {
		t.Fatalf("copy: %v", err)
	}
	return func(t *testing.T) {
		t.Helper()
		f.close(t)
		kept, err := os.ReadFile(backup)
		if err == nil {
			err = os.WriteFile(f.options.Path, kept, 0o600)
		}
		if err != nil {
			t.Fatalf("put back: %v", err)
		}
		f.open(t)
	}
}

// bytes returns the contents of all files beside and of the database.
func (f *fixture) bytes(t *testing.T) []byte {
	t.Helper()
	f.reopen(t) // the write-ahead log is copied into the file
	files, err := filepath.Glob(filepath.Join(filepath.Dir(f.options.Path), "*"))
	if err != nil {
		t.Fatalf("list files: %v", err)
	}
	f.close(t)
	var all []byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatalf("read %s: %v", name, err)
		}
		all = append(all, b...)
	}
	f.open(t)
	return all
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
			restore := f.copyOut(t)
			return func(t *testing.T) storetest.Store { restore(t); return f.Store }
		},
		Restore: func(t *testing.T, file io.Reader) (storetest.Store, error) {
			err := f.restore(t, file)
			return f.Store, err
		},
		ChangeEvent: func(t *testing.T, seq int64, body []byte) {
			f.exec(t, "UPDATE audit SET body = ? WHERE seq = ?", body, seq)
		},
		RemoveEvent: func(t *testing.T, seq int64) { f.exec(t, "DELETE FROM audit WHERE seq = ?", seq) },
		Bytes:       f.bytes,
	}
}
