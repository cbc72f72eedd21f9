package postgres

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Most groups are done straight: in one round trip, on the supposition that nobody
// else has written since this process's latest group, that no link is taken and that
// everybody who redeems wins. What that makes of the group, its events and its place
// in the audit log, is known beforehand then. The statements suppose the same, each
// in a way that ends all of it with an error where it does not hold: the group is
// then done again, one step after the other.
const (
	// moveStraight takes the head and moves it, if it is still where it was left and
	// the server's clock does not say that the group is old. The clock is asked once the
	// head is taken: somebody who then changed nothing may have been waited for.
	moveStraight = `WITH moved AS (UPDATE head SET seq = $1, hash = $2, at = $3
WHERE seq = $4 AND hash = $5 AND epoch = $6 AND at <= $3 RETURNING customer_changes)
SELECT 1 / CASE WHEN ` + serverNow + ` < $7 THEN count(*) ELSE 0 END, min(customer_changes), ` + serverNow + ", " + followed + " FROM moved"

	createStraight = "INSERT" + createRows

	// redeemStraight is redeemGrants where all must win.
	redeemStraight = "WITH won AS (" + redeemGrants + ") SELECT 1 / (count(*) = $11)::int FROM won"
)

// errSupposed: something did not hold that the straight way supposes. Nothing was
// committed.
var errSupposed = errors.New("the head has moved, or somebody did not win")

// staleAfter is how much later than it was prepared a group may be done, and how long
// ago the connection must have been in order.
const staleAfter = time.Second

// mayBeStraight sorts the operations, and reports whether it is likely that they can
// be done straight.
func (c *committer) mayBeStraight(ops []*op) bool {
	if !c.alone || c.tx.epoch != c.store.Epoch() || time.Since(c.since) > c.stale { //nolint:forbidigo // how long it is, by the monotonic clock
		return false
	}
	g := &c.batch
	return g.sort(ops) && len(g.again) == 0 && len(g.created)+len(g.redeemed) == len(ops)
}

// straight does the group that was sorted.
func (c *committer) straight() error {
	t, s := c.tx, c.store
	asked := time.Now() //nolint:forbidigo // to be compared with itself
	t.resume()
	if err := c.contained(func() error { c.batch.suppose(t); return nil }); err != nil {
		return fmt.Errorf("%w: %w", errSupposed, err)
	}
	events := t.span()
	s.foreign.begin(events.first)
	err := errors.Join(t.injected("batch"), t.injected("COMMIT"))
	if err == nil {
		err = c.sendStraight()
	}
	unsure := err == nil && warned(t.conn)
	s.foreign.end(events, err == nil && !unsure)
	switch {
	case err != nil:
		return c.notStraight(err)
	case unsure:
		return errAmbiguous
	}
	if t.stood.names != "" && time.Since(asked) > c.stale { //nolint:forbidigo // how long it is, by the monotonic clock
		t.stood.names = anybody // it was asked before the wait, and others may have come since
	}
	s.heard(t.head.server, asked)
	s.noteChanges(t.head.changes, asked)
	s.clock.NotBefore(time.UnixMicro(t.head.at))
	c.acknowledge()
	return nil
}

func (c *committer) sendStraight() error {
	t, end := c.tx, c.tx.chain.Head()
	limit := int64(math.MaxInt64)
	if c.store.server != nil {
		limit = t.head.at + c.stale.Microseconds()
	}
	var b pgx.Batch
	b.Queue(moveStraight, end.Seq, end.Hash[:], t.head.at, t.head.chain.Seq, t.head.chain.Hash[:], t.epoch, limit).QueryRow(func(row pgx.Row) error {
		t.moved = true
		return row.Scan(nil, &t.head.changes, &t.head.server, &t.stood.names, &t.stood.count)
	})
	if len(c.batch.created) > 0 {
		b.Queue(createStraight, c.batch.createArgs(t)...)
	}
	if n := len(c.batch.redeemed); n > 0 {
		b.Queue(redeemStraight, append(c.batch.redeemArgs(t), int64(n))...)
	}
	t.queueEvents(&b)
	return t.conn.SendBatch(unbounded, &b).Close()
}

// notStraight returns what became of a group that could not be done straight. A
// statement that failed has undone all: there is nothing but one transaction, which
// the server ends itself.
func (c *committer) notStraight(err error) error {
	var e *pgconn.PgError
	answered := errors.As(err, &e)
	switch {
	case answered && !passing(e.Code):
		return fmt.Errorf("%w: %w", errSupposed, err)
	case answered && !c.tx.moved || pgconn.SafeToRetry(err):
		return fmt.Errorf("%w: %w", errNotBegun, err)
	}
	return fmt.Errorf("commit: %w", err)
}

// resume is begin for a transaction that follows the latest one of this process.
func (t *tx) resume() {
	listen(t.conn)
	t.fault, t.events, t.changed, t.moved = nil, t.events.cut(mark{}), false, false
	t.head.chain = t.chain.Head()
	t.head.at = max(t.head.at, t.store.clock.Now().UnixMicro())
	t.at = instant(t.head.at)
}

// suppose notes that all links are created and redeemed.
func (g *groupwise) suppose(t *tx) {
	for _, o := range g.created {
		o.Err = nil
		o.create.Epoch = t.epoch
		t.Append(o.create.Event)
	}
	for _, o := range g.redeemed {
		o.Err = nil
		o.redeem.Begin(t)
		o.redeem.Win(t)
	}
}
