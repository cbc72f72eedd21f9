package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// interval is how often a state is looked at that nothing announces.
const interval = 10 * time.Millisecond

// process is a running postmaster, the parent of all processes of a server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// launch starts the command. The kernel ends it with the thread that started it
// (see dieWithUs), which therefore waits for it.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd, make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
			close(p.done)
		}
	}()
	return p, <-started
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Start starts a server that is stopped or was killed, and returns when it has
// recovered and accepts connections. When ctx ends before, the server is killed.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.launch(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := c.Ready(ctx); err != nil {
		return errors.Join(err, c.Kill())
	}
	return nil
}

func (c *Cluster) launch() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil && !c.running.ended() {
		return errors.New("it is running")
	}
	log, err := os.OpenFile(c.logFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	listen := ""
	if c.tcp {
		listen = "127.0.0.1"
	}
	// Its address is not in the settings, which a standby copies.
	cmd := c.command(context.Background(), "postgres", "-D", c.data(), "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses="+listen, "-c", "unix_socket_directories="+c.socket)
	cmd.Stdout, cmd.Stderr = log, log
	dieWithUs(cmd)
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	c.running, c.paused = p, false
	return nil
}

// Ready waits until the server accepts connections. It fails when the server has
// ended or ctx ends.
func (c *Cluster) Ready(ctx context.Context) error {
	for {
		p := c.process()
		if p == nil || p.ended() {
			return fmt.Errorf("start PostgreSQL: it ended:\n%s", c.Log())
		}
		err := c.query(ctx, func(conn *pgx.Conn) error { return conn.Ping(ctx) })
		if err == nil {
			return nil
		}
		if pause(ctx) != nil {
			return fmt.Errorf("wait for PostgreSQL: %w: %w", context.Cause(ctx), err)
		}
	}
}

// pause waits a moment, and returns an error when ctx has ended.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(interval):
		return nil
	}
}

// process returns the postmaster, nil while the server is stopped.
func (c *Cluster) process() *process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// PID returns the process of the server, which is the parent of all its others; 0
// while it is stopped.
func (c *Cluster) PID() int {
	if p := c.process(); p != nil {
		return p.pid()
	}
	return 0
}

// Stop ends sessions and stops the server in good order. It does nothing when the
// server is stopped already, and fails when ctx ends first: a server waits for a
// standby that is connected to have received everything.
func (c *Cluster) Stop(ctx context.Context) error {
	if err := c.Resume(); err != nil {
		return err
	}
	p := c.process()
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return fmt.Errorf("stop PostgreSQL: %w", context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == p {
		c.running = nil
	}
	return nil
}

// Log returns the last 64 KiB of what the server has logged.
func (c *Cluster) Log() string {
	text, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-64<<10):])
}

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

// command returns one of PostgreSQL's programs with arguments, to be run as the
// user of servers and with nothing of our environment but PATH.
func (c *Cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...) //nolint:gosec // the programs that Find found
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	c.account.use(cmd)
	return cmd
}

// run runs one of PostgreSQL's programs to its end.
func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	out, err := c.command(ctx, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", program, err, strings.TrimSpace(string(out)))
	}
	return nil
}
