package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
)

func newKeys() *cobra.Command {
	return newGroup("keys", "List, rotate and export the keys that tokens are signed with", newKeysList(), newKeysRotate(), newKeysExport())
}

// addKeyFlags gives a command the flags that name whose keys it is about.
func addKeyFlags(cmd *cobra.Command, q *operator.KeyQuery) {
	f := cmd.Flags()
	f.StringVarP(&q.Tenant, "tenant", "t", "", "`tenant` that it is about; may be left out when there is only one")
	f.StringVar(&q.App, "app", "", "the keys of the application with this `ID`, such as a line of business")
	f.BoolVar(&q.Issuer, "issuer", false, "the keys of the tenant's built-in issuer of access tokens")
	cmd.MarkFlagsMutuallyExclusive("app", "issuer")
}

func newKeysList() *cobra.Command {
	var p place
	var q operator.KeyQuery
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys that are accepted, and which of them signs",
		Long: `Lists the keys that tokens are signed with: of all tenants, of one, or of one
application or issuer. The keys themselves are never shown.

` + placeHelp,
		Example: "  latchkey keys list --tenant group",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.look(cmd, func(ctx context.Context, c *operator.Client) error {
				list, err := c.SigningKeys(ctx, q)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), list)
				}
				return printKeys(cmd.OutOrStdout(), list)
			})
		},
	}
	addKeyFlags(cmd, &q)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	p.addFlags(cmd)
	return cmd
}

func printKeys(w io.Writer, list []operator.Key) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(columns ...any) error {
		_, err := fmt.Fprintf(table, "%v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\n", columns...)
		return err
	}
	failed := row("TENANT", "OWNER", "ID", "ALGORITHM", "STATE", "CREATED", "SIGNS FROM", "RETIRES")
	for i := range list {
		k := &list[i]
		failed = errors.Join(failed, row(k.Tenant, k.Owner, k.ID, k.Algorithm, k.State, stamp(k.CreatedAt), stamp(k.SignsFrom), retires(k)))
	}
	return errors.Join(failed, table.Flush())
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

func retires(k *operator.Key) string {
	if k.RetiresAt == nil {
		return "-"
	}
	return stamp(*k.RetiresAt)
}

func newKeysRotate() *cobra.Command {
	var p place
	var req operator.RotateRequest
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new key that takes over from the others",
		Long: `Makes a key that signs from now on, or with --after later: so there is time to
make it known to those who verify tokens themselves. A running server takes it over
at once. The keys before it are accepted until all that they have signed has
expired, or not any more with --retire-now: then what they have signed is refused.

An HS256 key is shared with the application's back end. It is shown when it is made,
and never again. Other keys are not shown: "latchkey keys export" prints what others
need to verify tokens.

Without --algorithm the key is of the one that the configuration declares. With
another one, declare that, too, or a later start goes back.

` + placeHelp,
		Example: "  latchkey keys rotate --tenant group --app 01\n  latchkey keys rotate --tenant group --app 02 --algorithm ES256 --after 24h\n  latchkey keys rotate --tenant group --issuer --retire-now",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if req.RetireNow && !yes {
				if err := confirm(cmd.InOrStdin(), cmd.ErrOrStderr(), "all that keys have signed so far"); err != nil {
					return err
				}
			}
			return p.with(cmd, func(ctx context.Context, c *operator.Client) error {
				done, err := c.RotateKey(ctx, req)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), done)
				}
				return printRotated(cmd.OutOrStdout(), cmd.ErrOrStderr(), done)
			})
		},
	}
	f := cmd.Flags()
	addKeyFlags(cmd, &req.KeyQuery)
	f.StringVar(&req.Algorithm, "algorithm", "", "HS256, RS256, ES256 or EdDSA; without it, what is declared")
	f.DurationVar(&req.After, "after", 0, "sign with it after so long, as in 24h; until then it is only accepted")
	f.BoolVar(&req.RetireNow, "retire-now", false, "refuse what the keys before it have signed")
	f.BoolVarP(&yes, "yes", "y", false, "don't ask on a terminal")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsOneRequired("app", "issuer")
	cmd.MarkFlagsMutuallyExclusive("after", "retire-now")
	_ = cmd.RegisterFlagCompletionFunc("algorithm", cobra.FixedCompletions([]string{"HS256", "RS256", "ES256", "EdDSA"}, cobra.ShellCompDirectiveNoFileComp))
	p.addFlags(cmd)
	return cmd
}

// printRotated tells of the new key, and of what is left of the others; what the
// operator should do about it goes to stderr.
func printRotated(stdout, stderr io.Writer, done *operator.Rotated) error {
	say := &sayer{w: stdout}
	when := "signs from now on"
	if done.State == operator.KeyWaits {
		when = "signs from " + stamp(done.SignsFrom) + " on"
	}
	say.line("The %s key %s of %s of tenant %s %s (support code %s).", done.Algorithm, done.ID, done.Owner, done.Tenant, when, done.SupportCode)
	if len(done.Others) == 0 {
		say.line("No other key is accepted.")
	}
	for i := range done.Others {
		say.line("The key %s is accepted until %s.", done.Others[i].ID, retires(&done.Others[i]))
	}
	if done.Secret != "" {
		say.line("Its secret, which is shown this once:")
		say.line("base64: %s", done.Secret)
	}
	if done.Text != "" {
		say.line("text:   %s", done.Text)
	}
	if done.Declared != "" {
		note := &sayer{w: stderr}
		note.line("The configuration declares %s: declare %s, or a later start goes back.", done.Declared, done.Algorithm)
		say.failed = errors.Join(say.failed, note.failed)
	}
	return say.failed
}

// sayer prints lines until one fails.
type sayer struct {
	w      io.Writer
	failed error
}

func (s *sayer) line(format string, args ...any) {
	if s.failed == nil {
		_, s.failed = fmt.Fprintf(s.w, format+"\n", args...)
	}
}

func newKeysExport() *cobra.Command {
	var p place
	var q operator.KeyQuery
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the public keys, for those who verify tokens",
		Long: `Prints the public parts of the keys that are accepted as a JSON Web Key Set, the
same that the server publishes. Shared secrets have no public part.

` + placeHelp,
		Example: "  latchkey keys export --tenant group --app 02",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd, func(ctx context.Context, c *operator.Client) error {
				set, err := c.ExportKeys(ctx, q)
				if err != nil {
					return err
				}
				return printJSON(cmd.OutOrStdout(), set)
			})
		},
	}
	addKeyFlags(cmd, &q)
	cmd.MarkFlagsOneRequired("app", "issuer")
	p.addFlags(cmd)
	return cmd
}
