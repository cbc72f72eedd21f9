//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// account is the user that servers run as; nil means ours.
type account struct {
	name     string
	uid, gid uint32
}

// serverAccount returns whom servers run as: ourselves, unless we are root.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // ourselves
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("look up the user %s: %w", name, err)
		}
		return &account{name, uint32(uid), uint32(gid)}, nil
	}
	return nil, errors.New("run PostgreSQL: it refuses to run as root, and there is no user postgres or nobody")
}

// use makes the command run as the account, and in a process group of its own,
// which a ctrl-C in our terminal does not reach.
func (a *account) use(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}

// folder makes a folder that belongs to the account alone: path, or a new
// temporary one when path is "".
func (a *account) folder(path string) (string, error) {
	path, err := newFolder(path)
	if err != nil {
		return "", fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	if a == nil {
		return path, nil
	}
	err = a.passes(filepath.Dir(path))
	if err == nil {
		err = os.Chown(path, int(a.uid), int(a.gid))
	}
	if err != nil {
		return "", fmt.Errorf("make a folder for PostgreSQL: %w", errors.Join(err, os.Remove(path)))
	}
	return path, nil
}

func newFolder(path string) (string, error) {
	if path == "" {
		return os.MkdirTemp("", "latchkey-pg-")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // others pass through to what is closed
		return "", err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	switch found, err := os.ReadDir(path); {
	case err != nil:
		return "", err
	case len(found) > 0:
		return "", fmt.Errorf("%s is not empty", path)
	}
	return path, nil
}

// passes returns an error when a folder on the way is closed to the account.
func (a *account) passes(folder string) error {
	for ; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if info.Mode()&0o001 == 0 && (!ok || owner.Uid != a.uid) {
			return fmt.Errorf("%s is closed to the user %s, whom PostgreSQL runs as when we are root", folder, a.name)
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// Kill ends all processes of the server at once, as a loss of power does: nothing
// is flushed or said to anybody. What the system has in its file cache survives,
// though. It does nothing when the server is stopped.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.running
	if p == nil {
		return nil
	}
	if !p.ended() {
		if err := p.kill(); err != nil {
			return fmt.Errorf("kill PostgreSQL: %w", err)
		}
	}
	c.forgetMemory()
	c.running, c.paused = nil, false
	return nil
}

func (p *process) kill() error {
	children, err := halt(p)
	if err != nil {
		return err
	}
	// The parent goes last: while it stands still, it can't react.
	signal(children, syscall.SIGKILL)
	signal([]int{p.pid()}, syscall.SIGKILL)
	<-p.done
	return await(children, func(s state) bool { return s.gone })
}

// Pause stops all processes of the server where they are, and returns when they
// stand still. Clients wait. Start, Stop and Kill work on a paused server, too.
func (c *Cluster) Pause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.running
	if p == nil || p.ended() {
		return errors.New("pause PostgreSQL: it is not running")
	}
	c.paused = true
	children, err := halt(p)
	if err == nil {
		signal(children, syscall.SIGSTOP)
		err = await(children, func(s state) bool { return s.stopped || s.gone })
	}
	if err != nil {
		return fmt.Errorf("pause PostgreSQL: %w", err)
	}
	return nil
}

// Resume lets a paused server go on. It does nothing when the server is not paused.
func (c *Cluster) Resume() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil || !c.paused {
		return nil
	}
	c.paused = false
	children, err := children(c.running.pid())
	signal(append(children, c.running.pid()), syscall.SIGCONT)
	if err != nil {
		return fmt.Errorf("resume PostgreSQL: %w", err)
	}
	return nil
}

// halt stops the postmaster, so that it starts no more processes, and returns
// those that it has. Each of them is in a process group of its own, so that there
// is no group to send a signal to.
func halt(p *process) ([]int, error) {
	signal([]int{p.pid()}, syscall.SIGSTOP)
	if err := await([]int{p.pid()}, func(s state) bool { return s.stopped || s.gone }); err != nil {
		return nil, err
	}
	return children(p.pid())
}

// signal sends a signal to processes, some of which may have ended.
func signal(pids []int, s syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s)
	}
}

// state is what a process is doing.
type state struct {
	parent  int
	stopped bool
	gone    bool // ended, and perhaps not yet collected by its parent
}

func children(pid int) ([]int, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var found []int
	for child, s := range all {
		if s.parent == pid {
			found = append(found, child)
		}
	}
	return found, nil
}

// await waits until all processes are in a state. One may be busy with a disk for
// a while, but not for ever.
func await(pids []int, in func(state) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		all, err := processes()
		if err != nil {
			return err
		}
		waiting := 0
		for _, pid := range pids {
			s, exists := all[pid]
			if s.gone = s.gone || !exists; !in(s) {
				waiting = pid
			}
		}
		if waiting == 0 {
			return nil
		}
		if pause(ctx) != nil {
			return fmt.Errorf("process %d did not follow a signal for a minute", waiting)
		}
	}
}

// forgetMemory deletes the shared memory of a server that was killed, which the
// system would keep for ever. Its number stands in the seventh line of a file.
func (c *Cluster) forgetMemory() {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 7 {
		return
	}
	if fields := strings.Fields(lines[6]); len(fields) == 2 {
		cmd := exec.Command("ipcrm", "-m", fields[1]) //nolint:gosec // a number
		c.account.use(cmd)
		_ = cmd.Run() // it is 56 bytes
	}
}
