package bench

import (
	"strings"
	"testing"
	"time"
)

func costing(cycles int64, cpu time.Duration) *measured {
	m := newMeasured(0)
	m.cycles, m.cpu.Own, m.elapsed = cycles, cpu, time.Second
	return m
}

func TestRatioIsTheMedianOfTheRounds(t *testing.T) {
	product := rounds{costing(10, 30*time.Microsecond), costing(10, 60*time.Microsecond), costing(10, 20*time.Microsecond)}
	floorA := rounds{costing(10, 10*time.Microsecond), costing(10, 10*time.Microsecond), costing(10, 10*time.Microsecond)}
	floorB := rounds{costing(10, 10*time.Microsecond), costing(10, 10*time.Microsecond), costing(10, 10*time.Microsecond)}
	if got := product.ratio(floorA, floorB); got != 1.5 {
		t.Errorf("got %v, want the middle one of 1.5, 3 and 1", got)
	}
	if got := product.rate().CPUMicros; got != 3 {
		t.Errorf("got %v µs, want 3", got)
	}
}

func TestRatioIsUnknownWithoutCPUTimes(t *testing.T) {
	if got := (rounds{costing(1, 5)}).ratio(rounds{costing(1, 0)}); got != 0 {
		t.Errorf("got %v, want 0", got)
	}
}

func TestTableShowsWhatWasMeasured(t *testing.T) {
	r := &Report{
		Machine: Machine{"linux", "amd64", 2, "go1.26"}, Rounds: 3, WindowSeconds: 5, Sync: Latency{100, 200},
		Loads: []Load{{Connections: 16, HTTP: Rate{PairsPerSecond: 40000, CPUMicros: 20}, Store: Rate{PairsPerSecond: 13000, CPUMicros: 50.25}, Servers: []Served{
			{Live: 10000, Rate: Rate{PairsPerSecond: 8123.4, CPUMicros: 91}, Ratio: 1.3, LiveRatio: 1, Memory: 30 << 20},
		}}},
		Alone:   &Alone{Issue: Latency{250, 400}, Redeem: Latency{260, 410}, GoalMicros: 450},
		Issuing: []Issuing{{Dialect: "REST", CPUMicros: 80, RatioToREST: 1}, {Dialect: "SOAP", CPUMicros: 113.1, RatioToREST: 1.41}},
		Sweeps:  []Sweep{{Connections: 16, PerSecond: 7000, RemovedPerSecond: 6990, P99Ratio: 1.77}},
		Unknown: []Flood{{RequestsPerSecond: 30000, Statuses: map[int]int64{403: 12}}, {MissesPerMinute: 30, Wrote: true}},
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"16 connections", "server, 10,000 live  ", "8,123", "91.0", "1.30", "30.0 MiB", "0.45 ms", "× REST", "113.1", "1.41", "6,990", "1.77", "12 × 403", "nothing", "SOMETHING", "50.2", "–"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Log("\n" + b.String())
	}
}
