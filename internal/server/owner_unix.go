//go:build unix

package server

import (
	"os"
	"syscall"
)

// ownAlone reports whether only this process's user can enter the directory.
func ownAlone(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && info.Mode().Perm() == 0o700 && int(stat.Uid) == os.Geteuid()
}
