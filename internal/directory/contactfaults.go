package directory

import "github.com/latchkey-sso/latchkey/internal/signon"

// Faults returns a CodeInvalid error for each field that an order would be
// refused for, so that a form can show them all at once. Fields of delivery
// details are named so (see DeliveryField), and none of them is required. It
// changes nothing.
func (c *Contact) Faults(delivery bool) []*signon.Error {
	own, prefix := *c, ""
	if delivery {
		prefix = deliveryPrefix
	}
	var faults []*signon.Error
	faulty := map[string]bool{}
	note := func(err error) {
		if e := signon.AsError(err); !faulty[e.Argument] {
			faulty[e.Argument] = true
			faults = append(faults, e)
		}
	}
	fields := own.fields(prefix)
	for err := own.normalise(prefix); err != nil; err = own.normalise(prefix) {
		note(err)
		*fields[signon.AsError(err).Argument] = "" // shows what else is wrong
	}
	for err := own.complete(); err != nil && !delivery; err = own.complete() {
		note(err)
		*fields[signon.AsError(err).Argument] = "given"
	}
	return faults
}

// Faults returns a CodeInvalid error for each of the customer's own details that
// an update would be refused for: billing and delivery details, fiscal code and
// language. It changes nothing.
func (c *Customer) Faults() []*signon.Error {
	faults := c.Billing.Faults(false)
	if c.Delivery != nil {
		faults = append(faults, c.Delivery.Faults(true)...)
	}
	own := c.Clone()
	for _, err := range []error{own.normaliseFiscalCode(), language(&own.Language, FieldLanguage)} {
		if err != nil {
			faults = append(faults, signon.AsError(err))
		}
	}
	return faults
}

// fields returns where each field is, by its name in errors.
func (c *Contact) fields(prefix string) map[string]*string {
	return map[string]*string{
		prefix + FieldFirstName: &c.FirstName, prefix + FieldLastName: &c.LastName, prefix + FieldCompany: &c.Company,
		prefix + FieldAddress1: &c.Address1, prefix + FieldAddress2: &c.Address2, prefix + FieldCity: &c.City,
		prefix + FieldState: &c.State, prefix + FieldZip: &c.Zip, prefix + FieldCountryCode: &c.CountryCode,
		prefix + FieldPhone: &c.Phone, prefix + FieldFax: &c.Fax, prefix + FieldEmail: &c.Email,
	}
}
