package landing

import (
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The parameters of a buy link.
const (
	paramProducts   = "PRODS"
	paramProduct    = "PROD" // on upgrade links
	paramQuantities = "QTY"
	paramCart       = "CART"
	paramCard       = "CARD"
	paramClean      = "CLEAN_CART"
	paramCurrency   = "CURRENCY"
	paramLanguage   = "LANG"
	paramCoupon     = "COUPON"
	paramOptions    = "OPTIONS" // followed by the product's id
)

// hasProducts reports whether the query is a buy link's.
func hasProducts(p params) bool {
	return p.has(paramProducts) || p.has(paramProduct) || p.has(paramClean)
}

// order puts what a buy link says into the cart. It reports whether there was
// room for all of it. Values that make no sense are left out, as if not given.
func (c *cart) order(p params) bool {
	roomy := true
	quantities := strings.Split(p.get(paramQuantities), ",")
	products := p.get(paramProducts)
	if products == "" {
		products = p.get(paramProduct)
	}
	n := 0
	for id := range strings.SplitSeq(products, ",") {
		id = strings.TrimSpace(id)
		quantity := 1
		if n < len(quantities) {
			quantity = linkQuantity(quantities[n])
		}
		n++
		if !validProduct(id) {
			continue
		}
		l := line{Product: id, Quantity: quantity}
		if o := p.get(paramOptions + id); validText(o, maxOptions) {
			l.Options = o
		}
		roomy = c.put(l) && roomy
		if n > 4*maxLines {
			return false // nobody buys so much by one link
		}
	}
	c.hint(p)
	return roomy
}

// hint takes over what a buy link says besides products.
func (c *cart) hint(p params) {
	before := *c
	if code := strings.ToUpper(p.get(paramCurrency)); validCurrency(code) {
		c.Currency = code
	}
	if code, err := signon.ParseLanguage(p.get(paramLanguage)); err == nil && code != "" {
		c.Language = code
	}
	if coupon := p.get(paramCoupon); validText(coupon, maxCoupon) {
		c.Coupon = coupon
	}
	if p.has(paramCart) {
		c.DetailsFirst = p.get(paramCart) == "2"
	}
	switch p.get(paramCard) {
	case "1":
		c.Card = cardNew
	case "2":
		c.Card = cardChoose
	}
	if !c.fits() {
		c.Coupon = before.Coupon
	}
}

func validLanguage(code string) bool {
	parsed, err := signon.ParseLanguage(code)
	return err == nil && parsed == code
}

// linkQuantity reads a quantity of a link: 1 for anything that is none.
func linkQuantity(text string) int {
	if n, ok := parseQuantity(text); ok && n > 0 {
		return n
	}
	return 1
}

// parseQuantity reads a whole number from 0 to maxQuantity in plain digits.
func parseQuantity(text string) (int, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n <= maxQuantity
}

// cart returns the browser's cart, or an empty new one.
func (v *visit) cart() *cart {
	if c, ok := decodeCart(v.jar.get(cartCookie)); ok {
		return c
	}
	return newCart()
}

func (v *visit) keepCart(c *cart) { v.jar.set(cartCookie, c.encode()) }

// getBuyLink puts a link's products into the cart and shows it at an address
// that adds nothing on a reload.
func (v *visit) getBuyLink() {
	p, err := v.person()
	if err != nil {
		v.fail("read session", err)
		return
	}
	c := v.cartFor(p)
	if clean := v.params.get(paramClean); clean == "1" || strings.EqualFold(clean, "all") {
		empty := newCart()
		empty.Owner, empty.Placed = c.Owner, c.Placed
		c = c.replaced(empty)
	}
	location := cartPath
	if !c.order(v.params) {
		location += "?" + noteParam + "=" + noteFull
	}
	v.keepCart(c)
	v.see(location)
}

// cartFor returns the browser's cart as the person's own. A cart that was
// another person's is left behind.
func (v *visit) cartFor(p *person) *cart {
	c := v.cart()
	if p == nil {
		return c
	}
	mark := personMark(p.session)
	if c.Owner != "" && c.Owner != mark {
		c = c.replaced(newCart())
	}
	c.Owner = mark
	return c
}

// startCart gives the browser the cart of a sign-on: once, with what is to be in
// it. A link that this browser has followed before leaves the cart as it stands.
func (v *visit) startCart(signOn *signon.SignOn, with params) {
	c := cartOf(signOn)
	if before, ok := decodeCart(v.jar.get(cartCookie)); ok {
		if before.started(grantMark(signOn.Session.Key)) && before.Owner == c.Owner {
			return
		}
		c = before.replaced(c)
	}
	c.order(with)
	v.keepCart(c)
}
