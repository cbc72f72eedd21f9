package directory

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// The most characters that texts may have.
const (
	maxText      = 255
	maxZip       = 32
	maxPhone     = 64
	maxFiscal    = 64
	maxEmail     = 254
	maxCardType  = 64
	maxMultiline = 10_000
	// maxList bounds the lists that a row holds: cards, prices, codes.
	maxList = 100
)

// field is a text of a row and what it is called in errors.
type field struct {
	value *string
	name  string
	most  int // characters
}

func checkTexts(fields ...field) error {
	for _, f := range fields {
		if err := text(f.value, f.name, f.most); err != nil {
			return err
		}
	}
	return nil
}

// text trims the value and checks that it is one printable line, not too long,
// and holds no number of a payment card.
func text(value *string, field string, most int) error {
	v := strings.TrimSpace(*value)
	if strings.ContainsFunc(v, isControl) {
		return signon.Invalid(field, "must not hold control characters")
	}
	return stored(value, v, field, most)
}

// multiline is text that may have several lines.
func multiline(value *string, field string, most int) error {
	v := strings.TrimSpace(strings.ReplaceAll(*value, "\r\n", "\n"))
	if strings.ContainsFunc(v, func(r rune) bool { return r != '\n' && r != '\t' && isControl(r) }) {
		return signon.Invalid(field, "must not hold control characters other than tabs and line breaks")
	}
	return stored(value, v, field, most)
}

func stored(value *string, v, field string, most int) error {
	switch {
	case !utf8.ValidString(v):
		return signon.Invalid(field, "must be UTF-8")
	case utf8.RuneCountInString(v) > most:
		return signon.Invalid(field, "is too long")
	case holdsCardNumber(v, leastDigits(field)):
		return signon.Invalid(field, "looks like a card number, which is never stored")
	}
	*value = v
	return nil
}

// isControl includes the two line ends that Unicode added.
func isControl(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func language(code *string, field string) error {
	parsed, err := signon.ParseLanguage(strings.TrimSpace(*code))
	if err != nil {
		return signon.Invalid(field, signon.AsError(err).Rule)
	}
	*code = parsed
	return nil
}

func validEmail(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && parsed.Address == address
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
