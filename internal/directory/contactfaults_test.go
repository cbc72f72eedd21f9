package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

func faultNames(faults []*signon.Error) []string {
	var names []string
	for _, e := range faults {
		names = append(names, e.Argument+" "+e.Rule)
	}
	return names
}

func TestFaultsNamesEveryBadField(t *testing.T) {
	c := Contact{FirstName: "Ann\x01", Address1: "1 Street", City: "4111 1111 1111 1111", Zip: "1", CountryCode: "zz", Email: "ann"}
	before := c
	want := []string{
		"first_name must not hold control characters", "city looks like a card number, which is never stored",
		"country_code must be an ISO 3166-1 code of two letters, as in us", "email must be an e-mail address", "last_name must be given",
	}
	if diff := cmp.Diff(want, faultNames(c.Faults(false))); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
	if c != before {
		t.Errorf("the contact was changed")
	}
}

func TestFaultsOfDeliveryRequiresNothing(t *testing.T) {
	if got := faultNames((&Contact{}).Faults(true)); got != nil {
		t.Errorf("got %v for an empty delivery contact, want none", got)
	}
	if got := faultNames((&Contact{Email: "x"}).Faults(true)); len(got) != 1 || got[0] != "delivery_email must be an e-mail address" {
		t.Errorf("got %v, want the e-mail only", got)
	}
}

func TestFaultsOfACustomerNameEveryDetail(t *testing.T) {
	c := &Customer{
		Billing:  Contact{FirstName: "Ann", LastName: "Lee", Address1: "1 Street", Zip: "1", CountryCode: "us", Email: "ann@example.com"},
		Delivery: &Contact{Email: "nobody"}, FiscalCode: "DE1", Language: "english",
	}
	before := c.Clone()
	want := []string{
		"city must be given", "delivery_email must be an e-mail address", "fiscal_code needs a company",
		"language must be an ISO 639-1 code of two letters, as in en",
	}
	if diff := cmp.Diff(want, faultNames(c.Faults())); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, c); diff != "" {
		t.Errorf("the customer changed:\n%s", diff)
	}
}
