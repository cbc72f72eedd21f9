package sqlite

import (
	"os"
	"syscall"
)

// errBusy is ERROR_SHARING_VIOLATION.
var errBusy = syscall.Errno(32)

// openLocked opens the file, made when missing, for this process alone, or
// returns errBusy.
func openLocked(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const alone = 0 // no sharing
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, alone, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// syncDir does nothing: Windows makes entries of a directory durable with the
// file.
func syncDir(string) error { return nil }
