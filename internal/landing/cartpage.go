package landing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// cartPage is what the cart's page shows.
type cartPage struct {
	CartID string
	// Notices and Wrong stand at the top: what to know, and what to mend.
	Notices []cartNotice
	Wrong   []wrongField
	Lines   []lineView
	Coupon  string
	Total   string
	// Seen is the total as it goes back with the form, so that nobody orders at
	// another price than the one they saw.
	Seen         string
	Orderable    bool
	DetailsFirst bool
	SignedIn     bool
	NewLink      string // for who is not: where to get a link, or empty
	Billing      []page.Field
	Delivery     []page.Field
	Same         bool
	Cards        []cardView
	CardError    string
	NewCard      bool // a new card can be entered
	NewChosen    bool
}

type cartNotice struct{ Kind, Text string }

type wrongField struct{ ID, Text string }

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

type cardView struct {
	Value, Title, Expiry    string
	Usable, Expired, Chosen bool
}

// The choice of a card in the form: cardID of one on file, or newCard.
const (
	cardField = "card"
	newCard   = "new"
)

// A note in the cart's address says what a step before came to.
const (
	noteParam     = "note"
	noteFull      = "full"
	noteCard      = "card"
	noteCancelled = "cancelled"
	noteEnded     = "ended" // the session, before the order was placed
)

var notes = map[string]cartNotice{
	noteFull:      {"warn", "cart.note_full"},
	noteCard:      {"warn", "cart.note_card"},
	noteCancelled: {"", "cart.note_cancelled"},
	noteEnded:     {"warn", "cart.note_ended"},
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
	notices    []cartNotice
}

func (d *draft) fault(name, text string) {
	if d.wrong == nil {
		d.wrong = map[string]string{}
	}
	d.wrong[name] = text
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
	if note, ok := notes[v.params.get(noteParam)]; ok {
		d.notices = append(d.notices, cartNotice{note.Kind, v.pages.Text(v.language(d.cart), note.Text)})
	}
	v.showCart(http.StatusOK, d)
}

func (v *visit) showCart(status int, d *draft) {
	language := v.language(d.cart)
	content := v.cartPage(d, language)
	view := v.view("cart.title", content, language)
	if d.person != nil {
		view.Person, view.SignOut = d.person.name(), cartSignOutPath
	}
	if len(content.Wrong) > 0 {
		view.Title = v.pages.Text(language, "cart.title_wrong", view.Title)
	}
	v.clean(v.cardEntryOrigin()...)
	v.show(status, "cart", view)
}

func (v *visit) cartPage(d *draft, language string) *cartPage {
	content := &cartPage{
		CartID: d.cart.ID, Notices: d.notices, Coupon: d.cart.Coupon, DetailsFirst: d.cart.DetailsFirst && d.person != nil,
		SignedIn: d.person != nil, Orderable: d.quote.orderable(),
	}
	if content.Orderable {
		content.Total, content.Seen = v.money(language, d.quote.Total), seen(d.quote)
	}
	if n := len(d.quote.Unknown); n > 0 {
		text := v.pages.Text(language, "cart.unknown", strings.Join(d.quote.Unknown, ", "))
		content.Notices = append(content.Notices, cartNotice{"warn", text})
	}
	for _, l := range d.quote.Lines {
		content.Lines = append(content.Lines, v.line(d, l, language))
	}
	if d.person == nil {
		content.NewLink = v.newLink()
	} else {
		content.Same = d.form.Same
		content.Billing = d.form.fields(v.site, language, false, d.wrong)
		content.Delivery = d.form.fields(v.site, language, true, d.wrong)
		content.NewCard = v.cardEntryURL() != nil
		v.addCards(content, d, language)
	}
	content.Wrong = content.wrongFields()
	return content
}

// wrongFields returns what is wrong in the order of the page.
func (c *cartPage) wrongFields() []wrongField {
	var wrong []wrongField
	for _, l := range c.Lines {
		wrong = append(wrong, wrongField{l.ID(), l.Error})
	}
	for _, fields := range [][]page.Field{c.Billing, c.Delivery} {
		for _, f := range fields {
			wrong = append(wrong, wrongField{f.ID, f.Error})
		}
	}
	wrong = append(wrong, wrongField{"payment", c.CardError})
	return slices.DeleteFunc(wrong, func(w wrongField) bool { return w.Text == "" })
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

// addCards adds the cards on file, and chooses one: what was chosen before, or
// what the buy link suggests.
func (v *visit) addCards(content *cartPage, d *draft, language string) {
	now := v.SignOn.Now()
	content.CardError = d.wrong[cardField]
	chosen := d.chosen
	for _, c := range d.person.customer.Cards {
		view := v.cardOnFile(c, now, language)
		if chosen == "" && d.cart.Card == cardAny && view.Usable {
			chosen = view.Value
		}
		content.Cards = append(content.Cards, view)
	}
	if chosen == "" && content.NewCard && (d.cart.Card == cardNew || len(content.Cards) == 0) {
		chosen = newCard
	}
	for i := range content.Cards {
		content.Cards[i].Chosen = content.Cards[i].Usable && content.Cards[i].Value == chosen
	}
	content.NewChosen = content.NewCard && chosen == newCard
}

// cardOnFile returns how a card on file is shown.
func (v *visit) cardOnFile(c directory.Card, now time.Time, language string) cardView {
	return cardView{
		Value: cardID(c), Title: v.pages.Text(language, "card.title", cardBrand(c.Type), c.LastDigits),
		Expiry: fmt.Sprintf("%02d/%d", c.ExpirationMonth, c.ExpirationYear),
		Usable: usable(c, now), Expired: expired(c, now),
	}
}

// cardID names a card on file in the form, without the processor's token.
func cardID(c directory.Card) string {
	sum := sha256.Sum256([]byte("card\x00" + c.Token + "\x00" + c.Label()))
	return hex.EncodeToString(sum[:6])
}

// usable reports whether the card can be ordered with.
func usable(c directory.Card, now time.Time) bool { return c.Token != "" && !expired(c, now) }

// expired reports whether the card's last month is over.
func expired(c directory.Card, now time.Time) bool {
	year, month, _ := now.UTC().Date()
	return c.ExpirationYear < year || c.ExpirationYear == year && c.ExpirationMonth < int(month)
}

var brands = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover",
	"jcb": "JCB", "diners": "Diners Club", "maestro": "Maestro", "unionpay": "UnionPay",
}

// cardBrand returns the usual spelling of a card's brand.
func cardBrand(brand string) string {
	if name, ok := brands[brand]; ok {
		return name
	}
	if brand == "" {
		return brand
	}
	return strings.ToUpper(brand[:1]) + brand[1:]
}

// cardEntryURL is the page of the tenant's payment processor where a new card is
// entered, or nil.
func (v *visit) cardEntryURL() *url.URL {
	u, err := url.Parse(v.dest.Settings["card_entry_url"])
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil
	}
	return u
}

func (v *visit) cardEntryOrigin() []string {
	u := v.cardEntryURL()
	if u == nil {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}
