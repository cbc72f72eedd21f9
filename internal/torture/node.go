package torture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/latchkey-sso/latchkey/internal/server"
)

// node is one server: a process that is started, killed and started again.
type node struct {
	number  int
	addr    string // where it listens, host:port
	dataDir string
	config  string // its configuration file
	argv    []string
	env     []string
	log     *os.File // what it says on standard error

	cmd    *exec.Cmd
	exited chan struct{}
	// wanted: the process is meant to end.
	wanted *atomic.Bool
	// fell is how it ended when nobody wanted it to.
	fell atomic.Pointer[string]
}

const (
	readyWithin = 2 * time.Minute
	stopWithin  = 40 * time.Second
)

// start starts the process and waits until it says that it is ready.
func (n *node) start(ctx context.Context) error {
	out, err := n.spawn()
	if err != nil {
		return err
	}
	ready := make(chan bool, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		ready <- err == nil && strings.HasPrefix(line, "Latchkey is ready at ")
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case ok := <-ready:
		if ok {
			return nil
		}
		n.kill()
		return fmt.Errorf("node %d did not start: %s", n.number, n.said())
	case <-time.After(readyWithin):
		n.kill()
		return fmt.Errorf("node %d was not ready in time: %s", n.number, n.said())
	case <-ctx.Done():
		n.kill()
		return context.Cause(ctx)
	}
}

// spawn starts the process and returns what it prints.
func (n *node) spawn() (io.Reader, error) {
	cmd := exec.Command(n.argv[0], slices.Concat(n.argv[1:], []string{"--config", n.config})...) //nolint:gosec,noctx // this program itself, killed by kill
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LATCHKEY_") }), n.env...)
	cmd.Stderr = n.log
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start node %d: %w", n.number, err)
	}
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start node %d: %w", n.number, err), read.Close(), write.Close())
	}
	_ = write.Close() // the process has its own
	exited, wanted := make(chan struct{}), &atomic.Bool{}
	n.cmd, n.exited, n.wanted = cmd, exited, wanted
	go func() {
		err := cmd.Wait()
		if !wanted.Load() {
			how := fmt.Sprintf("node %d ended by itself: %v", n.number, err)
			n.fell.Store(&how)
		}
		_ = read.Close()
		close(exited)
	}()
	return read, nil
}

// running reports whether there is a process.
func (n *node) running() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// kill ends the process as a power cut does, and waits until it is gone.
func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	n.wanted.Store(true)
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.exited
}

// pause stops the process where it stands, and resume lets it go on.
func (n *node) pause() error  { return n.signal(sigStop) }
func (n *node) resume() error { return n.signal(sigContinue) }

func (n *node) signal(s syscall.Signal) error {
	if err := n.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("signal node %d: %w", n.number, err)
	}
	return nil
}

// stop asks the process to end and waits until it has.
func (n *node) stop() error {
	if !n.running() {
		return nil
	}
	n.wanted.Store(true)
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		n.kill()
		return fmt.Errorf("stop node %d: %w", n.number, err)
	}
	select {
	case <-n.exited:
		return nil
	case <-time.After(stopWithin):
		n.kill()
		return fmt.Errorf("node %d did not stop when asked to", n.number)
	}
}

// fallen returns how the process ended by itself, if it did since it was asked last.
func (n *node) fallen() error {
	how := n.fell.Swap(nil)
	if how == nil {
		return nil
	}
	return fmt.Errorf("%s: %s", *how, n.said())
}

// socket is where the node takes operators' commands.
func (n *node) socket() string { return server.OperatorSocket(n.dataDir) }

const tailSize = 2 << 10

// said returns the last that the node said.
func (n *node) said() string {
	text, err := os.ReadFile(n.log.Name())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-tailSize):]))
}

// newNode returns a node in a directory of its own; its configuration is yet to be
// written.
func newNode(dir string, number int, argv []string) (*node, error) {
	own := filepath.Join(dir, fmt.Sprintf("node-%d", number))
	if err := os.MkdirAll(own, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(own, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &node{
		number: number, addr: addr, dataDir: filepath.Join(own, "data"), config: filepath.Join(own, "latchkey.yaml"), argv: argv, log: log,
	}, nil
}
