package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/cli"
	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

// asProgram makes this test's own binary behave as the program, so that tests
// can start, stop and kill the real thing.
const asProgram = "LATCHKEY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main())
	}
	os.Exit(testcluster.Main(m))
}

// program is latchkey in a directory of its own, with a configuration.
type program struct {
	dir, base string
	env       []string
	cmd       *exec.Cmd
	stderr    *os.File
}

const (
	shopCode = "SHOP"
	shopKey  = "shop-secret-key"
)

// newProgram writes a configuration for a free port. more is added to it.
func newProgram(t *testing.T, more string) *program {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := &program{dir: dir, base: "http://" + addr, env: []string{asProgram + "=1", "SHOP_KEY=" + shopKey, "LATCHKEY_ROOT_KEY=" + strings.Repeat("0f", 32)}}
	p.write(t, "latchkey.yaml", fmt.Sprintf(`
listen: %[1]s
public_url: http://%[1]s
data_dir: data
log: {level: warn, access: false}
tenants:
  - id: shop
    redemption: direct
    clients: [{id: %[2]s, secret: {env: SHOP_KEY}}]
    destinations: {cart: {max_ttl: 1h}, account: {max_ttl: 1h}}
%[3]s`, addr, shopCode, more))
	if p.stderr, err = os.Create(filepath.Join(dir, "stderr")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		p.stderr.Close()
	})
	return p
}

func (p *program) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command returns a command of the program, run in its directory.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir, cmd.Stderr = p.dir, p.stderr
	cmd.Env = append(os.Environ(), p.env...)
	return cmd
}

// spawn starts the server and returns what it prints.
func (p *program) spawn(t *testing.T) io.Reader {
	t.Helper()
	p.cmd = p.command("serve")
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return out
}

// start starts the server and waits until it says that it is ready.
func (p *program) start(t *testing.T) {
	t.Helper()
	out := p.spawn(t)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "Latchkey is ready at "+p.base+"\n" {
		_ = p.cmd.Wait()
		t.Fatalf("got %q, %v, want the line that says it is ready; it said:\n%s", line, err, p.said(t))
	}
}

func (p *program) said(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(p.stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// kill ends the server as a power cut does, and waits until it is gone.
func (p *program) kill() {
	if p.cmd != nil && p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// stop asks the server to end and returns how it ended.
func (p *program) stop(t *testing.T) error {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Logf("it said:\n%s", p.said(t))
		}
		return err
	case <-time.After(2 * time.Minute):
		p.cmd.Process.Kill()
		t.Fatalf("the server did not stop; it said:\n%s", p.said(t))
	}
	return nil
}
