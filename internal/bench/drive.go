package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A cycle does one unit of work, such as one pair, and stores how long each of
// its steps took. An error ends the whole measurement: a figure is worth
// nothing when some of the answers in it were wrong.
type cycle func(steps []time.Duration) error

// drive is one measurement: workers that repeat their cycles.
type drive struct {
	workers int
	steps   int           // steps of a cycle
	warmUp  time.Duration // not measured
	window  time.Duration // measured; longer when nothing ended in it
	// worker makes the cycle of one worker, and what releases it.
	worker func(i int) (cycle, func(), error)
	// cpu returns the CPU time that what is measured has used so far.
	cpu func() (usage, error)
}

// measured is what a drive saw in its window.
type measured struct {
	cycles  int64
	elapsed time.Duration
	cpu     usage
	whole   *hdrhistogram.Histogram // of cycles, in microseconds
	steps   []*hdrhistogram.Histogram
}

// perSecond returns the cycles per second.
func (m *measured) perSecond() float64 { return float64(m.cycles) / m.elapsed.Seconds() }

// newHistogram takes microseconds up to a minute, to three digits.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

func newMeasured(steps int) *measured {
	m := &measured{whole: newHistogram(), steps: make([]*hdrhistogram.Histogram, steps)}
	for i := range m.steps {
		m.steps[i] = newHistogram()
	}
	return m
}

// record adds one cycle, whose steps took that long.
func (m *measured) record(steps []time.Duration) error {
	m.cycles++
	var whole time.Duration
	for i, d := range steps {
		whole += d
		if err := m.steps[i].RecordValue(d.Microseconds()); err != nil {
			return err
		}
	}
	return m.whole.RecordValue(whole.Microseconds())
}

func (m *measured) merge(other *measured) {
	m.cycles += other.cycles
	m.whole.Merge(other.whole)
	for i, h := range other.steps {
		m.steps[i].Merge(h)
	}
}

// gate tells workers whether what they do counts.
type gate struct {
	measuring, over atomic.Bool
	counted         atomic.Bool // something ended while measuring
}

// run drives the workers through the warm-up and the window. Work under way at
// either end counts when it ends within the window.
func (d *drive) run(ctx context.Context) (*measured, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		gate  gate
		group sync.WaitGroup
		seen  = make([]*measured, d.workers)
	)
	for i := range d.workers {
		seen[i] = newMeasured(d.steps)
		group.Go(func() {
			if err := d.repeat(i, seen[i], &gate); err != nil {
				cancel(err)
			}
		})
	}
	total, err := d.watch(ctx, &gate)
	gate.over.Store(true)
	group.Wait()
	if err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, m := range seen {
		total.merge(m)
	}
	return total, nil
}

// repeat is one worker.
func (d *drive) repeat(i int, m *measured, g *gate) error {
	work, release, err := d.worker(i)
	if err != nil {
		return err
	}
	defer release()
	steps := make([]time.Duration, d.steps)
	for !g.over.Load() {
		if err := work(steps); err != nil {
			return err
		}
		if g.measuring.Load() {
			g.counted.Store(true)
			if err := m.record(steps); err != nil {
				return err
			}
		}
	}
	return nil
}

// watch opens and closes the window.
func (d *drive) watch(ctx context.Context, g *gate) (*measured, error) {
	if err := sleep(ctx, d.warmUp); err != nil {
		return nil, err
	}
	before, err := d.cpu()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	g.measuring.Store(true)
	err = sleep(ctx, d.window)
	for err == nil && !g.counted.Load() {
		err = sleep(ctx, d.window)
	}
	g.measuring.Store(false)
	total := newMeasured(d.steps)
	total.elapsed = time.Since(start)
	if err != nil {
		return nil, err
	}
	after, err := d.cpu()
	total.cpu = after.since(before)
	return total, err
}

// sleep waits, or returns early with what ended the context.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
