package postgres

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// followed asks whom commits of this connection wait for, and how many servers follow
// this one just then: who they are only the privileged may know. Where commits wait
// for none, that is not looked at, which would cost 10 µs.
const followed = `CASE WHEN current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN current_setting('synchronous_standby_names') ELSE '' END,
CASE WHEN current_setting('synchronous_standby_names') = '' THEN 0 ELSE (SELECT count(*) FROM pg_stat_get_wal_senders()) END`

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
	case !t.has(last.chain):
		return "a commit is missing"
	}
	if why := t.another(&last.following); why != "" {
		return why
	}
	s.log.Info("a standby was promoted that has everything", "before", last.history, "now", current)
	return ""
}

// has reports whether the log has that event.
func (t *tx) has(end signon.ChainHead) bool {
	if end.Seq == 0 {
		return true
	}
	found := t.One("SELECT hash FROM audit WHERE seq = ?", end.Seq)
	return found != nil && string(found.Blob(0)) == string(end.Hash[:])
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

// origin returns what the histories of a server and its standbys have in common.
func origin(history string) string {
	system, _, _ := strings.Cut(history, "/")
	return system
}
