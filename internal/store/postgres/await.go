package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// awaitPause is between two attempts to connect.
const awaitPause = 250 * time.Millisecond

// Await waits until the database server takes connections that can write, at most
// for that long. What waiting does not help against, such as a wrong password, it
// returns at once. Its errors hold no password.
func Await(ctx context.Context, url string, patience time.Duration, log *slog.Logger) error {
	config, err := parse(url, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for said := false; ; said = true {
		err := knock(ctx, config)
		switch {
		case err == nil:
			return nil
		case !unreachable(err):
			return fmt.Errorf("open database: %w", err)
		case !said:
			log.Warn("waiting for the database server", "for", patience.String(), "error", oneLine(err))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("open database: %s is over and the database server takes no connections: %s", patience, oneLine(err))
		case <-time.After(awaitPause):
		}
	}
}

// knock connects and goes again.
func knock(ctx context.Context, config *pgx.ConnConfig) error {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// unreachable reports whether another attempt to connect may work.
func unreachable(err error) bool {
	var e *pgconn.PgError
	return !errors.As(err, &e) || passing(e.Code)
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// Exists reports whether the database has Latchkey's tables.
func Exists(ctx context.Context, url string) (bool, error) {
	config, err := parse(url, slog.New(slog.DiscardHandler))
	if err != nil {
		return false, err
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("open database: %s", oneLine(err))
	}
	var found bool
	err = c.QueryRow(ctx, "SELECT to_regclass('head') IS NOT NULL").Scan(&found)
	if err := errors.Join(err, c.Close(ctx)); err != nil {
		return false, fmt.Errorf("look for the tables: %w", err)
	}
	return found, nil
}
