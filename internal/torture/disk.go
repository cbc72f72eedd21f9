package torture

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// smallDisk is a file system of its own for the data directory, which can be filled.
type smallDisk struct {
	dir    string
	size   int64
	filler *os.File
}

func (d *smallDisk) prepare(_ context.Context, w *world) error {
	dir := w.nodes[0].dataDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a data directory: %w", err)
	}
	d.size = diskSize + diskPerRound*int64(w.rounds)
	if err := mountSmall(dir, d.size); err != nil {
		return fmt.Errorf("%w: mount a small file system: %w", errSkip, err)
	}
	d.dir = dir
	var err error
	if d.filler, err = os.OpenFile(filepath.Join(dir, "filler"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("make a file to fill the disk: %w", err)
	}
	return nil
}

// How large the file system is, in bytes: room for what the server writes when
// nothing is in its way.
const (
	diskSize     = 64 << 20
	diskPerRound = 4 << 20
)

func (*smallDisk) settings(*node) string { return "" }

// fill leaves at most that many bytes free.
func (d *smallDisk) fill(free int64) error {
	var size int64
	for chunk := d.size; chunk >= 4<<10; {
		if err := reserve(d.filler, size, chunk); err == nil {
			size += chunk
		} else {
			chunk /= 2
		}
	}
	if size == 0 {
		return fmt.Errorf("fill the disk: nothing could be written")
	}
	return d.filler.Truncate(max(0, size-free))
}

// clear makes the disk empty again, but for what is the server's.
func (d *smallDisk) clear() error { return d.filler.Truncate(0) }

func (d *smallDisk) close() error {
	if d.filler != nil {
		_ = d.filler.Close() // it goes with the file system
	}
	if d.dir == "" {
		return nil
	}
	return unmount(d.dir)
}

// strikeDisk fills the disk while the clients are at work, and makes room again. The
// node may be killed meanwhile, and try to start on the full disk.
func strikeDisk(ctx context.Context, w *world) error {
	d, _ := w.ground.(*smallDisk)
	n := w.nodes[0]
	w.wait(10*time.Millisecond, 150*time.Millisecond)
	if err := d.fill(int64(w.random.upTo(128 << 10))); err != nil {
		return err
	}
	w.wait(50*time.Millisecond, 400*time.Millisecond)
	killed := w.random.of(40)
	if killed {
		n.kill()
		if w.random.of(50) {
			if _, err := n.spawn(); err != nil {
				return err
			}
			n.wanted.Store(true) // it may give up
			w.wait(50*time.Millisecond, 300*time.Millisecond)
			n.kill()
		}
	}
	if err := d.clear(); err != nil {
		return fmt.Errorf("make room: %w", err)
	}
	if killed {
		return w.again(ctx, n)
	}
	w.wait(20*time.Millisecond, 150*time.Millisecond)
	return nil
}
