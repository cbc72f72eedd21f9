// Package interop runs the vendors' clients, as they are, against the real
// program: PHP's SoapClient, Python's zeep, npm's soap, Perl's SOAP::Lite, and
// what people send JSON-RPC with. It holds tests only.
package interop

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/cli"
)

// asProgram makes this test's own binary behave as the program, so that the
// clients meet the real thing.
const asProgram = "LATCHKEY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main())
	}
	code := m.Run()
	if err := demo.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the demo:", err)
		code = 1
	}
	os.Exit(code)
}

// demo is the one `latchkey dev` that all tests share. Tests may add to it, but
// leave alone what it holds from the first second.
var demo program

type program struct {
	args   []string // beyond those of every demo
	once   sync.Once
	cmd    *exec.Cmd
	stderr bytes.Buffer
	base   string
	err    error
}

// url returns the address of the demo, which it starts when there is none yet.
func (p *program) url(t *testing.T) string {
	t.Helper()
	p.once.Do(func() { p.err = p.start() })
	if p.err != nil {
		t.Fatalf("start the demo: %v", p.err)
	}
	return p.base
}

func (p *program) start() error {
	p.cmd = exec.Command(os.Args[0], append([]string{"dev", "--listen", "127.0.0.1:0", "--log-level", "warn"}, p.args...)...)
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	base, ready := strings.CutPrefix(strings.TrimSpace(line), "Latchkey is ready at ")
	if !ready {
		return errors.Join(fmt.Errorf("it printed %q", line), err, p.stop())
	}
	p.base = base
	return nil
}

// stop ends the demo, if there is one, and returns how it ended.
func (p *program) stop() error {
	if p.cmd == nil || p.cmd.Process == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w; it said:\n%s", err, &p.stderr)
	}
	return nil
}
