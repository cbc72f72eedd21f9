package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// query calls do with a new connection to the server's first database.
func (c *Cluster) query(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, FailoverURL("postgres", c))
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(ctx))
}

func (c *Cluster) exec(ctx context.Context, statements ...string) error {
	return c.query(ctx, func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		return nil
	})
}

// quoted returns s as a value of SQL and of postgresql.conf.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func identifier(name string) string { return pgx.Identifier{name}.Sanitize() }

// CreateDatabase makes a database as a copy of template, or an empty one when
// template is "". Nobody may be connected to the template meanwhile.
func (c *Cluster) CreateDatabase(ctx context.Context, name, template string) error {
	if template == "" {
		template = "template0"
	}
	if err := c.exec(ctx, "CREATE DATABASE "+identifier(name)+" TEMPLATE "+identifier(template)); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// DropDatabase drops a database, and ends the sessions in it. One that does not
// exist is no error.
func (c *Cluster) DropDatabase(ctx context.Context, name string) error {
	if err := c.exec(ctx, "DROP DATABASE IF EXISTS "+identifier(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// ClientPIDs returns the process ids of the sessions of clients.
func (c *Cluster) ClientPIDs(ctx context.Context) ([]int, error) {
	var pids []int
	err := c.query(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT pid FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid`)
		if err != nil {
			return err
		}
		pids, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list PostgreSQL's sessions: %w", err)
	}
	return pids, nil
}
