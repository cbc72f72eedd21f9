package landing

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// accountPage is what the first page of the account area shows.
type accountPage struct {
	Shop          string
	FirstName     string
	Email, Phone  string
	Address       []string
	Delivery      []string // empty when it is the same
	Number        string   // the customer's
	Cards         []cardView
	Subscriptions []subscriptionView
	More          bool // there are more subscriptions than are shown
}

type subscriptionView struct {
	Product, Version, Reference string
	Quantity                    int
	Status, StatusKind          string // keys: of a text, and of a badge
	Trial                       bool
	Started, Ends, EndsKind     string // EndsKind is the key of what the date means
}

// maxShown is how many subscriptions the page shows.
const maxShown = 100

func (v *visit) getAccount() {
	p, err := v.person()
	if err != nil {
		v.fail("show account", err)
		return
	}
	v.clean()
	if p == nil {
		v.message(http.StatusForbidden, signedOff)
		return
	}
	view := v.personal("account.title", p, nil)
	content, err := v.accountPage(p, view.Language)
	if err != nil {
		v.fail("show account", err)
		return
	}
	view.Content = content
	v.show(http.StatusOK, "account", view)
}

func (v *visit) accountPage(p *person, language string) (*accountPage, error) {
	c := p.customer
	subscriptions, err := v.Directory.Subscriptions(v.r.Context(), directory.SubscriptionQuery{
		Tenant: v.tenant.ID, CustomerID: c.ID, Limit: maxShown + 1,
	})
	if err != nil {
		return nil, err
	}
	content := &accountPage{
		Shop: v.tenant.Name, FirstName: c.Billing.FirstName, Email: c.Billing.Email, Phone: c.Billing.Phone,
		Address: addressLines(&c.Billing, language), Number: string(c.Ref()),
		More: len(subscriptions) > maxShown,
	}
	if c.Delivery != nil && *c.Delivery != c.Billing {
		content.Delivery = addressLines(c.Delivery, language)
	}
	now := v.SignOn.Now()
	for _, card := range c.Cards {
		content.Cards = append(content.Cards, v.cardOnFile(card, now, language))
	}
	slices.SortStableFunc(subscriptions, func(a, b directory.Subscription) int {
		return cmp.Or(cmp.Compare(rank(&a, now), rank(&b, now)), cmp.Compare(a.Product.Name, b.Product.Name))
	})
	for i := range subscriptions[:min(len(subscriptions), maxShown)] {
		content.Subscriptions = append(content.Subscriptions, v.subscription(&subscriptions[i], now, language))
	}
	return content, nil
}

// rank puts what needs attention first, then what is in use, then what is over.
func rank(s *directory.Subscription, now time.Time) int {
	return slices.Index([]directory.SubscriptionStatus{
		directory.StatusPastDue, directory.StatusActive, directory.StatusExpired, directory.StatusDisabled,
	}, s.Status(now))
}

// badges are the kinds of badge for each status.
var badges = map[directory.SubscriptionStatus]string{
	directory.StatusActive:  "good",
	directory.StatusPastDue: "warn",
	directory.StatusExpired: "",
}

func (v *visit) subscription(s *directory.Subscription, now time.Time, language string) subscriptionView {
	status := s.Status(now)
	view := subscriptionView{
		Product: s.Product.Name, Version: s.Product.Version, Reference: s.Reference, Quantity: s.Product.Quantity,
		Status: "status." + string(status), StatusKind: badges[status], Trial: s.Trial,
		Started: v.date(language, s.StartsOn), Ends: v.date(language, s.ExpiresOn),
	}
	if view.Product == "" {
		view.Product = s.Product.ID
	}
	switch {
	case s.Lifetime || s.ExpiresOn == directory.Date{}:
		view.Ends, view.EndsKind = v.pages.Text(language, "account.never"), ""
	case status == directory.StatusExpired:
		view.EndsKind = "account.ended"
	case s.Recurring && status == directory.StatusActive:
		view.EndsKind = "account.renews"
	default:
		view.EndsKind = "account.ends"
	}
	return view
}

// date returns the day as people write it, or "" for no day.
func (v *visit) date(language string, d directory.Date) string {
	if d == (directory.Date{}) {
		return ""
	}
	form := "date.other"
	if d.Day == 1 {
		form = "date.first"
	}
	return v.pages.Text(language, form, d.Day, v.pages.Text(language, "month."+d.Month.String()), d.Year)
}
