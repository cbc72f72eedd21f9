package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
)

func newBackup() *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup, also while the server runs",
		Long: `Writes everything that is stored to one file, as it is at one instant, while the
server goes on. "-" is standard output. The file appears under its name only when
it is complete, and only its owner can read it.

It can be restored into either kind of database, with "latchkey restore". The root
key is not in it, and without that key it is of no use: keep the two apart.

` + placeHelp,
		Example: "  latchkey backup latchkey.backup --config latchkey.yaml",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd, func(ctx context.Context, c *operator.Client) error {
				return backup(ctx, c, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	p.addFlags(cmd)
	return cmd
}

// backup writes a backup to a file, or to standard output for "-".
func backup(ctx context.Context, c *operator.Client, file string, stdout, stderr io.Writer) error {
	var header *archive.Header
	write := func(w io.Writer) (err error) {
		var bar rowBar
		header, err = c.Backup(ctx, w, bar.on(stderr, "backing up"))
		bar.finish()
		return err
	}
	var err error
	if file == "-" {
		err = writeOut(stdout, write)
	} else {
		err = writeWhole(file, write)
	}
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	_, err = fmt.Fprintf(stderr, "%d rows are in the backup, with the audit log up to event %d\n", header.Rows(), header.LastEvent)
	if err == nil && header.Previous {
		_, err = fmt.Fprintln(stderr, "The first events of the audit log are of a previous root key: keep it too, the backup can't be restored without it")
	}
	return err
}

func writeOut(stdout io.Writer, write func(io.Writer) error) error {
	if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return errors.New("a terminal can't show a backup: name a file")
	}
	out := bufio.NewWriter(stdout)
	return errors.Join(write(out), out.Flush())
}

// rowBar is a bar whose length is known only once it moves.
type rowBar struct{ bar *progressbar.ProgressBar }

// on returns what moves the bar.
func (b *rowBar) on(w io.Writer, what string) func(rows, all int64) {
	return func(rows, all int64) {
		if b.bar == nil {
			b.bar = newBar(w, all, what)
		}
		_ = b.bar.Set64(rows)
	}
}

func (b *rowBar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
