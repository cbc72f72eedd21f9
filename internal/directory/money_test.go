package directory_test

import (
	"fmt"
	"math"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

func TestDecimalIsReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-math.MaxInt64+1, math.MaxInt64-1).Draw(t, "hundredths")
		text := directory.Money{Hundredths: n}.Decimal()
		if got, ok := directory.ParseDecimal(text); !ok || got != n {
			t.Fatalf("ParseDecimal(%q) = %d, %t, want %d", text, got, ok, n)
		}
	})
}

func TestDecimalOfTheLowestNumber(t *testing.T) {
	if got, want := (directory.Money{Hundredths: math.MinInt64}).Decimal(), "-92233720368547758.08"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,2})?$`)

func TestParseDecimalAcceptsDecimalsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-+]?[0-9]{0,4}[.,]?[0-9]{0,3}[eE ]?`).Draw(t, "text")
		if _, ok := directory.ParseDecimal(text); ok != decimal.MatchString(text) {
			t.Fatalf("ParseDecimal(%q) accepts: %t", text, ok)
		}
	})
}

func TestParseDecimal(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "21.5": 2150, "21.50": 2150, "0.01": 1, "-0.01": -1, "007": 700, "92233720368547758.06": math.MaxInt64 - 1,
	} {
		if got, ok := directory.ParseDecimal(text); !ok || got != want {
			t.Errorf("ParseDecimal(%q) = %d, %t, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "-", ".", ".5", "5.", "1.234", "1,5", "+1", " 1", "1e2", "0x1", "--1", "٣", "92233720368547758.08", "99999999999999999999"} {
		if got, ok := directory.ParseDecimal(text); ok {
			t.Errorf("ParseDecimal(%q) = %d, want a refusal", text, got)
		}
	}
}

func TestDateIsReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%04d-%02d-%02d", rapid.IntRange(0, 9999).Draw(t, "year"), rapid.IntRange(0, 13).Draw(t, "month"), rapid.IntRange(0, 32).Draw(t, "day"))
		d, err := directory.ParseDate(text)
		if err == nil && d.String() != text {
			t.Fatalf("ParseDate(%q) = %s", text, d)
		}
	})
}

func TestParseDateRefusesDaysThatDontExist(t *testing.T) {
	for _, text := range []string{"2027-02-29", "2028-02-30", "2028-04-31", "2028-13-01", "2028-00-10", "2028-01-00", "28-01-01", "2028-1-1", "2028-01-01T00:00:00Z", ""} {
		if d, err := directory.ParseDate(text); err == nil {
			t.Errorf("ParseDate(%q) = %s, want an error", text, d)
		}
	}
	if d, err := directory.ParseDate("2028-02-29"); err != nil || d.String() != "2028-02-29" {
		t.Errorf("got %s, %v", d, err)
	}
}
