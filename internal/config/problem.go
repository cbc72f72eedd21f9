package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a configuration, and where it was made.
type Problem struct {
	// Source is the file or environment variable, or empty when the mistake is
	// that something is missing altogether.
	Source string
	// Line and Column are where in the file, from 1; 0 when not in a file.
	Line, Column int
	// Path names the setting, as in "tenants[0].clients[0].id"; may be empty.
	Path string
	// Text completes the sentence that Path begins. It never holds a secret.
	Text string
}

// String returns "file:line:column: path text".
func (p Problem) String() string {
	var b strings.Builder
	if p.Source != "" {
		b.WriteString(p.Source)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + " ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems are all mistakes of a configuration, in the order of their places.
type Problems []Problem

// Error returns one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// err returns the problems as an error, sorted, or nil when there are none.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ps
}

// origin remembers where settings were made.
type origin struct {
	file    string
	places  map[string]place  // by path
	vars    map[string]string // environment variables that were used, by path
	environ map[string]string
}

type place struct{ line, column int }

// problem returns a mistake at the setting, or at the nearest one around it.
func (o *origin) problem(path, format string, args ...any) Problem {
	p := Problem{Path: path, Text: fmt.Sprintf(format, args...)}
	for set, name := range o.vars {
		if set == path || parent(set) == path { // a secret's place is set by its parts
			p.Source = name
			return p
		}
	}
	for at := path; ; at = parent(at) {
		if found, ok := o.places[at]; ok {
			p.Source, p.Line, p.Column = o.file, found.line, found.column
			return p
		}
		if at == "" {
			p.Source = o.file
			return p
		}
	}
}

// parent returns the path of the setting around the one with that path.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}
