package torture

import "syscall"

// There are no such signals: pausing fails.
const (
	sigStop     = syscall.Signal(0x13)
	sigContinue = syscall.Signal(0x12)
)
