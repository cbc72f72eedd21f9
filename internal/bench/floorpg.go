package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The tables of the store floor in PostgreSQL, with room for the rows that are
// changed, as the product has it.
const floorTablesSchema = `
DROP TABLE IF EXISTS grants, sessions, audit;
CREATE TABLE grants (key bytea PRIMARY KEY, state bigint NOT NULL, expires_at bigint NOT NULL, about bytea NOT NULL,
	redeemed_at bigint, binding bytea, session_secret bytea, session_expires_at bigint) WITH (fillfactor = 50);
CREATE TABLE sessions (key bytea PRIMARY KEY, expires_at bigint NOT NULL, secret bytea NOT NULL, about bytea NOT NULL);
CREATE TABLE audit (seq bigint PRIMARY KEY, body bytea NOT NULL, hash bytea NOT NULL);`

// Its statements, each for all of a group.
const (
	floorGrants = "INSERT INTO grants (key, state, expires_at, about) SELECT key, 0, until, about FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS n (key, until, about)"
	floorSpends = "UPDATE grants g SET state = 1, redeemed_at = $1, binding = n.binding " +
		"FROM unnest($2::bytea[], $3::bytea[]) AS n (key, binding) WHERE g.key = n.key AND state = 0 AND expires_at > $1"
	floorSessions = "INSERT INTO sessions (key, expires_at, secret, about) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[])"
	floorSignOns  = "UPDATE grants g SET state = 1, redeemed_at = $1, binding = n.binding, session_expires_at = n.until, session_secret = n.secret " +
		"FROM unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[]) AS n (key, binding, until, secret) WHERE g.key = n.key AND state = 0 AND expires_at > $1"
	floorEvents = "INSERT INTO audit (seq, body, hash) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])"
)

// floorTables are the tables of a floor: one connection, and one round trip for a
// group, which is a transaction because nothing in it says otherwise.
type floorTables struct {
	conn             *pgx.Conn
	oneRow           bool
	seq              int64
	stored, redeemed [][]byte // keys
	seqs             []int64
}

func openFloorTables(database string, oneRow bool) (*floorTables, error) {
	ctx := context.Background()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	// As the product's connections: what is known of the tables' size is too old.
	config.RuntimeParams["enable_seqscan"] = "off"
	config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.RuntimeParams["jit"] = "off"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, floorTablesSchema); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return &floorTables{conn: conn, oneRow: oneRow}, nil
}

func (f *floorTables) write(group []*floorOp) error {
	f.stored, f.redeemed = f.stored[:0], f.redeemed[:0]
	for _, op := range group {
		if op.redeem {
			f.redeemed = append(f.redeemed, op.key)
		} else {
			f.stored = append(f.stored, op.key)
		}
	}
	var b pgx.Batch
	now := time.Now()
	f.store(&b, now)
	f.redeem(&b, now)
	f.seqs = f.seqs[:0]
	for range group {
		f.seq++
		f.seqs = append(f.seqs, f.seq)
	}
	b.Queue(floorEvents, f.seqs, each(f.seqs, floorBody), each(f.seqs, floorHash))
	return f.conn.SendBatch(context.Background(), &b).Close()
}

func (f *floorTables) store(b *pgx.Batch, now time.Time) {
	if len(f.stored) > 0 {
		b.Queue(floorGrants, f.stored, each(f.stored, now.Add(floorGrantTTL).UnixMilli()), each(f.stored, floorAbout))
	}
}

// each returns a column with the value in each row.
func each[R, V any](rows []R, value V) []V {
	column := make([]V, len(rows))
	for i := range column {
		column[i] = value
	}
	return column
}

func (f *floorTables) redeem(b *pgx.Batch, now time.Time) {
	if len(f.redeemed) == 0 {
		return
	}
	at, until, secrets := now.UnixMilli(), each(f.redeemed, now.Add(floorSessionTTL).UnixMilli()), each(f.redeemed, floorSecret)
	q := b.Queue(floorSpends, at, f.redeemed, each(f.redeemed, floorBinding))
	if f.oneRow {
		q.SQL, q.Arguments = floorSignOns, append(q.Arguments, until, secrets)
	} else {
		b.Queue(floorSessions, f.redeemed, until, secrets, each(f.redeemed, floorAbout))
	}
	want := int64(len(f.redeemed))
	q.Exec(func(tag pgconn.CommandTag) error {
		if n := tag.RowsAffected(); n != want {
			return fmt.Errorf("redeeming %d live grants changed %d rows", want, n)
		}
		return nil
	})
}

func (f *floorTables) close() error {
	ctx := context.Background()
	_, err := f.conn.Exec(ctx, "DROP TABLE grants, sessions, audit")
	return errors.Join(err, f.conn.Close(ctx))
}
