package landing_test

import (
	"testing"
)

func TestPictures(t *testing.T) {
	s := newSite(t)
	b := newTab(t, chromium(t), false)
	b.open(s.base + "/"); b.picture("start")
	b.open(s.cartLink(john, "PRODS=4639321,1112233&QTY=1,2&COUPON=WELCOME10")); b.picture("cart")
	b.fill("#f-email", "john"); b.fill("#f-city", "")
	b.submit("button[name=place]"); b.picture("cart-errors")
	b.open(s.cartLink(john, "PRODS=4639321,nope"))
	b.submit("button[name=place]"); b.picture("done")
	b.open(s.base+"/order/cart.php"); b.picture("cart-empty")
	b.open(s.cartLink(maria, "PRODS=4639321&CART=2")); b.picture("cart-maria")
	b.submit("button[name=place]"); b.picture("card")
	b.submit("button[type=submit]"); b.picture("card-errors")
	b.open(s.link(john, "account", "/myaccount/", 0)); b.picture("account")
	l := s.cartLink(john, "PRODS=4639321")
	b.open(l)
	c := newTab(t, b.ctx, true)
	c.open(l); c.picture("refused")
	c.open(s.base+"/order/checkout.php?PRODS=4639321"); c.picture("cart-anonymous")
	b.submit("form[action='/order/sign-out'] button"); b.picture("signed-out")
	b.open(s.base+"/nowhere"); b.picture("nowhere")
}
