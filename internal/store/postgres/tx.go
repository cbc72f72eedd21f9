package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// tx is the transaction of one group. It holds the head from its beginning, so
// nobody else in any process writes meanwhile. Events are kept until its end and
// written together.
type tx struct {
	store   *Store
	conn    *pgx.Conn
	chain   *signon.Chain
	head    head
	at      time.Time
	epoch   int64
	fault   error
	types   *rowTypes // nil until the first transaction of the connection
	events  events
	body    []byte                   // of the latest event
	stood   following                // whom the commit waited for
	changed bool                     // customers were changed
	moved   bool                     // straight: the server has answered that the head is moved
	inject  func(query string) error // set by tests: makes statements fail
}

// events are to be appended to the audit log: their rows, and those of the ones that
// are somebody's activity.
type events struct{ all, listed rows }

// mark is how far the events had come.
type mark struct {
	all, listed rowsMark
	chain       signon.ChainHead
}

func newTx(s *Store, c *pgx.Conn) *tx {
	return &tx{store: s, conn: c, chain: s.keys.Chain(signon.ChainHead{})}
}

// unbounded is the context of everything that writes: a statement that is cancelled
// while it waits for a standby would be answered as if it had been done.
var unbounded = context.Background()

// begin starts the transaction and takes the head.
func (t *tx) begin(ctx context.Context) error {
	listen(t.conn)
	if err := t.injected("BEGIN"); err != nil {
		return err
	}
	if t.types == nil {
		var err error
		if t.types, err = learnRowTypes(ctx, t.conn); err != nil {
			return err
		}
	}
	t.clear()
	at := t.store.clock.Now().UnixMicro()
	asked := time.Now() //nolint:forbidigo // to be compared with itself
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue(lockHead, at).QueryRow(t.head.scan)
	b.Queue("SELECT " + serverNow).QueryRow(func(row pgx.Row) error { return row.Scan(&t.head.server) })
	if err := t.conn.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t.store.noteChanges(t.head.changes, asked)
	if t.store.server != nil {
		t.store.heard(t.head.server, asked)
		t.head.at = max(t.head.at, t.store.clock.Now().UnixMicro()) // it may have waited for the head
	}
	t.epoch = t.head.epoch
	t.at = instant(t.head.at)
	t.chain.SetHead(t.head.chain)
	if why := t.setBack(); why != "" {
		t.raise(olderThanBefore, why)
	} else {
		t.store.know(t.epoch)
	}
	return nil
}

// clear forgets what happened before.
func (t *tx) clear() {
	t.fault = nil
	t.events.all.reset(t.types.event)
	t.events.listed.reset(t.types.activity)
}

// instant returns the instant of a group, of microseconds.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC().Truncate(time.Millisecond) }

// span returns the events of the transaction so far: none when the last is before
// the first.
func (t *tx) span() span { return span{t.head.chain.Seq + 1, t.chain.Head().Seq} }

// errAmbiguous: the server did not say that the transaction is committed as it
// should be.
var errAmbiguous = errors.New("it is not known whether the transaction was committed")

