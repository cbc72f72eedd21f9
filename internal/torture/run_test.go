package torture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/cli"
	"github.com/latchkey-sso/latchkey/internal/torture"
)

// asProgram makes this test's own binary behave as the program, so that tests can
// start and kill the real thing.
const asProgram = "TORTURE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main())
	}
	os.Exit(m.Run())
}

// suffer carries out a plan on real servers.
func suffer(t *testing.T, faults ...torture.Planned) *torture.Report {
	t.Helper()
	t.Setenv(asProgram, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	report, err := torture.Run(t.Context(), &torture.Plan{
		Program: []string{program}, ClockNode: []string{program, "torture", "node"},
		Engine: torture.SQLite, Nodes: 1, Clients: 4, Faults: faults, Seed: 1, Dir: dir,
		Progress: func(doing string) { t.Log(doing) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %q, %v", left, err)
	}
	return report
}

func table(t *testing.T, r *torture.Report) string {
	t.Helper()
	var text strings.Builder
	if err := r.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestSQLiteKeepsItsPromisesUnderFire(t *testing.T) {
	report := suffer(t, torture.Planned{Fault: "kill", Rounds: 6}, torture.Planned{Fault: "pause", Rounds: 2},
		torture.Planned{Fault: "disk", Rounds: 2}, torture.Planned{Fault: "clock", Rounds: 2})
	if !report.Good() {
		t.Errorf("got\n%s", table(t, report))
	}
	for i := range report.Rows {
		r := &report.Rows[i]
		if r.Skipped == "" && (r.Issued == 0 || r.Redeemed == 0 || r.Histories < r.Issued || r.AuditEvents == 0) {
			t.Errorf("%s: nothing was put to the test:\n%s", r.Fault, table(t, report))
		}
	}
	t.Log(table(t, report))
}

// What torture is for: a server that forgets is found.
func TestAServerWhoseHistoryWasSetBackIsFound(t *testing.T) {
	report := suffer(t, torture.Planned{Fault: torture.Rollback, Rounds: 1})
	r := &report.Rows[0]
	if report.Good() || r.Lost+r.LostSignOns == 0 || r.Doubles == 0 || r.Illegal == 0 || len(r.Failures) == 0 {
		t.Errorf("got\n%s", table(t, report))
	}
}
