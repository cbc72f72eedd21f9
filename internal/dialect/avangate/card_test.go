package avangate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/avangatetest"
	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

const cardNumber = "4111111111111111"

func newCustomer(more ...any) map[string]any {
	return with(map[string]any{
		"FirstName": "Ada", "LastName": "Byron", "Address1": "1 Engine Road", "City": "London", "Zip": "N1", "CountryCode": "GB", "Email": "ada@example.com",
	}, more...)
}

func newSubscription(more ...any) map[string]any {
	return with(map[string]any{"ExternalCustomerReference": "NoCards1", "StartDate": "2026-01-01", "Product": map[string]any{"ProductId": "4639321"}}, more...)
}

// with puts names and values into the object.
func with(o map[string]any, more ...any) map[string]any {
	for i := 0; i < len(more); i += 2 {
		o[more[i].(string)] = more[i+1]
	}
	return o
}

func TestACardNumberIsRefusedWhereverItArrives(t *testing.T) {
	w := avangatetest.New(t)
	c := login(w, "AVANGATE", "SECRET_KEY")
	const never = " must not be sent: card numbers are never stored"
	number := map[string]any{"CardNumber": cardNumber}
	customer := func(more ...any) []any { return []any{"createCustomer", newCustomer(more...)} }
	subscription := func(more ...any) []any { return []any{"addSubscription", newSubscription(more...)} }
	for _, bad := range []struct {
		ask     []any
		code    avangate.Code
		message string
	}{
		{[]any{"addSubscription", newSubscription(), number}, avangate.SubscriptionInvalid, "<CardPayment.CardNumber>" + never},
		{[]any{"addSubscription", newSubscription(), []any{number}}, avangate.SubscriptionInvalid, "<CardPayment.CardNumber>" + never},
		{[]any{"addSubscription", newSubscription(), nil, number}, avangate.SubscriptionInvalid, "<CardNumber>" + never},
		{[]any{"addSubscription", newSubscription(), map[string]any{"HolderName": cardNumber}}, avangate.SubscriptionInvalid, "<CardPayment.HolderName>" + never},
		{[]any{"createCustomer", newCustomer(), number}, avangate.CustomerInvalid, "<CardNumber>" + never},
		{[]any{"getCustomerInformation", "352365983", nil, nil, number}, avangate.RequestInvalid, "<CardNumber>" + never},
		{subscription("Payment", number), avangate.SubscriptionInvalid, "<Payment.CardNumber>" + never},
		{subscription("payment", map[string]any{"cardnumber": "1"}), avangate.SubscriptionInvalid, "<payment.cardnumber>" + never},
		{subscription("Payment", map[string]any{"PaymentMethod": map[string]any{"CARDNUMBER": json.Number(cardNumber)}}), avangate.SubscriptionInvalid, "<Payment.PaymentMethod.CARDNUMBER>" + never},
		{subscription("Payment", map[string]any{"CardNumber": []any{cardNumber}}), avangate.SubscriptionInvalid, "<Payment.CardNumber>" + never},
		{subscription("CardPayment", number), avangate.SubscriptionInvalid, "<CardPayment.CardNumber>" + never},
		{subscription("CardNumber", cardNumber), avangate.SubscriptionInvalid, "<CardNumber>" + never},
		{subscription("Payment", "4111 1111 1111 1111"), avangate.SubscriptionInvalid, "<Payment>" + never},
		{subscription("NextRenewalPrice", json.Number(cardNumber)), avangate.SubscriptionInvalid, "<NextRenewalPrice>" + never},
		{subscription("Product", map[string]any{"ProductId": "1", "Note": cardNumber}), avangate.SubscriptionInvalid, "<Product.Note>" + never},
		{subscription("DeliveryInfo", map[string]any{"Codes": []any{map[string]any{"Code": "x", "Card": cardNumber}}}), avangate.SubscriptionInvalid, "<DeliveryInfo.Codes.Card>" + never},
		{subscription("DeliveryInfo", map[string]any{"Codes": []any{map[string]any{"Code": cardNumber}}}), avangate.SubscriptionInvalid, "<DeliveryInfo.Codes> looks like a card number"},
		{subscription("SKU", cardNumber), avangate.SubscriptionInvalid, "<SKU> looks like a card number"},
		{customer("ExistingCards", []any{number}), avangate.CustomerInvalid, "<ExistingCards.CardNumber>" + never},
		{customer("ExistingCards", cardNumber), avangate.CustomerInvalid, "<ExistingCards>" + never},
		{customer("ExistingCards", []any{"visa " + cardNumber}), avangate.CustomerInvalid, "<ExistingCards>" + never},
		{customer("ExistingCards", []any{map[string]any{"LastDigits": "11111"}}), avangate.CustomerInvalid, "<ExistingCards.LastDigits> must have at most four digits"},
		{customer("ExistingCards", []any{map[string]any{"lastDigits": json.Number("5105105105105")}}), avangate.CustomerInvalid, "<ExistingCards.lastDigits>"},
		{customer("Foo", map[string]any{"Bar": []any{[]any{number}}}), avangate.CustomerInvalid, "<Foo.Bar.CardNumber>" + never},
		{customer("Foo", json.Number(cardNumber)), avangate.CustomerInvalid, "<Foo>" + never},
		{customer("card "+cardNumber, "x"), avangate.CustomerInvalid, "<…>" + never},
		{customer(cardNumber, nil), avangate.CustomerInvalid, "<…>" + never},
		{customer("FirstName", cardNumber), avangate.CustomerInvalid, "<FirstName> looks like a card number"},
		{customer("Phone", cardNumber), avangate.CustomerInvalid, "<Phone> looks like a card number"},
		{[]any{"updateCustomerInformation", map[string]any{"AvangateCustomerReference": "352365983", "ExistingCards": []any{number}}}, avangate.CustomerInvalid, "<ExistingCards.CardNumber>" + never},
	} {
		_, err := c.call(bad.ask[0].(string), bad.ask[1:]...)
		if wantFault(t, err, bad.code, bad.message); t.Failed() {
			t.Fatalf("in %v", bad.ask)
		}
		if text := fmt.Sprintf("%v %+v", err, w.SignOn.Traces("TESTCODE00")); strings.Contains(text, "1111111") || strings.Contains(text, "510510510") {
			t.Fatalf("%v: the number is in %s", bad.ask, text)
		}
	}
	_, err := invokeNamed(w, "addSubscription", []avangate.Argument{
		{Name: "sessionID", Value: c.session, ByName: true},
		{Name: "SubscriptionImport", Value: newSubscription(), ByName: true},
		{Name: "Card", Value: map[string]any{"CardNumber": cardNumber}, ByName: true},
	}...)
	wantFault(t, err, avangate.SubscriptionInvalid, "<Card.CardNumber>"+never)
}

