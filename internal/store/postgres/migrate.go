package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date; of several processes that start at the
// same time one does it and the others wait. A database written by a newer version
// of Latchkey is refused.
//
// The connection is asked first whether there is anything to do.
func migrate(ctx context.Context, config *pgx.ConnConfig, c *pgx.Conn) (err error) {
	if done, err := migrated(ctx, c); done || err != nil {
		return err
	}
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // looks every second, for five minutes
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithSessionLocker(one))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read version of tables: %w", err)
	}
	if current > target {
		return fmt.Errorf("its tables have version %d, this program knows %d: it was written by a newer version", current, target)
	}
	if current == target {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// migrated reports whether the tables are those that this program knows.
func migrated(ctx context.Context, c *pgx.Conn) (bool, error) {
	var there bool
	err := c.QueryRow(ctx, "SELECT to_regclass('goose_db_version') IS NOT NULL").Scan(&there)
	if err != nil || !there {
		return false, err
	}
	var current int
	if err := c.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&current); err != nil {
		return false, fmt.Errorf("read version of tables: %w", err)
	}
	all, err := fs.ReadDir(migrations, "migrations")
	return err == nil && current == len(all), err // they are numbered without gaps
}
