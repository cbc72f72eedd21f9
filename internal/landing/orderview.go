package landing

import (
	"net/url"
	"strconv"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// orderView is an order as it is shown.
type orderView struct {
	RefNo, Path   string // Path is the address of its page in the account area
	Placed        string
	Status        page.Badge
	Lines         []orderLine
	Total, Coupon string
	Card          string // empty while none is chosen
	Billing       []string
	Delivery      []string // empty when it is the same
}

// orderLine is one product of an order.
type orderLine struct{ Name, Quantity, Amount string }

// orderBadges are the badges for each status.
var orderBadges = map[directory.OrderStatus]page.Badge{
	directory.OrderPending:    {Kind: "good", Text: "status.PENDING"},
	directory.OrderIncomplete: {Text: "status.INCOMPLETE"},
}

func (s *site) orderView(o *directory.Order, language string) orderView {
	view := orderView{
		RefNo: o.RefNo, Path: orderPath(o.RefNo), Placed: s.date(language, directory.DateOf(o.PlacedAt)), Status: orderBadges[o.Status],
		Total: s.money(language, o.Total), Coupon: o.Coupon, Billing: addressLines(&o.Billing, language),
	}
	if o.Card != (directory.Card{}) {
		view.Card = s.cardTitle(o.Card, language)
	}
	if o.Delivery != o.Billing {
		view.Delivery = addressLines(&o.Delivery, language)
	}
	for _, i := range o.Items {
		view.Lines = append(view.Lines, orderLine{i.Name, strconv.Itoa(i.Quantity), s.money(language, i.Total())})
	}
	return view
}

// orderPath is the address of an order's page.
func orderPath(refNo string) string {
	return ordersPath + "?" + orderParam + "=" + url.QueryEscape(refNo)
}

// orderParam names an order in an address.
const orderParam = "order"
