package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

// asServer names the folder in which this program starts a server, as one that
// does not live to stop it.
const asServer = "PGTEST_START_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asServer); dir != "" {
		if _, err := pgtest.New(context.Background(), pgtest.Options{Dir: dir, NoSync: true}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
	}
	code := m.Run()
	if common != nil {
		if err := common.Remove(); err != nil {
			fmt.Println(err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// common is the server of the tests that leave it as good as new, nil before the
// first of them.
var common *pgtest.Cluster

func commonServer(t *testing.T) *pgtest.Cluster {
	t.Helper()
	testcluster.Need(t)
	if common == nil {
		server, err := pgtest.New(limited(t), pgtest.Options{TCP: true, Settings: map[string]string{"work_mem": "5MB"}})
		if err != nil {
			t.Fatal(err)
		}
		common = server
	}
	return common
}

// patience is far more than anything takes.
const patience = time.Minute

// limited returns a context for as long as patience lasts.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// usedUp returns the server of the other tests to one that does not leave it as it
// was; later ones start another.
func usedUp(t *testing.T) *pgtest.Cluster {
	t.Helper()
	server := commonServer(t)
	common = nil
	t.Cleanup(func() { removed(t, server) })
	return server
}

// removed removes the server, and looks whether it left nothing.
func removed(t *testing.T, server *pgtest.Cluster) {
	t.Helper()
	if err := server.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(server.Dir()); !os.IsNotExist(err) {
		t.Errorf("the server left its folder: %v", err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(limited(t), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // its server may be gone
	})
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(limited(t), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func number(t *testing.T, conn *pgx.Conn, question string) int {
	t.Helper()
	var n int
	if err := conn.QueryRow(limited(t), question).Scan(&n); err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	return n
}

func TestServerIsMadeForDurability(t *testing.T) {
	conn := connect(t, commonServer(t).URL("postgres"))
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
		"server_encoding": "UTF8", "work_mem": "5MB", "listen_addresses": "127.0.0.1",
	} {
		var got string
		if err := conn.QueryRow(limited(t), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q and %v, want %q", setting, got, err, want)
		}
	}
}

func TestKilledServerKeepsWhatWasCommitted(t *testing.T) {
	server := commonServer(t)
	conn := connect(t, server.URL("postgres"))
	execute(t, conn, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)", "BEGIN", "INSERT INTO kept VALUES (2)")
	pids, err := server.ClientPIDs(limited(t))
	if err != nil || len(pids) != 1 {
		t.Fatalf("got sessions %v and %v, want one", pids, err)
	}
	// A process that stands still does not end by itself with its parent.
	if err := errors.Join(server.Pause(), server.Kill()); err != nil {
		t.Fatal(err)
	}
	if state(t, pids[0]) != "" {
		t.Error("a session outlives its server")
	}
	if _, err := conn.Exec(limited(t), "COMMIT"); err == nil {
		t.Error("a server that was killed commits")
	}
	if err := server.Start(limited(t)); err != nil {
		t.Fatal(err)
	}
	if got := number(t, connect(t, server.URL("postgres")), "SELECT sum(n) FROM kept"); got != 1 {
		t.Errorf("got a sum of %d, want the committed row alone", got)
	}
	if !strings.Contains(server.Log(), "not properly shut down") {
		t.Errorf("the server did not recover from anything:\n%s", server.Log())
	}
}

func TestStoppedServerStartsAgain(t *testing.T) {
	server := commonServer(t)
	if err := server.Start(limited(t)); err == nil {
		t.Error("a server that runs was started")
	}
	for range 2 {
		if err := server.Stop(limited(t)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pgx.Connect(limited(t), server.URL("postgres")); err == nil {
		t.Error("a server that is stopped answers")
	}
	if err := server.Pause(); err == nil {
		t.Error("a server that is stopped was paused")
	}
	if err := server.Start(limited(t)); err != nil {
		t.Fatal(err)
	}
	connect(t, server.URL("postgres"))
}

func TestPausedServerMakesClientsWait(t *testing.T) {
	server := commonServer(t)
	conn := connect(t, server.URL("postgres"))
	pids, err := server.ClientPIDs(limited(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if got := state(t, pids[0]); got != "T" {
		t.Errorf("got state %q of a session, want T", got)
	}
	asked, connected := make(chan error, 1), make(chan error, 1)
	ctx := limited(t)
	go func() { asked <- conn.Ping(ctx) }()
	go func() {
		conn, err := pgx.Connect(ctx, server.URL("postgres"))
		if err == nil {
			err = conn.Close(ctx)
		}
		connected <- err
	}()
	select {
	case err := <-asked:
		t.Errorf("a query ended on a paused server: %v", err)
		asked <- err
	case err := <-connected:
		t.Errorf("a connection was made to a paused server: %v", err)
		connected <- err
	case <-time.After(100 * time.Millisecond):
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []chan error{asked, connected} {
		if err := <-ended; err != nil {
			t.Errorf("after the pause: %v", err)
		}
	}
}

// state returns the letter for what a process does, or "" when it has ended.
func state(t *testing.T, pid int) string {
	t.Helper()
	out, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	if err != nil && len(out) > 0 {
		t.Fatal(err)
	}
	letter := strings.TrimSpace(string(out))
	if strings.HasPrefix(letter, "Z") {
		return ""
	}
	return letter[:min(1, len(letter))]
}

func TestServerEndsWithTheProgramThatStartedIt(t *testing.T) {
	testcluster.Need(t)
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child with its parent")
	}
	parent, err := os.MkdirTemp("", "latchkey-pg-") //nolint:usetesting // t.TempDir is closed to the user that servers run as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), asServer+"="+filepath.Join(parent, "server"))
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the program says %q: %v", line, err)
	}
	file := filepath.Join(parent, "server", "data", "postmaster.pid")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil || state(t, pid) == "" {
		t.Fatalf("process %d does not run: %v", pid, err)
	}
	_ = program.Process.Kill()
	_ = program.Wait()
	for ctx := limited(t); state(t, pid) != ""; time.Sleep(10 * time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal("the server outlives the program")
		}
	}
}
