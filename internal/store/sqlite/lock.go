package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// lockName is the file whose lock says that a process has the directory's
// database open. It stays when the process ends; its lock does not.
const lockName = "latchkey.lock"

// ErrLocked is returned by Open when another process, or another Store of this
// one, has a database of the directory open.
var ErrLocked = errors.New("another process is running on it")

// lock is held until it is released or the process ends, however it ends.
type lock struct{ file *os.File }

// takeLock takes the lock or returns ErrLocked at once.
func takeLock(path string) (*lock, error) {
	f, err := openLocked(path)
	if errors.Is(err, errBusy) {
		return nil, fmt.Errorf("%w%s", ErrLocked, holder(path))
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	l := &lock{file: f}
	if err := l.sign(); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), l.release())
	}
	return l, nil
}

// sign writes the process's number, for the error that others get.
func (l *lock) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder names the process that has the lock, as far as can be seen.
func holder(path string) string {
	b, err := os.ReadFile(path)
	pid := strings.TrimSpace(string(b))
	if err != nil || pid == "" {
		return ""
	}
	return " (process " + pid + ")"
}

// release gives the lock back.
func (l *lock) release() error { return l.file.Close() }
