package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/group"
)

// maxGroup is how many operations share a transaction at most.
const maxGroup = 256

// op is one operation that waits for the writer.
type op struct {
	group.Op
	// do does the operation. What it returns is its outcome; statements that fail
	// are noted in tx, and then do is called once more in a transaction of which
	// it may undo its part. It returns an error only before it changed anything,
	// unless it is alone.
	do func(*tx) error
	// alone: when do returns an error, what it did before is undone.
	alone bool
	// committed, unless nil, is called once the operation is committed with
	// success, before its caller or any later operation knows.
	committed func()
}

func newOp(ctx context.Context, do func(*tx) error) *op {
	return &op{Op: group.New(ctx), do: do}
}

// writer owns the one connection that writes. Operations that are waiting at a
// moment share one transaction and one fsync, and each is answered after it.
// There is no timer: a group is whoever came while the last one was written.
type writer struct {
	store *Store
	conn  *conn
	chain *signon.Chain
	tx    tx

	queue *group.Queue[*op]
	ended chan struct{}

	unsure bool // where the chain ends must be read from the database
}

func newWriter(s *Store, c *conn) *writer {
	chain := s.keys.Chain(signon.ChainHead{})
	return &writer{store: s, conn: c, chain: chain, tx: tx{conn: c, chain: chain}, unsure: true, queue: group.NewQueue[*op](), ended: make(chan struct{})}
}

// write has the writer do an operation and waits until it is committed, or
// until ctx ends: an operation that has not begun then is left out, one that
// has is committed without its caller.
func (s *Store) write(ctx context.Context, what string, do func(*tx) error) error {
	return s.await(newOp(ctx, do), what)
}

// writeAlone is write for an operation that may fail after it changed
// something, which is then undone.
func (s *Store) writeAlone(ctx context.Context, what string, do func(*tx) error) error {
	o := newOp(ctx, do)
	o.alone = true
	return s.await(o, what)
}

func (s *Store) await(o *op, what string) error {
	answered, err := s.writer.queue.Do(o)
	if !answered {
		return signon.Unavailable(what, err)
	}
	return fault(what, err)
}

// stop lets the writer finish what is queued and waits for it.
func (w *writer) stop() {
	w.queue.Stop()
	<-w.ended
}

// serve writes groups until the writer is stopped and nothing is queued.
func (w *writer) serve() {
	defer close(w.ended)
	var ops []*op
	for more := true; more; {
		if ops, more = w.queue.Next(ops, maxGroup); len(ops) > 0 {
			w.commit(ops)
			w.checkpoint()
		}
	}
}

// commit writes a group and answers each of its operations.
func (w *writer) commit(ops []*op) {
	err := w.attempt(ops, false)
	if errors.Is(err, errGroup) {
		w.rollback()
		err = w.attempt(ops, true)
	}
	if err != nil {
		w.rollback()
		for _, o := range ops {
			o.Err = signon.Unavailable("commit", err)
		}
	} else {
		w.publish()
	}
	for _, o := range ops {
		if o.Err == nil && o.committed != nil {
			o.committed()
		}
		o.Answer()
	}
}

// errGroup is returned by attempt when an operation failed that can't be
// undone by itself.
var errGroup = errors.New("a statement failed within a group")

// attempt does the operations in one transaction. With guarded, each is in a
// savepoint of its own, so that one that fails is undone by itself. An error
// means that nothing was committed, or that it is not known.
func (w *writer) attempt(ops []*op, guarded bool) error {
	if err := w.begin(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, o := range ops {
		if !guarded && !o.alone {
			w.perform(o)
			if w.tx.fault != nil {
				return errGroup
			}
		} else if err := w.guard(o); err != nil {
			if !guarded {
				err = errGroup
			}
			return err
		}
	}
	if err := w.control("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// begin starts a transaction, with the instant that its operations are judged
// by: not before any of them was asked for.
func (w *writer) begin() error {
	if err := w.findHead(); err != nil {
		return err
	}
	w.tx.fault = nil
	w.tx.epoch = w.store.epoch.Load()
	w.tx.at = w.store.Now().Truncate(time.Millisecond)
	return w.control("BEGIN IMMEDIATE")
}

// control runs a statement that steers the transaction.
func (w *writer) control(statement string) error {
	if w.tx.inject != nil {
		if err := w.tx.inject(statement, nil); err != nil {
			return err
		}
	}
	_, err := w.conn.exec(statement)
	return err
}

// guard does one operation in a savepoint. It returns an error when the
// operation can't be undone: SQLite has ended the transaction by itself then.
func (w *writer) guard(o *op) error {
	before := w.chain.Head()
	if err := w.control("SAVEPOINT op"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	w.perform(o)
	if fault := w.tx.fault; fault != nil {
		if !errors.Is(o.Err, fault) {
			o.Err = fault
		}
		w.tx.fault = nil
	}
	if o.Err != nil {
		if err := w.control("ROLLBACK TO op"); err != nil {
			return fmt.Errorf("undo: %w", errors.Join(o.Err, err))
		}
		w.chain.SetHead(before)
	}
	if err := w.control("RELEASE op"); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// perform does one operation. A panic is that operation's own failure: its
// neighbours in the group are not to suffer from it.
func (w *writer) perform(o *op) {
	defer func() {
		if p := recover(); p != nil {
			w.store.log.Error("an operation of the store panicked", "panic", p, "stack", string(debug.Stack()))
			w.tx.fault = fmt.Errorf("panic: %v", p)
		}
	}()
	o.Err = nil
	o.Err = o.do(&w.tx)
}

// rollback ends the transaction, if SQLite has not done so by itself. Where the
// chain ends is then read from the database: after a failed COMMIT nothing else
// knows what happened.
func (w *writer) rollback() {
	w.unsure = true
	if _, err := w.conn.exec("ROLLBACK"); err != nil {
		w.store.log.Debug("rollback: the transaction had ended by itself", "error", err)
	}
}

// publish makes known what was committed.
func (w *writer) publish() {
	w.store.epoch.Store(w.tx.epoch)
	w.store.mark.setHead(w.chain.Head(), w.tx.epoch)
}

// findHead reads from the database where the chain ends, unless that is known.
func (w *writer) findHead() error {
	if !w.unsure {
		return nil
	}
	head, err := w.conn.chainEnd()
	if err != nil {
		return err
	}
	w.chain.SetHead(head)
	w.unsure = false
	return nil
}

// Every checkpointCheck rows the writer looks how far the write-ahead log has
// grown, and from checkpointPages pages on copies it into the database. The log
// is never cut: written over in place, its pages are cheaper to sync.
const (
	checkpointCheck = 1000
	checkpointPages = 4000
)

func (w *writer) checkpoint() {
	if w.tx.changed < checkpointCheck {
		return
	}
	w.tx.changed = 0
	grown, err := w.conn.One("PRAGMA wal_checkpoint(NOOP)")
	if err == nil && grown != nil && grown.Int(1)-grown.Int(2) >= checkpointPages {
		_, err = w.conn.One("PRAGMA wal_checkpoint(PASSIVE)")
	}
	if err != nil {
		w.store.log.Error("the write-ahead log can't be copied into the database", "error", err)
	}
}
