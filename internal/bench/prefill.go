package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// prepare starts the server with customers and with grants. The grants are
// copies of one that was issued through the API, put straight into the database
// while no server runs: issuing ten million takes an hour, copying them minutes.
func (p *product) prepare(ctx context.Context, customers int, grants ...spread) error {
	if err := p.start(ctx); err != nil {
		return err
	}
	if err := p.addCustomers(customers); err != nil {
		return err
	}
	if err := p.issueOne(); err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	for _, s := range grants {
		if err := p.fill(ctx, s); err != nil {
			return fmt.Errorf("fill the database with grants: %w", err)
		}
	}
	return p.start(ctx)
}

// issueOne issues the grant that the others are copies of.
func (p *product) issueOne() error {
	v, err := p.shop.visit(0, p.shop.client.header(time.Now()))
	if err != nil {
		return err
	}
	defer v.conn.close()
	v.conn.expire(answerTimeout)
	return v.issue()
}

// longestTTL is the longest validity that can be asked for.
const longestTTL = 24 * time.Hour

// liveGrants are grants of which none expires during a run.
func liveGrants(count int64) spread {
	return spread{count, time.Now().Add(longestTTL / 24), longestTTL * 23 / 24}
}

// sweepAfter is how long after its expiry a grant is removed.
const sweepAfter = 10 * time.Minute

// overGrants are grants that expired, of which so many are to be removed in each
// second from now on, for that long.
func overGrants(perSecond int, while time.Duration) spread {
	return spread{int64(float64(perSecond) * while.Seconds()), time.Now().Add(-sweepAfter), while}
}

// Copies are written in the order of their keys, which start with the expiry second.
const (
	copyBatch = 500_000
	copyGrant = `
WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
INSERT INTO grants (key, state, epoch, issued_at, expires_at, bound_addr, misses, redeemed_at, binding, about)
SELECT CAST(unhex(printf('%08x', ?3 + i * ?4 / ?5 + 1)) || randomblob(32) AS BLOB), 0, g.epoch, g.issued_at, (?3 + i * ?4 / ?5) * 1000, NULL, 0, NULL, NULL, g.about
FROM n, (SELECT epoch, issued_at, about FROM grants LIMIT 1) AS g`
)

// copyGrants puts grants into a database that no server uses.
func copyGrants(ctx context.Context, path string, s spread) (err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=synchronous(off)&_pragma=journal_mode(wal)&_pragma=cache_size(-64000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	for from := int64(0); from < s.count; from += copyBatch {
		to := min(from+copyBatch, s.count)
		if _, err := db.ExecContext(ctx, copyGrant, from, to, s.from.Unix(), int64(s.over.Seconds()), s.count); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			return err
		}
	}
	return nil
}

const countExpired = "SELECT count(*) FROM grants WHERE key >= CAST(unhex(printf('%08x', ?1)) AS BLOB) AND key < CAST(unhex(printf('%08x', ?2)) AS BLOB)"

// countGrants returns how many grants there are that expired in a time.
func countGrants(ctx context.Context, path string, from, to time.Time) (n int64, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return n, db.QueryRowContext(ctx, countExpired, from.Unix()+1, to.Unix()+1).Scan(&n)
}
