package torture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// FileClock is a machine's clock that somebody else steps: the file holds how many
// nanoseconds it is ahead, as 8 bytes. It stands in for the real one in nodes of
// their own command; `latchkey serve` knows nothing of it.
type FileClock struct{ file *os.File }

// OpenFileClock returns the clock of that file, which must exist as long as the
// clock is used.
func OpenFileClock(path string) (*FileClock, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open clock: %w", err)
	}
	c := &FileClock{f}
	if _, err := c.offset(); err != nil {
		return nil, fmt.Errorf("read clock %s: %w", path, err)
	}
	return c, nil
}

// Now returns the machine's time, stepped.
func (c *FileClock) Now() time.Time {
	offset, err := c.offset()
	if err != nil {
		panic("the clock's file can't be read: " + err.Error()) // there is no time to tell
	}
	return time.Now().Add(offset).Round(0).UTC()
}

// Elapsed returns the time since the process began, which no step changes.
func (*FileClock) Elapsed() time.Duration { return signon.SystemClock{}.Elapsed() }

func (c *FileClock) offset() (time.Duration, error) {
	var b [8]byte
	if _, err := c.file.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return time.Duration(int64(binary.BigEndian.Uint64(b[:]))), nil //nolint:gosec // written from one
}

// clockFile steps the clock of the nodes that read it.
type clockFile struct {
	path string
	file *os.File
}

func newClockFile(path string) (*clockFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make clock: %w", err)
	}
	c := &clockFile{path, f}
	_, err = c.set(0)
	return c, err
}

// set steps the clock to that distance from the real one, and returns when.
func (c *clockFile) set(offset time.Duration) (time.Time, error) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(offset)) //nolint:gosec // read as one
	if _, err := c.file.WriteAt(b[:], 0); err != nil {
		return time.Time{}, fmt.Errorf("step clock: %w", err)
	}
	return time.Now(), nil
}

func (c *clockFile) close() error { return c.file.Close() }
