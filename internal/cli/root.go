// Package cli is the command line: one file for each command.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Main runs the command that the process was started with and returns its exit
// code: 0, or 1 after printing what went wrong to standard error.
func Main() int {
	root := newRoot()
	if err := root.ExecuteContext(context.Background()); err != nil {
		complain(os.Stderr, err)
		return 1
	}
	return 0
}

// complain prints an error, each of its lines with the program's name.
func complain(w io.Writer, err error) {
	for line := range strings.SplitSeq(strings.TrimSpace(err.Error()), "\n") {
		_, _ = fmt.Fprintf(w, "latchkey: %s\n", line)
	}
}

// newRoot returns the command line with all its commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "latchkey",
		Short: "Sign people in by link",
		Long: `Latchkey signs people in by link. A back end asks for a short-lived sign-on link
for a person it knows; the browser follows it and lands, signed in, at the place
it was made for.

Try it:           latchkey dev
Run it:           latchkey serve --config latchkey.yaml`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newDev(),
		newServe(),
		newSign(),
		newBench(),
		newTorture(),
		newImport(),
		newExport(),
		newBackup(),
		newRestore(),
		newMigrate(),
		newExplain(),
		newGrants(),
		newRevoke(),
		newKeys(),
		newDest(),
		newAudit(),
		newConfig(),
		newKeygen(),
		newPassword(),
		newVersion(),
	)
	return root
}

// newGroup returns a command that only holds others.
func newGroup(name, short string, commands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: name, Short: short,
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true}, // the command is the mistake, not its flags
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
			}
			return cmd.Help()
		},
	}
	group.AddCommand(commands...)
	return group
}

// oneFile refuses anything but one argument.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name one file, as in: %s %s", cmd.Parent().CommandPath(), cmd.Use)
	}
	return nil
}
