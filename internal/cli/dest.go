package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
)

func newDest() *cobra.Command {
	return newGroup("dest", "Ask where links may lead", newDestCheck())
}

func newDestCheck() *cobra.Command {
	var p place
	var q operator.URLQuery
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check URL",
		Short: "Say whether links may point at a URL, or which rule is in the way",
		Long: `Judges a URL as it is judged when a link is asked for, at each destination of each
tenant unless one is named. The exit code is 1 when none accepts it.

` + placeHelp,
		Example: "  latchkey dest check 'https://store.example.com/order/checkout.php?PRODS=1'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.URL = args[0]
			return p.with(cmd, func(ctx context.Context, c *operator.Client) error {
				verdicts, err := c.CheckURL(ctx, q)
				if err != nil {
					return err
				}
				if asJSON {
					err = printJSON(cmd.OutOrStdout(), verdicts)
				} else {
					err = printVerdicts(cmd.OutOrStdout(), verdicts)
				}
				return errors.Join(err, accepted(verdicts))
			})
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.StringVarP(&q.Tenant, "tenant", "t", "", "only at this `tenant`")
	f.StringVar(&q.Destination, "destination", "", "only at this `destination`: cart, account, portal or entrance")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.RegisterFlagCompletionFunc("destination", cobra.FixedCompletions([]string{"cart", "account", "portal", "entrance"}, cobra.ShellCompDirectiveNoFileComp))
	p.addFlags(cmd)
	return cmd
}

func printVerdicts(w io.Writer, verdicts []operator.URLVerdict) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range verdicts {
		says := "accepted"
		if !v.Accepted {
			says = "refused: the URL " + v.Rule
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", v.Tenant, v.Destination, says); err != nil {
			return err
		}
	}
	return table.Flush()
}

// accepted returns an error when no destination accepts the URL.
func accepted(verdicts []operator.URLVerdict) error {
	for _, v := range verdicts {
		if v.Accepted {
			return nil
		}
	}
	return errors.New("no link may point there")
}
