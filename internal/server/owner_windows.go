package server

import "os"

// ownAlone reports whether only this process's user can enter the directory: on
// Windows directories for temporary files are each user's own.
func ownAlone(info os.FileInfo) bool { return info.IsDir() }
