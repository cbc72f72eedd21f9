package directory

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The names of fields in CodeInvalid errors. A dialect has its own word for each.
const (
	FieldExternalRef = "external_reference"
	FieldFirstName   = "first_name"
	FieldLastName    = "last_name"
	FieldCompany     = "company"
	FieldFiscalCode  = "fiscal_code"
	FieldAddress1    = "address1"
	FieldAddress2    = "address2"
	FieldCity        = "city"
	FieldState       = "state"
	FieldZip         = "zip"
	FieldCountryCode = "country_code"
	FieldPhone       = "phone"
	FieldFax         = "fax"
	FieldEmail       = "email"
	FieldLanguage    = "language"
	FieldCards       = "cards"
	FieldCredit      = "credit"
	FieldProductID   = "product_id"
	FieldQuantity    = "quantity"
	FieldStartsOn    = "start_date"
	FieldExpiresOn   = "expiration_date"
	FieldReference   = "reference"
	FieldCustomer    = "customer"
	FieldName        = "name"
	FieldPrices      = "prices"
	FieldItems       = "items"
	FieldCard        = "card"
)

// DeliveryField returns the name of a contact's field within delivery details.
func DeliveryField(field string) string { return "delivery_" + field }

// normalise puts the customer into the form that is stored, or returns a
// CodeInvalid error that names the first bad field.
func (c *Customer) normalise() error {
	if err := text(&c.ExternalRef, FieldExternalRef, 255); err != nil {
		return err
	}
	if err := c.Billing.normalise("", true); err != nil {
		return err
	}
	if c.Delivery != nil {
		if err := c.Delivery.normalise("delivery_", false); err != nil {
			return err
		}
	}
	if err := text(&c.FiscalCode, FieldFiscalCode, 64); err != nil {
		return err
	}
	if c.FiscalCode != "" && c.Billing.Company == "" {
		return signon.Invalid(FieldFiscalCode, "needs a company")
	}
	if err := language(&c.Language); err != nil {
		return err
	}
	for i := range c.Cards {
		if err := c.Cards[i].normalise(); err != nil {
			return err
		}
	}
	return c.Credit.normalise()
}

// normalise checks a contact whose fields are named with that prefix. Name and
// address are required of a billing contact.
func (c *Contact) normalise(prefix string, required bool) error {
	fields := []struct {
		value *string
		name  string
		most  int
		must  bool
	}{
		{&c.FirstName, FieldFirstName, 255, true}, {&c.LastName, FieldLastName, 255, true}, {&c.Company, FieldCompany, 255, false},
		{&c.Address1, FieldAddress1, 255, true}, {&c.Address2, FieldAddress2, 255, false}, {&c.City, FieldCity, 255, true},
		{&c.State, FieldState, 255, false}, {&c.Zip, FieldZip, 32, true}, {&c.CountryCode, FieldCountryCode, 2, true},
		{&c.Phone, FieldPhone, 64, false}, {&c.Fax, FieldFax, 64, false}, {&c.Email, FieldEmail, 254, true},
	}
	for _, f := range fields {
		if err := text(f.value, prefix+f.name, f.most); err != nil {
			return err
		}
		if required && f.must && *f.value == "" {
			return signon.Invalid(prefix+f.name, "must be given")
		}
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

// text trims the value and checks that it is printable, not too long, and not
// the number of a payment card.
func text(value *string, field string, most int) error {
	v := strings.TrimSpace(*value)
	switch {
	case !utf8.ValidString(v):
		return signon.Invalid(field, "must be UTF-8")
	case utf8.RuneCountInString(v) > most:
		return signon.Invalid(field, "is too long")
	case strings.ContainsFunc(v, unicode.IsControl):
		return signon.Invalid(field, "must not hold control characters")
	case looksLikeCardNumber(v):
		return signon.Invalid(field, "looks like a card number, which is never stored")
	}
	*value = v
	return nil
}

func language(code *string) error {
	parsed, err := signon.ParseLanguage(strings.TrimSpace(*code))
	if err != nil {
		return signon.Invalid(FieldLanguage, signon.AsError(err).Rule)
	}
	*code = parsed
	return nil
}

func validEmail(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

// looksLikeCardNumber reports whether the text holds 13 to 19 digits, blanks
// and hyphens aside, that pass the Luhn check.
func looksLikeCardNumber(text string) bool {
	digits := make([]byte, 0, 32)
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] >= '0' && text[i] <= '9':
			digits = append(digits, text[i])
		case i < len(text) && (text[i] == ' ' || text[i] == '-'):
		default:
			if len(digits) >= 13 && len(digits) <= 19 && luhn(digits) {
				return true
			}
			digits = digits[:0]
		}
	}
	return false
}

