package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

// readerCount is how many reads run at a time in one process.
const readerCount = 8

// connectTime is how long one attempt to connect may take.
const connectTime = 5 * time.Second

// appName is what processes call themselves to the server.
const appName = "latchkey"

// settings of every connection. Rows are always found by an index: what is known
// of a table's size is too old just after it has grown. A process that is stopped
// in the middle of a transaction, which holds up everybody, loses it. Limits that the
// role has do not apply: a commit that is cancelled while it waits for a standby is done
// and not done.
var settings = map[string]string{
	"application_name":                    appName,
	"enable_seqscan":                      "off",
	"plan_cache_mode":                     "force_generic_plan",
	"jit":                                 "off",
	"synchronous_commit":                  "on",
	"idle_in_transaction_session_timeout": "5s",
	"statement_timeout":                   "0",
	"lock_timeout":                        "0",
	"timezone":                            "UTC",
}

// lift ends limits that not every server knows.
const lift = `SELECT set_config(name, '0', false) FROM unnest(ARRAY['idle_session_timeout', 'transaction_timeout']) AS name
WHERE current_setting(name, true) IS NOT NULL`

// silence is how long a server that is not there any more, and can't say so, is
// waited for. One that is busy, or waits for a standby, answers the probes.
const silence = 15 * time.Second

var dialer = &net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 3, Interval: silence / 3, Count: 2},
	Control:         endSilence,
}

// parse reads the address of a database.
func parse(url string, log *slog.Logger) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's address can't be read: it has the form postgres://user:password@host:port/database") // the error has parts of it
	}
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement // rows are encoded by the types that the server tells
	config.ConnectTimeout = connectTime
	config.DialFunc = dialer.DialContext
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.AfterConnect = func(ctx context.Context, c *pgconn.PgConn) error {
		_, err := c.Exec(ctx, lift).ReadAll()
		return err
	}
	config.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		c.CustomData()[said] = true
		log.Warn("the database server says", "severity", n.Severity, "message", n.Message)
	}
	return config, nil
}

// said is kept with a connection whose server has said something beside its answers,
// since somebody listened.
const said = "said"

// listen forgets what the server has said on the connection, and warned reports whether
// it has said something since.
func listen(c *pgx.Conn)      { delete(c.PgConn().CustomData(), said) }
func warned(c *pgx.Conn) bool { return c.PgConn().CustomData()[said] != nil }

func (s *Store) openPool(ctx context.Context) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.ConnConfig = s.config.Copy()
	config.MaxConns, config.MinConns = readerCount, 1
	config.AfterConnect = s.meet
	return pgxpool.NewWithConfig(ctx, config)
}

// queries remembers statements as PostgreSQL wants them.
var queries sync.Map

// translated returns a statement with $1 in place of ? and ?1.
func translated(query string) string {
	if found, ok := queries.Load(query); ok {
		return found.(string) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	var b strings.Builder
	for n, rest := 0, query; ; {
		before, after, found := strings.Cut(rest, "?")
		b.WriteString(before)
		if !found {
			break
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		number := after[:digits]
		if digits == 0 {
			n++
			number = strconv.Itoa(n)
		}
		b.WriteString("$" + number)
		rest = after[digits:]
	}
	queries.Store(query, b.String())
	return b.String()
}

// querier is a connection or a pool of them.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// reader reads with one connection for the tables.
type reader struct {
	ctx  context.Context //nolint:containedctx // of the call that reads
	conn querier
}

// One returns the first row of a query, or nil.
func (r reader) One(query string, args ...any) (found tables.Row, err error) {
	err = r.Each(query, func(row tables.Row) error {
		found = row // it is not filled again
		return errEnough
	}, args...)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

var errEnough = errors.New("enough rows")

// Each calls visit with each row of a query.
func (r reader) Each(query string, visit func(tables.Row) error, args ...any) error {
	rows, err := r.conn.Query(r.ctx, translated(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row, err := values(rows)
		if err != nil {
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// values returns the current row with the types that the tables know.
func values(rows pgx.Rows) (tables.Row, error) {
	found, err := rows.Values()
	if err != nil {
		return nil, err
	}
	row := make(tables.Row, len(found))
	for i, v := range found {
		switch v := v.(type) {
		case nil, int64, string, []byte:
			row[i] = driver.Value(v)
		case int32:
			row[i] = int64(v)
		case bool:
			row[i] = int64(0)
			if v {
				row[i] = int64(1)
			}
		default:
			return nil, fmt.Errorf("a column has the type %T", v)
		}
	}
	return row, nil
}
