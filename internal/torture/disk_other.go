//go:build !linux

package torture

import (
	"errors"
	"os"
)

var errSystem = errors.New("this is done on Linux only")

func mountSmall(string, int64) error       { return errSystem }
func unmount(string) error                 { return errSystem }
func reserve(*os.File, int64, int64) error { return errSystem }
