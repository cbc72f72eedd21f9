//go:build !linux

package bench

import "time"

// cpuTime is not measured on this system: the portable ways tell a process's
// CPU time only after its end.
func cpuTime(int) (time.Duration, error) { return 0, nil }

// familyTime is not measured on this system.
func familyTime(int) (time.Duration, error) { return 0, nil }

// memory is not measured on this system.
func memory(int) (now, most int64, err error) { return 0, 0, nil }
