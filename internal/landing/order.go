package landing

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The names of the cart's form beside the details.
const (
	cartIDField = "cart"
	seenField   = "seen"
	removeField = "remove"
	placeField  = "place"
)

// postCart changes the cart or orders what is in it.
func (v *visit) postCart() {
	d, err := v.draft()
	if err != nil {
		v.fail("read cart", err)
		return
	}
	values := v.r.PostForm
	if id := values.Get(cartIDField); id != d.cart.ID {
		v.otherCart(d, id)
		return
	}
	if d.person == nil && (values.Has(directory.FieldEmail) || values.Has(placeField)) {
		v.clean()
		v.overCart(d.cart.Owner)
		return
	}
	v.readDraft(d, values)
	switch {
	case values.Has(removeField):
		v.removeLine(d, values.Get(removeField))
	case values.Has(placeField):
		v.place(d)
	default:
		v.update(d)
	}
}

// otherCart answers a form of a cart that is not the browser's any more: it was
// ordered meanwhile, or replaced by a sign-on, perhaps another person's.
// Nothing that was typed is shown or kept.
func (v *visit) otherCart(d *draft, id string) {
	if d.person != nil && slices.Contains(d.cart.Placed, id) {
		if o, err := v.Directory.OrderByCart(v.r.Context(), v.tenant.ID, id); err == nil && mine(o, d) {
			v.see(doneLocation(o))
			return
		}
	}
	d.tell("warn", v.pages.Text(v.language(d.cart), "cart.other"))
	v.showCart(http.StatusConflict, d)
}

// mine reports whether the order was placed by the person in this session.
func mine(o *directory.Order, d *draft) bool {
	return d.person != nil && o.CustomerID == d.person.customer.ID && o.Status == directory.OrderPending &&
		slices.Contains(d.cart.Placed, o.CartID)
}

func doneLocation(o *directory.Order) string { return donePath + "?order=" + url.QueryEscape(o.RefNo) }

// readDraft takes over what was typed.
func (v *visit) readDraft(d *draft, values url.Values) {
	if d.person != nil {
		d.form = readForm(values, d.person.customer)
		d.chosen = values.Get(cardField)
	}
	d.quantities = map[string]string{}
	language := v.language(d.cart)
	for _, l := range slices.Clone(d.cart.Lines) {
		name := quantityName(l.Product)
		if !values.Has(name) {
			continue
		}
		d.quantities[l.Product] = values.Get(name)
		if n, ok := parseQuantity(values.Get(name)); ok {
			d.cart.setQuantity(l.Product, n)
		} else {
			d.fault(name, v.pages.Text(language, "error.quantity"))
		}
	}
}

func (v *visit) removeLine(d *draft, product string) {
	d.cart.setQuantity(product, 0)
	delete(d.wrong, quantityName(product))
	v.update(d)
}

