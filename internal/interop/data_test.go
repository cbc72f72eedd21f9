package interop

import "strings"

// methods are the methods of the contract, with their arguments in order.
var methods = map[string][]string{
	"login":                            {"merchantCode", "date", "hash", "algo"},
	"getSingleSignOnInCart":            {"sessionID", "idCustomer", "customerType", "url", "validityTime", "validationIp"},
	"getSingleSignOnByCustomer":        {"sessionID", "idCustomer", "customerType", "page", "request", "validityTime", "validationIp", "languageCode"},
	"getSingleSignOn":                  {"sessionID", "subscriptionReference", "email", "validityTime", "accessPage", "validationIp", "languageCode"},
	"getCustomerInformationBySSOToken": {"sessionID", "singleSignOnToken"},
	"createCustomer":                   {"sessionID", "Customer"},
	"updateCustomerInformation":        {"sessionID", "Customer", "updateEndUserSubscriptions"},
	"getCustomerInformation":           {"sessionID", "customerReference", "externalCustomerReference", "includePaymentData"},
	"addSubscription":                  {"sessionID", "SubscriptionImport", "CardPayment"},
	"getSubscription":                  {"sessionID", "subscriptionReference"},
	"getCustomerSubscriptions":         {"sessionID", "customerReference", "externalCustomerReference"},
}

// numbers are the contract's numbers of the codes, in JSON-RPC.
var numbers = map[string]int{
	"FORBIDDEN": 10000, "AUTHENTICATION_FAILED": 10003, "CUSTOMER_NOT_FOUND": 40001, "SUBSCRIPTION_NOT_FOUND": 40002,
	"CUSTOMER_TYPE_INVALID": 40010, "PAGE_INVALID": 40011, "URL_INVALID": 40012, "URL_NOT_SUPPORTED": 40013,
	"VALIDITY_TIME_INVALID": 40014, "VALIDATION_IP_INVALID": 40015, "EMAIL_INVALID": 40016, "LANGUAGE_INVALID": 40017,
	"SSO_TOKEN_INVALID": 40020, "CUSTOMER_INVALID": 40030, "SUBSCRIPTION_INVALID": 40031,
	"REQUEST_INVALID": -32601, // as here: an unknown method
}

// What the demo holds.
const (
	john, johnsOwn   = "352365983", "HotTalks1Customer123"
	maria, mariasOwn = "352365984", "NoCards1"
	byID, byIDLater  = "AvangateCustomerReference", "2CheckoutCustomerReference"
	byOwn            = "ExternalCustomerReference"

	buyLink = "https://store.avancart.com/order/checkout.php?PRODS=4639321&QTY=1&CART=1&CARD=2"
)

// johnFields are what the demo's customer with cards looks like.
func johnFields(withTokens bool) fields {
	card := func(kind, digits, month, year, token string) fields {
		f := fields{"CardType": kind, "LastDigits": digits, "ExpirationMonth": month, "ExpirationYear": year, "CardholderName": "John Newman", "TransientToken": nil}
		if withTokens {
			f["TransientToken"] = fields{"Token": token}
		}
		return f
	}
	return fields{
		"AvangateCustomerReference": 352365983, "ExternalCustomerReference": johnsOwn,
		"FirstName": "John", "LastName": "Newman", "Company": "", "FiscalCode": "",
		"Address1": "12 Orchard Street", "Address2": "", "City": "Springfield", "State": "Illinois", "Zip": "62704", "CountryCode": "us",
		"Phone": "2175550100", "Fax": "", "Email": "john.newman@example.com",
		"ExistingCards": []any{
			card("visa", "1111", "12", "2029", "demo-visa-1111"),
			card("mastercard", "4444", "3", "2028", "demo-mastercard-4444"),
		},
		"Enabled": true, "Trial": false, "Language": "en",
		"Credit": fields{"Limit": decimal("51.00"), "Remaining": decimal("21.50"), "Currency": "EUR"},
	}
}

// newCustomer returns somebody whose details are hard on encodings.
func newCustomer() map[string]any {
	return map[string]any{
		"FirstName": "Zoë <b>", "LastName": "Müller & Söhne", "Address1": `12 "Größe" Straße ]]>`, "City": "Köln", "Zip": "50667",
		"CountryCode": "DE", "Email": "zoe@example.com", "Company": "it's > 1 'Büro' Ltd",
	}
}

func without(object map[string]any, name string) map[string]any {
	delete(object, name)
	return object
}

func with(object map[string]any, name string, value any) map[string]any {
	object[name] = value
	return object
}

// created returns what newCustomer looks like when it is read.
func created(reference int, own string) fields {
	f := fields{
		"AvangateCustomerReference": reference, "ExternalCustomerReference": own, "FiscalCode": "", "Address2": "", "State": "", "Phone": "", "Fax": "",
		"ExistingCards": []any{}, "Enabled": false, "Trial": false, "Language": "",
		"Credit": fields{"Limit": decimal("0.00"), "Remaining": decimal("0.00"), "Currency": ""},
	}
	for name, value := range newCustomer() {
		f[name] = value
	}
	f["CountryCode"] = "de"
	return f
}

// unique returns a reference that no other client uses.
func unique(c *client) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' {
			return '-'
		}
		return r
	}, c.name)
}

// newSubscription returns a subscription of the customer with that reference.
func newSubscription(own string) map[string]any {
	return map[string]any{
		"ExternalCustomerReference": own, "StartDate": "2026-01-31", "ExpirationDate": "2036-01-31", "RecurringEnabled": true,
		"Product": map[string]any{"ProductId": "4639321", "ProductCode": "HOT-TALKS", "ProductName": "Hot Talks & Müll", "ProductVersion": "4.2", "ProductQuantity": 3},
		"SKU":     "HT-4", "PartnerCode": "", "NextRenewalPrice": "29.90", "NextRenewalPriceCurrency": "EUR",
	}
}
