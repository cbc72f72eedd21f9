package main

import (
	"fmt"
	"io"
	"strings"
)

// result is what one package has told so far.
type result struct {
	tests  map[string]*test // by name, subtests under "Parent/sub"
	order  []*test          // as they started
	output []string         // lines that belong to no test
}

type test struct {
	name      string
	outcome   string // "pass", "fail", "skip"; empty while it runs
	output    []string
	parent    bool // it has subtests
	failedSub bool // one of them failed
}

func (r *result) add(e event) {
	if e.Test == "" {
		if e.Action == "output" {
			r.output = append(r.output, e.Output)
		}
		return
	}
	t := r.test(e.Test)
	switch e.Action {
	case "output":
		t.output = append(t.output, e.Output)
	case "pass", "fail", "skip":
		t.outcome = e.Action
	}
}

func (r *result) test(name string) *test {
	t, ok := r.tests[name]
	if !ok {
		t = &test{name: name}
		r.tests[name] = t
		r.order = append(r.order, t)
	}
	return t
}

// count tallies the package's tests. One that never ended has failed.
func (r *result) count() (passes, failures, skips int) {
	r.link()
	for _, t := range r.order {
		switch {
		case t.parent && (t.outcome == "pass" || t.failedSub):
		case t.outcome == "pass":
			passes++
		case t.outcome == "skip":
			skips++
		default:
			failures++
		}
	}
	return passes, failures, skips
}

// link tells every test what became of the subtests below it.
func (r *result) link() {
	for _, t := range r.order {
		for name := t.name; ; {
			cut := strings.LastIndexByte(name, '/')
			if cut < 0 {
				break
			}
			name = name[:cut]
			if above, ok := r.tests[name]; ok {
				above.parent = true
				above.failedSub = above.failedSub || t.failed()
			}
		}
	}
}

func (t *test) failed() bool { return t.outcome == "fail" || t.outcome == "" }

func (r *result) writeFailures(w io.Writer) {
	for _, t := range r.order {
		if !t.failed() {
			continue
		}
		if t.outcome == "" {
			fmt.Fprintf(w, "--- NEVER ENDED: %s\n", t.name)
		}
		t.writeOutput(w)
	}
	for _, line := range r.output {
		io.WriteString(w, line)
	}
}

func (r *result) writeSkips(w io.Writer) {
	for _, t := range r.order {
		if t.outcome == "skip" {
			t.writeOutput(w)
		}
	}
}

// writeOutput leaves out the lines that only say that a test started or paused.
func (t *test) writeOutput(w io.Writer) {
	for _, line := range t.output {
		if !strings.HasPrefix(line, "=== ") {
			io.WriteString(w, line)
		}
	}
}
