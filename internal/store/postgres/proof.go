package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// followed asks whom commits of this connection wait for, and how many servers follow
// this one just then: who they are only the privileged may know. Where commits wait
// for none, that is not looked at, which would cost 10 µs.
const (
	followed   = followedBy + ", CASE WHEN " + followedBy + " = '' THEN 0 ELSE (SELECT count(*) FROM pg_stat_get_wal_senders()) END"
	followedBy = "CASE WHEN current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN current_setting('synchronous_standby_names') ELSE '' END"
)

// following is an answer to followed.
type following struct {
	names string // of standbys, as the setting has them; empty where commits wait for none
	count int64  // also of those that take a copy
}

// acknowledged is the latest commit that this process knows of: where the audit log
// ended with it, in which history, and whom it waited for. All commits before it are
// in what it is in.
type acknowledged struct {
	chain   signon.ChainHead
	history string
	epoch   int64
	following
	server int64     // what the server's clock said when that was how things stood
	when   time.Time // the same by this process's clock
}

// waited reports whether the commit waited for a standby.
func (a *acknowledged) waited() bool { return a.names != "" }

// anybody stands in names for standbys that are not known.
const anybody = "*"

// proofAge is how old knowledge may be. A cluster's manager has promoted a standby by
// then; a process that has heard nothing for longer may have been cut off, or have
// stood still, while others went on beside other standbys than it knows of.
const proofAge = 2 * time.Minute

// old reports whether the knowledge is too old, when the server's clock says that. A
// process that stood still, or was cut off, need not know by its own clock.
func (a *acknowledged) old(server int64) bool {
	byServer := time.Duration(server-a.server) * time.Microsecond
	return max(byServer, time.Since(a.when)) > proofAge //nolint:forbidigo // how long it is, by the monotonic clock
}

// glance is how things stand at the server, without a commit.
type glance struct {
	seq     int64
	history string
	following
	server int64
}

// renew notes that nothing has happened since the latest commit of this process;
// false when something has. What a commit of its own comes after, a process knows to
// be where that commit is: see doubt.
func (s *Store) renew(now *glance) bool {
	last := s.acked.Load()
	if last == nil || last.chain.Seq != now.seq || last.history != now.history || last.following != now.following {
		return false
	}
	next := *last
	next.server, next.when = now.server, time.Now() //nolint:forbidigo // to be compared with itself
	s.acked.CompareAndSwap(last, &next)
	return true
}

// doubt returns why the server may lack something that was acknowledged before its
// history began, or "" when it has everything: the latest commit that this process
// knows of is there, that was so a moment before the end, and this server is the one
// that all commits waited for.
func (s *Store) doubt(t *tx, current string) string {
	last := s.acked.Load()
	switch {
	case t.head.history == "":
		return "" // nothing was acknowledged before
	case last == nil || last.history != t.head.history || origin(current) != origin(last.history):
		return "this process does not know how it was before"
	case !last.waited():
		return "commits waited for no standby"
	case last.old(t.head.server):
		return "what this process knows is too old"
	case t.lacks(last):
		return "a commit is missing"
	}
	if why := t.another(&last.following); why != "" {
		return why
	}
	s.log.Info("a standby was promoted that has everything", "before", last.history, "now", current)
	return ""
}

// ownName is what a standby calls itself to its primary, which the setting tells after
// its promotion, too; but only the privileged.
const ownName = `SELECT coalesce(m[1], m[2]) FROM (
SELECT regexp_match(setting, 'application_name\s*=\s*(?:''([^'']*)''|(\S+))') AS m FROM pg_settings WHERE name = 'primary_conninfo') AS own
WHERE m IS NOT NULL`

// another returns why the server may be another one than commits waited for, or "".
// Where its name can't be known, it must have been the only one that followed.
func (t *tx) another(then *following) string {
	name := oneStandby(then.names)
	if name == "" {
		return "commits did not wait for one standby alone, named in synchronous_standby_names"
	}
	var own string
	switch err := t.conn.QueryRow(unbounded, ownName).Scan(&own); {
	case errors.Is(err, pgx.ErrNoRows):
		if then.count != 1 {
			return "several servers followed, and which of them this is can't be seen: grant pg_read_all_settings"
		}
	case err != nil:
		t.Fail(err)
		return "the server's name can't be read"
	case !strings.EqualFold(own, name):
		return "this is another standby than commits waited for"
	}
	return ""
}

