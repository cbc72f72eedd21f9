package cli

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/pgtest"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/sqlite"
)

func TestMain(m *testing.M) {
	testscript.Main(withDatabases{m}, map[string]func(){"latchkey": func() { os.Exit(Main()) }})
}

// withDatabases runs the tests and removes the PostgreSQL server that they shared.
type withDatabases struct{ m *testing.M }

// Run runs the tests.
func (w withDatabases) Run() int { return testcluster.Main(w.m) }

// TestScripts runs the real program as the scripts in testdata say.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "down": down, "hangup": hangup, "get": get, "post": post, "mode": mode, "sql": sqlExec, "soon": soon, "follow": follow, "earlier": earlier,
			"database": func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], testcluster.Database(t)) },
		},
		Condition: func(name string) (bool, error) {
			if name != "postgres" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			_, err := pgtest.Find()
			if err != nil && os.Getenv("CI") == "true" {
				return false, err // where the outcome counts nothing is left out
			}
			return err == nil, nil
		},
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values[runningKey{}] = &running{dir: e.WorkDir}
			e.Setenv("TMPDIR", e.WorkDir)
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
	})
}

// running is the server that a script has started.
type running struct {
	dir  string
	cmd  *exec.Cmd
	done chan error

	cookies map[string]map[string]string // by browser
}

type runningKey struct{}

func theServer(ts *testscript.TestScript) *running {
	r, ok := ts.Value(runningKey{}).(*running)
	if !ok {
		ts.Fatalf("no script of TestScripts")
	}
	return r
}

