package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// event is one line of "go test -json", as described by "go doc test2json".
type event struct {
	Action     string
	Package    string
	ImportPath string // instead of Package, for the output of a build
	Test       string // empty when the event is about the whole package
	Elapsed    float64
	Output     string
}

// summary counts the tests of every package that has ended.
type summary struct {
	report                  io.Writer
	passed, failed, skipped int
	running                 map[string]*result // by import path
}

func newSummary(report io.Writer) *summary {
	return &summary{report: report, running: map[string]*result{}}
}

// read consumes events until the end of in. Packages that have not ended by
// then were cut off and count as failed.
func (s *summary) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read test events: %w", err)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.running)) {
		s.end(event{Action: "fail", Package: path})
	}
	return nil
}

// line takes one line of input; what is not an event is passed on as it is.
func (s *summary) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		s.report.Write(line)
		return
	}
	switch {
	case e.Action == "build-output":
		io.WriteString(s.report, e.Output)
	case e.Package == "":
		// The end of a build; the package's own end tells it again.
	case e.Test == "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip"):
		s.end(e)
	default:
		s.result(e.Package).add(e)
	}
}

func (s *summary) result(path string) *result {
	r, ok := s.running[path]
	if !ok {
		r = &result{tests: map[string]*test{}}
		s.running[path] = r
	}
	return r
}

// end counts and reports the package that e closes.
func (s *summary) end(e event) {
	r := s.result(e.Package)
	delete(s.running, e.Package)
	failed := e.Action == "fail"
	passes, failures, skips := r.count()
	if failed && failures == 0 {
		failures = 1
	}
	s.passed += passes
	s.failed += failures
	s.skipped += skips
	if failed {
		r.writeFailures(s.report)
		fmt.Fprintf(s.report, "FAIL  %s\n", e.Package)
		return
	}
	r.writeSkips(s.report)
	if passes+skips > 0 {
		took := time.Duration(e.Elapsed * float64(time.Second)).Round(10 * time.Millisecond)
		fmt.Fprintf(s.report, "ok    %s  (%d tests, %s)\n", e.Package, passes+skips, took)
	}
}

// ok reports whether tests ran and none failed.
func (s *summary) ok() bool {
	return s.failed == 0 && s.passed > 0
}

// String is the closing line.
func (s *summary) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", s.passed, s.failed, s.skipped)
}
