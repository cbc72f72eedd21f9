package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for people. Its error is the writer's.
func (r *Report) WriteTable(w io.Writer) error {
	t := &table{tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
	t.printf("%s/%s, %d CPUs, %s; medians of %d rounds of %g s each; every answer verified\n",
		r.Machine.OS, r.Machine.Arch, r.Machine.CPUs, r.Machine.Go, r.Rounds, r.WindowSeconds)
	t.printf("one write of 4 KiB made durable: p50 %s, p99 %s\n\n", ms(r.Sync.P50), ms(r.Sync.P99))
	for _, l := range r.Loads {
		t.load(&l)
	}
	t.alone(r.Alone)
	t.issuing(r.Issuing)
	t.sweeps(r.Sweeps)
	t.floods(r.Unknown)
	t.idle(r.Idle)
	return t.w.Flush()
}

// table writes lines of cells. Errors stay in the writer until Flush.
type table struct{ w *tabwriter.Writer }

func (t *table) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(t.w, format, args...)
	_ = t.w.Flush() // what follows is another table
}

func (t *table) row(cells ...string) { _, _ = fmt.Fprintln(t.w, strings.Join(cells, "\t")+"\t") }

func (t *table) load(l *Load) {
	t.printf("%d connections\n", l.Connections)
	t.row("", "pairs/s", "CPU µs/pair", "of it DB", "× both", "× sum", "× few live", "issue p50", "p99", "redeem p50", "p99", "pair p50", "p99", "memory")
	none := make([]string, 10) // columns that floors have nothing for
	t.row(append([]string{"HTTP floor", whole(l.HTTP.PairsPerSecond), cost(l.HTTP.CPUMicros), cost(l.HTTP.DatabaseMicros)}, none...)...)
	t.row(append([]string{"store floor", whole(l.Store.PairsPerSecond), cost(l.Store.CPUMicros), cost(l.Store.DatabaseMicros)}, none...)...)
	t.row(append([]string{"store floor, one row", whole(l.OneRow.PairsPerSecond), cost(l.OneRow.CPUMicros), cost(l.OneRow.DatabaseMicros)}, none...)...)
	t.row(append([]string{"HTTP and store floor", whole(l.Both.PairsPerSecond), cost(l.Both.CPUMicros), cost(l.Both.DatabaseMicros)}, none...)...)
	for _, s := range l.Servers {
		t.row(fmt.Sprintf("server, %s live", whole(float64(s.Live))), whole(s.PairsPerSecond), cost(s.CPUMicros), cost(s.DatabaseMicros), ratio(s.BothRatio), ratio(s.Ratio), ratio(s.LiveRatio),
			ms(s.Issue.P50), ms(s.Issue.P99), ms(s.Redeem.P50), ms(s.Redeem.P99), ms(s.Pair.P50), ms(s.Pair.P99), mib(s.Memory))
	}
	t.printf("\n")
}

func (t *table) alone(a *Alone) {
	if a == nil {
		return
	}
	t.printf("1 connection: issue p50 %s, p99 %s; redeem p50 %s, p99 %s; expected at most %s (1.5 × the write above + 0.3 ms)\n",
		ms(a.Issue.P50), ms(a.Issue.P99), ms(a.Redeem.P50), ms(a.Redeem.P99), ms(a.GoalMicros))
}

func (t *table) issuing(all []Issuing) {
	if len(all) == 0 {
		return
	}
	t.printf("\nissuing alone, %d connections\n", issueConnections)
	t.row("", "links/s", "CPU µs/link", "× "+all[0].Dialect, "p50", "p99")
	for _, i := range all {
		t.row(i.Dialect, whole(i.LinksPerSecond), cost(i.CPUMicros), ratio(i.RatioToREST), ms(i.Latency.P50), ms(i.Latency.P99))
	}
}

func (t *table) sweeps(sweeps []Sweep) {
	if len(sweeps) == 0 {
		return
	}
	t.printf("\nremoving what is over\n")
	t.row("connections", "over/s", "removed/s", "pairs/s", "CPU µs/pair", "pair p50", "p99", "× none")
	for _, s := range sweeps {
		t.row(strconv.Itoa(s.Connections), whole(float64(s.PerSecond)), whole(s.RemovedPerSecond), whole(s.PairsPerSecond), cost(s.CPUMicros),
			ms(s.Pair.P50), ms(s.Pair.P99), ratio(s.P99Ratio))
	}
}

func (t *table) floods(floods []Flood) {
	if len(floods) == 0 {
		return
	}
	t.printf("\nunknown tokens, %d connections\n", floodConnections)
	t.row("misses allowed", "requests/s", "CPU µs/request", "p50", "p99", "answers", "written")
	for _, f := range floods {
		allowed := "any number"
		if f.MissesPerMinute > 0 {
			allowed = strconv.Itoa(f.MissesPerMinute) + " a minute"
		}
		written := "nothing"
		if f.Wrote {
			written = "SOMETHING"
		}
		t.row(allowed, whole(f.RequestsPerSecond), cost(f.CPUMicros), ms(f.Latency.P50), ms(f.Latency.P99), f.answers(), written)
	}
}

// answers lists how many answers had which status.
func (f *Flood) answers() string {
	var all []string
	for status, n := range f.Statuses {
		all = append(all, fmt.Sprintf("%d × %d", n, status))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// ms prints microseconds as milliseconds.
func ms(us float64) string { return strconv.FormatFloat(us/1000, 'f', 2, 64) + " ms" }

// cost prints CPU time, or a dash where it was not measured.
func cost(us float64) string {
	if us == 0 {
		return "–"
	}
	return strconv.FormatFloat(us, 'f', 1, 64)
}

func ratio(r float64) string {
	if r == 0 {
		return "–"
	}
	return strconv.FormatFloat(r, 'f', 2, 64)
}

func mib(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64) + " MiB"
}

// whole prints a number without decimals, thousands apart.
func whole(f float64) string {
	digits := strconv.FormatFloat(f, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
