package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// StoreFloor is the least that a database can do for a pair while being as durable
// as the product: a grant's row and an event's row; then the conditional
// update, a session's row and another event's row; in groups of whoever waits.
// There is no HTTP, no reading, no hashing, and no more code than that.
type StoreFloor struct {
	FloorRows
	// Connections is how many goroutines wait for their rows at a time.
	Connections int
	// WarmUp is not measured; Window is.
	WarmUp, Window time.Duration
}

// StoreFigures is what a StoreFloor measured of its own process.
type StoreFigures struct {
	Pairs   int64         `json:"pairs"`
	Elapsed time.Duration `json:"elapsed_ns"`
	CPU     usage         `json:"cpu"`
}

// Run measures.
func (f StoreFloor) Run(ctx context.Context) (*StoreFigures, error) {
	figures, err := f.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure the store floor: %w", err)
	}
	return figures, nil
}

func (f StoreFloor) run(ctx context.Context) (figures *StoreFigures, err error) {
	rows, err := f.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	w := &floorWriter{rows: rows, ordered: f.OneRow, queue: make(chan *floorOp, f.Connections)}
	stopped := make(chan struct{})
	go func() { w.serve(); close(stopped) }()
	d := drive{
		workers: f.Connections, steps: 2, warmUp: f.WarmUp, window: f.Window,
		cpu:    func() (usage, error) { return usageOf(os.Getpid(), f.Server) },
		worker: func(int) (cycle, func(), error) { return w.visitor(), func() {}, nil },
	}
	m, err := d.run(ctx)
	close(w.queue)
	<-stopped
	if err != nil {
		return nil, err
	}
	return &StoreFigures{Pairs: m.cycles, Elapsed: m.elapsed, CPU: m.cpu}, nil
}

// floorOp is what one goroutine waits for: a grant stored, or redeemed.
type floorOp struct {
	key    []byte
	redeem bool
	err    error
	done   chan struct{}
}

// floorWriter commits whoever waits in one transaction.
type floorWriter struct {
	rows    rowStore
	ordered bool // keys, to the millisecond
	queue   chan *floorOp
	group   []*floorOp
}

func (w *floorWriter) newKey(now time.Time) []byte { return floorKey(now, w.ordered) }

// visitor returns a goroutine's work: a grant stored, then redeemed.
func (w *floorWriter) visitor() cycle {
	op := &floorOp{done: make(chan struct{}, 1)}
	submit := func(redeem bool) error {
		op.redeem = redeem
		w.queue <- op
		<-op.done
		return op.err
	}
	return func(steps []time.Duration) error {
		start := time.Now()
		op.key = w.newKey(start)
		if err := submit(false); err != nil {
			return err
		}
		issued := time.Now()
		if err := submit(true); err != nil {
			return err
		}
		steps[0], steps[1] = issued.Sub(start), time.Since(issued)
		return nil
	}
}

// serve commits groups until the queue is closed.
func (w *floorWriter) serve() {
	for op := range w.queue {
		w.group = append(w.group[:0], op)
		for len(w.queue) > 0 { // nobody else receives
			w.group = append(w.group, <-w.queue)
		}
		err := w.rows.write(w.group)
		for _, op := range w.group {
			op.err = err
			op.done <- struct{}{}
		}
	}
}
