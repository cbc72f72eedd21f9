package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func newAudit() *cobra.Command {
	return newGroup("audit", "Check and read the audit log", newAuditVerify(), newAuditList())
}

func newAuditVerify() *cobra.Command {
	var p place
	var restored []int64
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that nobody changed the audit log",
		Long: `Walks the whole audit log, in which every event is chained to the one before, and
names the first event that is missing or was changed. The exit code is 1 then. Events
that were removed because they were older than audit.keep are not missing.

A log whose end was cut off, a database that was put back from an older copy, or a
standby that may lack something, shows as an event that says so. It counts as a fault as well, until --restored
names the event: then you know of it.

` + placeHelp,
		Example: "  latchkey audit verify --config latchkey.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.look(cmd, func(ctx context.Context, c *operator.Client) error {
				return verifyAudit(ctx, c, restored, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().Int64SliceVar(&restored, "restored", nil, "`number` of an event that says that events may be missing, when you know why")
	p.addFlags(cmd)
	return cmd
}

func verifyAudit(ctx context.Context, c *operator.Client, restored []int64, stdout, stderr io.Writer) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	bar := newBar(stderr, status.Events, "checking events")
	verdict, err := c.VerifyAudit(ctx, func(seq int64) { _ = bar.Set64(min(seq, status.Events)) })
	_ = bar.Finish()
	if err != nil {
		return fmt.Errorf("check the audit log: %w", err)
	}
	if !verdict.Intact {
		return fmt.Errorf("the audit log is broken: event %d %s; the %d before it are right", verdict.BrokenAt, verdict.What, verdict.Events)
	}
	if err := findSetBacks(ctx, c, restored); err != nil {
		return err
	}
	removed := ""
	if verdict.Removed > 0 {
		removed = fmt.Sprintf(" from number %d on; those before were removed because of their age", verdict.Removed+1)
	}
	_, err = fmt.Fprintf(stdout, "The audit log is whole: %d events%s.\n", verdict.Events, removed)
	return err
}

// findSetBacks names the first event, apart from those that the operator knows
// of, at which the database turned out to be older than it should have been:
// what had been written before that is in no log.
func findSetBacks(ctx context.Context, c *operator.Client, known []int64) error {
	var found error
	err := c.Events(ctx, operator.EventQuery{Type: string(signon.EventEpoch)}, func(e *operator.Event) {
		if found == nil && !slices.Contains(known, e.Seq) {
			found = fmt.Errorf("events may be missing before event %d of %s: %s; if you know of it, say --restored %d", e.Seq, e.At.UTC().Format(time.RFC3339), e.Note, e.Seq)
		}
	})
	return errors.Join(err, found)
}

func newAuditList() *cobra.Command {
	var p place
	var q operator.EventQuery
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events of the audit log",
		Long: `Lists events of the audit log: the latest 50, or all that were asked for. With
--support-code it shows why a link was refused: the code is on the page that the
person saw.

` + placeHelp,
		Example: "  latchkey audit list --type grant.redeem_refused\n  latchkey audit list --support-code 98PWZ8DDH5",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f := cmd.Flags(); !f.Changed("last") && (f.Changed("after") || f.Changed("support-code") || f.Changed("type") || f.Changed("tenant")) {
				q.Last = 0
			}
			return p.look(cmd, func(ctx context.Context, c *operator.Client) error {
				return listEvents(ctx, c, q, asJSON, cmd.OutOrStdout())
			})
		},
	}
	f := cmd.Flags()
	f.Int64Var(&q.Last, "last", 50, "look only at the latest so many events; 0 looks at all")
	f.Int64Var(&q.After, "after", 0, "only events after this `number`")
	f.Int64Var(&q.Limit, "limit", 0, "stop after so many; 0 lists all")
	f.StringVar(&q.Type, "type", "", "only events of this `type`, as in grant.redeemed")
	f.StringVar(&q.Tenant, "tenant", "", "only events of this `tenant`")
	f.StringVar(&q.SupportCode, "support-code", "", "only events of the request with this `code`")
	f.BoolVar(&asJSON, "json", false, "print JSON Lines")
	p.addFlags(cmd)
	return cmd
}

func listEvents(ctx context.Context, c *operator.Client, q operator.EventQuery, asJSON bool, stdout io.Writer) error {
	var failed error
	if asJSON {
		enc := json.NewEncoder(stdout)
		err := c.Events(ctx, q, func(e *operator.Event) { failed = errors.Join(failed, enc.Encode(e)) })
		return errors.Join(err, failed)
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	row := func(columns ...any) {
		_, err := fmt.Fprintf(table, "%v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\n", columns...)
		failed = errors.Join(failed, err)
	}
	row("EVENT", "TIME", "TYPE", "TENANT", "CLIENT", "GRANT", "SUPPORT CODE", "ABOUT")
	err := c.Events(ctx, q, func(e *operator.Event) {
		row(e.Seq, e.At.UTC().Format(time.RFC3339), e.Type, orDash(e.Tenant), orDash(e.Client), orDash(e.Grant), orDash(e.SupportCode), about(e))
	})
	return errors.Join(err, failed, table.Flush())
}

// about says what the columns before do not: of an event without a grant, which
// destination it is about.
func about(e *operator.Event) string {
	if e.Reason+e.Note+e.Grant == "" {
		return orDash(e.Destination)
	}
	if e.Reason != "" && e.Note != "" {
		return e.Reason + ": " + e.Note
	}
	return orDash(e.Reason + e.Note)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
