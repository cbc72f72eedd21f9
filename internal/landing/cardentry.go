package landing

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// A new card is entered at the tenant's payment processor, never here. The
// browser is sent there with return_url, state, order, amount and currency, and
// comes back to return_url with state, token, brand, last4 and exp (MM/YYYY), or
// with state and cancel=1.

// entryState ties a return from the processor's page to the cart that left for
// it, and so to this browser.
func entryState(cartID string) string {
	sum := sha256.Sum256([]byte("card entry\x00" + cartID))
	return base64.RawURLEncoding.EncodeToString(sum[:cartIDLen])
}

// cardEntryURL is the page of the tenant's payment processor where a new card is
// entered, or nil. It is declared with the tenant's cart and serves all its pages.
func (v *visit) cardEntryURL() *url.URL {
	cart, ok := v.SignOn.Registry().Destination(v.tenant.ID, signon.KindCart)
	if v.dest.Kind == signon.KindCart {
		cart, ok = v.dest, true
	}
	if !ok {
		return nil
	}
	u, err := url.Parse(cart.Settings["card_entry_url"])
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil
	}
	return u
}

// cardEntryOrigin is where that page is, for the content policy of pages whose
// forms lead there.
func (v *visit) cardEntryOrigin() []string {
	u := v.cardEntryURL()
	if u == nil {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}

// cardEntryLocation is where a card for the order is entered.
func (v *visit) cardEntryLocation(o *directory.Order) string {
	u := v.cardEntryURL()
	q := u.Query()
	q.Set("return_url", v.origin.String()+cardReturnPath)
	q.Set("state", entryState(o.CartID))
	q.Set("order", o.RefNo)
	q.Set("amount", o.Total.Decimal())
	q.Set("currency", o.Total.Currency)
	u.RawQuery = q.Encode()
	return u.String()
}

// getCardReturn completes the order that waits for a card.
func (v *visit) getCardReturn() {
	d, err := v.draft()
	if err != nil {
		v.fail("read cart", err)
		return
	}
	state, _ := v.params.single("state")
	for _, id := range d.cart.Placed {
		if sameState(state, id) {
			v.repeatedReturn(d, id)
			return
		}
	}
	switch card, ok := v.returnedCard(); {
	case d.person == nil || !sameState(state, d.cart.ID):
		v.clean()
		v.message(http.StatusForbidden, "card_elsewhere")
	case v.params.get("cancel") != "":
		v.see(cartPath + "?" + noteParam + "=" + noteCancelled)
	case !ok:
		v.see(cartPath + "?" + noteParam + "=" + noteCard)
	default:
		v.completeOrder(d, card)
	}
}

func sameState(state, cartID string) bool {
	return subtle.ConstantTimeCompare([]byte(state), []byte(entryState(cartID))) == 1
}

// repeatedReturn answers a return that was answered before.
func (v *visit) repeatedReturn(d *draft, cartID string) {
	o, err := v.Directory.OrderByCart(v.r.Context(), v.tenant.ID, cartID)
	if err != nil {
		v.fail("read order", err)
		return
	}
	if !mine(o, d) {
		v.see(cartPath)
		return
	}
	v.see(doneLocation(o))
}

// completeOrder places the incomplete order, as it was when the browser left,
// with the card that was entered.
func (v *visit) completeOrder(d *draft, card directory.Card) {
	o, err := v.Directory.OrderByCart(v.r.Context(), v.tenant.ID, d.cart.ID)
	if err != nil {
		v.fail("read order", err)
		return
	}
	if o.CustomerID != d.person.customer.ID {
		v.see(cartPath)
		return
	}
	complete := *o
	complete.Card, complete.Status = card, directory.OrderPending
	complete.Card.Cardholder = strings.TrimSpace(o.Billing.FirstName + " " + o.Billing.LastName)
	placed, err := v.Directory.PlaceOrder(v.r.Context(), &complete, v.act(d.person))
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeInvalid {
		v.see(cartPath + "?" + noteParam + "=" + noteCard) // only the card is new: it holds a card number
		return
	}
	if err != nil {
		v.fail("place order", err)
		return
	}
	v.placed(d, placed)
}

// returnedCard reads the card that the processor names. ok is false when
// anything is missing, doubled, or not as it should be.
func (v *visit) returnedCard() (card directory.Card, ok bool) {
	values := map[string]string{}
	for _, name := range []string{"token", "brand", "last4", "exp"} {
		if values[name], ok = v.params.single(name); !ok {
			return card, false
		}
	}
	card = directory.Card{Token: values["token"], Type: strings.ToLower(values["brand"]), LastDigits: values["last4"]}
	card.ExpirationMonth, card.ExpirationYear, ok = parseExpiry(values["exp"])
	return card, ok && validText(card.Token, 255) && !digitsOnly(card.Token) &&
		validText(card.Type, 32) && strings.Trim(card.Type, "abcdefghijklmnopqrstuvwxyz _-") == "" &&
		len(card.LastDigits) == 4 && digitsOnly(card.LastDigits) && !card.Expired(v.SignOn.Now())
}

// digitsOnly reports whether the text is a number, blanks and hyphens aside: a
// processor's token never is, a card's number always.
func digitsOnly(text string) bool { return strings.Trim(text, "0123456789 -") == "" }

// parseExpiry reads "MM/YYYY" or "MM/YY".
func parseExpiry(text string) (month, year int, ok bool) {
	mm, yy, _ := strings.Cut(text, "/")
	if len(yy) == 2 {
		yy = "20" + yy
	}
	t, err := time.Parse("01/2006", mm+"/"+yy)
	if err != nil || len(mm) != 2 {
		return 0, 0, false
	}
	return int(t.Month()), t.Year(), true
}
