package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// fault returns the error of a call that failed with err, which is not an outcome
// that a contract names: a plain error when a statement is wrong, else, when the
// server or the way to it is in trouble and a repeat may work, CodeUnavailable.
// Errors that have a meaning already keep it.
func fault(what string, err error) error {
	if err == nil {
		return nil
	}
	if tables.Meaningful(err) {
		return err
	}
	var e *pgconn.PgError
	if errors.As(err, &e) && !passing(e.Code) || errors.Is(err, signon.ErrSealed) || errors.Is(err, errOurs) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return signon.Unavailable(what, err)
}

// errOurs is wrapped by errors that are this program's own fault.
var errOurs = errors.New("internal fault")

// passing reports whether errors of that code are ones of the surroundings and not
// of the statement.
func passing(code string) bool {
	switch code[:2] {
	case "08", // connection
		"25", // the server has become read-only, an idle transaction was ended
		"40", // deadlock, serialization
		"53", // disk full, too many connections
		"55", // not available
		"57", // cancelled, shut down
		"58", // input and output
		"XX": // broken data
		return true
	}
	return false
}

// again reports whether the same transaction may work when it is done once more.
func again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code[:2] == "40"
}

// outdated reports whether the error may come of what a connection remembers of the
// database: its types and statements are others where its schema was loaded anew.
func outdated(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	return e.Code[:2] == "42" || // there is no such thing, or it is another
		e.Code == "22P02" || // a value of a type that the driver does not know
		e.Code == "XX000" // "cache lookup failed"
}
