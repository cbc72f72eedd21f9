package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// sweeps measures servers that remove nothing and servers that remove r.Sweep grants
// a second, in turn. Each is made for one window: what it removes comes to its end
// only then. So there are fewer windows, which are longer.
func (r *run) sweeps(ctx context.Context) ([]Sweep, error) {
	r = r.lengthened()
	var all []Sweep
	for _, connections := range r.Connections {
		kinds := []Sweep{{Connections: connections}, {Connections: connections, PerSecond: r.Sweep}}
		seen, removed := make([]rounds, len(kinds)), make([][]float64, len(kinds))
		for round := range r.Rounds {
			for i := range kinds {
				r.say("%d connections, %d grants a second removed, round %d of %d", connections, kinds[i].PerSecond, round+1, r.Rounds)
				m, n, err := r.swept(ctx, fmt.Sprintf("sweep-%d-%d-%d", connections, i, round), &kinds[i])
				if err != nil {
					return nil, err
				}
				seen[i], removed[i] = append(seen[i], m), append(removed[i], n)
			}
		}
		for i := range kinds {
			kinds[i].Rate, kinds[i].RemovedPerSecond = seen[i].rate(), median(removed[i])
			kinds[i].Pair = latency(seen[i].total().whole)
			kinds[i].P99Ratio = kinds[i].Pair.P99 / kinds[0].Pair.P99
		}
		all = append(all, kinds...)
	}
	return all, nil
}

// swept measures one server for one window, and how many grants it removes in a
// second from its start to the end of the window.
func (r *run) swept(ctx context.Context, name string, kind *Sweep) (_ *measured, perSecond float64, err error) {
	const toStart = 10 * time.Second
	over := overGrants(kind.PerSecond, toStart+r.WarmUp+r.Window)
	s, err := r.startServer(ctx, name, traits{}, liveGrants(fewLive), over)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	first, end := over.from.Add(-time.Second), over.from.Add(over.over)
	before, err := s.count(ctx, first, end)
	if err != nil {
		return nil, 0, err
	}
	start := time.Now()
	m, err := r.pairs(ctx, s.shop, s.cpu, kind.Connections)
	if err != nil {
		return nil, 0, err
	}
	elapsed := time.Since(start)
	after, err := s.count(ctx, first, end)
	return m, float64(before-after) / elapsed.Seconds(), err
}
