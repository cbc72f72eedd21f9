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

// prepare starts the server with customers and with live grants. The grants are
// copies of one that was issued through the API, put straight into the database
// while no server runs: issuing ten million takes an hour, copying them minutes.
func (p *product) prepare(ctx context.Context, customers int, live int64) error {
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
	if err := copyGrants(ctx, filepath.Join(p.dir, "latchkey.db"), live, time.Now()); err != nil {
		return fmt.Errorf("fill the database with live grants: %w", err)
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

// How the copies are made: their expiry is spread evenly over the longest
// validity that can be asked for, and they are written in the order of their
// keys, which start with the expiry second.
const (
	longestTTL = 86_400 // seconds
	copyBatch  = 500_000
	copyGrant  = `
WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
INSERT INTO grants (key, state, epoch, issued_at, expires_at, bound_addr, misses, redeemed_at, binding, about)
SELECT CAST(unhex(printf('%08x', ?3 + i * ?4 / ?5 + 1)) || randomblob(32) AS BLOB), 0, g.epoch, g.issued_at, (?3 + i * ?4 / ?5) * 1000, NULL, 0, NULL, NULL, g.about
FROM n, (SELECT epoch, issued_at, about FROM grants LIMIT 1) AS g`
)

// copyGrants puts live grants into a database that no server uses.
func copyGrants(ctx context.Context, path string, live int64, now time.Time) (err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=synchronous(off)&_pragma=journal_mode(wal)&_pragma=cache_size(-64000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	first := now.Unix() + longestTTL/24 // none of them expires during the run
	for from := int64(0); from < live; from += copyBatch {
		to := min(from+copyBatch, live)
		if _, err := db.ExecContext(ctx, copyGrant, from, to, first, longestTTL*23/24, live); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			return err
		}
	}
	return nil
}
