package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func newGrants() *cobra.Command {
	var p place
	var q operator.GrantQuery
	var since, until string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "grants",
		Short: "List sign-on links and how they stand",
		Long: `Lists grants, the permissions behind sign-on links, in the order in which they
expire. What a link's token is nobody can say: only a digest of it is kept. Grants
are removed ten minutes after they have expired. Tokens of applications are listed
and kept as if they were valid for a day.

--since and --until bound when a link was issued. They take a time, as in
2026-11-21T12:00:00Z, a day, or how long ago, as in 15m.

` + placeHelp,
		Example: "  latchkey grants --tenant shop --customer 352365983\n  latchkey grants --state live --since 5m --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			now := time.Now()
			if q.Since, err = readTime(since, now); err != nil {
				return fmt.Errorf("--since %w", err)
			}
			if q.Until, err = readTime(until, now); err != nil {
				return fmt.Errorf("--until %w", err)
			}
			return p.look(cmd, func(ctx context.Context, c *operator.Client) error {
				return listGrants(ctx, c, q, asJSON, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&q.Tenant, "tenant", "t", "", "only of this `tenant`")
	f.StringVar(&q.Customer, "customer", "", "only of the customer with this internal or external `reference`")
	f.StringVar(&q.User, "user", "", "only of the user of a portal with this `ID` or username")
	f.StringVar(&q.Member, "member", "", "only of the member with this `number`")
	f.StringVar(&q.Client, "client", "", "only those that this `client` asked for")
	f.StringVar(&q.Destination, "destination", "", "only to this `destination`: cart, account, portal, entrance, or an application's ID")
	f.StringVar(&q.State, "state", "", "only those that are live, redeemed, revoked, voided or expired")
	f.StringVar(&since, "since", "", "only those issued at that `time` or later")
	f.StringVar(&until, "until", "", "only those issued at that `time` or earlier")
	cmd.MarkFlagsMutuallyExclusive("customer", "user", "member")
	f.Int64Var(&q.Limit, "limit", 100, "stop after so many; 0 lists all")
	f.BoolVar(&asJSON, "json", false, "print JSON Lines")
	states := make([]string, 0, len(signon.Standings()))
	for _, s := range signon.Standings() {
		states = append(states, string(s))
	}
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp))
	p.addFlags(cmd)
	return cmd
}

func listGrants(ctx context.Context, c *operator.Client, q operator.GrantQuery, asJSON bool, stdout, stderr io.Writer) error {
	var failed error
	listed := int64(0)
	show, flush := grantTable(stdout)
	if asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetEscapeHTML(false)
		show, flush = func(g *operator.Grant) error { return enc.Encode(g) }, func() error { return nil }
	}
	err := c.Grants(ctx, q, func(g *operator.Grant) {
		listed++
		failed = errors.Join(failed, show(g))
	})
	if err = errors.Join(err, failed, flush()); err != nil {
		return err
	}
	if listed == q.Limit && listed > 0 {
		_, err = fmt.Fprintf(stderr, "These are the first %d; --limit 0 lists all.\n", listed)
	}
	return err
}

// grantTable returns how to show a grant as a row, and what to call in the end.
func grantTable(w io.Writer) (show func(*operator.Grant) error, flush func() error) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(columns ...any) error {
		_, err := fmt.Fprintf(table, "%v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\n", columns...)
		return err
	}
	headed := row("REFERENCE", "STATE", "TENANT", "CLIENT", "PERSON", "DESTINATION", "ISSUED", "EXPIRES", "BOUND TO")
	show = func(g *operator.Grant) error {
		bound := orDash(g.Address)
		if g.Misses > 0 {
			bound += fmt.Sprintf(" (misses: %d)", g.Misses)
		}
		return row(g.Reference, g.State, g.Tenant, g.Client, person(g), g.Destination, g.IssuedAt.Format(time.RFC3339), g.ExpiresAt.Format(time.RFC3339), bound)
	}
	return show, func() error { return errors.Join(headed, table.Flush()) }
}

// person names whom a grant is for; customers are the rule.
func person(g *operator.Grant) string {
	if g.SubjectKind == string(signon.SubjectCustomer) {
		return g.Subject
	}
	return g.SubjectKind + " " + g.Subject
}

// readTime reads a time, a day, or how long before now; empty is none.
func readTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a time as in 2026-11-21T12:00:00Z, a day as in 2026-11-21, or how long ago, as in 15m: %q", text)
}
