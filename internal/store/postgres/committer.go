package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// maxGroup is how many operations share a transaction at most.
const maxGroup = 256

// attempts is how often a group is tried that was in the way of another one.
const attempts = 5

// op is one operation that waits for the committer.
type op struct {
	group.Op
	// do does the operation in statements of its own. It returns an error only before
	// it changed anything, unless it is alone.
	do func(tables.Tx) error
	// alone: when do returns an error, what it did before is undone.
	alone bool
	// committed, unless nil, is called once it is committed.
	committed func()
	// create and redeem describe operations that a group does in one statement for all.
	create *tables.Creation
	redeem *tables.Redemption
}

func newOp(ctx context.Context, do func(tables.Tx) error) *op {
	return &op{Op: group.New(ctx), do: do}
}

// committer owns the one connection of this process that writes. Operations that
// are waiting at a moment share one transaction, and each is answered after it.
type committer struct {
	store  *Store
	queue  *group.Queue[*op]
	ended  chan struct{}
	conn   *pgx.Conn // nil until it is needed
	tx     *tx
	alone  bool          // nobody else wrote between the latest two groups
	since  time.Time     // when the latest group was committed, by this process's clock
	stale  time.Duration // staleAfter, but in tests
	batch  groupwise
	inject func(query string) error // set by tests: makes statements fail

	line     line
	patience time.Duration // stopTime, but in tests
}

func newCommitter(s *Store) *committer {
	return &committer{store: s, queue: group.NewQueue[*op](), ended: make(chan struct{}), stale: staleAfter, patience: stopTime}
}

// write has an operation done and waits until it is committed, or until its
// caller's context ends.
func (c *committer) write(o *op, what string) error {
	if c.store.looking {
		return fault(what, errLooking)
	}
	answered, err := c.queue.Do(o)
	if !answered {
		return signon.Unavailable(what, err)
	}
	return fault(what, err)
}

// ready waits until an operation that does nothing was committed.
func (c *committer) ready(ctx context.Context) error {
	return c.write(newOp(ctx, func(tables.Tx) error { return nil }), "connect")
}

// stop lets the committer finish what is queued and waits for it, but not for ever:
// what is not done by then fails.
func (c *committer) stop() {
	c.queue.Stop()
	select {
	case <-c.ended:
		return
	case <-time.After(c.patience):
		c.store.log.Warn("the database server does not answer: what it was asked for last is given up", "after", c.patience)
	}
	c.line.end()
	<-c.ended
}

// serve writes groups until it is stopped and nothing is queued.
func (c *committer) serve() {
	defer close(c.ended)
	defer c.disconnect()
	var ops []*op
	for more := true; more; {
		if ops, more = c.queue.Next(ops, maxGroup); len(ops) > 0 {
			c.commit(ops)
		}
	}
}

