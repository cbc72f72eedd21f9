package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// tick is the unit of CPU times in /proc: 100 a second on every Linux.
const tick = time.Second / 100

// processStat is what /proc tells of a process.
type processStat struct {
	parent int
	own    time.Duration // user and system time
	ended  time.Duration // the same of its children that have ended
}

func statOf(pid int) (s processStat, err error) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return s, fmt.Errorf("read CPU time: %w", err)
	}
	// The second field, the name, may hold blanks. After it come the state and the
	// parent; the times are the 12th to the 15th.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var numbers [5]int64
	for i, field := range [...]int{1, 11, 12, 13, 14} {
		if field >= len(fields) {
			err = errors.New("it ends early")
		} else if err == nil {
			numbers[i], err = strconv.ParseInt(string(fields[field]), 10, 64)
		}
	}
	if err != nil {
		return s, fmt.Errorf("read CPU time: unknown form of %s: %w", procFile(pid, "stat"), err)
	}
	return processStat{int(numbers[0]), time.Duration(numbers[1]+numbers[2]) * tick, time.Duration(numbers[3]+numbers[4]) * tick}, nil
}

// cpuTime returns the CPU time, user and system, that a process has used.
func cpuTime(pid int) (time.Duration, error) {
	s, err := statOf(pid)
	return s.own, err
}

// familyTime returns the CPU time that a process and its children have used, of
// which some may have ended.
func familyTime(pid int) (time.Duration, error) {
	parent, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	sum := parent.own + parent.ended
	for _, dir := range all {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if s, err := statOf(child); err == nil && s.parent == pid { // else it has just ended
			sum += s.own + s.ended
		}
	}
	return sum, nil
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
