package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/latchkey-sso/latchkey/internal/operator"
)

func newRevoke() *cobra.Command {
	var p place
	var req operator.RevokeRequest
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "End links and the sessions that came of them",
		Long: `Ends one grant, all of a customer or of a user of a portal, or all that a client
asked for: links that were not used yet, and the sessions of those that were. Each
is recorded in the audit log. Or makes void all tokens that were issued so far to a
member, or for an application. What was ended can't be brought back.

` + placeHelp,
		Example: "  latchkey revoke --tenant shop --customer 352365983\n  latchkey revoke --reference 6b0187ca9d0976cf36c70eed --yes\n  latchkey revoke --tenant group --app 01",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				if err := confirm(cmd.InOrStdin(), cmd.ErrOrStderr(), whatEnds(&req)); err != nil {
					return err
				}
			}
			return p.with(cmd, func(ctx context.Context, c *operator.Client) error {
				done, err := c.Revoke(ctx, req)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), done)
				}
				return printRevoked(cmd.OutOrStdout(), done)
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&req.Tenant, "tenant", "t", "", "`tenant` that it is about; may be left out when there is only one")
	f.StringVar(&req.Reference, "reference", "", "end the grant with this `reference`")
	f.StringVar(&req.Customer, "customer", "", "end all of the customer with this internal or external `reference`")
	f.StringVar(&req.User, "user", "", "end all of the user of a portal with this `ID` or username")
	f.StringVar(&req.Member, "member", "", "make void all tokens issued so far to the member with this `number`")
	f.StringVar(&req.App, "app", "", "make void all tokens issued so far for the application with this `ID`")
	f.StringVar(&req.Client, "client", "", "end all that this `client` asked for")
	f.BoolVarP(&yes, "yes", "y", false, "don't ask on a terminal")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("reference", "customer", "user", "member", "app", "client")
	cmd.MarkFlagsOneRequired("reference", "customer", "user", "member", "app", "client")
	p.addFlags(cmd)
	return cmd
}

// whatEnds names what a request ends.
func whatEnds(req *operator.RevokeRequest) string {
	what := "the link " + req.Reference
	switch {
	case req.Customer != "":
		what = "all links and sessions of customer " + req.Customer
	case req.User != "":
		what = "all links and sessions of user " + req.User
	case req.Member != "":
		what = "all tokens of member " + req.Member
	case req.App != "":
		what = "all tokens for application " + req.App
	case req.Client != "":
		what = "all links and sessions that client " + req.Client + " asked for"
	}
	if req.Tenant != "" {
		what += " of tenant " + req.Tenant
	}
	return what
}

// confirm asks a person on a terminal. Where nobody can be asked, what was typed
// counts.
func confirm(in io.Reader, out io.Writer, what string) error {
	if file, ok := in.(*os.File); !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	if _, err := fmt.Fprintf(out, "End %s? [y/N] ", what); err != nil {
		return err
	}
	return agreed(in)
}

// agreed reads the answer.
func agreed(in io.Reader) error {
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was ended")
}

func printRevoked(w io.Writer, done *operator.Revoked) error {
	var err error
	switch {
	case done.Void != "":
		_, err = fmt.Fprintf(w, "All tokens of %s of tenant %s that were issued until now are void (support code %s).\n", done.Void, done.Tenant, done.SupportCode)
	case done.Ended == 0:
		_, err = fmt.Fprintf(w, "There was nothing to end at tenant %s.\n", done.Tenant)
	case done.Ended == 1:
		_, err = fmt.Fprintf(w, "1 link of tenant %s was ended, with its session if it had one (support code %s).\n", done.Tenant, done.SupportCode)
	default:
		_, err = fmt.Fprintf(w, "%d links of tenant %s were ended, with their sessions (support code %s).\n", done.Ended, done.Tenant, done.SupportCode)
	}
	return err
}
