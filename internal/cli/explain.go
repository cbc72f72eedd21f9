package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
)

func newExplain() *cobra.Command {
	var p place
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain CODE",
		Short: "Tell how a request was decided, by its support code",
		Long: `Tells what was asked, which checks were made, which one failed, and what was
expected and received. The support code is in the Latchkey-Support-Code header of
every API answer and on every page that refuses a link.

A running server keeps its latest 4,096 decisions in memory. Those about grants
and clients that exist are in the audit log, for as long as that is kept.

` + placeHelp,
		Example: "  latchkey explain 98PWZ8DDH5",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.look(cmd, func(ctx context.Context, c *operator.Client) error {
				found, err := c.Explain(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), found)
				}
				return printExplanation(cmd.OutOrStdout(), found)
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	p.addFlags(cmd)
	return cmd
}

// printJSON prints a document for programs.
func printJSON(w io.Writer, document any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document)
}

func printExplanation(w io.Writer, x *operator.Explanation) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Support code %s\n", x.SupportCode)
	switch {
	case x.Standalone:
		b.WriteString("No server runs, so decisions that were in its memory are gone. This is from the audit log.\n")
	case x.Retold:
		b.WriteString("The server has these decisions no longer in memory. This is from the audit log.\n")
	}
	for i := range x.Decisions {
		printDecision(&b, &x.Decisions[i])
	}
	for i := range x.Events {
		printEvent(&b, &x.Events[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printDecision prints what was asked, how it was answered and why.
func printDecision(b *strings.Builder, d *operator.Decision) {
	outcome := "allowed"
	switch {
	case !d.Allowed:
		outcome = "refused: " + d.Failed
	case d.Outcome != "":
		outcome = d.Outcome
	}
	fmt.Fprintf(b, "\n%s, %s: %s\n", d.Operation, exact(d.At), outcome)
	facts(b, [][2]string{
		{"tenant", d.Tenant},
		{"client", d.Client},
		{"destination", d.Destination},
		{"grant", d.Grant},
		{"reason", d.Reason},
		{"expected", printable(d.Expected)},
		{"received", printable(d.Received)},
		{"note", printable(d.Note)},
	})
	marks := map[string]string{"passed": "ok", "failed": "FAILED", "not reached": "-"}
	for _, c := range d.Checks {
		fmt.Fprintf(b, "    %-7s %s\n", marks[c.Result], c.Check)
	}
}

// printEvent prints an audit event, and whom it is about.
func printEvent(b *strings.Builder, e *operator.ExplainedEvent) {
	fmt.Fprintf(b, "\naudit event %d, %s: %s\n", e.Seq, exact(e.At), e.Type)
	rows := [][2]string{
		{"tenant", e.Tenant},
		{"client", e.Client},
		{"destination", e.Destination},
		{"grant", e.Grant},
		{"reason", e.Reason},
		{"caller", e.Caller},
		{"note", printable(e.Note)},
	}
	switch {
	case e.Person == nil:
	case e.Person.Erased:
		rows = append(rows, [2]string{"person", "erased"})
	default:
		rows = append(rows, [2]string{"person", printable(e.Person.Subject)}, [2]string{"address", e.Person.Address})
	}
	facts(b, rows)
}

// facts prints those rows that say something.
func facts(b *strings.Builder, rows [][2]string) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row[1] != "" {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
		}
	}
	_ = table.Flush() // into memory
}

func exact(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// printable returns what came from outside without what a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\ufffd'
		}
		return r
	}, text)
}
