package transfer

import (
	"strconv"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// orderTable is the columns of orders, which are never imported.
var orderTable = func() table[directory.Order] {
	type order = directory.Order
	text := func(name string, get func(*order) string) column[order] { return column[order]{name: name, get: get} }
	list := table[order]{
		text("ref_no", func(o *order) string { return o.RefNo }),
		text("status", func(o *order) string { return string(o.Status) }),
		text("placed_at", func(o *order) string { return o.PlacedAt.UTC().Format(time.RFC3339) }),
		{name: customerIDColumn, form: aNumber, get: func(o *order) string { return strconv.FormatInt(o.CustomerID, 10) }},
		{name: "total", form: aDecimal, get: func(o *order) string { return o.Total.Decimal() }},
		text("currency", func(o *order) string { return o.Total.Currency }),
		{name: directory.FieldItems, form: aList, shape: itemShape, getList: orderItems},
		text(directory.FieldCoupon, func(o *order) string { return o.Coupon }),
		text(directory.FieldLanguage, func(o *order) string { return o.Language }),
		{name: directory.FieldCard, form: aList, shape: cardShape, getList: orderCard},
	}
	list = append(list, contactColumns("", nil, func(o *order) directory.Contact { return o.Billing })...)
	list = append(list, text(directory.FieldFiscalCode, func(o *order) string { return o.FiscalCode }))
	return append(list, contactColumns(directory.DeliveryField(""), nil, func(o *order) directory.Contact { return o.Delivery })...)
}()

// itemShape is a line of an order.
var itemShape = plain("",
	member{"product_id", aText}, member{"product_code", aText}, member{"name", aText}, member{"quantity", aNumber},
	member{"unit_price", aDecimal}, member{"options", aText})

func orderItems(o *directory.Order) []item {
	var items []item
	for _, i := range o.Items {
		items = append(items, item{i.ProductID, i.ProductCode, i.Name, strconv.Itoa(i.Quantity), i.UnitPrice.Decimal(), i.Options})
	}
	return items
}

func orderCard(o *directory.Order) []item {
	if o.Card == (directory.Card{}) {
		return nil
	}
	return []item{cardItem(o.Card)}
}
