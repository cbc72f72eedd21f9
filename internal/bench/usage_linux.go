package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of CPU times in /proc: 100 a second on every Linux.
const tick = time.Second / 100

// cpuTime returns the CPU time, user and system, that a process has used.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	// The second field, the name, may hold blanks; user and system time are the
	// 12th and 13th after it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("read CPU time: unknown form of %s", procFile(pid, "stat"))
	}
	user, errUser := strconv.ParseInt(string(fields[11]), 10, 64)
	system, errSystem := strconv.ParseInt(string(fields[12]), 10, 64)
	if errUser != nil || errSystem != nil {
		return 0, fmt.Errorf("read CPU time: unknown form of %s", procFile(pid, "stat"))
	}
	return time.Duration(user+system) * tick, nil
}

// memory returns how much memory a process has resident now and had at most,
// in bytes.
func memory(pid int) (now, most int64, err error) {
	status, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return 0, 0, fmt.Errorf("read memory use: %w", err)
	}
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		kib, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
		switch {
		case err != nil:
		case string(name) == "VmRSS":
			now = kib << 10
		case string(name) == "VmHWM":
			most = kib << 10
		}
	}
	return now, most, nil
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
