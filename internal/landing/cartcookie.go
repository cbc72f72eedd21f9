package landing

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A cart is kept in a cookie as "1." and the base64url form of its JSON. Only
// what encode writes is read back; anything else is no cart.
const cartVersion = "1."

// maxCartCookie is the longest value, in bytes: browsers keep 4,096 with name
// and attributes.
const maxCartCookie = 3500

// encode returns the cookie's value.
func (c *cart) encode() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // only strings and numbers
	}
	return cartVersion + base64.RawURLEncoding.EncodeToString(raw)
}

// fits reports whether the cart has room in its cookie, counting the marks that
// may still come.
func (c *cart) fits() bool {
	if len(c.Lines) <= 1 {
		return true // most carts: one line always has room, however long its texts are
	}
	const mark, id = 14, 25 // bytes of each as JSON
	reserve := (maxGrants-len(c.Grants))*mark + (maxPlaced-len(c.Placed))*id + mark + 64
	return len(c.encode())+reserve*4/3 <= maxCartCookie
}

// decodeCart reads a cookie's value; ok is false for anything that encode does
// not write.
func decodeCart(value string) (c *cart, ok bool) {
	encoded, ok := strings.CutPrefix(value, cartVersion)
	if !ok || len(value) > maxCartCookie {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	c = &cart{}
	if err := dec.Decode(c); err != nil || !c.valid() || c.encode() != value {
		return nil, false
	}
	return c, true
}

// valid reports whether every part is as this package makes it.
func (c *cart) valid() bool {
	if !validMark(c.ID, cartIDLen) || len(c.Lines) > maxLines || len(c.Grants) > maxGrants || len(c.Placed) > maxPlaced ||
		c.Owner != "" && !validMark(c.Owner, markLen) || c.Currency != "" && !validCurrency(c.Currency) ||
		c.Language != "" && !validLanguage(c.Language) || c.Coupon != "" && !validText(c.Coupon, maxCoupon) ||
		c.Card < cardAny || c.Card > cardChoose {
		return false
	}
	for _, g := range c.Grants {
		if !validMark(g, markLen) {
			return false
		}
	}
	for _, id := range c.Placed {
		if !validMark(id, cartIDLen) {
			return false
		}
	}
	return validLines(c.Lines)
}

func validLines(lines []line) bool {
	seen := map[string]bool{}
	for _, l := range lines {
		if seen[l.Product] || !validProduct(l.Product) || l.Quantity < 1 || l.Quantity > maxQuantity ||
			l.Options != "" && !validText(l.Options, maxOptions) {
			return false
		}
		seen[l.Product] = true
	}
	return true
}

func validMark(text string, size int) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == size
}

func validCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// The longest texts of a cart, in characters.
const (
	maxProductID = 64
	maxCoupon    = 64
	maxOptions   = 200
)

func validProduct(id string) bool {
	return validText(id, maxProductID) && !strings.ContainsAny(id, ",& ")
}

// validText reports whether the text is given, printable and not too long.
func validText(text string, most int) bool {
	return text != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
		strings.TrimSpace(text) == text && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
