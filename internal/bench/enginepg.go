package bench

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-sso/latchkey/internal/pgtest"
)

// postgresEngine gives each server and each floor a PostgreSQL server of its own, so
// that what one of them leaves behind costs no other anything.
type postgresEngine struct{ clusters []*pgtest.Cluster }

// databaseVar is where servers find their database's address.
const databaseVar = "BENCH_DATABASE"

const databaseName = "latchkey"

// postgresSettings keep checkpoints out of the windows that are measured, and are
// otherwise PostgreSQL's own: every commit is on disk when it is answered.
var postgresSettings = map[string]string{
	"shared_buffers":     "128MB",
	"max_wal_size":       "4GB",
	"checkpoint_timeout": "30min",
}

// start starts a server with an empty database.
func (e *postgresEngine) start(ctx context.Context) (url string, pid int, err error) {
	c, err := pgtest.New(ctx, pgtest.Options{Settings: postgresSettings})
	if err != nil {
		return "", 0, err
	}
	e.clusters = append(e.clusters, c)
	return c.URL(databaseName), c.PID(), c.CreateDatabase(ctx, databaseName, "")
}

func (e *postgresEngine) close() error {
	var errs []error
	for _, c := range e.clusters {
		errs = append(errs, c.Remove())
	}
	return errors.Join(errs...)
}

func (e *postgresEngine) rows(ctx context.Context) (FloorRows, error) {
	url, pid, err := e.start(ctx)
	return FloorRows{Database: url, Server: pid}, err
}

func (e *postgresEngine) place(ctx context.Context, _ string) (*place, error) {
	url, pid, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	return &place{
		settings: "database: {env: " + databaseVar + "}\n",
		env:      []string{databaseVar + "=" + url},
		server:   pid,
		fill:     func(ctx context.Context, s spread) error { return copyRows(ctx, url, s) },
		count:    func(ctx context.Context, from, to time.Time) (int64, error) { return countRows(ctx, url, from, to) },
	}, nil
}

const (
	copyRow = `
INSERT INTO grants (key, state, epoch, issued_at, expires_at, bound_addr, misses, about)
SELECT decode(lpad(to_hex($3::bigint + i * $4::bigint / $5::bigint + 1), 8, '0'), 'hex') || sha256(int8send(i) || $6::bytea),
	0, g.epoch, g.issued_at, ($3::bigint + i * $4::bigint / $5::bigint) * 1000, NULL, 0, g.about
FROM generate_series($1::bigint, $2::bigint - 1) AS i, (SELECT epoch, issued_at, about FROM grants LIMIT 1) AS g`
	expiredRows = "SELECT count(*) FROM grants WHERE key >= decode(lpad(to_hex($1::bigint), 8, '0'), 'hex') AND key < decode(lpad(to_hex($2::bigint), 8, '0'), 'hex')"
)

// copyRows is copyGrants for PostgreSQL. In the end the table is as it would be after
// a while of being used: looked at by the vacuum, and in its files.
func copyRows(ctx context.Context, url string, s spread) error {
	return withDatabase(ctx, url, func(c *pgx.Conn) error {
		salt := []byte(randomHex(8))
		for from := int64(0); from < s.count; from += copyBatch {
			_, err := c.Exec(ctx, copyRow, from, min(from+copyBatch, s.count), s.from.Unix(), int64(s.over.Seconds()), s.count, salt)
			if err != nil {
				return err
			}
		}
		for _, statement := range []string{"VACUUM (FREEZE, ANALYZE) grants", "CHECKPOINT"} {
			if _, err := c.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

func countRows(ctx context.Context, url string, from, to time.Time) (n int64, err error) {
	err = withDatabase(ctx, url, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, expiredRows, from.Unix()+1, to.Unix()+1).Scan(&n)
	})
	return n, err
}

func withDatabase(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close(context.WithoutCancel(ctx)))
}
