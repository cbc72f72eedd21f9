package torture

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultsAreNamedAndCounted(t *testing.T) {
	t.Parallel()
	got, err := ParseFaults("kill=1000, pause")
	want := []Planned{{"kill", 1000}, {"pause", 4}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, want -, got +:\n%s", err, diff)
	}
	for _, bad := range []string{"", "fire", "kill=", "kill=0", "kill=-1", "kill=x", "kill=1,,"} {
		if got, err := ParseFaults(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, got)
		}
	}
}

func TestPlansThatCanNotBeCarriedOutAreRefused(t *testing.T) {
	t.Parallel()
	good := Plan{Engine: SQLite, Nodes: 1, Clients: 1, Faults: Short(SQLite)}
	if err := good.check(); err != nil {
		t.Errorf("the short form: %v", err)
	}
	for want, spoil := range map[string]func(*Plan){
		"no engine":         func(p *Plan) { p.Engine = "oracle" },
		"one node":          func(p *Plan) { p.Nodes = 2 },
		"at least one node": func(p *Plan) { p.Clients = 0 },
		"is not for sqlite": func(p *Plan) { p.Faults = []Planned{{"failover", 1}} },
		"0 times":           func(p *Plan) { p.Faults = []Planned{{"kill", 0}} },
	} {
		p := good
		spoil(&p)
		if err := p.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestTheTableSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := &Report{Engine: SQLite, Nodes: 1, Clients: 6, Seed: 5, Seconds: 12, Rows: []Row{
		{Fault: "kill", Rounds: 10, Issued: 500, Redeemed: 400, Refused: 1000, Unknown: 30, Histories: 500},
		{Fault: "pause", Rounds: 2, Issued: 50, Redeemed: 40, Lost: 1, Illegal: 1, Histories: 50, Odd: []string{"round 2: node 0 ended by itself"}},
		{Fault: "disk", Skipped: "this machine can't do it"},
		{Fault: "failover-async", Rounds: 2, Issued: 50, Redeemed: 40, Lost: 3, LossAllowed: true, Histories: 50},
	}}
	j := judge(newHistory(link, issues(), isRefused(0)), &timeline{})
	r.Rows[1].Failures = []Failure{newFailure(newHistory(link, issues(), isRefused(0)), &j)}
	var text strings.Builder
	if err := r.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	const want = `sqlite, 1 node, 6 clients, seed 5, 12 s

           fault  rounds  issued  redeemed  refused  unknown         lost  lost sign-ons  double  revived        porcupine  verdict
            kill      10     500       400     1000       30            0              0       0        0         Ok (500)     good
           pause       2      50        40        0        0            1              0       0        0  Illegal (1 of 50)      BAD
            disk       0       0         0        0        0            0              0       0        0           Ok (0)  SKIPPED
  failover-async       2      50        40        0        0  3 (allowed)    0 (allowed)       0        0          Ok (50)     good

pause: round 2: node 0 ended by itself

pause, round 0: link 6b0187ca9d0976cf36c70eed: lost, history not explained by one token
      1.0000 s –     1.1000 s  client 0, node 0: issue: done
      1.2000 s –     1.3000 s  client 0, node 0: redeem by browser 0: refused

disk: SKIPPED: this machine can't do it
`
	if diff := cmp.Diff(strings.Fields(want), strings.Fields(text.String())); diff != "" {
		t.Errorf("want -, got +:\n%s\n%s", diff, text.String())
	}
	if r.Good() || !r.Rows[0].Good() || !r.Rows[2].Good() || !r.Rows[3].Good() {
		t.Error("rows are good but for the one with something wrong")
	}
}
