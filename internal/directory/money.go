package directory

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Money is an amount in hundredths of a currency's unit. It is never a binary
// fraction.
type Money struct {
	Hundredths int64
	Currency   string // ISO 4217, upper-case
}

// maxPrice is the highest price, in hundredths: ten thousand million. It keeps
// the price of a line far from the end of the numbers.
const maxPrice = 1_000_000_000_000

// normalisePrice checks a price that is, or is among, the field of that name.
func (m *Money) normalisePrice(name string) error {
	m.Currency = strings.ToUpper(strings.TrimSpace(m.Currency))
	if m.Hundredths < 0 || m.Hundredths > maxPrice || !validCurrency(m.Currency) {
		return signon.Invalid(name, "must be from 0 to 10000000000.00 with a currency of three letters, as in 19.99 EUR")
	}
	return nil
}

func validCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Decimal returns the amount with two places, as in "21.50".
func (m Money) Decimal() string {
	sign, n := "", uint64(m.Hundredths) //nolint:gosec // negated below when negative
	if m.Hundredths < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// ParseDecimal reads an amount with at most two places, as in "21.5", and
// returns it in hundredths. ok is false for anything else.
func ParseDecimal(text string) (hundredths int64, ok bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || point && (fraction == "" || len(fraction) > 2) || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil || n == math.MaxInt64 {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}
