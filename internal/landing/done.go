package landing

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// donePage is what the confirmation shows.
type donePage struct {
	RefNo, Email  string
	Lines         []doneLine
	Total, Coupon string
	Card          string
	Billing       []string
	Delivery      []string
	Shop          string
}

type doneLine struct{ Name, Quantity, Amount string }

// getDone shows an order that was placed in this session, and to nobody else.
func (v *visit) getDone() {
	d, err := v.draft()
	if err != nil {
		v.fail("show order", err)
		return
	}
	v.clean()
	o, err := v.Directory.Order(v.r.Context(), v.tenant.ID, v.params.get("order"))
	if err != nil && !errors.Is(err, signon.ErrNotFound) {
		v.fail("show order", err)
		return
	}
	if err != nil || !mine(o, d) {
		v.message(http.StatusNotFound, "no_order")
		return
	}
	language := v.language(d.cart)
	view := v.view("done.title", v.donePage(o, language), language)
	view.Person, view.SignOut = d.person.name(), cartSignOutPath
	v.show(http.StatusOK, "done", view)
}

func (v *visit) donePage(o *directory.Order, language string) *donePage {
	content := &donePage{
		RefNo: o.RefNo, Email: o.Billing.Email, Total: v.money(language, o.Total), Coupon: o.Coupon, Shop: v.tenant.Name,
		Card:    v.pages.Text(language, "card.title", cardBrand(o.Card.Type), o.Card.LastDigits),
		Billing: addressLines(&o.Billing, language),
	}
	if o.Delivery != o.Billing {
		content.Delivery = addressLines(&o.Delivery, language)
	}
	for _, i := range o.Items {
		content.Lines = append(content.Lines, doneLine{i.Name, strconv.Itoa(i.Quantity), v.money(language, i.Total())})
	}
	return content
}

// zipLast are the countries where the postal code stands at the end of the line.
var zipLast = map[string]bool{"au": true, "ca": true, "gb": true, "ie": true, "in": true, "nz": true, "sg": true, "us": true, "za": true}

// placeLine returns postal code, city and region in the order of the country
// that a letter goes to.
func placeLine(c *directory.Contact) string {
	before, after := c.Zip+" ", ""
	if zipLast[c.CountryCode] {
		before, after = "", " "+c.Zip
	}
	place := before + c.City
	if c.State != "" {
		place += ", " + c.State
	}
	return strings.Trim(place+after, ", ")
}

// addressLines returns a contact as it is written on a letter.
func addressLines(c *directory.Contact, language string) []string {
	place := placeLine(c)
	var lines []string
	for _, l := range []string{
		strings.TrimSpace(c.FirstName + " " + c.LastName), c.Company, c.Address1, c.Address2, place, countryName(language, c.CountryCode),
	} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