func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func (c *Card) normalise() error {
	c.Type = strings.ToLower(strings.TrimSpace(c.Type))
	if c.Type == "" || strings.Trim(c.Type, "abcdefghijklmnopqrstuvwxyz0123456789 _-") != "" {
		return signon.Invalid(FieldCards, "must each have a type, as in visa")
	}
	if len(c.LastDigits) != 4 || strings.Trim(c.LastDigits, "0123456789") != "" {
		return signon.Invalid(FieldCards, "must hold the last four digits of each card and no more")
	}
	if c.ExpirationMonth < 1 || c.ExpirationMonth > 12 || c.ExpirationYear < 2000 || c.ExpirationYear > 2099 {
		return signon.Invalid(FieldCards, "must each have an expiry month from 1 to 12 and a year of four digits")
	}
	if err := text(&c.Cardholder, FieldCards, 255); err != nil {
		return err
	}
	return text(&c.Token, FieldCards, 255)
}

func (c *Credit) normalise() error {
	if *c == (Credit{}) {
		return nil
	}
	c.Currency = strings.ToUpper(strings.TrimSpace(c.Currency))
	if !validCurrency(c.Currency) {
		return signon.Invalid(FieldCredit, "must have a currency of three letters, as in EUR")
	}
	return nil
}

func validCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func (s *Subscription) normalise() error {
	if s.CustomerID == 0 {
		return signon.Invalid(FieldCustomer, "must be given")
	}
	if err := s.Product.normalise(); err != nil {
		return err
	}
	for _, f := range []struct {
		value *string
		name  string
	}{{&s.ExternalRef, FieldExternalRef}, {&s.SKU, "sku"}, {&s.PartnerCode, "partner_code"}} {
		if err := text(f.value, f.name, 255); err != nil {
			return err
		}
	}
	if s.EndUser != nil {
		if err := s.EndUser.normalise("end_user_", false); err != nil {
			return err
		}
	}
	if err := language(&s.EndUserLanguage); err != nil {
		return err
	}
	switch {
	case s.StartsOn == (Date{}):
		return signon.Invalid(FieldStartsOn, "must be given")
	case s.ExpiresOn != (Date{}) && s.ExpiresOn.Before(s.StartsOn):
		return signon.Invalid(FieldExpiresOn, "must not be before the start date")
	}
	return nil
}

func (p *SubscribedProduct) normalise() error {
	if err := text(&p.ID, FieldProductID, 255); err != nil {
		return err
	}
	if p.ID == "" {
		return signon.Invalid(FieldProductID, "must be given")
	}
	if p.Quantity == 0 {
		p.Quantity = 1
	}
	if p.Quantity < 0 || p.Quantity > maxQuantity {
		return signon.Invalid(FieldQuantity, "must be a whole number from 1 to 100000")
	}
	for _, f := range []*string{&p.Code, &p.Name, &p.Version} {
		if err := text(f, FieldName, 255); err != nil {
			return err
		}
	}
	return nil
}

const maxQuantity = 100_000

func (p *Product) normalise() error {
	for _, f := range []struct {
		value *string
		name  string
	}{{&p.ID, FieldProductID}, {&p.Name, FieldName}, {&p.Code, "code"}, {&p.Version, "version"}} {
		if err := text(f.value, f.name, 255); err != nil {
			return err
		}
	}
	if p.ID == "" || strings.ContainsAny(p.ID, ",& ") {
		return signon.Invalid(FieldProductID, "must be given, without commas, blanks and &")
	}
	if p.Name == "" {
		return signon.Invalid(FieldName, "must be given")
	}
	for i := range p.Prices {
		if p.Prices[i].Hundredths < 0 || !validCurrency(p.Prices[i].Currency) {
			return signon.Invalid(FieldPrices, "must each be an amount of at least 0 with a currency of three letters")
		}
	}
	return nil
}

func (o *Order) normalise() error {
	if len(o.Items) == 0 {
		return signon.Invalid(FieldItems, "must not be empty")
	}
	o.Total = Money{Currency: o.Items[0].UnitPrice.Currency}
	for _, i := range o.Items {
		if i.Quantity < 1 || i.Quantity > maxQuantity {
			return signon.Invalid(FieldQuantity, "must be a whole number from 1 to 100000")
		}
		if i.UnitPrice.Currency != o.Total.Currency {
			return signon.Invalid(FieldItems, "must all be in one currency")
		}
		o.Total.Hundredths += i.Total().Hundredths
	}
	if err := o.Billing.normalise("", true); err != nil {
		return err
	}
	if err := o.Delivery.normalise("delivery_", false); err != nil {
		return err
	}
	if err := text(&o.FiscalCode, FieldFiscalCode, 64); err != nil {
		return err
	}
	if o.Status == OrderPending && o.Card.Token == "" {
		return signon.Invalid(FieldCard, "must be chosen")
	}
	return nil
}
