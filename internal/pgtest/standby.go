package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// StandbyOptions are the choices for a standby.
type StandbyOptions struct {
	// Name is what the primary calls the standby and its replication slot: small
	// letters, digits and underscores. Empty means standby.
	Name string

	// Synchronous makes the primary's commits wait for this standby, and for no
	// other one.
	Synchronous bool

	// Dir is where the files go, as in Options.
	Dir string

	// Settings are for the standby alone, over those that it copies.
	Settings map[string]string
}

// Standby makes a server that follows this one, and returns it when it is
// connected and, if asked for, synchronous. It listens like this one does.
func (c *Cluster) Standby(ctx context.Context, o StandbyOptions) (*Cluster, error) {
	if o.Name == "" {
		o.Name = "standby"
	}
	standby, err := prepare(Options{Dir: o.Dir, TCP: c.tcp})
	if err != nil {
		return nil, err
	}
	if err := c.follow(ctx, standby, o); err != nil {
		return nil, errors.Join(fmt.Errorf("make a standby: %w", err), standby.Remove())
	}
	return standby, nil
}

func (c *Cluster) follow(ctx context.Context, standby *Cluster, o StandbyOptions) error {
	host := c.socket
	if c.tcp {
		host = "127.0.0.1"
	}
	err := standby.run(ctx, "pg_basebackup", "--pgdata="+standby.data(), "--host="+host, "--port="+strconv.Itoa(c.port),
		"--username=postgres", "--dbname=application_name="+o.Name, "--write-recovery-conf",
		"--create-slot", "--slot="+o.Name, "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return err
	}
	if err := standby.waitForNobody(); err != nil {
		return err
	}
	if err := standby.configure(o.Settings); err != nil {
		return err
	}
	if err := standby.Start(ctx); err != nil {
		return err
	}
	if o.Synchronous {
		if err := c.SetSynchronous(ctx, identifier(o.Name)); err != nil {
			return err
		}
	}
	return c.connected(ctx, o)
}

// waitForNobody takes the names of standbys out of the settings that were copied:
// after a promotion, commits would wait for one that does not exist.
func (c *Cluster) waitForNobody() error {
	file := filepath.Join(c.data(), "postgresql.auto.conf")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "synchronous_standby_names") {
			kept.WriteString(line)
		}
	}
	return os.WriteFile(file, []byte(kept.String()), 0o600)
}

// connected waits until the standby streams, and is synchronous if it is to be.
func (c *Cluster) connected(ctx context.Context, o StandbyOptions) error {
	const question = `SELECT count(*) > 0 FROM pg_stat_replication
		WHERE application_name = $1 AND state = 'streaming' AND (NOT $2 OR sync_state IN ('sync', 'quorum'))`
	return c.query(ctx, func(conn *pgx.Conn) error {
		for {
			var yes bool
			if err := conn.QueryRow(ctx, question, o.Name, o.Synchronous).Scan(&yes); err != nil || yes {
				return err
			}
			if err := pause(ctx); err != nil {
				return fmt.Errorf("wait for the standby to connect: %w", err)
			}
		}
	})
}

// SetSynchronous sets synchronous_standby_names, for which commits wait: "" for
// none, else as PostgreSQL's manual has it. It returns when that is in force.
func (c *Cluster) SetSynchronous(ctx context.Context, names string) error {
	err := c.exec(ctx, "ALTER SYSTEM SET synchronous_standby_names = "+quoted(names), "SELECT pg_reload_conf()")
	if err == nil {
		err = c.inForce(ctx, names)
	}
	if err == nil {
		// Commits wait once the process of checkpoints has read the settings, which
		// it does before it turns to a checkpoint; maybe it is just past that.
		err = c.exec(ctx, "CHECKPOINT", "CHECKPOINT")
	}
	if err != nil {
		return fmt.Errorf("set PostgreSQL's synchronous standbys: %w", err)
	}
	return nil
}

// inForce waits until new sessions have the setting: by then, all other processes
// have been told to read theirs.
func (c *Cluster) inForce(ctx context.Context, names string) error {
	for {
		var now string
		err := c.query(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, "SHOW synchronous_standby_names").Scan(&now)
		})
		if err != nil || now == names {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// Promote makes a standby a primary, on a new timeline, and returns when it takes
// writes. It does so whether its own primary is alive or not.
func (c *Cluster) Promote(ctx context.Context) error {
	seconds := "--timeout=3600" // ctx ends earlier
	return c.run(ctx, "pg_ctl", "promote", "--wait", seconds, "--pgdata="+c.data())
}
