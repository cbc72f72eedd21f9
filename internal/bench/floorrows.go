package bench

import (
	"errors"
	"sync"
	"time"
)

// FloorRows says where the rows of a floor are.
type FloorRows struct {
	// Dir is where an SQLite database is made, and removed again.
	Dir string
	// Database, unless empty, is the address of a PostgreSQL database that holds them
	// instead, and Server the process of its server.
	Database string
	Server   int
	// OneRow keeps them as the product does: a session in its grant's row instead of
	// one of its own, and grants in the order of their expiry to the millisecond
	// instead of the second.
	OneRow bool
}

// rowStore holds the rows of a floor.
type rowStore interface {
	// write does a group in one transaction, and returns when it is durable.
	write(group []*floorOp) error
	// close removes the rows.
	close() error
}

func (f *FloorRows) open() (rowStore, error) {
	if f.Database != "" {
		return openFloorTables(f.Database, f.OneRow)
	}
	return openFloorDB(f.Dir, f.OneRow)
}

// floorRows writes the rows of the store floor for whoever asks: an issue call
// stores a grant, a redemption redeems the grant that was stored last. Which one
// does not matter to what it costs, and those that nobody comes for expire.
type floorRows struct {
	writer  *floorWriter
	stopped chan struct{}
	ops     sync.Pool

	mu   sync.Mutex
	keys [][]byte // stored, not redeemed
}

func openFloorRows(where *FloorRows) (*floorRows, error) {
	rows, err := where.open()
	if err != nil {
		return nil, err
	}
	const waiting = 1024 // more than there are connections
	f := &floorRows{writer: &floorWriter{rows: rows, ordered: where.OneRow, queue: make(chan *floorOp, waiting)}, stopped: make(chan struct{})}
	f.ops.New = func() any { return &floorOp{done: make(chan struct{}, 1)} }
	go func() { f.writer.serve(); close(f.stopped) }()
	return f, nil
}

var errNothingStored = errors.New("a redemption with no grant stored before")

// write returns when the rows of one half of a pair are durable.
func (f *floorRows) write(redeem bool) error {
	op, _ := f.ops.Get().(*floorOp)
	defer f.ops.Put(op)
	op.redeem, op.key = redeem, nil
	if redeem {
		if op.key = f.take(); op.key == nil {
			return errNothingStored
		}
	} else {
		op.key = f.writer.newKey(time.Now())
	}
	f.writer.queue <- op
	<-op.done
	if op.err == nil && !redeem {
		f.mu.Lock()
		f.keys = append(f.keys, op.key)
		f.mu.Unlock()
	}
	return op.err
}

// take returns the key that was stored last, or nil.
func (f *floorRows) take() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.keys) - 1
	if last < 0 {
		return nil
	}
	key := f.keys[last]
	f.keys = f.keys[:last]
	return key
}

// close stops writing and removes the rows. Nobody may write any more.
func (f *floorRows) close() error {
	close(f.writer.queue)
	<-f.stopped
	return f.writer.rows.close()
}
