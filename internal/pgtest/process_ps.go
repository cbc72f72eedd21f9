//go:build unix && !linux

package pgtest

import (
	"fmt"
	"os/exec"
	"strings"
)

// locale is the order of bytes; the encoding is chosen apart from it.
const locale = "C"

// dieWithUs does nothing: this system can't do it.
func dieWithUs(*exec.Cmd) {}

// processes returns all processes of the system by their ids.
func processes() (map[int]state, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,state=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	all := map[int]state{}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		var what string
		if _, err := fmt.Sscan(line, &pid, &parent, &what); err == nil {
			all[pid] = state{parent, what[0] == 'T', what[0] == 'Z'}
		}
	}
	return all, nil
}
