package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

func newExport() *cobra.Command {
	group := newGroup("export", "Export customers, subscriptions, products, users, members or orders to a file")
	for _, kind := range transfer.ExportKinds {
		group.AddCommand(newExportKind(kind))
	}
	return group
}

func newExportKind(kind transfer.Kind) *cobra.Command {
	var p place
	var format, file string
	req := operator.ExportRequest{Kind: kind}
	cmd := &cobra.Command{
		Use:   string(kind),
		Short: fmt.Sprintf("Export %s to a file", kind),
		Long: fmt.Sprintf(`Writes all %s of a tenant as CSV or JSON Lines, in a fixed order. A file appears
under its name only when it is complete, and only its owner can read it.
docs/import-export.md tells what each column holds.

%s`, kind, placeHelp),
		Example: fmt.Sprintf("  latchkey export %s --tenant shop -o %s.csv", kind, kind),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if req.Format, err = formatOf(format, file); err != nil {
				return err
			}
			return p.look(cmd, func(ctx context.Context, c *operator.Client) error {
				return exportFile(ctx, c, req, file, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&req.Tenant, "tenant", "t", "", "`tenant` to export from; may be left out when there is only one")
	f.StringVarP(&file, "output", "o", "-", "`file` to write; - is standard output")
	f.StringVar(&format, "format", "", "csv or jsonl; without it, what the file's name says, else csv")
	p.addFlags(cmd)
	markFiles(cmd, "output", "csv", "jsonl", "ndjson")
	return cmd
}

// exportFile exports to a file, or to standard output for "-".
func exportFile(ctx context.Context, c *operator.Client, req operator.ExportRequest, file string, stdout, stderr io.Writer) error {
	if file == "-" {
		out := bufio.NewWriter(stdout)
		_, err := c.Export(ctx, req, out)
		if err = errors.Join(err, out.Flush()); err != nil {
			return fmt.Errorf("export %s: %w", req.Kind, err)
		}
		return nil
	}
	rows := 0
	err := writeWhole(file, func(w io.Writer) (err error) {
		rows, err = c.Export(ctx, req, w)
		return err
	})
	if err != nil {
		return fmt.Errorf("export %s: %w", req.Kind, err)
	}
	_, err = fmt.Fprintf(stderr, "%d %s are in %s\n", rows, req.Kind, file)
	return err
}

// writeWhole writes a file that only its owner can read, and that appears under
// its name when it is complete and on disk.
func writeWhole(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
