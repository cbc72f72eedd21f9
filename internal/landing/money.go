package landing

import (
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// symbols are the signs of the currencies that most people know by sign.
var symbols = map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}

// money returns the amount as people who read that language write it:
// "€1,299.00" or "1.299,00 €", and "1,299.00 CHF" where there is no sign.
func (s *site) money(code string, m directory.Money) string {
	hundredths, sign := m.Hundredths, ""
	if hundredths < 0 {
		hundredths, sign = -hundredths, "−"
	}
	amount := number.Decimal(float64(hundredths)/100, number.Scale(decimals(m.Currency, hundredths))) // exact to 2^53
	digits := message.NewPrinter(language.Make(code)).Sprint(amount)
	if symbol, ok := symbols[m.Currency]; ok {
		return sign + s.pages.Text(code, "money.sign", symbol, digits)
	}
	return sign + digits + "\u00a0" + m.Currency
}

// decimals returns how many digits stand behind the point: as the currency has
// them, and never so few that any of the amount is lost.
func decimals(code string, hundredths int64) int {
	unit, err := currency.ParseISO(code)
	if err != nil || hundredths%100 != 0 {
		return 2
	}
	if scale, _ := currency.Standard.Rounding(unit); scale == 0 {
		return 0
	}
	return 2
}
