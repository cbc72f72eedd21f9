package landing

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// boughtPage is a subscription as what was once bought.
type boughtPage struct {
	subscriptionRow
	Options string
	// Price is what it cost, as far as an order of it is known, or empty.
	Price string
	// Orders are the person's orders with that product.
	Orders []orderView
}

func (v *visitor) getViewOrder() { v.about(v.showBought) }

func (v *visitor) showBought(s *directory.Subscription) {
	all, _, err := v.orders()
	if err != nil {
		v.fail("list orders", err)
		return
	}
	content := &boughtPage{subscriptionRow: v.subscriptionRow(s), Options: joined(s.Product.PriceOptionCodes)}
	for i := range all {
		item, ok := itemOf(&all[i], s.Product.ID)
		if !ok {
			continue
		}
		content.Orders = append(content.Orders, v.orderView(&all[i], v.language))
		if all[i].Status != directory.OrderIncomplete && directory.DateOf(all[i].PlacedAt) == s.StartsOn {
			content.Price = v.money(v.language, item.Total())
		}
	}
	v.open(http.StatusOK, "account-view-order", "bought.title", content)
}

// itemOf returns the order's line with that product.
func itemOf(o *directory.Order, product string) (item directory.OrderItem, ok bool) {
	for _, i := range o.Items {
		if i.ProductID == product {
			return i, true
		}
	}
	return item, false
}
