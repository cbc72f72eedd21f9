package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
	"github.com/latchkey-sso/latchkey/internal/store/postgres"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// mover is a data directory and an empty PostgreSQL database.
type mover struct {
	dir, url string
	keys     *signon.Keyring
}

func newMover(t *testing.T) *mover {
	t.Helper()
	testcluster.Need(t)
	keys, err := signon.NewKeyring(bytes.Repeat([]byte{0x0f}, signon.RootKeyLen), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &mover{t.TempDir(), testcluster.Database(t), keys}
}

func (m *mover) migration() *server.Migration {
	return &server.Migration{DataDir: m.dir, To: signon.Secret(m.url), Keys: m.keys}
}

// file opens the store of the data directory, db that of PostgreSQL.
func (m *mover) file(t *testing.T) (*sqlite.Store, error) {
	t.Helper()
	return sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(m.dir, "latchkey.db"), Keys: m.keys})
}

func (m *mover) db(t *testing.T) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: m.url, Keys: m.keys})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// live stores grants, of which it redeems the first, and returns their keys.
func (m *mover) live(t *testing.T, count int) (keys []signon.GrantKey) {
	t.Helper()
	s, err := m.file(t)
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		at := s.Now().Truncate(time.Millisecond)
		g := &signon.Grant{Key: signon.ExpiryKey(at.Add(time.Hour)), Tenant: "shop", Client: "C", Destination: "cart", IssuedAt: at, ExpiresAt: at.Add(time.Hour - time.Second)}
		copy(g.Key[8:], fmt.Sprint(i))
		if err := s.CreateGrant(t.Context(), g, &signon.Event{Type: signon.EventIssued}, nil); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, g.Key)
	}
	if !redeems(t, s, keys[0]) {
		t.Fatal("a link can't be redeemed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// redeems reports whether the link could be redeemed.
func redeems(t *testing.T, s signon.GrantStore, key signon.GrantKey) bool {
	t.Helper()
	out, err := s.RedeemGrant(t.Context(), &signon.Redemption{
		Key: key, From: "cart", SessionTTL: time.Hour, Session: signon.BrowserSession{Tenant: "shop", Client: "C", Destination: "cart"},
		Record: func(*signon.RedeemOutcome) *signon.Event { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Won
}

func TestAMoveKeepsLinksAliveAndInOnePlace(t *testing.T) {
	t.Parallel()
	m := newMover(t)
	keys := m.live(t, 4)
	done, err := m.migration().Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done.From, done.To); diff != "" || done.To["grants"] != 4 || done.Before {
		t.Errorf("got %+v, want the same counts on both sides", done)
	}
	if _, err := m.file(t); !errors.Is(err, sqlite.ErrMoved) {
		t.Errorf("the store in the directory: got %v, want ErrMoved", err)
	}
	if _, err := m.migration().Run(t.Context()); !errors.Is(err, sqlite.ErrMoved) {
		t.Errorf("once more: got %v, want ErrMoved", err)
	}
	s := m.db(t)
	defer s.Close()
	for i, key := range keys {
		if got, want := redeems(t, s, key), i > 0; got != want {
			t.Errorf("link %d: redeemed %v, want %v", i, got, want)
		}
	}
	if s.Epoch() != 1 {
		t.Errorf("got epoch %d, want 1", s.Epoch())
	}
	if _, err := m.keys.VerifyAudit(t.Context(), s, signon.ChainHead{}, nil); err != nil {
		t.Error(err)
	}
}

func TestAMoveNeedsAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	m := newMover(t)
	keys := m.live(t, 2)
	s := m.db(t)
	if _, err := m.migration().Run(t.Context()); !errors.Is(err, postgres.ErrInUse) {
		t.Errorf("while a server runs on it: got %v, want ErrInUse", err)
	}
	if err := s.AppendEvent(t.Context(), &signon.Event{Type: signon.EventClientRefused}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.migration().Run(t.Context()); !errors.Is(err, tables.ErrNotEmpty) {
		t.Errorf("got %v, want ErrNotEmpty", err)
	}
	f, err := m.file(t) // goes on
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !redeems(t, f, keys[1]) {
		t.Error("a link can't be redeemed after a move that was refused")
	}
}

// TestAMoveCutShortLeavesOneStoreAtMost stops a move just before its commit and just
// after, as a kill does.
func TestAMoveCutShortLeavesOneStoreAtMost(t *testing.T) {
	t.Parallel()
	for name, committed := range map[string]bool{"before the commit": false, "after the commit": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMover(t)
			keys := m.live(t, 2)
			from, err := sqlite.OpenToMove(t.Context(), sqlite.Options{Path: filepath.Join(m.dir, "latchkey.db"), Keys: m.keys})
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if _, err := archive.Write(t.Context(), &file, from, archive.Options{Keys: m.keys}); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(from.SetMove(t.Context(), sqlite.Moving), from.Close()); err != nil {
				t.Fatal(err)
			}
			if committed {
				l := archive.Loading{Src: &file, Keys: m.keys}
				if err := postgres.Fill(t.Context(), postgres.Options{URL: m.url, Keys: m.keys}, l.Move(t.Context())); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := m.file(t); !errors.Is(err, sqlite.ErrMoving) {
				t.Errorf("the store in the directory: got %v, want ErrMoving", err)
			}
			done, err := m.migration().Run(t.Context())
			if err != nil || done.Before != committed {
				t.Errorf("once more: got %+v, %v, want it completed", done, err)
			}
			s := m.db(t)
			defer s.Close()
			if redeems(t, s, keys[0]) || !redeems(t, s, keys[1]) {
				t.Error("links stand otherwise than before")
			}
		})
	}
}

func TestAMoveWhoseCommitFailsIsNotUndoneByItself(t *testing.T) {
	t.Parallel()
	m := newMover(t)
	keys := m.live(t, 2)
	if err := m.db(t).Close(); err != nil { // makes the tables
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), m.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	exec := func(query string) {
		if _, err := c.Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no commit today'; END $$")
	exec("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON grants DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()")
	if _, err := m.migration().Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no commit today") {
		t.Fatalf("got %v, want the error of the commit", err)
	}
	if _, err := m.file(t); !errors.Is(err, sqlite.ErrMoving) {
		t.Errorf("the store in the directory: got %v, want ErrMoving", err)
	}
	exec("DROP TRIGGER refuse ON grants")
	if done, err := m.migration().Run(t.Context()); err != nil || done.Before || done.To["grants"] != 2 {
		t.Errorf("once more: got %+v, %v, want it done", done, err)
	}
	s := m.db(t)
	defer s.Close()
	if !redeems(t, s, keys[1]) {
		t.Error("a link can't be redeemed")
	}
}

// TestARestoreThatIsKilledLeavesNothing kills the program while it restores.
func TestARestoreThatIsKilledLeavesNothing(t *testing.T) {
	t.Parallel()
	m := newMover(t)
	s, err := m.file(t)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 { // more than is on its way when the program is killed
		if err := s.AppendEvent(t.Context(), &signon.Event{Type: signon.EventClientRefused, Note: strings.Repeat("x", 20<<10)}); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	_, err = archive.Write(t.Context(), &file, s, archive.Options{Keys: m.keys, Plain: true})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for name, database := range map[string]string{"sqlite": "", "postgres": m.url} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, "")
			if database != "" {
				p.env = append(p.env, "LATCHKEY_DATABASE="+database)
			}
			half(t, p, file.Bytes())
			cmd := p.command("restore", "-", "--config", "latchkey.yaml")
			cmd.Stdin = bytes.NewReader(file.Bytes())
			out, err := cmd.Output()
			if err != nil || !strings.HasPrefix(string(out), "Restored ") {
				t.Errorf("restore into what is left: got %q, %v; it said:\n%s", out, err, p.said(t))
			}
		})
	}
}

