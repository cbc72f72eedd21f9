package torture

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/anishathalye/porcupine"
)

// Report is what came of a plan.
type Report struct {
	Engine  string  `json:"engine"`
	Nodes   int     `json:"nodes"`
	Clients int     `json:"clients"`
	Seed    uint64  `json:"seed"`
	Seconds float64 `json:"seconds"`
	Rows    []Row   `json:"faults"`
}

// Row is the verdict on one kind of fault.
type Row struct {
	Fault string `json:"fault"`
	// Skipped is why it was not done, or empty.
	Skipped string `json:"skipped,omitempty"`
	Rounds  int    `json:"rounds"`
	// Issued are the tokens that were acknowledged, Redeemed those of them that
	// somebody was acknowledged to have been let in by.
	Issued   int `json:"issued"`
	Redeemed int `json:"redeemed"`
	// Refused are the operations that were refused, Unknown those of which no client
	// knows whether they took effect.
	Refused int64 `json:"refused"`
	Unknown int64 `json:"unknown"`
	// Lost are acknowledged tokens that were not there when they were tried, and
	// LostSignOns acknowledged sign-ons. LossAllowed: the fault may lose them.
	Lost        int  `json:"lost"`
	LostSignOns int  `json:"lost_sign_ons"`
	LossAllowed bool `json:"loss_allowed,omitempty"`
	// Doubles are the tokens that let two browsers in, or one by two sessions.
	Doubles int `json:"doubles"`
	// Revived are the tokens and sessions that were of use when they were over.
	Revived int `json:"revived"`
	// Undecided are the tokens of which nobody ever learned what came of them.
	Undecided int `json:"undecided"`
	// Histories are the tokens that porcupine judged, Illegal those whose history it
	// can't explain, and Unjudged those that it did not finish with.
	Histories int `json:"histories"`
	Illegal   int `json:"illegal"`
	Unjudged  int `json:"unjudged"`
	// AuditEvents is how many events the audit log has; AuditBroken says what is wrong
	// with it.
	AuditEvents int64  `json:"audit_events"`
	AuditBroken string `json:"audit_broken,omitempty"`
	// Odd is what no server should have done.
	Odd []string `json:"odd,omitempty"`
	// Failures are the histories of the first tokens that were judged wrong.
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is a token that was judged wrong.
type Failure struct {
	Round   int      `json:"round"`
	Token   string   `json:"token"` // by its public reference or number
	Faults  []string `json:"faults"`
	History []string `json:"history"`
}

// Good reports whether nothing was found.
func (r *Report) Good() bool {
	for i := range r.Rows {
		if !r.Rows[i].Good() {
			return false
		}
	}
	return true
}

// Good reports whether nothing was found. What was skipped is good, too.
func (r *Row) Good() bool {
	kept := r.LossAllowed || r.Lost == 0 && r.LostSignOns == 0
	return kept && r.Doubles == 0 && r.Revived == 0 && r.Undecided == 0 && r.Illegal == 0 && r.Unjudged == 0 && r.AuditBroken == "" && len(r.Odd) == 0
}

func (r *Row) verdict() string {
	switch {
	case r.Skipped != "":
		return "SKIPPED"
	case r.Good():
		return "good"
	}
	return "BAD"
}

// maxFailures is how many histories a row keeps, and how many oddities.
const maxFailures = 10

// add counts a token's judgement.
func (r *Row) add(t *token, j *judgement, lossy bool) (bad bool) {
	counts := []struct {
		is bool
		in *int
	}{
		{j.lost, &r.Lost},
		{j.signedOff, &r.LostSignOns},
		{j.double, &r.Doubles},
		{j.revived, &r.Revived},
		{j.undecided, &r.Undecided},
		{j.check == porcupine.Illegal, &r.Illegal},
		{j.check == porcupine.Unknown, &r.Unjudged},
	}
	for _, c := range counts {
		if c.is {
			*c.in++
		}
	}
	r.Histories++
	wrong := *j
	if lossy {
		wrong.lost, wrong.signedOff = false, false
	}
	bad = len(wrong.faults()) > 0
	if bad && len(r.Failures) < maxFailures {
		r.Failures = append(r.Failures, newFailure(t, &wrong))
	}
	return bad
}

// WriteTable writes the report for people. Its error is the writer's.
func (r *Report) WriteTable(w io.Writer) error {
	_, _ = fmt.Fprintf(w, "%s, %s, %s, seed %d, %.0f s\n\n", r.Engine, many(r.Nodes, "node"), many(r.Clients, "client"), r.Seed, r.Seconds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")+"\t") }
	row("fault", "rounds", "issued", "redeemed", "refused", "unknown", "lost", "lost sign-ons", "double", "revived", "porcupine", "verdict")
	for i := range r.Rows {
		f := &r.Rows[i]
		row(f.Fault, strconv.Itoa(f.Rounds), strconv.Itoa(f.Issued), strconv.Itoa(f.Redeemed), strconv.FormatInt(f.Refused, 10), strconv.FormatInt(f.Unknown, 10),
			f.allowed(f.Lost), f.allowed(f.LostSignOns), strconv.Itoa(f.Doubles), strconv.Itoa(f.Revived), f.porcupine(), f.verdict())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i := range r.Rows {
		r.Rows[i].explain(w)
	}
	return nil
}

// allowed prints a number of losses.
func (r *Row) allowed(n int) string {
	if r.LossAllowed {
		return fmt.Sprintf("%d (allowed)", n)
	}
	return strconv.Itoa(n)
}

func (r *Row) porcupine() string {
	switch {
	case r.Illegal > 0:
		return fmt.Sprintf("Illegal (%d of %d)", r.Illegal, r.Histories)
	case r.Unjudged > 0:
		return fmt.Sprintf("Unknown (%d of %d)", r.Unjudged, r.Histories)
	}
	return fmt.Sprintf("Ok (%d)", r.Histories)
}

// explain says what the table has no room for.
func (r *Row) explain(w io.Writer) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	if r.Skipped != "" {
		say("\n%s: SKIPPED: %s", r.Fault, r.Skipped)
	}
	if r.AuditBroken != "" {
		say("\n%s: the audit log is broken: %s", r.Fault, r.AuditBroken)
	}
	if r.Undecided > 0 {
		say("\n%s: of %s nobody learned what came of them", r.Fault, many(r.Undecided, "token"))
	}
	for _, odd := range r.Odd {
		say("\n%s: %s", r.Fault, odd)
	}
	for _, f := range r.Failures {
		say("\n%s, round %d: %s: %s", r.Fault, f.Round, f.Token, strings.Join(f.Faults, ", "))
		for _, line := range f.History {
			say("  %s", line)
		}
	}
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
