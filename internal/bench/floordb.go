package bench

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// The tables of the store floor. What judges nothing is packed together.
const floorSchema = `
CREATE TABLE grants (key BLOB PRIMARY KEY, state INTEGER NOT NULL, expires_at INTEGER NOT NULL, about BLOB NOT NULL,
	redeemed_at INTEGER, binding BLOB, session_secret BLOB, session_expires_at INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (key BLOB PRIMARY KEY, expires_at INTEGER NOT NULL, secret BLOB NOT NULL, about BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE audit (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;`

// Its statements. The first redemption is for a session in a row of its own, the
// second for one in the grant's row.
const (
	floorGrant   = "INSERT INTO grants (key, expires_at, state, about) VALUES (?, ?, 0, ?)"
	floorSpend   = "UPDATE grants SET state = 1, redeemed_at = ?, binding = ? WHERE key = ? AND state = 0 AND expires_at > ?"
	floorSession = "INSERT INTO sessions (key, expires_at, secret, about) VALUES (?, ?, ?, ?)"
	floorSignOn  = "UPDATE grants SET state = 1, redeemed_at = ?, binding = ?, session_expires_at = ?, session_secret = ? WHERE key = ? AND state = 0 AND expires_at > ?"
	floorEvent   = "INSERT INTO audit (seq, body, hash) VALUES (?, ?, ?)"
)

// The bytes that a row holds beside its numbers: as many as the product's rows
// hold for the same sign-on, which a test compares.
const (
	floorKeyLen     = 36
	floorBindingLen = 16
	floorSecretLen  = 32
	floorHashLen    = 32
	floorAboutLen   = 107
	floorEventLen   = 125
)

// What never changes, made once.
var (
	floorBinding = make([]byte, floorBindingLen)
	floorSecret  = make([]byte, floorSecretLen)
	floorHash    = make([]byte, floorHashLen)
	floorAbout   = make([]byte, floorAboutLen)
	floorBody    = make([]byte, floorEventLen)
)

// How long the floor's grants and sessions live.
const (
	floorGrantTTL   = 10 * time.Second
	floorSessionTTL = 30 * time.Minute
)

// floorKey returns a key for a grant: in the order of expiry, and random within a
// second or, with ordered, within a millisecond, as the product's are.
func floorKey(now time.Time, ordered bool) []byte {
	key := make([]byte, 0, floorKeyLen+6)
	key = binary.BigEndian.AppendUint32(key, uint32(now.Add(floorGrantTTL).Unix())) //nolint:gosec // seconds fit until 2106
	if ordered {
		key = binary.BigEndian.AppendUint16(key, uint16(now.Nanosecond()/1e6)) //nolint:gosec // below 1000
	}
	for len(key) < floorKeyLen {
		key = binary.BigEndian.AppendUint64(key, rand.Uint64()) //nolint:gosec // nobody guesses keys here
	}
	return key[:floorKeyLen]
}

// floorDB is the SQLite database of a floor: one connection, one statement each.
type floorDB struct {
	dir                                                             string // removed in the end
	conn                                                            driver.Conn
	begin, commit, insertGrant, spend, insertSession, signOn, event *floorStatement
	oneRow                                                          bool
	seq                                                             int64
}

// floorStatement is a prepared statement with room for its arguments.
type floorStatement struct {
	stmt driver.StmtExecContext
	args []driver.NamedValue
}

func openFloorDB(parent string, oneRow bool) (*floorDB, error) {
	dir, err := os.MkdirTemp(parent, "floor-")
	if err != nil {
		return nil, err
	}
	db := &floorDB{dir: dir, oneRow: oneRow}
	if err := db.open(filepath.Join(dir, "floor.db")); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return db, nil
}

func (db *floorDB) open(path string) error {
	pragmas := url.Values{"_pragma": {
		"journal_mode(wal)", "synchronous(full)", "fullfsync(1)", "checkpoint_fullfsync(1)", "wal_autocheckpoint(4000)", "cache_size(-16000)",
	}}
	connector, err := sqlite.NewConnector("file:" + filepath.ToSlash(path) + "?" + pragmas.Encode())
	if err != nil {
		return err
	}
	if db.conn, err = connector.Connect(context.Background()); err != nil {
		return err
	}
	if err := db.prepare(); err != nil {
		return errors.Join(err, db.conn.Close())
	}
	return nil
}

func (db *floorDB) prepare() error {
	schema, err := db.conn.Prepare(floorSchema)
	if err != nil {
		return err
	}
	if _, err := schema.Exec(nil); err != nil { //nolint:staticcheck // once, without arguments
		return err
	}
	for query, at := range map[string]**floorStatement{
		"BEGIN IMMEDIATE": &db.begin, "COMMIT": &db.commit, floorGrant: &db.insertGrant, floorSpend: &db.spend,
		floorSession: &db.insertSession, floorSignOn: &db.signOn, floorEvent: &db.event,
	} {
		stmt, err := db.conn.Prepare(query)
		if err != nil {
			return err
		}
		*at = &floorStatement{stmt: stmt.(driver.StmtExecContext)} //nolint:errcheck // the driver's statements are
	}
	return nil
}

// exec runs the statement and returns how many rows it changed.
func (s *floorStatement) exec(args ...driver.Value) (int64, error) {
	s.args = s.args[:0]
	for i, value := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: value})
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
	if _, err := db.insertGrant.exec(key, now.Add(floorGrantTTL).UnixMilli(), floorAbout); err != nil {
		return err
	}
	return db.record()
}

func (db *floorDB) redeem(key []byte, now time.Time) error {
	at, until := now.UnixMilli(), now.Add(floorSessionTTL).UnixMilli()
	var changed int64
	var err error
	if db.oneRow {
		changed, err = db.signOn.exec(at, floorBinding, until, floorSecret, key, at)
	} else {
		changed, err = db.spend.exec(at, floorBinding, key, at)
	}
	if err != nil {
		return err
	}
	if changed != 1 {
		return fmt.Errorf("redeeming a live grant changed %d rows, want 1", changed)
	}
	if !db.oneRow {
		if _, err := db.insertSession.exec(key, until, floorSecret, floorAbout); err != nil {
			return err
		}
	}
	return db.record()
}

func (db *floorDB) record() error {
	db.seq++
	_, err := db.event.exec(db.seq, floorBody, floorHash)
	return err
}

func (db *floorDB) close() error { return errors.Join(db.conn.Close(), os.RemoveAll(db.dir)) }
