package sqlite

import (
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// tx is the transaction of one group. The first error of a statement sticks in
// fault: from then on nothing is done any more, and the operation's outcome
// does not count. So operations read like a list of what they do.
type tx struct {
	conn    *conn
	chain   *signon.Chain
	at      time.Time // the instant of the group, of millisecond precision
	epoch   int64
	fault   error
	changed int64                                // rows, since the writer looked last
	event   signon.Event                         // the event being appended
	next    signon.ChainedEvent                  // and as it is stored
	inject  func(query string, args []any) error // set by tests: makes statements fail
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
	if t.failed(query, args) {
		return 0
	}
	changed, err := t.conn.exec(query, args...)
	t.changed += changed
	t.fault = err
	return changed
}

// One returns the first row of a query, or nil.
func (t *tx) One(query string, args ...any) tables.Row {
	if t.failed(query, args) {
		return nil
	}
	found, err := t.conn.One(query, args...)
	t.fault = err
	return found
}

func (t *tx) failed(query string, args []any) bool {
	if t.fault == nil && t.inject != nil {
		t.fault = t.inject(query, args)
	}
	return t.fault != nil
}

// Append puts an event, unless it is nil, at the end of the audit log. The
// event itself is left alone: its caller may look at it at any time.
func (t *tx) Append(e *signon.Event) {
	if e == nil || t.fault != nil {
		return
	}
	t.event = *e
	t.next = t.chain.Append(&t.event, t.at, t.next.Body[:0])
	t.Exec(tables.InsertEvent, t.next.Seq, t.next.Body, t.next.Hash[:])
	if who := e.Activity; who != (signon.Person{}) {
		t.Exec(tables.InsertActivity, string(e.Tenant), t.next.Seq, string(who.Kind), string(who.Ref))
	}
}
