package torture

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Plan says what is done to the servers.
type Plan struct {
	// Program is the command line that runs this program: "serve" and the rest is
	// appended. ClockNode is one that runs a server whose clock is read from a file:
	// the file and the rest is appended.
	Program, ClockNode []string
	// Engine is where the nodes keep their data: sqlite or postgres.
	Engine string
	// Nodes is how many servers share it; one with sqlite.
	Nodes int
	// Clients is how many clients are at them at the same time.
	Clients int
	// Faults are done one after the other, each to servers of its own.
	Faults []Planned
	// Seed is what is drawn follows from.
	Seed uint64
	// Dir is where temporary files are made; empty means the system's directory. With
	// Keep they stay.
	Dir  string
	Keep bool
	// Progress is told what is being done; may be nil.
	Progress func(string)
}

// Planned is a kind of fault and how often it is done.
type Planned struct {
	Fault  string
	Rounds int
}

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Short returns a short form of all faults that the engine can be put to.
func Short(engine string) []Planned {
	var all []Planned
	for i := range faults {
		if f := &faults[i]; f.suits(engine) {
			all = append(all, Planned{f.name, f.short})
		}
	}
	return all
}

// ParseFaults reads a list such as "kill=1000,pause=20". A name alone means its
// short form.
func ParseFaults(text string) ([]Planned, error) {
	var all []Planned
	for part := range strings.SplitSeq(text, ",") {
		name, number, counted := strings.Cut(strings.TrimSpace(part), "=")
		f := faultNamed(name)
		if f == nil {
			return nil, fmt.Errorf("%q is no fault; there are %s", name, strings.Join(names(), ", "))
		}
		rounds := f.short
		if counted {
			n, err := strconv.ParseUint(number, 10, 31)
			if err != nil || n == 0 {
				return nil, fmt.Errorf("%q is not how often: say %s=%d", number, name, f.short)
			}
			rounds = int(n)
		}
		all = append(all, Planned{name, rounds})
	}
	return all, nil
}

func names() (all []string) {
	for i := range faults {
		all = append(all, faults[i].name)
	}
	return all
}

func faultNamed(name string) *fault {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &faults[i]
}

// check returns what is wrong with the plan.
func (p *Plan) check() error {
	switch {
	case p.Engine != SQLite && p.Engine != Postgres:
		return fmt.Errorf("%q is no engine: there are %s and %s", p.Engine, SQLite, Postgres)
	case p.Nodes < 1 || p.Clients < 1:
		return errors.New("at least one node and one client are needed")
	case p.Engine == SQLite && p.Nodes > 1:
		return errors.New("one process owns a SQLite database: there can be one node")
	}
	for _, f := range p.Faults {
		known := faultNamed(f.Fault)
		if known == nil || f.Rounds < 1 {
			return fmt.Errorf("fault %q can't be done %d times", f.Fault, f.Rounds)
		}
		if !known.suits(p.Engine) {
			return fmt.Errorf("fault %q is not for %s", f.Fault, p.Engine)
		}
	}
	return nil
}

func (p *Plan) say(format string, args ...any) {
	if p.Progress != nil {
		p.Progress(fmt.Sprintf(format, args...))
	}
}
