package landing

import (
	"net/url"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// contactForm is an order's details as they stand in the form.
type contactForm struct {
	Billing    directory.Contact
	FiscalCode string
	// Same: delivery goes to the billing address.
	Same     bool
	Delivery directory.Contact
}

// contactField is one input of a contact.
type contactField struct {
	name         string // of the directory's field
	value        func(*directory.Contact) *string
	autocomplete string
	kind, mode   string // type and inputmode of the input
	width        string
	most         int
	optional     bool
}

var contactFields = []contactField{
	{name: directory.FieldFirstName, value: func(c *directory.Contact) *string { return &c.FirstName }, autocomplete: "given-name", width: "half", most: 255},
	{name: directory.FieldLastName, value: func(c *directory.Contact) *string { return &c.LastName }, autocomplete: "family-name", width: "half", most: 255},
	{name: directory.FieldEmail, value: func(c *directory.Contact) *string { return &c.Email }, autocomplete: "email", kind: "email", mode: "email", width: "half wide", most: 254},
	{name: directory.FieldPhone, value: func(c *directory.Contact) *string { return &c.Phone }, autocomplete: "tel", kind: "tel", mode: "tel", width: "half wide", most: 64, optional: true},
	{name: directory.FieldCompany, value: func(c *directory.Contact) *string { return &c.Company }, autocomplete: "organization", width: "half wide", most: 255, optional: true},
	{name: directory.FieldFiscalCode, autocomplete: "off", width: "half wide", most: 64, optional: true},
	{name: directory.FieldAddress1, value: func(c *directory.Contact) *string { return &c.Address1 }, autocomplete: "address-line1", width: "half wide", most: 255},
	{name: directory.FieldAddress2, value: func(c *directory.Contact) *string { return &c.Address2 }, autocomplete: "address-line2", width: "half wide", most: 255, optional: true},
	{name: directory.FieldZip, value: func(c *directory.Contact) *string { return &c.Zip }, autocomplete: "postal-code", width: "third short", most: 32},
	{name: directory.FieldCity, value: func(c *directory.Contact) *string { return &c.City }, autocomplete: "address-level2", width: "third short", most: 255},
	{name: directory.FieldState, value: func(c *directory.Contact) *string { return &c.State }, autocomplete: "address-level1", width: "third", most: 255, optional: true},
	{name: directory.FieldCountryCode, value: func(c *directory.Contact) *string { return &c.CountryCode }, autocomplete: "country", width: "full"},
}

// sameField is the name of the choice to deliver to the billing address.
const sameField = "same"

// formOf returns the form as it is filled in for a customer.
func formOf(c *directory.Customer) *contactForm {
	return &contactForm{Billing: c.Billing, FiscalCode: c.FiscalCode, Same: c.Delivery == nil, Delivery: c.DeliveryOrBilling()}
}

// readForm returns what was typed. What the form does not show (the fax number)
// stays the customer's.
func readForm(values url.Values, c *directory.Customer) *contactForm {
	f := formOf(c)
	f.Same = values.Get(sameField) != ""
	f.FiscalCode = values.Get(directory.FieldFiscalCode)
	for _, field := range contactFields {
		if field.value == nil {
			continue
		}
		*field.value(&f.Billing) = values.Get(field.name)
		*field.value(&f.Delivery) = values.Get(directory.DeliveryField(field.name))
	}
	return f
}

// delivery returns where the order goes.
func (f *contactForm) delivery() directory.Contact {
	empty := directory.Contact{Fax: f.Delivery.Fax}
	if f.Same || f.Delivery == empty {
		return f.Billing
	}
	return f.Delivery
}

// fields returns the inputs of the billing details, or of the delivery details.
// wrong holds what is wrong by the directory's names.
func (f *contactForm) fields(s *site, language string, delivery bool, wrong map[string]string) []page.Field {
	var fields []page.Field
	for _, field := range contactFields {
		if field.value == nil && delivery {
			continue
		}
		fields = append(fields, f.field(s, language, field, delivery, wrong))
	}
	return fields
}

func (f *contactForm) field(s *site, language string, field contactField, delivery bool, wrong map[string]string) page.Field {
	name, contact, section := field.name, &f.Billing, "billing "
	if delivery {
		name, contact, section = directory.DeliveryField(field.name), &f.Delivery, "shipping "
	}
	value := &f.FiscalCode
	if field.value != nil {
		value = field.value(contact)
	}
	width := field.width
	if field.name == directory.FieldCompany && delivery {
		width = "full" // nobody beside it
	}
	if field.autocomplete == "off" {
		section = ""
	}
	input := page.Field{
		ID: fieldID(name), Name: name, Label: "field." + field.name, Value: *value, Error: wrong[name],
		Type: field.kind, InputMode: field.mode, Autocomplete: section + field.autocomplete,
		Optional: field.optional, MaxLength: field.most, Width: width,
	}
	if field.name == directory.FieldCountryCode {
		none := ""
		if *value == "" {
			none = s.pages.Text(language, "field.choose")
		}
		input.Options = countryOptions(language, *value, none)
	}
	return input
}

// fieldID is the id of the input with that name.
func fieldID(name string) string { return "f-" + name }
