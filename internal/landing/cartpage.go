package landing

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// cartPage is what the cart's page shows.
type cartPage struct {
	CartID  string
	Notices page.Notices
	Lines   []lineView
	Coupon  string
	Total   string
	// Seen is the total as it goes back with the form, so that nobody orders at
	// another price than the one they saw.
	Seen         string
	Orderable    bool
	DetailsFirst bool
	SignedIn     bool
	NewLink      string       // for who is not: where to get a link, or empty
	Contact      *contactView // nil for nobody signed in
	Payment      cardChoice
}

type lineView struct {
	Product, Name, Code, Version, Options string
	Initial                               string
	Quantity                              string
	Each, Amount                          string
	Priced                                bool
	Error                                 string
}

// ID is the id of the line's quantity input.
func (l lineView) ID() string { return "q-" + l.Product }

// QuantityName is the name of the line's quantity in the form.
func (l lineView) QuantityName() string { return quantityName(l.Product) }

func quantityName(product string) string { return "qty." + product }

// A note in the cart's address says what a step before came to.
const (
	noteParam     = "note"
	noteFull      = "full"
	noteCard      = "card"
	noteCancelled = "cancelled"
)

var cartNotes = map[string]page.Notice{
	noteFull:      {Kind: "warn", Text: "cart.note_full"},
	noteCard:      {Kind: "warn", Text: "cart.note_card"},
	noteCancelled: {Text: "cart.note_cancelled"},
}

// draft is a cart's page in the making: what the browser has, who is signed in,
// and what was typed.
type draft struct {
	cart   *cart
	quote  *quote
	person *person      // nil for nobody
	form   *contactForm // nil without a person
	// quantities are what was typed, by product; absent: as in the cart.
	quantities map[string]string
	chosen     string            // what was chosen of the cards, or ""
	wrong      map[string]string // what is wrong, by the name in the form
	notices    []page.Notice
}

func (d *draft) fault(name, text string) {
	if d.wrong == nil {
		d.wrong = map[string]string{}
	}
	d.wrong[name] = text
}

func (d *draft) tell(kind, text string) {
	d.notices = append(d.notices, page.Notice{Kind: kind, Text: text})
}

// language returns the language of the cart's page.
func (v *visit) language(c *cart) string { return v.pageLanguage(c.Language) }

// draft reads what the browser has.
func (v *visit) draft() (*draft, error) {
	p, err := v.person()
	if err != nil {
		return nil, err
	}
	d := &draft{cart: v.cartFor(p), person: p}
	if p != nil {
		d.form = formOf(p.customer)
	}
	if d.quote, err = v.price(v.r.Context(), v.tenant.ID, d.cart); err != nil {
		return nil, err
	}
	return d, nil
}

func (v *visit) getCart() {
	if hasProducts(v.params) {
		v.getBuyLink()
		return
	}
	d, err := v.draft()
	if err != nil {
		v.fail("show cart", err)
		return
	}
	if note, ok := cartNotes[v.params.get(noteParam)]; ok {
		d.tell(note.Kind, v.pages.Text(v.language(d.cart), note.Text))
	}
	v.showCart(http.StatusOK, d)
}

func (v *visit) showCart(status int, d *draft) {
	language := v.language(d.cart)
	content := v.cartPage(d, language)
	view := v.personal("cart.title", d.person, content, language)
	if len(content.Notices.Wrong) > 0 {
		view.Title = v.pages.Text(language, "form.title_wrong", view.Title)
	}
	v.clean(v.cardEntryOrigin()...)
	v.show(status, "cart", view)
}

func (v *visit) cartPage(d *draft, language string) *cartPage {
	content := &cartPage{
		CartID: d.cart.ID, Coupon: d.cart.Coupon, DetailsFirst: d.cart.DetailsFirst && d.person != nil,
		SignedIn: d.person != nil, Orderable: d.quote.orderable(),
	}
	if content.Orderable {
		content.Total, content.Seen = v.money(language, d.quote.Total), seen(d.quote)
	}
	if n := len(d.quote.Unknown); n > 0 {
		d.tell("warn", v.pages.Text(language, "cart.unknown", strings.Join(d.quote.Unknown, ", ")))
	}
	for _, l := range d.quote.Lines {
		content.Lines = append(content.Lines, v.line(d, l, language))
	}
	if d.person == nil {
		content.NewLink = v.newLink()
	} else {
		content.Contact = d.form.view(v.site, language, marks{wrong: d.wrong})
		content.Contact.Lead = "cart.change_lead"
		content.Payment = v.payment(d, language)
	}
	content.Notices = page.Notices{Known: d.notices, Wrong: content.wrong()}
	return content
}

// wrong returns what is wrong in the order of the page.
func (c *cartPage) wrong() []page.Fault {
	var wrong []page.Fault
	for _, l := range c.Lines {
		wrong = append(wrong, page.Fault{ID: l.ID(), Text: l.Error})
	}
	wrong = append(wrong, c.Contact.wrong()...)
	wrong = append(wrong, page.Fault{ID: choiceID, Text: c.Payment.Error})
	return slices.DeleteFunc(wrong, func(w page.Fault) bool { return w.Text == "" })
}

// seen is a quote's total in one spelling.
func seen(q *quote) string { return q.Total.Decimal() + " " + q.Total.Currency }

func (v *visit) line(d *draft, l quoted, language string) lineView {
	initial, _ := utf8.DecodeRuneInString(l.Item.Name)
	view := lineView{
		Product: l.Product, Name: l.Item.Name, Code: l.Item.Code, Version: l.Item.Version, Options: l.Options,
		Initial: strings.ToUpper(string(initial)), Quantity: strconv.Itoa(l.Quantity), Priced: l.Priced,
		Error: d.wrong[quantityName(l.Product)],
	}
	if typed, ok := d.quantities[l.Product]; ok {
		view.Quantity = typed
	}
	if l.Priced {
		view.Each = v.money(language, l.Price)
		view.Amount = v.money(language, directory.Money{Hundredths: l.Price.Hundredths * int64(l.Quantity), Currency: l.Price.Currency})
	}
	return view
}

// payment returns the choice of a card: the one that was made, or what the buy
// link suggests.
func (v *visit) payment(d *draft, language string) cardChoice {
	choice := cardChoice{
		Cards: v.cardsOnFile(d.person.customer.Cards, v.SignOn.Now(), language),
		Error: d.wrong[cardField], New: v.cardEntryURL() != nil,
	}
	chosen := d.chosen
	for _, c := range choice.Cards {
		if chosen == "" && d.cart.Card == cardAny && c.Usable {
			chosen = c.Value
		}
	}
	if chosen == "" && choice.New && (d.cart.Card == cardNew || len(choice.Cards) == 0) {
		chosen = newCard
	}
	choice.choose(chosen)
	return choice
}
