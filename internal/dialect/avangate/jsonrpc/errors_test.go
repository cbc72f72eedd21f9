package jsonrpc

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

func TestEveryCodeHasItsOwnNumberAndIsInTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	taken := map[int]avangate.Code{}
	for _, code := range avangate.Codes() {
		number, ok := numbers[code]
		if !ok || number == 0 {
			t.Errorf("%s has no number", code)
			continue
		}
		if other, again := taken[number]; again {
			t.Errorf("%s and %s are both %d", code, other, number)
		}
		taken[number] = code
		if row := fmt.Sprintf("\n| %d | `%s` |", number, code); !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
	if len(numbers) != len(taken) {
		t.Errorf("got %d numbers, want those of %d codes", len(numbers), len(taken))
	}
}

// The contract publishes these.
func TestNumbersOfTheContract(t *testing.T) {
	for code, want := range map[avangate.Code]int{
		"AUTHENTICATION_FAILED": 10003, "FORBIDDEN": 10000, "CUSTOMER_NOT_FOUND": 40001, "SUBSCRIPTION_NOT_FOUND": 40002,
		"CUSTOMER_TYPE_INVALID": 40010, "PAGE_INVALID": 40011, "URL_INVALID": 40012, "URL_NOT_SUPPORTED": 40013,
		"VALIDITY_TIME_INVALID": 40014, "VALIDATION_IP_INVALID": 40015, "EMAIL_INVALID": 40016, "LANGUAGE_INVALID": 40017,
		"SSO_TOKEN_INVALID": 40020, "CUSTOMER_INVALID": 40030, "SUBSCRIPTION_INVALID": 40031,
		"LIMIT_EXCEEDED": 42900, "UNAVAILABLE": 50300, "INTERNAL_ERROR": 50000, "REQUEST_INVALID": -32602,
	} {
		if got := numbers[code]; got != want {
			t.Errorf("%s: got %d, want %d", code, got, want)
		}
	}
}
