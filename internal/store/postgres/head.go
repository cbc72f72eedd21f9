package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/clock"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// head is the row that whoever writes holds.
type head struct {
	epoch   int64
	history string
	chain   signon.ChainHead
	at      int64 // microseconds; not before anything that was judged
	server  int64 // the server's own clock, microseconds
	changes int64 // of customers
}

const (
	// lockHead takes the row, waiting for whoever has it, and reads what the other
	// left there. An instant never goes back, whatever clocks do. The clock is read
	// after it, in a statement of its own: within this one it may be read before a wait
	// for somebody who then changes nothing.
	lockHead = "SELECT epoch, history, seq, hash, greatest(at, $1), customer_changes FROM head FOR UPDATE"
	moveHead = "UPDATE head SET seq = $1, hash = $2, at = $3 RETURNING customer_changes"

	serverNow = "(date_part('epoch', clock_timestamp()) * 1000000)::bigint"
	// history names the history of the database server's data: a promoted standby and
	// a restored backup begin a new one.
	history = "system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()"
)

func (h *head) scan(row pgx.Row) error {
	var hash []byte
	if err := row.Scan(&h.epoch, &h.history, &h.chain.Seq, &hash, &h.at, &h.changes); err != nil {
		return err
	}
	copy(h.chain.Hash[:], hash)
	return nil
}

// know notes the epoch that was read, which only rises.
func (s *Store) know(epoch int64) {
	for {
		last := s.epoch.Load()
		if epoch <= last || s.epoch.CompareAndSwap(last, epoch) {
			return
		}
	}
}

// serverClock is an estimate of the database server's clock, not ahead of it by more
// than an answer takes: what the server said was so when this process's own clock was
// read, or before.
type serverClock struct {
	mu    sync.Mutex
	told  time.Time // by the server
	since time.Time // by this process's clock, when that was received
}

// Now returns the estimate.
func (c *serverClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told.Add(time.Since(c.since)) //nolint:forbidigo // how long it is, by the monotonic clock
}

// Elapsed returns how much time has passed, whatever the server's clock was set to.
func (c *serverClock) Elapsed() time.Duration { return signon.SystemClock{}.Elapsed() }

// set notes what the server's clock said, in microseconds, some time after it was
// asked. Where the answer was long on its way, and the estimate may be right as it is,
// it stays.
func (c *serverClock) set(micros int64, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, told := time.Now(), time.UnixMicro(micros) //nolint:forbidigo // to be compared with itself
	latest := told.Add(now.Sub(asked))
	if estimate := c.told.Add(now.Sub(c.since)); estimate.After(told) && !estimate.After(latest) {
		return
	}
	c.told, c.since = told, now
}

// startClock reads where time has come to. Without a clock of the caller's the time
// is the database server's.
func (s *Store) startClock(ctx context.Context, c *pgx.Conn, source signon.Clock) error {
	var floor, server int64
	asked := time.Now() //nolint:forbidigo // to be compared with itself
	if err := c.QueryRow(ctx, "SELECT at, "+serverNow+" FROM head").Scan(&floor, &server); err != nil {
		return fmt.Errorf("read time: %w", err)
	}
	if source == nil {
		s.server = &serverClock{}
		s.server.set(server, asked)
		source = s.server
	}
	s.clock = clock.New(source, time.UnixMicro(floor), nil)
	if ahead := time.UnixMicro(floor).Sub(source.Now()); ahead > time.Minute {
		s.log.Warn("the database server's clock is behind the database: time runs at half speed until it has caught up", "behind", ahead)
	}
	return nil
}

// heard notes what the server's clock said when it was asked, or later.
func (s *Store) heard(micros int64, asked time.Time) {
	if s.server != nil {
		s.server.set(micros, asked)
	}
}

// watchEvery is how often a process looks at the server's clock, and at the epoch,
// when it has nothing else to ask for.
const watchEvery = time.Second

// watch follows the server's clock and the epoch until the store is closed.
func (s *Store) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.closed:
			return
		case <-tick.C:
			s.look()
		}
	}
}

func (s *Store) look() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	var now glance
	asked := time.Now() //nolint:forbidigo // to be compared with itself
	err := engine{s}.Read(ctx, "look at the clock", func(r tables.Reader) error {
		found, err := r.One("SELECT epoch, at, " + serverNow + ", seq, history, " + followed + " FROM head")
		if err != nil || found == nil {
			return err
		}
		s.know(found.Int(0))
		s.heard(found.Int(2), asked)
		s.clock.NotBefore(time.UnixMicro(found.Int(1)))
		now = glance{found.Int(3), found.Text(4), following{found.Text(5), found.Int(6)}, found.Int(2)}
		return nil
	})
	if err == nil && !s.renew(&now) {
		err = s.committer.ready(ctx)
	}
	if err != nil {
		s.log.Debug("the database server does not answer", "error", err)
	}
}
