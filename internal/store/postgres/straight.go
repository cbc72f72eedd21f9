package postgres

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Most groups are done straight: by one statement, on the supposition that nobody
// else has written since this process's latest group, that no link is taken and that
// everybody who redeems wins. What that makes of the group, its events and its place
// in the audit log, is known beforehand then. The statement supposes the same, and
// ends with an error where it does not hold, which undoes all of it: the group is
// then done again, one step after the other.
//
// It takes the head and moves it, if that is still where it was left. What else it does
// sees what there was when the statement began, but whoever changes what can be
// redeemed holds the head, and where somebody did while this one waited the server
// looks at the rows anew before it changes them. (Sweeps do without the head: they
// remove what nobody can redeem any more.) The clock is asked once the head is taken,
// because somebody who then moved nothing may have been waited for.
//
// Its parameters are 8 of its own, 2 of what is created, 3 of what is redeemed, one of
// the events and one of those that are listed.
const straightly = `WITH moved AS (UPDATE head SET seq = $1, hash = $2, at = $3
WHERE seq = $4 AND hash = $5 AND epoch = $6 AND at <= $3 RETURNING customer_changes)`

// allDone divides by zero unless the head was moved, all who redeem have won, and the
// server's clock does not say that the group is old.
const allDone = `
SELECT 1 / CASE WHEN EXISTS (SELECT FROM moved) AND ` + serverNow + ` < $7 AND (SELECT count(*) FROM won) = $8 THEN 1 ELSE 0 END,
(SELECT customer_changes FROM moved), ` + serverNow + ", "

// straights are the statements, by whether events are listed, and whether it is asked
// how many servers follow: that is not worth it where commits waited for none before.
var straights = map[[2]bool]straight{
	{false, false}: newStraight("straight", false, uncounted),
	{false, true}:  newStraight("straight_followed", false, followed),
	{true, false}:  newStraight("straight_listed", true, uncounted),
	{true, true}:   newStraight("straight_listed_followed", true, followed),
}

// straight is a statement for a whole group.
type straight struct{ name, query string }

// uncounted is followed where it is not asked how many servers follow.
const uncounted = followedBy + ", 0"

func newStraight(name string, listed bool, asked string) straight {
	query := straightly + `,
created AS (` + later("INSERT"+createRows, 8) + `),
won AS (` + later(redeemGrants, 10) + `),
logged AS (` + later(insertEvents, 13) + ")"
	if listed {
		query += ",\nlisted AS (" + later(insertActivity, 14) + ")"
	}
	return straight{name, query + allDone + asked}
}

var parameter = regexp.MustCompile(`\$\d+`)

// later returns a statement whose parameters come after that many others.
func later(statement string, others int) string {
	return parameter.ReplaceAllStringFunc(statement, func(p string) string {
		n, err := strconv.Atoi(p[1:])
		if err != nil {
			panic(err)
		}
		return "$" + strconv.Itoa(others+n)
	})
}

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
	args := append(make([]any, 0, 15), end.Seq, end.Hash[:], t.head.at, t.head.chain.Seq, t.head.chain.Hash[:], t.epoch, limit, int64(len(c.batch.redeemed)))
	args = append(args, c.batch.createArgs(t)...)
	args = append(args, c.batch.redeemArgs(t)...)
	args = append(args, t.events.all.data)
	listed := t.events.listed.count() > 0
	if listed {
		args = append(args, t.events.listed.data)
	}
	waited := t.stood.names != ""
	with := straights[[2]bool{listed, waited}]
	// By a name of its own it is kept prepared where it has ended with an error, too.
	if _, err := t.conn.Prepare(unbounded, with.name, with.query); err != nil {
		return err
	}
	rows, err := t.conn.Query(unbounded, with.name, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		t.moved = true
		if err := rows.Scan(nil, &t.head.changes, &t.head.server, &t.stood.names, &t.stood.count); err != nil {
			return err
		}
		if t.stood.names != "" && !waited {
			t.stood.names = anybody // how many follow was not asked for
		}
	}
	return rows.Err()
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
	t.clear()
	t.changed, t.moved = false, false
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
