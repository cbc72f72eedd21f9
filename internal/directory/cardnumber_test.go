package directory

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// published are the test numbers that networks and processors print in their
// documentation.
var published = []string{
	"4111111111111111", "4012888888881881", "4222222222222", "4000000000000000006", // Visa
	"5555555555554444", "5105105105105100", "2223003122003222", "2720999999999996", // Mastercard
	"378282246310005", "371449635398431", "341111111111111", // American Express
	"6011111111111117", "6011000990139424", "6445644564456445", // Discover
	"30569309025904", "38520000023237", "36227206271667", // Diners Club
	"3530111333300000", "3566002020360505", // JCB
	"6200000000000005", "6250941006528599", // UnionPay
	"6759649826438453", "6304000000000000", "5019717010103742", "6331101999990016", // Maestro, Dankort, Solo
	"2200000000000004", "135410014004955", // Mir, UATP
}

func TestPublishedCardNumbersAreFoundHoweverWritten(t *testing.T) {
	for _, number := range published {
		for _, written := range []string{
			number, "card " + number, number + "x", "tok_" + number, inGroups(number, " "), inGroups(number, "-"), inGroups(number, "\u00a0"),
			inGroups(number, " - "), inGroups(number, "."), "12 " + number, inGroups(number, " ") + " 12 29", "room 7, " + number,
		} {
			if !holdsCardNumber(written, LeastCardDigits) {
				t.Errorf("%q is not found", written)
			}
		}
	}
}

func TestCardNumbersInDigitsOfOtherScriptsAreFound(t *testing.T) {
	for _, zero := range []rune{'\uff10', '\u0660', '\u06f0', '\u0966', '\U0001d7ec'} { // wide, Arabic, Persian, Hindi, bold
		for _, number := range published {
			written := strings.Map(func(r rune) rune { return zero + r - '0' }, number)
			mixed := number[:4] + "\u3000" + written[4*utf8.RuneLen(zero):]
			if !holdsCardNumber(written, LeastCardDigits) || !holdsCardNumber(mixed, LeastCardDigits) {
				t.Errorf("%q or %q is not found", written, mixed)
			}
		}
	}
}

func inGroups(number, separator string) string {
	var groups []string
	for len(number) > 4 {
		groups, number = append(groups, number[:4]), number[4:]
	}
	return strings.Join(append(groups, number), separator)
}

func TestAnyNumberOfANetworkIsFoundAmongOtherText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := []byte(rapid.StringMatching(`(4[0-9]{14}|5[1-5][0-9]{13}|3[47][0-9]{12}|6011[0-9]{11}|6[0-9]{11,17})`).Draw(t, "digits"))
		digits = append(digits, '0')
		for !Luhn(digits) {
			digits[len(digits)-1]++
		}
		separator := rapid.SampledFrom([]string{"", " ", "-", "  ", "_"}).Draw(t, "separator")
		var written strings.Builder
		for i, d := range digits {
			if i > 0 && rapid.Bool().Draw(t, "cut") {
				written.WriteString(separator)
			}
			written.WriteByte(d)
		}
		before := rapid.SampledFrom([]string{"", "no. ", "1 ", "a", "12/2029 ", "99999999999999999999 "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " ", " 1", "b", " exp 12/29"}).Draw(t, "after")
		if text := before + written.String() + after; !holdsCardNumber(text, LeastCardDigits) {
			t.Fatalf("%q is not found", text)
		}
	})
}

func TestOtherNumbersAreLeftAlone(t *testing.T) {
	for _, text := range []string{
		"", "352365983", "HotTalks1Customer123", "4111 1111 1111 1112", // the check digit is wrong
		"411111111111", "41111111111111111111", // 12 and 20 digits
		"1732190400000", "0004111111111111", "7992739871300003", // an instant, a serial number, a number of no network
		"visa 1111 12/2029; mastercard 4444 03/2028", "12 Orchard Street, Springfield 62704",
		"2026-11-21 10:20:30.123456", "192.168.100.200, 10.20.30.40", "DE89 3704 0044 0532 0130 00",
	} {
		if holdsCardNumber(text, LeastCardDigits) {
			t.Errorf("%q is taken for a card number", text)
		}
	}
}

func TestMobilePhonesOf13DigitsAreLeftAlone(t *testing.T) {
	number := "+49 1512 3456787" // passes the check and starts like a Visa
	if !holdsCardNumber(number, leastDigits(FieldCompany)) {
		t.Fatalf("%q does not look like a card number: choose another one", number)
	}
	for _, name := range []string{FieldPhone, FieldFax, DeliveryField(FieldPhone), EndUserField(FieldFax)} {
		if holdsCardNumber(number, leastDigits(name)) {
			t.Errorf("%q is refused as %s", number, name)
		}
		if !holdsCardNumber("4111111111111111", leastDigits(name)) {
			t.Errorf("a card number is accepted as %s", name)
		}
	}
}

func TestLookingForCardNumbersTakesNoLongerThanTheText(t *testing.T) {
	long := strings.Repeat("4 ", 500_000)
	if holdsCardNumber(long, LeastCardDigits) != holdsCardNumber(long[:200], LeastCardDigits) {
		t.Error("length changes the verdict")
	}
}