// update keeps the changed cart and shows it, with what was typed beside.
func (v *visit) update(d *draft) {
	v.prune(d)
	v.keepCart(d.cart)
	if len(d.wrong) == 0 && (d.person == nil || *d.form == *formOf(d.person.customer)) {
		v.see(cartPath)
		return
	}
	if err := v.reprice(d); err != nil {
		v.fail("price cart", err)
		return
	}
	status := http.StatusOK
	if len(d.wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	v.showCart(status, d)
}

// prune takes products out of the cart that are not sold, now that the visitor
// has been told.
func (v *visit) prune(d *draft) {
	for _, product := range d.quote.Unknown {
		d.cart.setQuantity(product, 0)
	}
}

func (v *visit) reprice(d *draft) (err error) {
	d.quote, err = v.price(v.r.Context(), v.tenant.ID, d.cart)
	return err
}

// place orders the cart, once.
func (v *visit) place(d *draft) {
	v.prune(d)
	if err := v.reprice(d); err != nil {
		v.fail("price cart", err)
		return
	}
	language := v.language(d.cart)
	if len(d.wrong) == 0 && v.r.PostForm.Get(seenField) != seen(d.quote) {
		d.tell("warn", v.pages.Text(language, "cart.total_changed"))
		v.keepCart(d.cart)
		v.showCart(http.StatusConflict, d)
		return
	}
	o := v.orderOf(d)
	v.check(d, o, language)
	if len(d.wrong) > 0 || !d.quote.orderable() {
		v.keepCart(d.cart)
		v.showCart(http.StatusUnprocessableEntity, d)
		return
	}
	placed, err := v.Directory.PlaceOrder(v.r.Context(), o, v.act(d.person))
	if err != nil {
		v.placeFailed(d, err, language)
		return
	}
	v.placed(d, placed)
}

// orderOf returns the order that the form describes. Without a card on file
// chosen it is incomplete.
func (v *visit) orderOf(d *draft) *directory.Order {
	o := &directory.Order{
		Tenant: v.tenant.ID, CartID: d.cart.ID, CustomerID: d.person.customer.ID, Status: directory.OrderIncomplete,
		Language: orderLanguage(d, v.tenant), Coupon: d.cart.Coupon,
		Billing: d.form.Billing, FiscalCode: d.form.FiscalCode, Delivery: d.form.delivery(),
	}
	for _, l := range d.quote.Lines {
		o.Items = append(o.Items, directory.OrderItem{
			ProductID: l.Product, ProductCode: l.Item.Code, Name: l.Item.Name,
			Quantity: l.Quantity, UnitPrice: l.Price, Options: l.Options,
		})
	}
	if c, ok := cardByID(d.person.customer.Cards, d.chosen); ok && c.Usable(v.SignOn.Now()) {
		o.Card, o.Status = c, directory.OrderPending
	}
	return o
}

// orderLanguage is the language to speak with the customer about the order.
func orderLanguage(d *draft, tenant *signon.Tenant) string {
	for _, code := range []string{d.cart.Language, d.person.session.Language, d.person.customer.Language} {
		if code != "" {
			return code
		}
	}
	return tenant.Language
}

// check notes everything that is wrong with the form, so that it can all be
// mended at once.
func (v *visit) check(d *draft, o *directory.Order, language string) {
	faults := o.Billing.Faults(false)
	if !d.form.Same {
		faults = append(faults, o.Delivery.Faults(true)...)
	}
	for _, e := range faults {
		d.fault(e.Argument, v.faultText(language, e))
	}
	if o.Status == directory.OrderIncomplete && (d.chosen != newCard || v.cardEntryURL() == nil) {
		d.fault(cardField, v.pages.Text(language, "error.card"))
	}
}

// faultTexts are the texts for the directory's rules, by the rule's words.
var faultTexts = map[string]string{
	"must be given":             "error.given",
	"is too long":               "error.long",
	"must be an e-mail address": "error.email",
	"must be an ISO 3166-1 code of two letters, as in us": "error.country",
	"looks like a card number, which is never stored":     "error.card_number",
	"needs a company": "error.company",
}

// faultText says what is wrong with a field.
func (v *visit) faultText(language string, e *signon.Error) string {
	key, ok := faultTexts[e.Rule]
	if !ok {
		key = "error.unusable"
	}
	name, _ := strings.CutPrefix(e.Argument, directory.DeliveryField(""))
	return v.pages.Text(language, key, v.pages.Text(language, "field."+name))
}

// placeFailed shows a refusal of the directory at its field, and anything else
// as a fault: ordering again is safe, the cart's ID sees to that.
func (v *visit) placeFailed(d *draft, err error, language string) {
	e := signon.AsError(err)
	if e.Code == signon.CodeConflict { // another customer's cart, so not this one's to order
		d.cart.ID = newCart().ID
		v.keepCart(d.cart)
		v.otherCart(d, "")
		return
	}
	if e.Code != signon.CodeInvalid || !shown(e.Argument) {
		v.fail("place order", err)
		return
	}
	d.fault(e.Argument, v.faultText(language, e))
	v.showCart(http.StatusUnprocessableEntity, d)
}

// shown reports whether the form has a field of the directory's with that name.
func shown(name string) bool {
	bare, _ := strings.CutPrefix(name, directory.DeliveryField(""))
	return slices.ContainsFunc(contactFields, func(f contactField) bool { return f.name == bare })
}

// placed leads on from an order that was stored: to the confirmation, or to the
// page where a new card is entered.
func (v *visit) placed(d *draft, o *directory.Order) {
	if o.Status == directory.OrderIncomplete {
		v.keepCart(d.cart)
		v.see(v.cardEntryLocation(o))
		return
	}
	v.keepCart(d.cart.ordered())
	v.see(doneLocation(o))
}
