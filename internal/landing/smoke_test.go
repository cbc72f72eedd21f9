package landing_test

import "testing"

func TestSmoke(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	t.Cleanup(func(){t.Log(s.log.String())}); a := b.follow(s.cartLink(john, "PRODS=4639321&QTY=1")).status(t, 200)
	a.shows(t, "John", "12 Orchard Street", "Visa ending in 1111", "Mastercard ending in 4444", "400 Market Road")
	f := with(a.form(), "place", "1")
	t.Log(f)
	b.onward(b.post("/order/cart.php", f)).status(t, 200).shows(t, "Thank you")
	t.Log(s.orders())
	t.Log(s.log.String())
}
