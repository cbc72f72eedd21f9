package main

import (
	"strings"
	"testing"
)

// summarize feeds lines to a new summary and returns it with its report.
func summarize(t *testing.T, lines ...string) (*summary, string) {
	t.Helper()
	var report strings.Builder
	s := newSummary(&report)
	if err := s.read(strings.NewReader(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	return s, report.String()
}

func TestClosingLine(t *testing.T) {
	tests := []struct {
		name   string
		events []string
		want   string
		ok     bool
	}{
		{
			name: "leaves are counted, their parents are not",
			events: []string{
				`{"Action":"run","Package":"p","Test":"A"}`,
				`{"Action":"run","Package":"p","Test":"A/one"}`,
				`{"Action":"run","Package":"p","Test":"A/two"}`,
				`{"Action":"pass","Package":"p","Test":"A/one"}`,
				`{"Action":"skip","Package":"p","Test":"A/two"}`,
				`{"Action":"pass","Package":"p","Test":"A"}`,
				`{"Action":"pass","Package":"p"}`,
			},
			want: "1 passed, 0 failed, 1 skipped",
			ok:   true,
		},
		{
			name: "a failed subtest is one failure",
			events: []string{
				`{"Action":"fail","Package":"p","Test":"A/one/deep"}`,
				`{"Action":"fail","Package":"p","Test":"A/one"}`,
				`{"Action":"fail","Package":"p","Test":"A"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: "0 passed, 1 failed, 0 skipped",
		},
		{
			name: "a parent that fails by itself is counted",
			events: []string{
				`{"Action":"pass","Package":"p","Test":"A/one"}`,
				`{"Action":"fail","Package":"p","Test":"A"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: "1 passed, 1 failed, 0 skipped",
		},
		{
			name: "a package that does not build is one failure",
			events: []string{
				`{"ImportPath":"p","Action":"build-fail"}`,
				`{"Action":"start","Package":"p"}`,
				`{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			},
			want: "0 passed, 1 failed, 0 skipped",
		},
		{
			name: "a package that passes its tests and then fails is one failure",
			events: []string{
				`{"Action":"pass","Package":"p","Test":"A"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: "1 passed, 1 failed, 0 skipped",
		},
		{
			name: "what never ends has failed",
			events: []string{
				`{"Action":"start","Package":"p"}`,
				`{"Action":"run","Package":"p","Test":"A"}`,
				`{"Action":"start","Package":"q"}`,
			},
			want: "0 passed, 2 failed, 0 skipped",
		},
		{
			name: "two runs of one package add up",
			events: []string{
				`{"Action":"pass","Package":"p","Test":"A"}`,
				`{"Action":"pass","Package":"p"}`,
				`{"Action":"pass","Package":"p","Test":"A"}`,
				`{"Action":"pass","Package":"p"}`,
			},
			want: "2 passed, 0 failed, 0 skipped",
			ok:   true,
		},
		{
			name:   "no test at all is no success",
			events: []string{`{"Action":"skip","Package":"p"}`},
			want:   "0 passed, 0 failed, 0 skipped",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := summarize(t, tt.events...)
			if got := s.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if s.ok() != tt.ok {
				t.Errorf("ok: got %v, want %v", s.ok(), tt.ok)
			}
		})
	}
}

func TestReportShowsWhatAReaderNeeds(t *testing.T) {
	_, report := summarize(t,
		`{"ImportPath":"p","Action":"build-output","Output":"p.go:3: undefined: x\n"}`,
		`not an event`,
		`{"Action":"output","Package":"q","Test":"Good","Output":"    good_test.go:1: all is well\n"}`,
		`{"Action":"pass","Package":"q","Test":"Good"}`,
		`{"Action":"output","Package":"q","Test":"Bad","Output":"=== RUN   Bad\n"}`,
		`{"Action":"output","Package":"q","Test":"Bad","Output":"    bad_test.go:1: got 1, want 2\n"}`,
		`{"Action":"fail","Package":"q","Test":"Bad"}`,
		`{"Action":"fail","Package":"q"}`,
		`{"Action":"output","Package":"r","Test":"Idle","Output":"    idle_test.go:1: no browser here\n"}`,
		`{"Action":"skip","Package":"r","Test":"Idle"}`,
		`{"Action":"pass","Package":"r"}`,
		`{"Action":"run","Package":"s","Test":"Stuck"}`,
	)
	for _, want := range []string{
		"undefined: x", "not an event", "got 1, want 2", "FAIL  q",
		"no browser here", "ok    r", "NEVER ENDED: Stuck", "FAIL  s",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("report lacks %q:\n%s", want, report)
		}
	}
	for _, noise := range []string{"all is well", "=== RUN"} {
		if strings.Contains(report, noise) {
			t.Errorf("report has %q:\n%s", noise, report)
		}
	}
}
