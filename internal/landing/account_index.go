package landing

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// indexPage is the first page of the account area.
type indexPage struct {
	Shop, FirstName string
	Attention       []attention
	Subscriptions   []subscriptionRow
	// Count is how many subscriptions there are.
	Count        int
	Orders       []orderView
	OrderCount   int
	Email, Phone string
	Number       string // the customer's
	Address      []string
	Delivery     []string // empty when it is the same
	Cards        []cardView
}

// attention is something to do something about.
type attention struct {
	Text, Path string
	Do         string // key of what the link says
}

// How much of each the page shows.
const (
	indexSubscriptions = 5
	indexOrders        = 3
	maxAttention       = 5
)

// soon is how many days before its end a subscription needs attention.
const soon = 30

func (v *visitor) getIndex() {
	all, _, err := v.subscriptions()
	if err != nil {
		v.fail("list subscriptions", err)
		return
	}
	orders, _, err := v.orders()
	if err != nil {
		v.fail("list orders", err)
		return
	}
	c := v.customer
	content := &indexPage{
		Shop: v.tenant.Name, FirstName: c.Billing.FirstName, Attention: v.attention(all),
		Subscriptions: v.subscriptionRows(all[:min(len(all), indexSubscriptions)]), Count: len(all),
		Orders: v.orderViews(orders[:min(len(orders), indexOrders)]), OrderCount: len(orders),
		Email: c.Billing.Email, Phone: c.Billing.Phone, Number: string(c.Ref()), Address: addressLines(&c.Billing, v.language),
		Cards: v.cardsOnFile(c.Cards, v.now, v.language),
	}
	if c.Delivery != nil && *c.Delivery != c.Billing {
		content.Delivery = addressLines(c.Delivery, v.language)
	}
	v.open(http.StatusOK, "account", "account.title", content)
}

// attention returns what needs attention, what is most pressing first.
func (v *visitor) attention(all []directory.Subscription) []attention {
	var due, other []attention
	for i := range all {
		a, pressing := v.attends(&all[i])
		switch {
		case a == nil:
		case pressing:
			due = append(due, *a)
		default:
			other = append(other, *a)
		}
	}
	due = append(due, other...)
	return due[:min(len(due), maxAttention)]
}

// attends returns what there is to do about the subscription, or nil.
func (v *visitor) attends(s *directory.Subscription) (a *attention, pressing bool) {
	name, day, days := productName(s), v.date(v.language, s.ExpiresOn), daysUntil(s.ExpiresOn, v.now)
	if s.Status(v.now) == directory.StatusPastDue {
		return &attention{v.text("attention.due", name), aboutPath(subscriptionPath, s.Reference), "attention.do_due"}, true
	}
	if !running(s, v.now) || endless(s) || days > soon {
		return nil, false
	}
	if !s.Recurring {
		return &attention{v.text("attention.ends", name, day), aboutPath(subscriptionPath, s.Reference), "attention.do_ends"}, false
	}
	card, ok := v.customer.Pays(s, v.now)
	switch {
	case !ok:
		return &attention{v.text("attention.no_card", name, day), cardsPath, "attention.do_no_card"}, true
	case v.endsBefore(card, s):
		return &attention{v.text("attention.card_expires", name, day), aboutPath(changeCardPath, s.Reference), "attention.do_card_expires"}, true
	}
	return nil, false
}
