package transfer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

const customerIDColumn = "customer_id"

// subscriptionTable is the columns of subscriptions. The reference is read
// apart: it says what a row is about.
var subscriptionTable = func() table[directory.Subscription] {
	type sub = directory.Subscription
	userTo, user := optional(func(s *sub) **directory.Contact { return &s.EndUser })
	list := table[sub]{
		{
			name: directory.FieldReference,
			get:  func(s *sub) string { return s.Reference },
			set:  func(*sub, string) error { return nil },
		},
		textColumn(directory.FieldExternalRef, func(s *sub) *string { return &s.ExternalRef }),
		{
			name: customerIDColumn, form: aNumber,
			get: func(s *sub) string { return strconv.FormatInt(s.CustomerID, 10) },
			set: setCustomerID,
		},
		{
			name: directory.FieldCustomerRef, importOnly: true, // read apart, too
			get: func(*sub) string { return "" },
			set: func(*sub, string) error { return nil },
		},
		textColumn(directory.FieldProductID, func(s *sub) *string { return &s.Product.ID }),
		textColumn(directory.FieldProductCode, func(s *sub) *string { return &s.Product.Code }),
		textColumn(directory.FieldProductName, func(s *sub) *string { return &s.Product.Name }),
		textColumn(directory.FieldProductVersion, func(s *sub) *string { return &s.Product.Version }),
		intColumn(directory.FieldQuantity, func(s *sub) *int { return &s.Product.Quantity }),
		{name: directory.FieldPriceOptions, form: aList, shape: optionShape, getList: options, setList: setOptions},
		dateColumn(directory.FieldStartsOn, func(s *sub) *directory.Date { return &s.StartsOn }),
		dateColumn(directory.FieldExpiresOn, func(s *sub) *directory.Date { return &s.ExpiresOn }),
		boolColumn("recurring", func(s *sub) *bool { return &s.Recurring }),
		boolColumn("disabled", func(s *sub) *bool { return &s.Disabled }),
		boolColumn("past_due", func(s *sub) *bool { return &s.PastDue }),
		boolColumn("trial", func(s *sub) *bool { return &s.Trial }),
		boolColumn("test", func(s *sub) *bool { return &s.Test }),
		boolColumn("lifetime", func(s *sub) *bool { return &s.Lifetime }),
		boolColumn("receive_notifications", func(s *sub) *bool { return &s.ReceiveNotifications }),
		textColumn(directory.FieldSKU, func(s *sub) *string { return &s.SKU }),
		textColumn(directory.FieldPartnerCode, func(s *sub) *string { return &s.PartnerCode }),
		textColumn(directory.FieldDelivery, func(s *sub) *string { return &s.DeliveryDescription }),
		{name: directory.FieldDeliveryCodes, form: aList, shape: codeShape, getList: codes, setList: setCodes},
		decimalColumn(directory.FieldRenewalPrice, func(s *sub) *int64 { return &s.NextRenewalPrice.Hundredths },
			func(s *sub) bool { return s.NextRenewalPrice != directory.Money{} }),
		textColumn("next_renewal_currency", func(s *sub) *string { return &s.NextRenewalPrice.Currency }),
		textColumn(directory.FieldCardToken, func(s *sub) *string { return &s.CardToken }),
	}
	list = append(list, contactColumns(directory.EndUserField(""), userTo, user)...)
	list = append(list, textColumn(directory.EndUserField(directory.FieldLanguage), func(s *sub) *string { return &s.EndUserLanguage }))
	return list
}()

func setCustomerID(s *directory.Subscription, text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		s.CustomerID = 0
		return nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return errors.New("must be a customer's id")
	}
	s.CustomerID = id
	return nil
}

// optionShape is a price option: its code.
var optionShape = plain("must look like CODE; CODE", member{"code", aText})

func options(s *directory.Subscription) []item {
	var items []item
	for _, code := range s.Product.PriceOptionCodes {
		items = append(items, item{code})
	}
	return items
}

func setOptions(s *directory.Subscription, items []item) error {
	s.Product.PriceOptionCodes = nil
	for _, i := range items {
		s.Product.PriceOptionCodes = append(s.Product.PriceOptionCodes, i[0])
	}
	return nil
}

// codeShape is a delivered code: "AAAA-BBBB | description | extra | file".
var codeShape = plain("must look like CODE | description | extra information | file, separated by semicolons",
	member{"code", aText}, member{"description", aText}, member{"extra_info", aText}, member{"file", aText})

func codes(s *directory.Subscription) []item {
	var items []item
	for _, d := range s.DeliveryCodes {
		items = append(items, item{d.Code, d.Description, d.ExtraInfo, d.File})
	}
	return items
}

func setCodes(s *directory.Subscription, items []item) error {
	s.DeliveryCodes = nil
	for _, i := range items {
		s.DeliveryCodes = append(s.DeliveryCodes, directory.DeliveryCode{Code: i[0], Description: i[1], ExtraInfo: i[2], File: i[3]})
	}
	return nil
}
