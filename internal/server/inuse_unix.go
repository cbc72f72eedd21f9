//go:build unix

package server

import (
	"errors"
	"syscall"
)

// InUse reports whether listening failed because somebody else listens there.
func InUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
