//go:build unix

package localca

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwn reports whether it belongs to this process's user.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
