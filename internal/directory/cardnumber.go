package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Card numbers have 13 to 19 digits, of which the last one checks the others.
const (
	LeastCardDigits = 13
	MostCardDigits  = 19
)

// issuers are the ranges of first digits that networks give their cards, with
// the lengths in use. A long number outside of them is something else.
var issuers = []struct {
	from, to    string
	least, most int
}{
	{"1", "1", 15, 15}, // UATP
	{"2200", "2204", 16, 19},
	{"2221", "2720", 16, 16},
	{"300", "305", 14, 19},
	{"3095", "3095", 14, 19},
	{"34", "34", 15, 15},
	{"3528", "3589", 16, 19},
	{"36", "36", 14, 19},
	{"37", "37", 15, 15},
	{"38", "39", 14, 19},
	{"4", "4", 13, 19},
	{"5", "6", 13, 19},
	{"81", "82", 16, 19},
	{"8600", "8600", 16, 16},
	{"9704", "9704", 16, 19},
	{"9792", "9792", 16, 16},
	{"9860", "9860", 16, 16},
}

// HoldsCardNumber reports whether the text holds what the directory takes for
// the number of a payment card. The field is what the text is called, in any case
// of letters: telephone numbers are judged by a rule of their own.
func HoldsCardNumber(field, text string) bool {
	return holdsCardNumber(text, leastDigits(strings.ToLower(field)))
}

// leastDigits returns from how many digits on a field's text is looked at. In
// telephone numbers 13 digits are let pass: cards that short are no longer made,
// but German mobile phones have as many, and start alike.
func leastDigits(field string) int {
	if strings.HasSuffix(field, FieldPhone) || strings.HasSuffix(field, FieldFax) {
		return LeastCardDigits + 1
	}
	return LeastCardDigits
}

// holdsCardNumber reports whether the text holds a card number of at least that
// many digits, written in one or in groups.
func holdsCardNumber(text string, least int) bool {
	var digits []byte
	var starts []int // where groups of digits start
	inGroup := false
	for _, r := range text {
		digit, ok := digitOf(r)
		switch {
		case ok:
			if !inGroup {
				starts = append(starts, len(digits))
			}
			digits, inGroup = append(digits, digit), true
		case separates(r):
			inGroup = false
		default:
			if anyCardNumber(digits, starts, least) {
				return true
			}
			digits, starts, inGroup = digits[:0], starts[:0], false
		}
	}
	return anyCardNumber(digits, starts, least)
}

// digitOf returns the ASCII digit that means what r does, in whatever script:
// Japanese keyboards type wide digits, Arabic ones their own.
func digitOf(r rune) (byte, bool) {
	zero := '0'
	switch {
	case r < zero || r > '9' && r < utf8.RuneSelf:
		return 0, false
	case r > '9':
		if !unicode.Is(unicode.Nd, r) {
			return 0, false
		}
		for zero = r; unicode.Is(unicode.Nd, zero-1); {
			zero--
		}
	}
	return "0123456789"[(r-zero)%10], true // digits come in rows of ten, zero first
}

// separates reports whether people write r between the groups of a number.
func separates(r rune) bool {
	return strings.ContainsRune(" .-_\t\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212\u3000\uff0d", r)
}

// anyCardNumber looks at every row of whole groups.
func anyCardNumber(digits []byte, starts []int, least int) bool {
	for i, start := range starts {
		for j := i; j < len(starts); j++ {
			end := len(digits)
			if j+1 < len(starts) {
				end = starts[j+1]
			}
			if end-start > MostCardDigits {
				break
			}
			if end-start >= least && issued(string(digits[start:end])) && Luhn(digits[start:end]) {
				return true
			}
		}
	}
	return false
}

func issued(number string) bool {
	for _, r := range issuers {
		prefix := number[:len(r.from)]
		if prefix >= r.from && prefix <= r.to && len(number) >= r.least && len(number) <= r.most {
			return true
		}
	}
	return false
}

// Luhn reports whether the last of the digits checks the others, as that of a card
// number does.
func Luhn(digits []byte) bool {
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
