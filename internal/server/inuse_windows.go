package server

import (
	"errors"
	"syscall"
)

// InUse reports whether listening failed because somebody else listens there.
func InUse(err error) bool {
	const addressInUse, accessDenied = syscall.Errno(10048), syscall.Errno(10013)
	return errors.Is(err, addressInUse) || errors.Is(err, accessDenied)
}
