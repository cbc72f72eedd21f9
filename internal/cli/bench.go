package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/bench"
)

// benchFlags is what the flags of bench say.
type benchFlags struct {
	bench.Options
	remote bench.Remote
	key    signOptions
	asJSON bool
}

// floorCommand is the hidden command by which bench starts its floors.
const floorCommand = "floor"

func newBench() *cobra.Command {
	var b benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what signing a person in costs",
		Long: `Measures pairs of one call that issues a link and one browser request that
redeems it, over keep-alive HTTP on loopback; every answer is verified. It starts
a server with a temporary database, and beside it, in the same run, the floors
that its cost is judged by: an HTTP server that answers constants of the same
size, and the same rows written in groups, without HTTP and with it. Limits are
kept count of, and what is over is removed, while it measures.

With --url it measures a server that runs already. docs/performance.md explains
the figures.`,
		Example: `  latchkey bench
  latchkey bench --live 10000000 --unknown
  latchkey bench --engine postgres --sweep 10000
  latchkey bench --url 'http://localhost:8080/order/checkout.php?PRODS=4639321' \
    --code AVANGATE --key-env SECRET_KEY --customer 352365983`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	f := cmd.Flags()
	f.IntSliceVar(&b.Connections, "connections", []int{16, 64}, "`numbers` of connections")
	f.DurationVar(&b.Window, "duration", time.Second, "how long each measurement takes")
	f.DurationVar(&b.WarmUp, "warmup", 300*time.Millisecond, "how long each one runs before it counts")
	f.IntVar(&b.Rounds, "rounds", 15, "how often floors and server are measured in turn")
	f.IntVar(&b.Customers, "customers", 1000, "how many people links are issued for")
	f.Int64Var(&b.Live, "live", 0, "also measure a server that holds this `number` of live links")
	f.StringVar(&b.Engine, "engine", bench.SQLite, "database `engine`: sqlite, or postgres, for which a server is started")
	f.IntVar(&b.Expiring, "expiring", 1000, "how many links are removed in each second, ten minutes after they expired")
	f.IntVar(&b.Sweep, "sweep", 0, "also compare a server that removes this `number` of links a second with one that removes none")
	f.BoolVar(&b.Dialects, "dialects", false, "also measure issuing alone, by REST, SOAP and JSON-RPC")
	f.BoolVar(&b.Unknown, "unknown", false, "also measure floods of unknown tokens")
	f.IntVar(&b.Idle, "idle", 0, "also measure a server with this `number` of idle connections")
	f.StringVar(&b.Dir, "dir", "", "`directory` for temporary files, on the disk to measure")
	f.BoolVar(&b.asJSON, "json", false, "print JSON")
	f.StringVar(&b.remote.Target, "url", "", "buy `link` of a running server to measure, over plain HTTP")
	f.StringVar(&b.remote.Code, "code", "", "merchant `code` there")
	f.StringVar(&b.key.keyEnv, "key-env", defaultKeyEnv, "environment `variable` that holds the secret key")
	f.StringVar(&b.key.keyFile, "key-file", "", "`file` that holds the secret key")
	f.StringSliceVar(&b.remote.Customers, "customer", nil, "`reference` of a customer there; may be repeated")
	f.IntVar(&b.remote.PID, "pid", 0, "its process `id` on this machine, for CPU time and memory")
	cmd.MarkFlagsMutuallyExclusive("key-env", "key-file")
	cmd.MarkFlagsMutuallyExclusive("url", "live")
	cmd.MarkFlagsMutuallyExclusive("url", "unknown")
	cmd.MarkFlagsMutuallyExclusive("url", "engine")
	cmd.MarkFlagsMutuallyExclusive("url", "sweep")
	cmd.MarkFlagsMutuallyExclusive("url", "idle")
	cmd.MarkFlagsRequiredTogether("url", "code", "customer")
	cmd.AddCommand(&cobra.Command{
		Use: floorCommand, Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			return bench.ServeFloor(ctx, args[0], cmd.OutOrStdout())
		},
	})
	return cmd
}

func (b *benchFlags) run(cmd *cobra.Command) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	b.Program, b.Floor = []string{program}, []string{program, "bench", floorCommand}
	b.Progress = func(doing string) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), doing) }
	if b.remote.Target != "" {
		key, err := b.key.key()
		if err != nil {
			return err
		}
		b.remote.Secret, b.Remote = key.Reveal(), &b.remote
	}
	ctx, stop := untilStopped(cmd.Context())
	defer stop()
	report, err := bench.Run(ctx, b.Options)
	if err != nil {
		return err
	}
	if b.asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	return report.WriteTable(cmd.OutOrStdout())
}
