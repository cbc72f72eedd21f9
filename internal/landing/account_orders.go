package landing

import (
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// ordersPage is the person's orders, and where to look for one by its number.
type ordersPage struct {
	Notices page.Notices
	Number  page.Field
	Shop    string
	Orders  []orderView
	Count   int
	More    bool
	Pages   pager
}

// maxOrders is how many orders of a person are looked at, the latest.
const maxOrders = 1000

// maxRefNo is the longest number of an order that is looked for.
const maxRefNo = 64

// orders returns the person's orders, the latest first. more reports whether there
// are more than maxOrders.
func (v *visitor) orders() (all []directory.Order, more bool, err error) {
	all, err = v.Directory.OrdersOf(v.r.Context(), v.customer, maxOrders+1)
	if more = len(all) > maxOrders; more {
		all = all[:maxOrders]
	}
	return all, more, err
}

func (v *visitor) orderViews(all []directory.Order) []orderView {
	var views []orderView
	for i := range all {
		views = append(views, v.orderView(&all[i], v.language))
	}
	return views
}

// getOrders shows the order that the address names, or all of them.
func (v *visitor) getOrders() {
	if !v.params.has(orderParam) {
		v.showOrders(http.StatusOK, "", "")
		return
	}
	refNo := strings.TrimSpace(v.params.get(orderParam))
	if refNo == "" {
		v.showOrders(http.StatusUnprocessableEntity, "", v.text("orders.none_given"))
		return
	}
	o, err := v.order(refNo)
	switch {
	case errors.Is(err, signon.ErrNotFound):
		v.showOrders(http.StatusNotFound, refNo, v.text("orders.unknown"))
	case err != nil:
		v.fail("look for order", err)
	default:
		v.showOrder(o)
	}
}

// order returns the person's order with that number, or signon.ErrNotFound: also
// when there is such a one of another person.
func (v *visitor) order(refNo string) (*directory.Order, error) {
	if !validText(refNo, maxRefNo) {
		return nil, signon.ErrNotFound
	}
	return v.Directory.OrderOf(v.r.Context(), v.customer, refNo)
}

// showOrders shows all orders, and what was typed into the search with what is
// wrong with it.
func (v *visitor) showOrders(status int, typed, wrong string) {
	all, more, err := v.orders()
	if err != nil {
		v.fail("list orders", err)
		return
	}
	rows, pages := paged(v.visit, ordersPath, all)
	content := &ordersPage{
		Number: page.Field{
			ID: fieldID(orderParam), Name: orderParam, Label: "orders.number", Value: typed, Error: wrong,
			InputMode: "numeric", Autocomplete: "off", MaxLength: maxRefNo,
		},
		Shop: v.tenant.Name, Orders: v.orderViews(rows), Count: len(all), More: more, Pages: pages,
	}
	content.Notices.Wrong = faultsOf(content.Number)
	v.open(status, "account-orders", "orders.title", content, content.Notices.Wrong...)
}

// orderPage is one order.
type orderPage struct {
	orderView
	Shop       string
	Incomplete bool
}

func (v *visitor) showOrder(o *directory.Order) {
	v.within = true
	v.open(http.StatusOK, "account-order", "order.title", &orderPage{
		v.orderView(o, v.language), v.tenant.Name, o.Status == directory.OrderIncomplete,
	})
}
