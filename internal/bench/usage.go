package bench

import "time"

// usage is CPU time: of a process, and of the database server that works for it.
type usage struct {
	Own      time.Duration `json:"own_ns"`
	Database time.Duration `json:"database_ns"`
}

func (u usage) total() time.Duration { return u.Own + u.Database }

func (u usage) since(before usage) usage {
	return usage{u.Own - before.Own, u.Database - before.Database}
}

// usageOf returns the CPU time that a process has used, and a server, which is the
// parent of processes, with all of them; 0 for no server.
func usageOf(pid, server int) (u usage, err error) {
	if u.Own, err = cpuTime(pid); err != nil || server == 0 {
		return u, err
	}
	u.Database, err = familyTime(server)
	return u, err
}
