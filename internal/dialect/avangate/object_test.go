package avangate

import (
	"testing"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// FuzzObject reads customers and subscriptions from anything that JSON can say.
func FuzzObject(f *testing.F) {
	for _, text := range []string{
		`{"FirstName":"Ann","Zip":1,"Phone":null,"Fax":[]}`, `{"Product":{"ProductId":1,"PriceOptionCodes":[""," x"]},"EndUser":[],"StartDate":"2026-01-01"}`,
		`{"DeliveryInfo":{"Codes":{"Code":1}},"Payment":{"CardNumber":"1"},"RecurringEnabled":"YES","NextRenewalPrice":1e9}`, `{"Product":[[]],"EndUser":{"Email":{}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var o map[string]any
		if strictjson.Decode(text, 16, &o) != nil {
			return
		}
		var c directory.Customer
		customer, err := ReadObject(o, CustomerInvalid)
		if err == nil {
			err = customer.apply(&c)
		}
		if err != nil && (FaultOf(err).Code != CustomerInvalid || FaultOf(err).Argument == "") {
			t.Errorf("customer: got %v", err)
		}
		var s *directory.Subscription
		subscription, err := ReadObject(o, SubscriptionInvalid)
		if err == nil {
			s, err = readSubscription(subscription)
		}
		if err != nil && (FaultOf(err).Code != SubscriptionInvalid || FaultOf(err).Argument == "") {
			t.Errorf("subscription: got %v", err)
		}
		if err == nil && s.Check() == nil && (s.Product.ID == "" || s.StartsOn == directory.Date{}) {
			t.Errorf("accepted %+v", s)
		}
	})
}

func TestCustomerTypesNameTheirReferences(t *testing.T) {
	for _, customerType := range []string{"", "avangatecustomerreference", "CustomerReference", "ExternalCustomerReference "} {
		_, err := (&API{}).CustomerOfType(t.Context(), &Caller{}, "1", customerType)
		wantArgument(t, err, ArgCustomerType)
	}
}

func TestDecimalHasTwoPlaces(t *testing.T) {
	for d, want := range map[Decimal]string{0: "0.00", 5: "0.05", 2150: "21.50", -2150: "-21.50", 1 << 53: "90071992547409.92"} {
		if got, err := d.MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%d: got %s, %v; want %s", int64(d), got, err, want)
		}
	}
}