// oneStandby returns the name in a list of synchronous standbys; "" unless it is one
// name, and stands for nobody else.
func oneStandby(names string) string {
	if strings.ContainsAny(names, ",*") {
		return ""
	}
	if _, list, found := strings.Cut(names, "("); found {
		names = strings.TrimSuffix(strings.TrimSpace(list), ")")
	}
	name := strings.TrimSpace(names)
	if inner, found := strings.CutPrefix(name, `"`); found {
		name = strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return name
}

const olderThanBefore = "the database is older than it was: a copy was put in its place"

// kept tells, of the event with that number and hash, whether the log has it, or has
// none as old any more.
const kept = "$1::bigint = 0 OR coalesce((SELECT hash = $2 FROM audit WHERE seq = $1), $1 < (SELECT min(seq) FROM audit), false)"

// lacks reports whether the commit is not there.
func (t *tx) lacks(last *acknowledged) bool {
	var found bool
	if err := t.conn.QueryRow(unbounded, "SELECT "+kept, last.chain.Seq, last.chain.Hash[:]).Scan(&found); err != nil {
		t.Fail(fmt.Errorf("look for a commit: %w", err))
	}
	return !found
}

// adopt prepares a new connection: it makes sure that the epoch belongs to the
// history of the server that the connection leads to, and that the server is not
// older than this process knows it.
func (s *Store) adopt(ctx context.Context, c *pgx.Conn) error {
	last := s.acked.Load()
	if last == nil {
		last = &acknowledged{}
	}
	var current, known string
	var epoch int64
	var found bool
	err := c.QueryRow(ctx, "SELECT (SELECT "+history+"), history, epoch, "+kept+" FROM head", last.chain.Seq, last.chain.Hash[:]).Scan(&current, &known, &epoch, &found)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	if current != known || epoch < s.epoch.Load() || !found && epoch <= last.epoch {
		if err := s.settle(ctx, c, current); err != nil {
			return fmt.Errorf("raise epoch: %w", err)
		}
		return nil
	}
	s.know(epoch)
	return nil
}

// settle has the epoch belong to the current history. It makes void what belongs to
// another one, unless another process has done so meanwhile, or nothing can have been
// lost; and everything when the server lacks what it had in this epoch.
func (s *Store) settle(ctx context.Context, c *pgx.Conn, current string) error {
	t := newTx(s, c)
	if err := t.begin(ctx); err != nil {
		return errors.Join(err, t.rollback(ctx))
	}
	if t.epoch == t.head.epoch { // it was not raised as the transaction began
		t.judge(current)
	}
	// Customers may be older than they were, by a change that was given up and yet
	// seen, too, and are not to be taken for those of another time: changes are counted
	// on from an instant, where nobody was before.
	t.Exec("UPDATE head SET history = ?, customer_changes = greatest(customer_changes + 1, ?)", current, t.head.at)
	until, cancel := s.untilClosed()
	defer cancel()
	if err := t.commit(until); err != nil {
		return errors.Join(err, t.rollback(ctx))
	}
	return nil
}

// untilClosed returns a context that ends with the store alone: see unbounded.
func (s *Store) untilClosed() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(unbounded)
	go func() {
		select {
		case <-s.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// judge raises the epoch where it must not stay.
func (t *tx) judge(current string) {
	if t.head.history != current {
		if why := t.store.doubt(t, current); why != "" {
			t.raise("the database server has another history than before: a standby was promoted, or an older state restored", why)
		}
		return
	}
	if last := t.store.acked.Load(); last != nil && t.epoch <= last.epoch && t.lacks(last) {
		t.raise(olderThanBefore, "a commit is missing")
	}
}

// setBack returns why the database is older than this process knows it, by the head
// alone, or "".
func (t *tx) setBack() string {
	last := t.store.acked.Load()
	switch {
	case t.head.epoch < t.store.Epoch():
		return "it has an earlier epoch"
	case last != nil && t.head.epoch <= last.epoch && t.head.chain.Seq < last.chain.Seq:
		return "its audit log is shorter"
	}
	return ""
}

// raise makes all live grants and sessions void.
func (t *tx) raise(note, why string) {
	t.epoch = max(t.epoch, t.store.Epoch()) + 1
	t.Append(&signon.Event{Type: signon.EventEpoch, Note: note})
	t.Exec("UPDATE head SET epoch = ?, customer_changes = greatest(customer_changes + 1, ?)", t.epoch, t.head.at)
	t.store.log.Warn("all live grants and sessions are void", "because", note, "before", t.head.history, "why", why)
}

// origin returns what the histories of a server and its standbys have in common.
func origin(history string) string {
	system, _, _ := strings.Cut(history, "/")
	return system
}
