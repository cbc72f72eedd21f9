package bench

import (
	"runtime"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what a run measured. Zero figures of CPU time and memory mean that
// they can't be measured on this system.
type Report struct {
	Machine Machine `json:"machine"`
	// Engine is the database engine; empty means SQLite, or that of a server that ran.
	Engine string `json:"engine,omitempty"`
	// Rounds is how often everything was measured; rates and ratios are medians
	// over them, latencies are of all rounds together.
	Rounds int `json:"rounds"`
	// WindowSeconds is how long each measurement of a round took.
	WindowSeconds float64 `json:"window_seconds"`
	// Sync is one write of 4 KiB made durable, on the disk of the run.
	Sync Latency `json:"sync"`
	// Loads are the measurements of pairs, by number of connections.
	Loads []Load `json:"loads"`
	// Alone is a pair with nobody else there.
	Alone *Alone `json:"alone,omitempty"`
	// Issuing is issuing alone, by dialect, REST first.
	Issuing []Issuing `json:"issuing,omitempty"`
	// Sweeps are servers that remove what is over, the one that removes nothing first,
	// by number of connections.
	Sweeps []Sweep `json:"sweeps,omitempty"`
	// Unknown are the floods of tokens that were never issued.
	Unknown []Flood `json:"unknown,omitempty"`
	// Idle are pairs beside idle connections.
	Idle *Idle `json:"idle,omitempty"`
}

// Machine is where the run took place.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

func thisMachine() Machine {
	return Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()}
}

// Load is one number of connections.
type Load struct {
	Connections int `json:"connections"`
	// HTTP is the floor of constant answers, Store that of rows without HTTP; OneRow
	// is Store with rows and keys as the product has them (see FloorRows). Both is
	// HTTP and Store in one process, each answer given after its rows are durable: the
	// least server there can be.
	HTTP   Rate `json:"http_floor"`
	Store  Rate `json:"store_floor"`
	OneRow Rate `json:"one_row_store_floor"`
	Both   Rate `json:"http_and_store_floor"`
	// Servers are the servers measured, the one with the fewest live grants first.
	Servers []Served `json:"servers"`
}

// Rate is how many pairs were done, and what each cost.
type Rate struct {
	PairsPerSecond float64 `json:"pairs_per_second"`
	// CPUMicros is all CPU time of a pair, DatabaseMicros how much of it was a database
	// server's.
	CPUMicros      float64 `json:"cpu_us_per_pair"`
	DatabaseMicros float64 `json:"database_cpu_us_per_pair"`
}

// Served is a server under one load.
type Served struct {
	// Live is how many live grants it held when it started.
	Live int64 `json:"live_grants"`
	Rate
	Issue  Latency `json:"issue"`
	Redeem Latency `json:"redeem"`
	Pair   Latency `json:"pair"`
	// Ratio is its CPU time for a pair over that of the floors HTTP and Store
	// together, OneRowRatio over HTTP and OneRow.
	Ratio       float64 `json:"ratio_to_floors"`
	OneRowRatio float64 `json:"ratio_to_one_row_floors"`
	// BothRatio is its CPU time for a pair over that of the floor Both.
	BothRatio float64 `json:"ratio_to_http_and_store_floor"`
	// LiveRatio is its CPU time for a pair over that of the first server.
	LiveRatio float64 `json:"ratio_to_fewest_live"`
	// Memory is what it has resident, at most so far, in bytes.
	Memory int64 `json:"memory_bytes"`
}

// Sweep is a server that removes grants that are over while it serves.
type Sweep struct {
	Connections int `json:"connections"`
	// PerSecond is how many came to their end in each second, RemovedPerSecond how many
	// were removed.
	PerSecond        int     `json:"over_per_second"`
	RemovedPerSecond float64 `json:"removed_per_second"`
	Rate
	Pair Latency `json:"pair"`
	// P99Ratio is the 99th percentile of its pairs over that of the server that removes
	// nothing.
	P99Ratio float64 `json:"p99_ratio"`
}

// Alone is the latency of one connection, and what is expected of it.
type Alone struct {
	Issue  Latency `json:"issue"`
	Redeem Latency `json:"redeem"`
	// GoalMicros is 1.5 times the median of Sync and 300 µs.
	GoalMicros float64 `json:"goal_us"`
}

// Flood is a flood of unknown tokens against one server.
type Flood struct {
	// MissesPerMinute is how many refused links the server allows an address; 0
	// means any number.
	MissesPerMinute   int     `json:"misses_per_minute"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	CPUMicros         float64 `json:"cpu_us_per_request"`
	Latency           Latency `json:"latency"`
	// Statuses counts the answers by status.
	Statuses map[int]int64 `json:"statuses"`
	// Wrote: a byte of the database or its log changed.
	Wrote bool `json:"wrote"`
}

// Latency is a distribution, in microseconds.
type Latency struct {
	P50 float64 `json:"p50_us"`
	P99 float64 `json:"p99_us"`
}

func latency(h *hdrhistogram.Histogram) Latency {
	return Latency{P50: float64(h.ValueAtQuantile(50)), P99: float64(h.ValueAtQuantile(99))}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// rounds are the measurements of one thing, one for each round.
type rounds []*measured

func (r rounds) each(figure func(*measured) float64) []float64 {
	all := make([]float64, len(r))
	for i, m := range r {
		all[i] = figure(m)
	}
	return all
}

func cpuMicros(m *measured) float64 { return micros(m.cpu.total()) / float64(max(m.cycles, 1)) }

func databaseMicros(m *measured) float64 { return micros(m.cpu.Database) / float64(max(m.cycles, 1)) }

func (r rounds) rate() Rate {
	return Rate{
		PairsPerSecond: median(r.each((*measured).perSecond)), CPUMicros: median(r.each(cpuMicros)), DatabaseMicros: median(r.each(databaseMicros)),
	}
}

// ratio returns the median of r's CPU times over those of others in the same
// round, or 0 when they are not known.
func (r rounds) ratio(others ...rounds) float64 {
	ratios := r.each(cpuMicros)
	for i := range ratios {
		var base float64
		for _, other := range others {
			base += cpuMicros(other[i])
		}
		if base == 0 {
			return 0
		}
		ratios[i] /= base
	}
	return median(ratios)
}

func (r rounds) total() *measured {
	total := newMeasured(len(r[0].steps))
	for _, m := range r {
		total.merge(m)
	}
	return total
}

func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
