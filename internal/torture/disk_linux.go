package torture

import (
	"fmt"
	"os"
	"syscall"
)

// mountSmall mounts a file system in memory of that many bytes.
func mountSmall(dir string, size int64) error {
	return syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size))
}

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }

// reserve takes room for the file.
func reserve(f *os.File, at, size int64) error {
	return syscall.Fallocate(int(f.Fd()), 0, at, size)
}
