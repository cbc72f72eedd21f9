package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/server"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/tables"
)

func newMigrate() *cobra.Command {
	var p place
	var to string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Move a database file to PostgreSQL",
		Long: `Moves everything from the database file in data_dir to the PostgreSQL database that
the configuration names as "database", or to that of --to. The PostgreSQL database
must be empty, so that no server was ever started on it, and none may be running on
either.

The rows of each table are counted on both sides, and only when they match is
anything kept. Links and sessions go on as they are. From then on no server opens the
database file any more, so that no link can be used in both places. A move that was
cut short can be run again.

An address on the command line can be seen by other users of the machine: one with a
password is better kept in the configuration.`,
		Example: "  latchkey migrate --config latchkey.yaml\n  latchkey migrate --config latchkey.yaml --to postgres://latchkey@db.example.com/latchkey",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			cfg, keys, err := p.offline(ctx)
			if err != nil {
				return err
			}
			address, err := target(cfg, to)
			if err != nil {
				return err
			}
			var bar rowBar
			m := server.Migration{DataDir: cfg.DataDir, To: address, Keys: keys, Progress: bar.on(cmd.ErrOrStderr(), "moving")}
			done, err := m.Run(ctx)
			bar.finish()
			if errors.Is(err, tables.ErrNotEmpty) {
				err = fmt.Errorf("%w; use a database that no server was started on", err)
			}
			if err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
			return sayMigrated(cmd.OutOrStdout(), done)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "`address` of the PostgreSQL database, instead of the configured one")
	p.addFlags(cmd)
	return cmd
}

// target returns the address to move to.
func target(cfg *config.Config, to string) (signon.Secret, error) {
	if to != "" {
		return signon.Secret(to), nil
	}
	address, err := cfg.DatabaseURL()
	if err == nil && address == "" {
		err = errors.New(`where to? name the PostgreSQL database as "database" in the configuration, or with --to`)
	}
	return address, err
}

func sayMigrated(w io.Writer, done *server.Migrated) error {
	if done.Before {
		_, err := fmt.Fprintln(w, "Everything had been moved already; the database file is closed for good now.")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, failed := fmt.Fprintln(table, "TABLE\tROWS\tMOVED\t")
	var all int64
	for _, t := range tables.Schema {
		_, err := fmt.Fprintf(table, "%s\t%d\t%d\t\n", t.Name, done.From[t.Name], done.To[t.Name])
		failed = errors.Join(failed, err)
		all += done.To[t.Name]
	}
	_, err := fmt.Fprintf(table, "\nAll %d rows are in PostgreSQL. The database file is not opened any more.\n", all)
	return errors.Join(failed, err, table.Flush())
}