// commit writes the events and the head and ends the transaction. With an error it
// is not known whether it was committed.
func (t *tx) commit(ctx context.Context) (err error) {
	if t.fault != nil {
		return t.fault
	}
	if err := t.injected("COMMIT"); err != nil {
		return err
	}
	end := t.chain.Head()
	if events := t.span(); events.last >= events.first {
		t.store.foreign.begin(events.first)
		defer func() { t.store.foreign.end(events, err == nil) }()
	}
	var b pgx.Batch
	t.queueEvents(&b)
	b.Queue(moveHead, end.Seq, end.Hash[:], t.head.at)
	b.Queue("COMMIT")
	b.Queue("SELECT " + followed)
	results := t.conn.SendBatch(ctx, &b)
	for range b.Len() - 3 {
		if _, err := results.Exec(); err != nil {
			return errors.Join(fmt.Errorf("write events: %w", err), results.Close())
		}
	}
	var changes int64
	if err := results.QueryRow().Scan(&changes); err != nil {
		return errors.Join(fmt.Errorf("move head: %w", err), results.Close())
	}
	t.changed = changes != t.head.changes
	tag, err := results.Exec()
	if err == nil {
		err = results.QueryRow().Scan(&t.stood.names, &t.stood.count)
	}
	if err := errors.Join(err, results.Close()); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if tag.String() != "COMMIT" {
		return fmt.Errorf("commit: %w: the server answered %s", errAmbiguous, tag)
	}
	if warned(t.conn) {
		// "The transaction has already committed locally, but might not have been
		// replicated to the standby": another server may not know of it.
		return errAmbiguous
	}
	t.store.clock.NotBefore(time.UnixMicro(t.head.at))
	t.store.know(t.epoch)
	return nil
}

// rollback ends the transaction, or the connection when that can't be done.
func (t *tx) rollback(ctx context.Context) error {
	if t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return nil // there is none
	}
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return t.conn.Close(ctx)
	}
	return nil
}

const (
	insertEvents   = "INSERT INTO audit (seq, body, hash) SELECT n.* FROM unnest($1::new_event[]) AS n"
	insertActivity = "INSERT INTO activity (tenant, seq, kind, subject) SELECT n.* FROM unnest($1::new_activity[]) AS n"
)

func (t *tx) queueEvents(b *pgx.Batch) {
	if t.events.all.count() > 0 {
		b.Queue(insertEvents, t.events.all.data)
	}
	if t.events.listed.count() > 0 {
		b.Queue(insertActivity, t.events.listed.data)
	}
}

// At returns the instant of the group.
func (t *tx) At() time.Time { return t.at }

// Epoch returns the epoch of the group.
func (t *tx) Epoch() int64 { return t.epoch }

// Fail makes the operation fail.
func (t *tx) Fail(err error) { t.fault = err }

// Fault returns what the operation failed with.
func (t *tx) Fault() error { return t.fault }

// Exec runs a statement and returns how many rows it changed.
func (t *tx) Exec(query string, args ...any) int64 {
	if t.failed(query) {
		return 0
	}
	tag, err := t.conn.Exec(unbounded, translated(query), args...)
	t.fault = err
	return tag.RowsAffected()
}

// One returns the first row of a query, or nil.
func (t *tx) One(query string, args ...any) (found tables.Row) {
	if t.failed(query) {
		return nil
	}
	found, t.fault = reader{unbounded, t.conn}.One(query, args...)
	return found
}

func (t *tx) failed(query string) bool {
	if t.fault == nil {
		t.fault = t.injected(query)
	}
	return t.fault != nil
}

func (t *tx) injected(query string) error {
	if t.inject == nil {
		return nil
	}
	return t.inject(query)
}

// Append puts an event, unless it is nil, at the end of the audit log.
func (t *tx) Append(e *signon.Event) {
	if e == nil || t.fault != nil {
		return
	}
	event := *e
	next := t.chain.Append(&event, t.at, t.body[:0])
	t.body = next.Body
	all, listed := &t.events.all, &t.events.listed
	all.begin(3)
	all.number(next.Seq)
	all.bytes(next.Body)
	all.bytes(next.Hash[:])
	all.end()
	if who := e.Activity; who != (signon.Person{}) {
		listed.begin(4)
		listed.text(string(e.Tenant))
		listed.number(next.Seq)
		listed.text(string(who.Kind))
		listed.text(string(who.Ref))
		listed.end()
	}
}

func (t *tx) mark() mark { return mark{t.events.all.mark(), t.events.listed.mark(), t.chain.Head()} }

// undo forgets the events since the mark.
func (t *tx) undo(m mark) {
	t.events.all.cut(m.all)
	t.events.listed.cut(m.listed)
	t.chain.SetHead(m.chain)
}
