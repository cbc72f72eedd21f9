package transfer

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// productTable is the columns of products. The ID is read apart: it says what a
// row is about.
var productTable = table[directory.Product]{
	{
		name: directory.FieldID,
		get:  func(p *directory.Product) string { return p.ID },
		set:  func(*directory.Product, string) error { return nil },
	},
	textColumn(directory.FieldCode, func(p *directory.Product) *string { return &p.Code }),
	textColumn(directory.FieldName, func(p *directory.Product) *string { return &p.Name }),
	textColumn(directory.FieldVersion, func(p *directory.Product) *string { return &p.Version }),
	{name: directory.FieldPrices, form: aList, shape: priceShape, getList: prices, setList: setPrices},
}

// priceShape is a price: "19.99 EUR" in CSV.
var priceShape = &shape{
	members: []member{{"amount", aDecimal}, {"currency", aText}},
	most:    1,
	rule:    "must look like 19.99 EUR; 21.99 USD",
	pieces:  func(p item) []string { return []string{p[0] + " " + p[1]} },
	parts: func(pieces []string) (item, bool) {
		words := strings.Fields(pieces[0])
		return words, len(words) == 2
	},
}

func prices(p *directory.Product) []item {
	var items []item
	for _, m := range p.Prices {
		items = append(items, item{m.Decimal(), m.Currency})
	}
	return items
}

func setPrices(p *directory.Product, items []item) error {
	p.Prices = nil
	for _, i := range items {
		amount, err := parseDecimal(i[0])
		if err != nil {
			return err
		}
		p.Prices = append(p.Prices, directory.Money{Hundredths: amount, Currency: i[1]})
	}
	return nil
}