func TestWhatIsNoCardNumberIsTaken(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	cards := []any{
		map[string]any{
			"CardType": "visa", "LastDigits": "1111", "ExpirationMonth": "12", "ExpirationYear": "2029", "CardholderName": "John Newman", "CardNumber": "",
			"TransientToken": map[string]any{"Token": "tok-visa"},
		},
		map[string]any{"CardType": "mastercard", "LastDigits": json.Number("4444"), "CardNumber": nil},
	}
	c.want("createCustomer", newCustomer(
		"ExistingCards", cards, "AvangateCustomerReference", "", "Credit", map[string]any{"Limit": json.Number("51.00")}, "Phone", "+49 151 1234 5678 90",
		"MobilePhone", "4915112345678", "Hash", "29e85dbf92ce0113e7755c31c0438a7db98a4de9f910bf0a527e005f35e43739", "CreatedAt", json.Number("1795261200000"),
	))
	for _, payment := range []any{nil, "", []any{}, map[string]any{}, map[string]any{"CardNumber": "", "CardType": "VISA", "HolderName": "A B"}} {
		c.want("addSubscription", newSubscription("Payment", payment), payment)
	}
	c.want("updateCustomerInformation", map[string]any{"AvangateCustomerReference": json.Number("352365983"), "ExistingCards": cards})
}

func TestMembersAreFoundInAnyCaseOfLetters(t *testing.T) {
	c := login(avangatetest.New(t), "AVANGATE", "SECRET_KEY")
	lower := map[string]any{}
	for name, value := range newCustomer("ExternalCustomerReference", "Lower1") {
		lower[strings.ToLower(name)] = value
	}
	c.want("createCustomer", lower)
	c.want("updateCustomerInformation", map[string]any{"EXTERNALCUSTOMERREFERENCE": "Lower1", "cITY": "Ockham"})
	if got := c.want("getCustomerInformation", nil, "Lower1"); !strings.Contains(got, `"City":"Ockham"`) {
		t.Errorf("got %s", got)
	}
	reference := strings.Trim(c.want("addSubscription", map[string]any{
		"externalcustomerreference": "Lower1", "STARTDATE": "2026-01-01", "product": map[string]any{"productid": "4639321", "PRODUCTNAME": "Cased"},
	}), `"`)
	if got := c.want("getSubscription", reference); !strings.Contains(got, `"ProductName":"Cased"`) {
		t.Errorf("got %s", got)
	}
	for _, bad := range []struct {
		ask     []any
		code    avangate.Code
		message string
	}{
		{[]any{"createCustomer", newCustomer("city", "Ockham")}, avangate.CustomerInvalid, "<city> must not be given twice"},
		{[]any{"createCustomer", newCustomer("CITY", nil)}, avangate.CustomerInvalid, "<City> must not be given twice"},
		{[]any{"addSubscription", newSubscription("Product", map[string]any{"ProductId": "1", "PRODUCTID": "2"})}, avangate.SubscriptionInvalid, "<Product.ProductId> must not be given twice"},
	} {
		_, err := c.call(bad.ask[0].(string), bad.ask[1:]...)
		wantFault(t, err, bad.code, bad.message)
	}
}
