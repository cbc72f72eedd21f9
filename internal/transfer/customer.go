package transfer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// customerTable is the columns of customers. The ID is read apart: it says whom
// a row is about.
var customerTable = func() table[directory.Customer] {
	type customer = directory.Customer
	deliveryTo, delivery := optional(func(c *customer) **directory.Contact { return &c.Delivery })
	hasCredit := func(c *customer) bool { return c.Credit != directory.Credit{} }
	list := table[customer]{
		{
			name: directory.FieldID, form: aNumber,
			get: func(c *customer) string { return string(c.Ref()) },
			set: func(*customer, string) error { return nil },
		},
		textColumn(directory.FieldExternalRef, func(c *customer) *string { return &c.ExternalRef }),
		{
			name: directory.FieldShopperID, form: aNumber,
			get: shopperID, set: setShopperID,
		},
	}
	list = append(list, contactColumns("",
		func(c *customer) *directory.Contact { return &c.Billing },
		func(c *customer) directory.Contact { return c.Billing })...)
	list = append(list,
		textColumn(directory.FieldFiscalCode, func(c *customer) *string { return &c.FiscalCode }),
		textColumn(directory.FieldLanguage, func(c *customer) *string { return &c.Language }))
	list = append(list, contactColumns(directory.DeliveryField(""), deliveryTo, delivery)...)
	return append(list,
		decimalColumn("credit_limit", func(c *customer) *int64 { return &c.Credit.Limit }, hasCredit),
		decimalColumn("credit_remaining", func(c *customer) *int64 { return &c.Credit.Remaining }, hasCredit),
		textColumn("credit_currency", func(c *customer) *string { return &c.Credit.Currency }),
		column[customer]{name: directory.FieldCards, form: aList, shape: cardShape, getList: cards, setList: setCards},
	)
}()

func shopperID(c *directory.Customer) string {
	if c.ShopperID == 0 {
		return ""
	}
	return strconv.FormatInt(c.ShopperID, 10)
}

func setShopperID(c *directory.Customer, text string) error {
	if text = strings.TrimSpace(text); text == "" {
		c.ShopperID = 0
		return nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return errors.New("must be a whole number from 1 to 999999999999")
	}
	c.ShopperID = id
	return nil
}

// cardShape is a card: "visa 1111 12/2029 | John Newman | tok_1" in CSV.
var cardShape = &shape{
	members: []member{
		{"type", aText}, {"last_digits", aText}, {"expiration_month", aNumber}, {"expiration_year", aNumber}, {"cardholder", aText}, {"token", aText},
	},
	most: 3,
	rule: "must look like visa 1111 12/2029 | John Newman | token, separated by semicolons, with no more of a number than its last four digits",
	pieces: func(c item) []string {
		month := c[2]
		if len(month) == 1 {
			month = "0" + month
		}
		return []string{c[0] + " " + c[1] + " " + month + "/" + c[3], c[4], c[5]}
	},
	parts: func(pieces []string) (item, bool) {
		words := strings.Fields(pieces[0])
		if len(words) < 3 {
			return nil, false
		}
		month, year, ok := strings.Cut(words[len(words)-1], "/")
		pieces = append(pieces, "", "")
		return item{strings.Join(words[:len(words)-2], " "), words[len(words)-2], month, year, pieces[1], pieces[2]}, ok
	},
}

func cards(c *directory.Customer) []item {
	var items []item
	for _, card := range c.Cards {
		items = append(items, cardItem(card))
	}
	return items
}

func cardItem(c directory.Card) item {
	return item{c.Type, c.LastDigits, strconv.Itoa(c.ExpirationMonth), strconv.Itoa(c.ExpirationYear), c.Cardholder, c.Token}
}

func setCards(c *directory.Customer, items []item) error {
	c.Cards = nil
	for _, i := range items {
		month, err := parseInt(i[2])
		year, err2 := parseInt(i[3])
		if err != nil || err2 != nil {
			return errors.New("must have an expiry month from 1 to 12 and a year of four digits")
		}
		c.Cards = append(c.Cards, directory.Card{
			Type: i[0], LastDigits: i[1], ExpirationMonth: month, ExpirationYear: year, Cardholder: i[4], Token: i[5],
		})
	}
	return nil
}