// connect makes sure that there is a connection.
func (c *committer) connect() error {
	if c.conn != nil && !c.conn.IsClosed() {
		return nil
	}
	if c.line.isCut() {
		return group.ErrClosed
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, c.store.config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	c.line.use(conn) // already: what meets the server may wait for a standby
	if err := c.store.meet(ctx, conn); err != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	c.use(conn)
	return nil
}

func (c *committer) use(conn *pgx.Conn) {
	c.conn, c.tx, c.alone = conn, newTx(c.store, conn), false
	c.line.use(conn)
}

func (c *committer) disconnect() {
	if c.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	if err := c.conn.Close(ctx); err != nil {
		c.store.log.Debug("disconnect from the database server", "error", err)
	}
}

// commit writes a group and answers each of its operations.
func (c *committer) commit(ops []*op) {
	err := c.attempt(ops, false)
	if errors.Is(err, errNotBegun) && c.conn.IsClosed() {
		err = c.attempt(ops, false) // with a connection that the server has not given up
	}
	for n := 1; n < attempts && again(err); n++ {
		err = c.attempt(ops, false)
	}
	if errors.Is(err, errGroup) {
		err = c.attempt(ops, true)
	}
	for _, o := range ops {
		switch {
		case err != nil:
			o.Err = signon.Unavailable("commit", err)
		case o.committed != nil:
			o.committed()
		}
		c.answer(o, err == nil)
	}
}

// answer answers an operation. One that may have changed customers waits until no
// other process trusts what it knew of them before.
func (c *committer) answer(o *op, committed bool) {
	if committed && c.tx.changed && o.create == nil && o.redeem == nil {
		time.AfterFunc(trusted, o.Answer)
		return
	}
	o.Answer()
}

// errNotBegun is returned by attempt when nothing was asked for yet.
var errNotBegun = errors.New("the transaction has not begun")

// errGroup is returned by attempt when an operation failed that can't be undone by
// itself.
var errGroup = errors.New("a statement failed within a group")

// attempt does the operations in one transaction. With guarded, each is in a
// savepoint of its own, so that one that fails is undone by itself. An error means
// that nothing was committed, or that it is not known.
func (c *committer) attempt(ops []*op, guarded bool) error {
	if err := c.connect(); err != nil {
		return err
	}
	err := c.try(ops, guarded)
	if outdated(err) {
		c.disconnect()
	}
	return err
}

// try is attempt on the connection that there is.
func (c *committer) try(ops []*op, guarded bool) error {
	c.tx.inject = c.inject
	if !guarded && c.mayBeStraight(ops) {
		if err := c.straight(); !errors.Is(err, errSupposed) {
			return err
		}
		c.alone = false
	}
	err := c.tx.begin(unbounded)
	if err != nil {
		err = fmt.Errorf("%w: %w", errNotBegun, err)
	} else {
		err = c.perform(ops, guarded)
	}
	if err == nil {
		err = c.tx.commit(unbounded)
	}
	if err != nil {
		return errors.Join(err, c.tx.rollback(unbounded))
	}
	last := c.store.acked.Load()
	c.alone = last != nil && last.chain == c.tx.head.chain
	c.acknowledge()
	return nil
}

// acknowledge notes that the transaction was committed.
func (c *committer) acknowledge() {
	c.since = time.Now() //nolint:forbidigo // to be compared with itself
	t := c.tx
	c.store.acked.Store(&acknowledged{t.chain.Head(), t.head.history, t.epoch, t.stood, t.head.server, c.since})
}

func (c *committer) perform(ops []*op, guarded bool) error {
	if guarded {
		for _, o := range ops {
			if err := c.guard(o); err != nil {
				return err
			}
		}
		return nil
	}
	if err := c.contained(func() error { return c.batch.do(c.tx, ops) }); errors.Is(err, errOurs) {
		return errors.Join(errGroup, err)
	} else if err != nil {
		return err
	}
	for _, o := range ops {
		switch {
		case o.create != nil || o.redeem != nil:
		case o.alone:
			if err := c.guard(o); err != nil {
				return errors.Join(errGroup, err)
			}
		default:
			c.run(o)
			if c.tx.fault != nil {
				return c.tx.groupFault(c.tx.fault)
			}
		}
	}
	return nil
}

// groupFault returns why a group failed in which an operation did: the error itself
// when all of it may be tried again, or nothing more can be asked.
func (t *tx) groupFault(err error) error {
	if again(err) || t.conn.IsClosed() {
		return err
	}
	return errors.Join(errGroup, err)
}

// guard does one operation in a savepoint. It returns an error when the operation
// can't be undone.
func (c *committer) guard(o *op) error {
	t := c.tx
	before := t.mark()
	if _, err := t.conn.Exec(unbounded, "SAVEPOINT op"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	c.run(o)
	if t.fault != nil {
		if !errors.Is(o.Err, t.fault) {
			o.Err = t.fault
		}
		t.fault = nil
	}
	if o.Err != nil {
		if _, err := t.conn.Exec(unbounded, "ROLLBACK TO SAVEPOINT op"); err != nil {
			return fmt.Errorf("undo: %w", errors.Join(o.Err, err))
		}
		t.undo(before)
	}
	if _, err := t.conn.Exec(unbounded, "RELEASE SAVEPOINT op"); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// run does one operation. A panic is that operation's own failure: its neighbours
// in the group are not to suffer from it.
func (c *committer) run(o *op) {
	o.Err = nil
	err := c.contained(func() error {
		o.Err = o.do(c.tx)
		return nil
	})
	if err != nil {
		c.tx.fault = err
	}
}

// contained does something that calls what callers gave, and returns a panic as an
// error.
func (c *committer) contained(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.store.log.Error("an operation of the store panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic: %v", errOurs, p)
		}
	}()
	return do()
}
