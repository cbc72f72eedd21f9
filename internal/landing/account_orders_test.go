package landing_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

func TestOrdersAreFoundByTheirOwnerAlone(t *testing.T) {
	s := newSite(t)
	mine := s.order(john, "PRODS=4639321&QTY=2&COUPON=SPRING")
	s.clock.advance(24 * time.Hour)
	later := s.order(john, "PRODS=1112233")
	theirs := s.order(zoe, "PRODS=4586004")
	b := s.member(john)
	list := b.get("/myaccount/order_lookup/").status(t, http.StatusOK).shows(t, mine, later, "2 orders", "€59.80", "20 November 2026").hides(t, theirs, "Safe Backup")
	if strings.Index(list.body, later) > strings.Index(list.body, mine) {
		t.Errorf("the latest order is not first")
	}
	b.get("/myaccount/order_lookup/?order=+"+mine+"+").status(t, http.StatusOK).shows(t,
		"<h1>Order "+mine+"</h1>", "Hot Talks Messenger", "2 ×", "€59.80", "SPRING", "12 Orchard Street", "Unit 5, 400 Market Road", "Visa ending in 1111",
		"Received", "20 November 2026").hides(t, later, "demo-visa")
	unknown := b.get("/myaccount/order_lookup/?order=999999999").status(t, http.StatusNotFound).shows(t,
		"There is no order with this number in your account", `value="999999999"`, `aria-describedby="f-order-error"`, `href="#f-order"`)
	other := b.get("/myaccount/order_lookup/?order="+theirs).status(t, http.StatusNotFound)
	if strings.ReplaceAll(other.body, theirs, "999999999") != unknown.body {
		t.Errorf("another person's order is told from an unknown one")
	}
	for _, typed := range []string{strings.Repeat("9", 500), "%00", "%3Cb%3E", mine + "%27"} {
		b.get("/myaccount/order_lookup/?order="+typed).status(t, http.StatusNotFound).hides(t, "<b>")
	}
	b.get("/myaccount/order_lookup/?order=").status(t, http.StatusUnprocessableEntity).shows(t, "Enter the number of an order")
	b.get("/myaccount/").shows(t, mine, later)
	s.member(maria).get("/myaccount/order_lookup/?lang=en").shows(t, "You have not ordered anything")
}

func TestAnOrderThatWasNotFinishedSaysSo(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	leave(t, b, "PRODS=4639321")
	refNo := s.orders()[0].RefNo
	hers := s.member(maria)
	hers.get("/myaccount/order_lookup/?lang=en").shows(t, refNo, "Not finished")
	hers.get("/myaccount/order_lookup/?lang=en&order="+refNo).status(t, http.StatusOK).shows(t, "This order was not finished", "None chosen")
}

func TestWhatWasBoughtIsShownWithItsOrders(t *testing.T) {
	s := newSite(t)
	refNo := s.order(john, "PRODS=4639321&QTY=3")
	other := s.order(john, "PRODS=4586004")
	bought := sub("AAAAAAAAAA", "Hot Talks Messenger", day(2027, 11, 20))
	bought.Product.ID, bought.StartsOn = "4639321", directory.DateOf(s.clock.Now())
	s.add(&directory.Batch{Subscriptions: []*directory.Subscription{bought}})
	b := s.member(john)
	b.get("/myaccount/view_order/?code=AAAAAAAAAA").status(t, http.StatusOK).
		shows(t, "What you bought", "20 November 2026", "Price", "€89.70", `href="/myaccount/order_lookup/?order=`+refNo+`"`, `href="/myaccount/my_subscription/?code=AAAAAAAAAA"`).hides(t, other)
	b.get("/myaccount/view_order/?code="+johnsTalks).shows(t, refNo, "15 January 2025").hides(t, ">Price<") // the order is not the one that began it
	b.get("/myaccount/view_order/?code="+johnsPhoto).shows(t, "No order for this product").hides(t, refNo)
}
