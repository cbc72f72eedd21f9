package landing

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// cart is what a browser is about to order. It is kept in the browser alone, so
// visitors who are not signed in cost no storage, and it holds nothing personal:
// prices, names and addresses always come from the directory.
type cart struct {
	// ID is random and new for every order: an order is placed once for each ID.
	ID       string `json:"i"`
	Lines    []line `json:"l,omitempty"`
	Currency string `json:"c,omitempty"` // asked for; empty: the products' own
	Coupon   string `json:"k,omitempty"`
	Language string `json:"g,omitempty"`
	// DetailsFirst and Card are how the page opens (CART=2, CARD).
	DetailsFirst bool     `json:"d,omitempty"`
	Card         cardHint `json:"p,omitempty"`
	// Owner marks the person whose cart it is, or is empty (see personMark).
	Owner string `json:"o,omitempty"`
	// Grants marks the sign-ons that started this cart or an earlier one, latest
	// last: following one of these links again changes nothing.
	Grants []string `json:"t,omitempty"`
	// Placed are the IDs of carts that were ordered in this session, latest last.
	Placed []string `json:"f,omitempty"`
}

// line is one product of a cart.
type line struct {
	Product  string `json:"p"`
	Quantity int    `json:"q"`
	Options  string `json:"o,omitempty"`
}

// cardHint is what a buy link says about the choice of a card.
type cardHint int

const (
	cardAny    cardHint = 0 // the first usable card on file is chosen already
	cardNew    cardHint = 1 // entering a new card is chosen already
	cardChoose cardHint = 2 // nothing is chosen
)

const (
	maxLines    = 20
	maxGrants   = 10
	maxPlaced   = 3
	maxQuantity = 100_000
	markLen     = 8  // bytes of a mark
	cartIDLen   = 16 // bytes of a cart's ID
)

func newCart() *cart {
	var id [cartIDLen]byte
	_, _ = rand.Read(id[:]) // never fails: the process ends instead
	return &cart{ID: base64.RawURLEncoding.EncodeToString(id[:])}
}

// cartOf returns the empty cart that a sign-on starts. Its ID follows from the
// session, so that two tabs, or a repeat after a lost answer, get the same cart
// and can't order twice.
func cartOf(signOn *signon.SignOn) *cart {
	sum := sha256.Sum256([]byte("cart\x00" + signOn.Token.Reveal()))
	return &cart{
		ID:     base64.RawURLEncoding.EncodeToString(sum[:cartIDLen]),
		Owner:  personMark(&signOn.Session),
		Grants: []string{grantMark(signOn.Session.Key)},
	}
}

// grantMark names a grant in a cart.
func grantMark(key signon.GrantKey) string {
	sum := sha256.Sum256(append([]byte("grant\x00"), key[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:markLen])
}

// personMark names a person in a cart, so that one person's cart never becomes
// another's.
func personMark(s *signon.BrowserSession) string {
	sum := sha256.Sum256([]byte("person\x00" + string(s.Tenant) + "\x00" + string(s.SubjectKind) + "\x00" + string(s.Subject)))
	return base64.RawURLEncoding.EncodeToString(sum[:markLen])
}

// put sets a product's quantity, adding the product when it is not there. It
// reports whether there was room.
func (c *cart) put(l line) bool {
	for i := range c.Lines {
		if c.Lines[i].Product == l.Product {
			if l.Options == "" {
				l.Options = c.Lines[i].Options
			}
			c.Lines[i] = l
			return true
		}
	}
	if len(c.Lines) >= maxLines {
		return false
	}
	c.Lines = append(c.Lines, l)
	if !c.fits() {
		c.Lines = c.Lines[:len(c.Lines)-1]
		return false
	}
	return true
}

// setQuantity changes one line; 0 removes it.
func (c *cart) setQuantity(product string, quantity int) {
	c.Lines = slices.DeleteFunc(c.Lines, func(l line) bool { return l.Product == product && quantity == 0 })
	for i := range c.Lines {
		if c.Lines[i].Product == product {
			c.Lines[i].Quantity = quantity
		}
	}
}

// started reports whether that sign-on has started a cart in this browser.
func (c *cart) started(mark string) bool { return slices.Contains(c.Grants, mark) }

// replaced returns the cart that comes after c: next, with c's memory of
// sign-ons. next's own sign-on comes last.
func (c *cart) replaced(next *cart) *cart {
	grants := slices.DeleteFunc(slices.Clone(c.Grants), func(g string) bool { return slices.Contains(next.Grants, g) })
	next.Grants = last(append(grants, next.Grants...), maxGrants)
	return next
}

// ordered returns the empty cart that comes after c was ordered.
func (c *cart) ordered() *cart {
	next := newCart()
	next.Owner, next.Grants, next.Language, next.Currency = c.Owner, c.Grants, c.Language, c.Currency
	next.Placed = last(append(slices.Clone(c.Placed), c.ID), maxPlaced)
	return next
}

// last returns the last n elements.
func last(s []string, n int) []string { return s[max(0, len(s)-n):] }
