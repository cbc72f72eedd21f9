package bench

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// The tables of the store floor. What judges nothing is packed together.
const floorSchema = `
CREATE TABLE grants (key BLOB PRIMARY KEY, state INTEGER NOT NULL, expires_at INTEGER NOT NULL, binding BLOB, redeemed_at INTEGER, about BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (key BLOB PRIMARY KEY, expires_at INTEGER NOT NULL, secret BLOB NOT NULL, about BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;`

// The bytes that a row holds beside its numbers, as in the product's rows.
const (
	floorKeyLen     = 36
	floorBindingLen = 16
	floorSecretLen  = 32
	floorHashLen    = 32
	floorAboutLen   = 150
	floorEventLen   = 190
)

// How long the floor's grants and sessions live.
const (
	floorGrantTTL   = 10 * time.Second
	floorSessionTTL = 30 * time.Minute
)

// floorKey returns a key like those of grants: in expiry order, random within
// a second.
func floorKey(now time.Time) []byte {
	key := make([]byte, 0, floorKeyLen)
	key = binary.BigEndian.AppendUint32(key, uint32(now.Add(floorGrantTTL).Unix())) //nolint:gosec // seconds fit until 2106
	for len(key) < floorKeyLen {
		key = binary.BigEndian.AppendUint64(key, rand.Uint64()) //nolint:gosec // nobody guesses keys here
	}
	return key
}

// floorDB is the store floor's database: one connection, one statement each.
type floorDB struct {
	conn                                                    driver.Conn
	begin, commit, insertGrant, spend, insertSession, event *floorStatement
	seq                                                     int64
}

type floorStatement struct {
	stmt driver.StmtExecContext
	args []driver.NamedValue
}

func openFloor(path string) (*floorDB, error) {
	pragmas := url.Values{"_pragma": {
		"journal_mode(wal)", "synchronous(full)", "fullfsync(1)", "checkpoint_fullfsync(1)", "wal_autocheckpoint(4000)", "cache_size(-16000)",
	}}
	connector, err := sqlite.NewConnector("file:" + filepath.ToSlash(path) + "?" + pragmas.Encode())
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	db := &floorDB{conn: conn}
	if err := db.prepare(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return db, nil
}

func (db *floorDB) prepare() error {
	schema, err := db.conn.Prepare(floorSchema)
	if err != nil {
		return err
	}
	if _, err := schema.Exec(nil); err != nil { //nolint:staticcheck // once, without arguments
		return err
	}
	constant := func(n int) driver.Value { return make([]byte, n) }
	for _, s := range []struct {
		at    **floorStatement
		query string
		args  []driver.Value // those that never change are given here
	}{
		{&db.begin, "BEGIN IMMEDIATE", nil},
		{&db.commit, "COMMIT", nil},
		{&db.insertGrant, "INSERT INTO grants (key, expires_at, state, about) VALUES (?, ?, 0, ?)", []driver.Value{nil, nil, constant(floorAboutLen)}},
		{&db.spend, "UPDATE grants SET state = 1, binding = ?3, redeemed_at = ?2 WHERE key = ?1 AND state = 0 AND expires_at > ?2", []driver.Value{nil, nil, constant(floorBindingLen)}},
		{&db.insertSession, "INSERT INTO sessions (key, expires_at, secret, about) VALUES (?, ?, ?, ?)", []driver.Value{nil, nil, constant(floorSecretLen), constant(floorAboutLen)}},
		{&db.event, "INSERT INTO audit (seq, body, hash) VALUES (?, ?, ?)", []driver.Value{nil, constant(floorEventLen), constant(floorHashLen)}},
	} {
		stmt, err := db.conn.Prepare(s.query)
		if err != nil {
			return err
		}
		*s.at = &floorStatement{stmt: stmt.(driver.StmtExecContext), args: make([]driver.NamedValue, len(s.args))} //nolint:errcheck // the driver's statements are
		for i, value := range s.args {
			(*s.at).args[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
		}
	}
	return nil
}

// exec runs the statement with its first arguments set and returns how many
// rows it changed.
func (s *floorStatement) exec(args ...driver.Value) (int64, error) {
	for i, value := range args {
		s.args[i].Value = value
	}
	result, err := s.stmt.ExecContext(context.Background(), s.args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// write does a group in one transaction.
func (db *floorDB) write(group []*floorOp) error {
	if _, err := db.begin.exec(); err != nil {
		return err
	}
	now := time.Now()
	for _, op := range group {
		do := db.store
		if op.redeem {
			do = db.redeem
		}
		if err := do(op.key, now); err != nil {
			return err
		}
	}
	_, err := db.commit.exec()
	return err
}

func (db *floorDB) store(key []byte, now time.Time) error {
	if _, err := db.insertGrant.exec(key, now.Add(floorGrantTTL).UnixMilli()); err != nil {
		return err
	}
	return db.record()
}

func (db *floorDB) redeem(key []byte, now time.Time) error {
	changed, err := db.spend.exec(key, now.UnixMilli())
	if err != nil {
		return err
	}
	if changed != 1 {
		return fmt.Errorf("redeeming a live grant changed %d rows, want 1", changed)
	}
	if _, err := db.insertSession.exec(key, now.Add(floorSessionTTL).UnixMilli()); err != nil {
		return err
	}
	return db.record()
}

func (db *floorDB) record() error {
	db.seq++
	_, err := db.event.exec(db.seq)
	return err
}

func (db *floorDB) close() error {
	return db.conn.Close()
}
