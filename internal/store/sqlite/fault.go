package sqlite

import (
	"errors"
	"fmt"

	driversqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// fault returns the error of a call that failed with err, which is not an
// outcome that a contract names: CodeUnavailable when the disk or the file is
// in trouble and a repeat may work, else a plain error. Errors that have a
// meaning already keep it.
func fault(what string, err error) error {
	if err == nil {
		return nil
	}
	if tables.Meaningful(err) {
		return err
	}
	if passing(err) {
		return signon.Unavailable(what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// passing reports whether the error is one of the surroundings and not of the
// statement.
func passing(err error) bool {
	var e *driversqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	const primary = 0xff
	switch e.Code() & primary {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}
