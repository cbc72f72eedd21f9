package landing

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// subscriptionRow is a subscription in a list.
type subscriptionRow struct {
	Product, Version, Reference string
	Path                        string // of its page
	Quantity                    int
	Status                      page.Badge
	Trial                       bool
	Term, Started               string
}

// maxSubscriptions is how many subscriptions of a person are looked at.
const maxSubscriptions = 1000

// subscriptions returns the person's subscriptions: what needs attention first,
// then what is in use, then what is over. more reports whether there are more
// than maxSubscriptions.
func (v *visitor) subscriptions() (all []directory.Subscription, more bool, err error) {
	all, err = v.Directory.Subscriptions(v.r.Context(), directory.SubscriptionQuery{
		Tenant: v.tenant.ID, CustomerID: v.customer.ID, Limit: maxSubscriptions + 1,
	})
	if more = len(all) > maxSubscriptions; more {
		all = all[:maxSubscriptions]
	}
	slices.SortStableFunc(all, func(a, b directory.Subscription) int {
		return cmp.Or(cmp.Compare(rank(&a, v.now), rank(&b, v.now)), cmp.Compare(productName(&a), productName(&b)))
	})
	return all, more, err
}

// subscription returns the person's subscription with that reference, or
// signon.ErrNotFound: also when there is such a one of another person.
func (v *visitor) subscription(reference string) (*directory.Subscription, error) {
	s, err := v.Directory.Subscription(v.r.Context(), v.tenant.ID, reference)
	if err == nil && s.CustomerID != v.customer.ID {
		return nil, signon.ErrNotFound
	}
	return s, err
}

// rank puts what needs attention first, then what is in use, then what is over.
func rank(s *directory.Subscription, now time.Time) int {
	return slices.Index([]directory.SubscriptionStatus{
		directory.StatusPastDue, directory.StatusActive, directory.StatusExpired, directory.StatusDisabled,
	}, s.Status(now))
}

// productName is what the subscription's product is called.
func productName(s *directory.Subscription) string { return cmp.Or(s.Product.Name, s.Product.ID) }

// statusBadges are the badges for each status.
var statusBadges = map[directory.SubscriptionStatus]page.Badge{
	directory.StatusActive:   {Kind: "good", Text: "status.ACTIVE"},
	directory.StatusPastDue:  {Kind: "warn", Text: "status.PASTDUE"},
	directory.StatusExpired:  {Text: "status.EXPIRED"},
	directory.StatusDisabled: {Text: "status.DISABLED"},
}

// running reports whether the subscription goes on, so that it can be renewed.
func running(s *directory.Subscription, now time.Time) bool {
	status := s.Status(now)
	return status == directory.StatusActive || status == directory.StatusPastDue
}

// endless reports whether the subscription has no end, and so no renewal.
func endless(s *directory.Subscription) bool { return s.Lifetime || s.ExpiresOn == directory.Date{} }

// renews reports whether the subscription will be renewed by itself.
func renews(s *directory.Subscription, now time.Time) bool {
	return s.Recurring && !endless(s) && running(s, now)
}

// aboutPath is the address of a page about a subscription.
func aboutPath(path, reference string) string { return path + "?code=" + url.QueryEscape(reference) }

func (v *visitor) subscriptionRows(all []directory.Subscription) []subscriptionRow {
	var rows []subscriptionRow
	for i := range all {
		rows = append(rows, v.subscriptionRow(&all[i]))
	}
	return rows
}

func (v *visitor) subscriptionRow(s *directory.Subscription) subscriptionRow {
	return subscriptionRow{
		Product: productName(s), Version: s.Product.Version, Reference: s.Reference, Path: aboutPath(subscriptionPath, s.Reference),
		Quantity: s.Product.Quantity, Status: statusBadges[s.Status(v.now)], Trial: s.Trial,
		Term: v.term(s), Started: v.date(v.language, s.StartsOn),
	}
}

// term says until when the subscription runs, and what happens then.
func (v *visitor) term(s *directory.Subscription) string {
	day := v.date(v.language, s.ExpiresOn)
	switch status := s.Status(v.now); {
	case endless(s):
		return v.text("term.never")
	case status == directory.StatusExpired:
		return v.text("term.ended", day)
	case s.Recurring && status == directory.StatusActive:
		return v.text("term.renews", day)
	}
	return v.text("term.ends", day)
}

// joined writes codes in a line.
func joined(codes []string) string { return strings.Join(codes, ", ") }