// half sends all but the end of the file and kills the program then.
func half(t *testing.T, p *program, file []byte) {
	t.Helper()
	cmd := p.command("restore", "-", "--config", "latchkey.yaml")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(in, 1<<10)
	_, err = w.Write(file[:len(file)-40])
	if err := errors.Join(err, w.Flush()); err != nil {
		t.Fatalf("%v; it said:\n%s", err, p.said(t))
	}
	// All has been read but for what a pipe and a buffer hold.
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) {
		t.Errorf("got %v, want it killed", err)
	}
}

func TestARestoreMakesTheStoreWhereTheConfigurationSays(t *testing.T) {
	t.Parallel()
	m := newMover(t)
	keys := m.live(t, 3)
	s, err := m.file(t)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var file bytes.Buffer
	if _, err := archive.Write(t.Context(), &file, s, archive.Options{Keys: m.keys}); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.DataDir = filepath.Join(t.TempDir(), "new")
	l := &archive.Loading{Src: &file, Keys: m.keys}
	if err := server.Restore(context.Background(), cfg, l); err != nil {
		t.Fatal(err)
	}
	restored, err := server.OpenStore(t.Context(), cfg, server.StoreOptions{Keys: m.keys})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	for _, key := range keys {
		if redeems(t, restored, key) {
			t.Error("a link of before was redeemed")
		}
	}
	if restored.Epoch() != 2 || restored.Now().Before(l.Header.At) {
		t.Errorf("got epoch %d at %v, want 2, not before %v", restored.Epoch(), restored.Now(), l.Header.At)
	}
	if _, err := os.Stat(cfg.DataDir); err != nil {
		t.Error(err)
	}
}
