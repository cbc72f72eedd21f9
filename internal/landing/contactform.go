package landing

import (
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// contactForm is billing and delivery details as they stand in a form.
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

// contactNames are the names of all inputs of the details.
func contactNames() []string {
	names := []string{sameField}
	for _, f := range contactFields {
		names = append(names, f.name)
		if f.value != nil {
			names = append(names, directory.DeliveryField(f.name))
		}
	}
	return names
}

// nobody has no details: what a form holds is then what was typed.
var nobody = &directory.Customer{}

// delivery returns where the order goes.
func (f *contactForm) delivery() directory.Contact {
	if f.Same || f.noDelivery() {
		return f.Billing
	}
	return f.Delivery
}

// noDelivery reports whether nothing was typed into the delivery details.
func (f *contactForm) noDelivery() bool {
	return f.Delivery == directory.Contact{Fax: f.Delivery.Fax}
}

// contactView is the details in a form, as the template "contact" shows them.
type contactView struct {
	Lead              string // key of what to know before typing, or empty
	Billing, Delivery []page.Field
	Same              bool
	SameNote          string // what to know of the choice, or empty
}

// marks are what fields are marked with besides their values.
type marks struct {
	// wrong holds what is wrong by the directory's names.
	wrong map[string]string
	// stored, unless nil, is what is on record now: fields that differ say so.
	stored *contactForm
	// readOnly: nothing can be typed.
	readOnly bool
}

func (f *contactForm) view(s *site, language string, m marks) *contactView {
	view := &contactView{Same: f.Same, Billing: f.fields(s, language, false, m)}
	if m.stored != nil && (f.Same != m.stored.Same) {
		view.SameNote = s.pages.Text(language, "details.stored", m.stored.deliveryText(s, language))
	}
	if m.stored != nil && m.stored.Same {
		m.stored = nil // there are no delivery details to compare with
	}
	view.Delivery = f.fields(s, language, true, m)
	return view
}

// deliveryText says in a line where deliveries go.
func (f *contactForm) deliveryText(s *site, language string) string {
	if f.Same {
		return s.pages.Text(language, "address.same")
	}
	return strings.Join(addressLines(&f.Delivery, language), ", ")
}

// wrong returns what is wrong with the fields, in their order.
func (c *contactView) wrong() []page.Fault {
	if c == nil {
		return nil
	}
	return faultsOf(append(slices.Clone(c.Billing), c.Delivery...)...)
}

// faultsOf returns what is wrong with fields.
func faultsOf(fields ...page.Field) []page.Fault {
	var wrong []page.Fault
	for _, f := range fields {
		if f.Error != "" {
			wrong = append(wrong, page.Fault{ID: f.ID, Text: f.Error})
		}
	}
	return wrong
}

// fields returns the inputs of the billing details, or of the delivery details.
func (f *contactForm) fields(s *site, language string, delivery bool, m marks) []page.Field {
	var fields []page.Field
	for _, field := range contactFields {
		if field.value == nil && delivery {
			continue
		}
		fields = append(fields, f.field(s, language, field, delivery, m))
	}
	return fields
}

// value returns what the field holds.
func (f *contactForm) value(field contactField, delivery bool) string {
	switch {
	case field.value == nil:
		return f.FiscalCode
	case delivery:
		return *field.value(&f.Delivery)
	}
	return *field.value(&f.Billing)
}

func (f *contactForm) field(s *site, language string, field contactField, delivery bool, m marks) page.Field {
	name, section, width, value := field.name, "billing ", field.width, f.value(field, delivery)
	if delivery {
		name, section = directory.DeliveryField(field.name), "shipping "
	}
	if field.name == directory.FieldCompany && delivery {
		width = "full" // nobody beside it
	}
	if field.autocomplete == "off" {
		section = ""
	}
	input := page.Field{
		ID: fieldID(name), Name: name, Label: "field." + field.name, Value: value, Error: m.wrong[name],
		Type: field.kind, InputMode: field.mode, Autocomplete: section + field.autocomplete,
		Optional: field.optional, MaxLength: field.most, Width: width, ReadOnly: m.readOnly,
	}
	if field.name == directory.FieldCountryCode {
		none := ""
		if value == "" {
			none = s.pages.Text(language, "field.choose")
		}
		input.Options = countryOptions(language, value, none)
	}
	if m.stored != nil {
		input.Note = s.storedNote(language, field, value, m.stored.value(field, delivery))
	}
	return input
}

// storedNote says what is on record where that is not what was typed.
func (s *site) storedNote(language string, field contactField, typed, stored string) string {
	switch {
	case typed == stored:
		return ""
	case stored == "":
		return s.pages.Text(language, "details.stored_empty")
	case field.name == directory.FieldCountryCode:
		stored = countryName(language, stored)
	}
	return s.pages.Text(language, "details.stored", stored)
}

// fieldID is the id of the input with that name.
func fieldID(name string) string { return "f-" + name }
