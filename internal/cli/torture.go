package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/config"
	"github.com/latchkey-sso/latchkey/internal/torture"
)

// tortureFlags is what the flags of torture say.
type tortureFlags struct {
	torture.Plan
	faults string
	keep   string
	asJSON bool
}

// clockNodeCommand is the hidden command by which torture starts servers whose clock
// it steps.
const clockNodeCommand = "node"

func newTorture() *cobra.Command {
	var t tortureFlags
	cmd := &cobra.Command{
		Use:   "torture",
		Short: "Put servers under fire and judge what their clients saw",
		Long: `Starts servers with temporary databases, has many clients issue, redeem, read and
revoke tokens, and meanwhile kills the servers, stops them for a while, fills their
disk and steps their clock; on PostgreSQL it cancels commits and has standbys take
over instead of the last two. What the clients saw is judged: no acknowledged token
may be lost, none may let two browsers in, none may be of use when it is over, and
the history of each must be one that a token which lives once can have (porcupine).

It prints one row for each kind of fault and fails when a verdict is bad. Without
--faults it does each of them a few times, which takes about half a minute.
docs/reliability.md tells how it judges.`,
		Example: "  latchkey torture\n  latchkey torture --faults kill=1000,pause=20,disk=20,clock=20\n  latchkey torture --engine postgres --faults kill=300,cancel=200,failover=20",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return t.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&t.Engine, "engine", torture.SQLite, "`kind` of database: sqlite or postgres")
	f.IntVar(&t.Nodes, "nodes", 0, "`number` of servers that share it; 1 with sqlite, 3 with postgres")
	f.IntVar(&t.Clients, "clients", 6, "`number` of clients at work at the same time")
	f.StringVar(&t.faults, "faults", "", "`kinds` of faults and how often each is done, as in kill=100,pause=20")
	f.Uint64Var(&t.Seed, "seed", 0, "`number` that random choices follow from; 0 draws one")
	f.StringVar(&t.keep, "keep", "", "`directory` to keep the servers' files in")
	f.BoolVar(&t.asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagDirname("keep")
	cmd.AddCommand(newClockNode())
	return cmd
}

// newClockNode returns the hidden command. It is serve, but for the clock.
func newClockNode() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: clockNodeCommand, Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clock, err := torture.OpenFileClock(args[0])
			if err != nil {
				return err
			}
			source := config.Source{File: file, Environ: os.Environ()}
			return serve(cmd.Context(), source, clock, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration `file`")
	return cmd
}

func (t *tortureFlags) run(cmd *cobra.Command) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := t.complete(); err != nil {
		return err
	}
	t.Program, t.ClockNode = []string{program}, []string{program, "torture", clockNodeCommand}
	t.Progress = func(doing string) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), doing) }
	ctx, stop := untilStopped(cmd.Context())
	defer stop()
	report, err := torture.Run(ctx, &t.Plan)
	if err != nil {
		return err
	}
	if err := t.print(cmd, report); err != nil {
		return err
	}
	if !report.Good() {
		return errors.New("a verdict is bad")
	}
	return nil
}

// complete fills in what the flags leave open.
func (t *tortureFlags) complete() (err error) {
	if t.Nodes == 0 {
		t.Nodes = map[string]int{torture.Postgres: 3}[t.Engine]
		t.Nodes = max(t.Nodes, 1)
	}
	if t.Seed == 0 {
		t.Seed = uint64(rand.Uint32()) //nolint:gosec // nothing secret
	}
	t.Dir, t.Keep = t.keep, t.keep != ""
	if t.faults == "" {
		t.Faults = torture.Short(t.Engine)
		return nil
	}
	t.Faults, err = torture.ParseFaults(t.faults)
	return err
}

func (t *tortureFlags) print(cmd *cobra.Command, report *torture.Report) error {
	if t.asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	return report.WriteTable(cmd.OutOrStdout())
}