// up starts a server, "up dev …" or "up serve …", waits until it is ready, and
// sets URL. What it says goes to the file server.log.
func up(ts *testscript.TestScript, neg bool, args []string) {
	r := theServer(ts)
	log, err := os.OpenFile(filepath.Join(r.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	r.cmd = exec.Command(program(ts), args...)
	r.cmd.Dir, r.cmd.Stderr = ts.MkAbs("."), log
	for _, name := range []string{"PATH", "TMPDIR", "HOME", "SHOP_KEY", "LATCHKEY_ROOT_KEY", "LATCHKEY_DATABASE"} {
		r.cmd.Env = append(r.cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(r.cmd.Start())
	ts.Defer(func() { _ = r.cmd.Process.Kill() })
	in := bufio.NewReader(out)
	line, err := in.ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "Latchkey is ready at ")
	if err != nil || !ready || neg {
		ts.Fatalf("got %q, %v, want that it is ready", line, err)
	}
	ts.Setenv("URL", url)
	ts.Setenv("PORT", url[strings.LastIndexByte(url, ':')+1:])
	more := "" // after the first line
	if args[0] == "dev" {
		more = "Watch calls live at " + url + "/dev\n"
	}
	r.done = make(chan error, 1)
	go func() {
		if rest, _ := io.ReadAll(in); string(rest) != more {
			_ = r.cmd.Wait()
			r.done <- fmt.Errorf("it printed %q after its first line, want %q", rest, more)
			return
		}
		r.done <- r.cmd.Wait()
	}()
}

// program returns the path of the program under test.
func program(ts *testscript.TestScript) string {
	for dir := range strings.SplitSeq(ts.Getenv("PATH"), string(filepath.ListSeparator)) {
		if path, err := exec.LookPath(filepath.Join(dir, "latchkey")); err == nil {
			return path
		}
	}
	ts.Fatalf("latchkey is not on the path")
	return ""
}

// down stops the server with SIGTERM and requires that it ends cleanly.
func down(ts *testscript.TestScript, _ bool, _ []string) {
	r := theServer(ts)
	ts.Check(r.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-r.done:
		ts.Check(err)
	case <-time.After(2 * time.Minute):
		ts.Fatalf("the server did not stop")
	}
}

// hangup sends SIGHUP and waits until the log has one more line with the text.
func hangup(ts *testscript.TestScript, _ bool, args []string) {
	r := theServer(ts)
	count := func() int { return strings.Count(ts.ReadFile(filepath.Join(r.dir, "server.log")), args[0]) }
	before := count()
	ts.Check(r.cmd.Process.Signal(syscall.SIGHUP))
	for deadline := time.Now().Add(2 * time.Minute); count() == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("the log has no new line with %q:\n%s", args[0], ts.ReadFile(filepath.Join(r.dir, "server.log")))
		}
	}
}

// get sends a GET, "get URL [header file]", sets CODE to the support code of the
// answer, and prints status and body.
func get(ts *testscript.TestScript, neg bool, args []string) {
	request(ts, neg, http.MethodGet, args, "")
}

// post sends a POST, "post URL header file body file".
func post(ts *testscript.TestScript, neg bool, args []string) {
	request(ts, neg, http.MethodPost, args, ts.ReadFile(args[2]))
}

func request(ts *testscript.TestScript, neg bool, method string, args []string, body string) {
	r, err := http.NewRequest(method, args[0], strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/json")
	if len(args) > 1 {
		name, value, _ := strings.Cut(ts.ReadFile(args[1]), ": ")
		r.Header.Set(name, strings.TrimSpace(value))
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		if !neg {
			ts.Fatalf("%v", err)
		}
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	ts.Setenv("CODE", answer.Header.Get(inbound.Header))
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", answer.StatusCode, text)
	if neg != (answer.StatusCode >= http.StatusBadRequest) {
		ts.Fatalf("%s %s: got %d: %s", method, args[0], answer.StatusCode, text)
	}
}

// follow lets a browser follow a link, "follow BROWSER FILE [HOST OTHER]", where
// the file is what get printed; with a host, at the other one instead. It sets
// CODE, and prints the status of the last answer.
func follow(ts *testscript.TestScript, neg bool, args []string) {
	r := theServer(ts)
	if r.cookies == nil {
		r.cookies = map[string]map[string]string{}
	}
	if r.cookies[args[0]] == nil {
		r.cookies[args[0]] = map[string]string{}
	}
	_, link, _ := strings.Cut(ts.ReadFile(args[1]), "\n")
	link = strings.Trim(strings.TrimSpace(link), `"`)
	if len(args) == 4 {
		link = strings.Replace(link, args[2], args[3], 1)
	}
	for range 5 {
		status, to := visit(ts, link, r.cookies[args[0]])
		if to == "" {
			fmt.Fprintf(ts.Stdout(), "%d\n", status)
			if neg != (status >= http.StatusBadRequest) {
				ts.Fatalf("%s: got %d", link, status)
			}
			return
		}
		link = to
	}
	ts.Fatalf("redirected in circles")
}

// visit gets one page with the cookies, keeps those it sets, and returns where it
// leads on, if it does.
func visit(ts *testscript.TestScript, link string, cookies map[string]string) (status int, to string) {
	r, err := http.NewRequest(http.MethodGet, link, nil)
	ts.Check(err)
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	ts.Check(err)
	ts.Check(answer.Body.Close())
	for _, c := range answer.Cookies() {
		cookies[c.Name] = c.Value
	}
	ts.Setenv("CODE", answer.Header.Get(inbound.Header))
	if on, err := answer.Location(); err == nil {
		to = on.String()
	}
	return answer.StatusCode, to
}

// soon runs the program until what it prints matches, "soon PATTERN ARGUMENT…".
func soon(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		ts.Check(ts.Exec("latchkey", args[1:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("got no %q in\n%s", args[0], ts.ReadFile("stdout"))
		}
	}
}

// sqlExec changes a database behind the program's back, "sql FILE STATEMENT".
func sqlExec(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	result, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("%q changed %d rows, %v", args[1], n, err)
	}
	ts.Check(db.Close())
}

// past is a clock that is behind by so much.
type past struct {
	signon.SystemClock
	by time.Duration
}

func (p past) Now() time.Time { return p.SystemClock.Now().Add(-p.by) }

// earlier makes the database of latchkey.yaml, with three events from so long ago,
// "earlier 2h".
func earlier(ts *testscript.TestScript, _ bool, args []string) {
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	root, err := os.ReadFile(ts.MkAbs("root.key"))
	ts.Check(err)
	key, err := hex.DecodeString(strings.TrimSpace(string(root)))
	ts.Check(err)
	keys, err := signon.NewKeyring(key, nil)
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs("data"), 0o700))
	store, err := sqlite.Open(context.Background(), sqlite.Options{Path: ts.MkAbs("data/latchkey.db"), Keys: keys, Clock: past{by: by}})
	ts.Check(err)
	for range 3 {
		ts.Check(store.AppendEvent(context.Background(), &signon.Event{Type: signon.EventIssueRefused, Tenant: "shop"}))
	}
	ts.Check(store.Close())
}

// mode requires that a file has a mode, "mode FILE 600", in octal.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); (got == args[1]) == neg {
		ts.Fatalf("%s: got mode %s, want %s", args[0], got, args[1])
	}
}
