package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/transfer"
)

func newImport() *cobra.Command {
	group := newGroup("import", "Import customers, subscriptions, products, users or members from a file")
	for _, kind := range transfer.ImportKinds {
		group.AddCommand(newImportKind(kind))
	}
	return group
}

func newImportKind(kind transfer.Kind) *cobra.Command {
	var p place
	var format string
	req := operator.ImportRequest{Kind: kind}
	cmd := &cobra.Command{
		Use:   string(kind) + " FILE",
		Short: fmt.Sprintf("Import %s from a file", kind),
		Long: fmt.Sprintf(`Imports %s from a CSV file with a header row, or from JSON Lines. "-" reads
standard input. docs/import-export.md tells what each column holds.

Every good line is imported. Lines that are refused are named with column and
rule, and the exit code is 1 then. With --all-or-nothing one refused line is
enough to import nothing.

Columns: %s.

%s`, kind, wrap(strings.Join(transfer.Columns(kind), ", ")), placeHelp),
		Example: fmt.Sprintf("  latchkey import %s %s.csv --tenant shop", kind, kind),
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Format, err = formatOf(format, args[0]); err != nil {
				return err
			}
			src, size, err := openFile(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer src.Close()
			return p.with(cmd, func(ctx context.Context, c *operator.Client) error {
				return importFile(ctx, c, req, src, size, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
		ValidArgsFunction: completeFiles("csv", "jsonl", "ndjson"),
	}
	f := cmd.Flags()
	f.StringVarP(&req.Tenant, "tenant", "t", "", "`tenant` to import for; may be left out when there is only one")
	f.BoolVar(&req.AllOrNothing, "all-or-nothing", false, fmt.Sprintf("import nothing when a line is refused; for files of up to %d rows", transfer.MaxWholeRows))
	f.StringVar(&format, "format", "", "csv or jsonl; without it, what the file looks like")
	p.addFlags(cmd)
	return cmd
}

// importFile imports and reports.
func importFile(ctx context.Context, c *operator.Client, req operator.ImportRequest, src io.Reader, size int64, stdout, stderr io.Writer) error {
	bar := newBar(stderr, size, "importing "+string(req.Kind))
	var failed error
	sum, err := c.Import(ctx, req, src, func(m *operator.Message) {
		switch {
		case m.Refused != nil:
			_ = bar.Clear()
			_, err := fmt.Fprintln(stdout, m.Refused)
			failed = errors.Join(failed, err)
		case m.Progress != nil:
			_ = bar.Set64(m.Progress.Bytes)
		}
	})
	_ = bar.Finish()
	if err == nil || sum != (transfer.Summary{}) {
		_, errReport := fmt.Fprintf(stdout, "%d imported, %d updated, %d refused\n", sum.Imported, sum.Updated, sum.Refused)
		failed = errors.Join(failed, errReport)
	}
	if ctx.Err() != nil {
		err = errors.New(`interrupted; "latchkey audit list --type directory.imported" tells what was written`)
	}
	return errors.Join(outcome(req, sum, err), failed)
}

// outcome returns why the command fails, or nil.
func outcome(req operator.ImportRequest, sum transfer.Summary, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("import %s: %w", req.Kind, err)
	case sum.Refused > 0 && req.AllOrNothing:
		return fmt.Errorf("nothing was imported: %s refused", count(sum.Refused, "line was", "lines were"))
	case sum.Refused > 0:
		return fmt.Errorf("%s refused", count(sum.Refused, "line was", "lines were"))
	}
	return nil
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// openFile opens a file to read, or takes standard input for "-". The size is -1
// when it is not known.
func openFile(path string, stdin io.Reader) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(stdin), -1, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		return f, -1, nil
	}
	return f, info.Size(), nil
}

// formatOf returns the format that was asked for, or that a file's name tells.
func formatOf(asked, path string) (transfer.Format, error) {
	if asked != "" {
		f, err := transfer.ParseFormat(asked)
		if err != nil {
			return f, fmt.Errorf("--format: %w", err)
		}
		return f, nil
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return transfer.CSV, nil
	case ".jsonl", ".ndjson":
		return transfer.JSONL, nil
	}
	return transfer.AnyFormat, nil
}

// wrap breaks a list into lines that fit a terminal.
func wrap(text string) string {
	const width = 78
	var b strings.Builder
	column := len("Columns: ")
	for i, word := range strings.Fields(text) {
		if i > 0 {
			if column+1+len(word) > width {
				b.WriteByte('\n')
				column = -1
			} else {
				b.WriteByte(' ')
			}
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
