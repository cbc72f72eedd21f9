package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	driversqlite "modernc.org/sqlite"

	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// Pragmas of every connection, and what the two kinds add. FULL makes a commit
// durable; fullfsync does so on macOS, where fsync alone does not. Larger page
// caches were measured to gain nothing, and take twice their size: a page and
// what SQLite keeps with it are just too large for a block of 4 KiB.
const (
	commonPragmas = "busy_timeout(5000) journal_mode(wal) synchronous(full) fullfsync(1) checkpoint_fullfsync(1) wal_autocheckpoint(0) temp_store(memory) trusted_schema(0)"
	writerPragmas = "cache_size(-2000) secure_delete(fast)"
	readerPragmas = "cache_size(-500) query_only(1)"
)

// dsn names the database file to the driver.
func dsn(path string, pragmas string) string {
	q := url.Values{}
	for _, p := range strings.Fields(commonPragmas + " " + pragmas) {
		q.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// conn is one connection with its prepared statements. It belongs to one
// goroutine at a time. It speaks to the driver itself: database/sql in between
// costs more than some of the statements.
type conn struct {
	raw        driver.Conn
	statements map[string]*statement
}

// statement is a prepared statement with room for its arguments.
type statement struct {
	driver.StmtExecContext
	driver.StmtQueryContext
	close func() error
	args  []driver.NamedValue
}

// openConn opens a connection and refuses one whose commits would not be
// durable.
func openConn(ctx context.Context, path, pragmas string) (*conn, error) {
	connector, err := driversqlite.NewConnector(dsn(path, pragmas))
	if err != nil {
		return nil, err
	}
	raw, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, statements: map[string]*statement{}}
	if err := c.checkDurable(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// checkDurable reads back what makes a commit durable.
func (c *conn) checkDurable() error {
	mode, err := c.One("PRAGMA journal_mode")
	if err != nil {
		return err
	}
	if m := mode.Text(0); m != "wal" {
		return fmt.Errorf("journal mode is %q instead of wal: is the file on a network disk?", m)
	}
	level, err := c.One("PRAGMA synchronous")
	if err != nil {
		return err
	}
	const full = 2
	if n := level.Int(0); n < full {
		return fmt.Errorf("synchronous is %d instead of FULL: commits would not be durable", n)
	}
	return nil
}

// The driver's statements are never interrupted: with this context the driver
// starts no goroutine to watch for it.
var uninterrupted = context.Background()

// prepared returns the statement for the query, prepared on first use.
func (c *conn) prepared(query string, args []any) (*statement, error) {
	s := c.statements[query]
	if s == nil {
		raw, err := c.raw.Prepare(query)
		if err != nil {
			return nil, err
		}
		s = &statement{close: raw.Close, args: make([]driver.NamedValue, len(args))}
		s.StmtExecContext, _ = raw.(driver.StmtExecContext)
		s.StmtQueryContext, _ = raw.(driver.StmtQueryContext)
		for i := range s.args {
			s.args[i].Ordinal = i + 1
		}
		c.statements[query] = s
	}
	for i := range args {
		s.args[i].Value = args[i]
	}
	return s, nil
}

// exec runs a statement that returns no rows and reports how many it changed.
// Arguments are int64, string, []byte (nil means NULL) or nil; an empty []byte
// is NULL, too.
func (c *conn) exec(query string, args ...any) (int64, error) {
	s, err := c.prepared(query, args)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(uninterrupted, s.args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// errEnough is what visit returns when it wants no more rows.
var errEnough = errors.New("enough rows")

// Each calls visit with each row of the result, until it returns an error. The
// row is only valid during the call; its []byte and string values stay valid.
func (c *conn) Each(query string, visit func(tables.Row) error, args ...any) (err error) {
	s, err := c.prepared(query, args)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(uninterrupted, s.args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := make(tables.Row, len(rows.Columns()))
	for {
		switch err := rows.Next(r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch err := visit(r); {
		case errors.Is(err, errEnough):
			return nil
		case err != nil:
			return err
		}
	}
}

// One returns the first row of the result, or nil when there is none.
func (c *conn) One(query string, args ...any) (found tables.Row, err error) {
	err = c.Each(query, func(r tables.Row) error {
		found = r // it is not filled again
		return errEnough
	}, args...)
	return found, err
}

// snapshot has all reads of do see the same state.
func (c *conn) snapshot(do func() error) (err error) {
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	defer func() {
		_, end := c.exec("ROLLBACK")
		err = errors.Join(err, end)
	}()
	return do()
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}
