package directory

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Contact is a person's name and address.
type Contact struct {
	FirstName, LastName, Company string
	Address1, Address2           string
	City, State, Zip             string
	CountryCode                  string // ISO 3166-1 alpha-2, lower-case
	Phone, Fax                   string
	Email                        string
}

// normalise checks a contact whose fields are named with that prefix.
func (c *Contact) normalise(prefix string) error {
	err := checkTexts(
		field{&c.FirstName, prefix + FieldFirstName, maxText},
		field{&c.LastName, prefix + FieldLastName, maxText},
		field{&c.Company, prefix + FieldCompany, maxText},
		field{&c.Address1, prefix + FieldAddress1, maxText},
		field{&c.Address2, prefix + FieldAddress2, maxText},
		field{&c.City, prefix + FieldCity, maxText},
		field{&c.State, prefix + FieldState, maxText},
		field{&c.Zip, prefix + FieldZip, maxZip},
		field{&c.CountryCode, prefix + FieldCountryCode, maxText},
		field{&c.Phone, prefix + FieldPhone, maxPhone},
		field{&c.Fax, prefix + FieldFax, maxPhone},
		field{&c.Email, prefix + FieldEmail, maxEmail},
	)
	if err != nil {
		return err
	}
	c.CountryCode = strings.ToLower(c.CountryCode)
	if c.CountryCode != "" && !knownCountry(c.CountryCode) {
		return signon.Invalid(prefix+FieldCountryCode, "must be an ISO 3166-1 code of two letters, as in us")
	}
	if c.Email != "" && !validEmail(c.Email) {
		return signon.Invalid(prefix+FieldEmail, "must be an e-mail address")
	}
	return nil
}

// complete checks that a billing contact has what one must have.
func (c *Contact) complete() error {
	for _, f := range []struct{ value, name string }{
		{c.FirstName, FieldFirstName},
		{c.LastName, FieldLastName},
		{c.Address1, FieldAddress1},
		{c.City, FieldCity},
		{c.Zip, FieldZip},
		{c.CountryCode, FieldCountryCode},
		{c.Email, FieldEmail},
	} {
		if f.value == "" {
			return signon.Invalid(f.name, "must be given")
		}
	}
	return nil
}

// normaliseOptional checks a contact that may be absent, and returns a copy of
// its own: nil when nothing is in it.
func normaliseOptional(c *Contact, prefix string) (*Contact, error) {
	if c == nil {
		return nil, nil
	}
	own := *c
	if err := own.normalise(prefix); err != nil {
		return nil, err
	}
	if own == (Contact{}) {
		return nil, nil
	}
	return &own, nil
}
