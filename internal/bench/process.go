package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is a child process that serves until it is stopped.
type process struct {
	cmd    *exec.Cmd
	exited chan error
	said   *tail // on standard error
}

const stopTimeout = 20 * time.Second

// start runs argv with extra environment variables. What it prints to standard
// output goes line by line to lines, unless that is nil.
func start(ctx context.Context, argv, env []string, lines func(string)) (*process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // this program itself
	p := &process{cmd: cmd, exited: make(chan error, 1), said: &tail{}}
	p.cmd.Env = append(foreignEnviron(), env...)
	p.cmd.Stderr = p.said
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopTimeout
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	go func() {
		scan := bufio.NewScanner(out)
		for scan.Scan() {
			if lines != nil {
				lines(scan.Text())
			}
		}
		_, _ = io.Copy(io.Discard, out)
		p.exited <- p.cmd.Wait()
	}()
	return p, nil
}

// foreignEnviron is this process's environment without what configures a server
// of ours: the measurement is not to depend on it.
func foreignEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LATCHKEY_") })
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the process to end and waits until it has.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.cmd.Args[0], err)
	}
	return p.wait()
}

// wait waits until the process has ended, and explains a failure with the last
// it said.
func (p *process) wait() error {
	err := <-p.exited
	p.exited <- err
	if err != nil {
		return fmt.Errorf("%s: %w: %s", p.cmd.Args[1], err, p.said)
	}
	return nil
}

// tail keeps the last of what a process says on standard error.
type tail struct{ text []byte }

const tailSize = 2 << 10

// Write keeps the end of p.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// String returns what was kept; only for a process that has ended.
func (t *tail) String() string { return strings.TrimSpace(string(t.text)) }
