//go:build unix

package bench

import (
	"fmt"
	"syscall"
)

// openFiles returns how many files a process may have open. Go's runtime has
// raised the limit as far as it may, here as in the server.
func openFiles() (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	return uint64(limit.Cur), nil //nolint:unconvert // signed on some systems
}
