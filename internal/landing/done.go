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
	language := v.language(d.cart, d.person)
	view := v.view("done.title", v.donePage(o, language), language)
	view.Person, view.SignOut = d.person.name(), cartSignOutPath
	v.show(http.StatusOK, "done", view)
}

func (v *visit) donePage(o *directory.Order, language string) *donePage {
	content := &donePage{
		RefNo: o.RefNo, Email: o.Billing.Email, Total: formatMoney(o.Total), Coupon: o.Coupon, Shop: v.tenant.Name,
		Card:    v.pages.Text(language, "card.title", cardBrand(o.Card.Type), o.Card.LastDigits),
		Billing: addressLines(&o.Billing, language),
	}
	if o.Delivery != o.Billing {
		content.Delivery = addressLines(&o.Delivery, language)
	}
	for _, i := range o.Items {
		content.Lines = append(content.Lines, doneLine{i.Name, strconv.Itoa(i.Quantity), formatMoney(i.Total())})
	}
	return content
}

// addressLines returns a contact as it is written on a letter.
func addressLines(c *directory.Contact, language string) []string {
	place := strings.TrimSpace(c.Zip + " " + c.City)
	if c.State != "" {
		place = strings.Trim(place+", "+c.State, ", ")
	}
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
