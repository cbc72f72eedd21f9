package landing

import (
	"strings"
	"testing"
)

func TestOneLineAlwaysHasRoom(t *testing.T) {
	wide := func(n int) string { return strings.Repeat("𐍈", n) }  // 4 bytes each, and printable
	angle := func(n int) string { return strings.Repeat("<", n) } // 6 bytes each as JSON
	for _, text := range []func(int) string{wide, angle} {
		c := newCart()
		c.Coupon, c.Currency, c.Language, c.Owner = text(maxCoupon), "EUR", "en", strings.Repeat("o", 11)
		c.DetailsFirst, c.Card = true, cardChoose
		c.Lines = []line{{Product: text(maxProductID), Quantity: maxQuantity, Options: text(maxOptions)}}
		for range maxGrants {
			c.Grants = append(c.Grants, strings.Repeat("g", 11))
		}
		for range maxPlaced {
			c.Placed = append(c.Placed, strings.Repeat("p", 22))
		}
		if !validProduct(c.Lines[0].Product) || !validText(c.Lines[0].Options, maxOptions) {
			t.Fatalf("a line of %q is not valid", text(1))
		}
		if n := len(c.encode()); n > maxCartCookie {
			t.Errorf("%q: got %d bytes, want at most %d", text(1), n, maxCartCookie)
		}
	}
}
