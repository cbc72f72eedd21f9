package directory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const visa = "4111 1111 1111 1111"

func TestCustomerFieldsThatAreRefused(t *testing.T) {
	s, _, _ := newService(t)
	for name, tc := range map[string]struct {
		change func(*directory.Customer)
		field  string
	}{
		"no first name":        {func(c *directory.Customer) { c.Billing.FirstName = " " }, "first_name"},
		"no last name":         {func(c *directory.Customer) { c.Billing.LastName = "" }, "last_name"},
		"no address":           {func(c *directory.Customer) { c.Billing.Address1 = "" }, "address1"},
		"no city":              {func(c *directory.Customer) { c.Billing.City = "" }, "city"},
		"no zip":               {func(c *directory.Customer) { c.Billing.Zip = "" }, "zip"},
		"no country":           {func(c *directory.Customer) { c.Billing.CountryCode = "" }, "country_code"},
		"no email":             {func(c *directory.Customer) { c.Billing.Email = "" }, "email"},
		"unknown country":      {func(c *directory.Customer) { c.Billing.CountryCode = "xx" }, "country_code"},
		"long country":         {func(c *directory.Customer) { c.Billing.CountryCode = "usa" }, "country_code"},
		"bad email":            {func(c *directory.Customer) { c.Billing.Email = "John <john@example.com>" }, "email"},
		"long zip":             {func(c *directory.Customer) { c.Billing.Zip = strings.Repeat("1", 33) }, "zip"},
		"control character":    {func(c *directory.Customer) { c.Billing.City = "Spring\nfield" }, "city"},
		"line separator":       {func(c *directory.Customer) { c.Billing.City = "Spring\u2028field" }, "city"},
		"not UTF-8":            {func(c *directory.Customer) { c.Billing.City = "\xff" }, "city"},
		"card number in name":  {func(c *directory.Customer) { c.Billing.LastName = visa }, "last_name"},
		"card number as ref":   {func(c *directory.Customer) { c.ExternalRef = visa }, "external_reference"},
		"card number in phone": {func(c *directory.Customer) { c.Billing.Phone = visa }, "phone"},
		"delivery country":     {func(c *directory.Customer) { c.Delivery.CountryCode = "yy" }, "delivery_country_code"},
		"delivery email":       {func(c *directory.Customer) { c.Delivery.Email = "@" }, "delivery_email"},
		"delivery card number": {func(c *directory.Customer) { c.Delivery.Address2 = visa }, "delivery_address2"},
		"fiscal code alone":    {func(c *directory.Customer) { c.Billing.Company = "" }, "fiscal_code"},
		"language":             {func(c *directory.Customer) { c.Language = "english" }, "language"},
		"whole card number":    {func(c *directory.Customer) { c.Cards[0].LastDigits = "4111111111111111" }, "cards"},
		"card number as type":  {func(c *directory.Customer) { c.Cards[0].Type = visa }, "cards"},
		"card number as token": {func(c *directory.Customer) { c.Cards[1].Token = visa }, "cards"},
		"no card type":         {func(c *directory.Customer) { c.Cards[0].Type = "" }, "cards"},
		"month of card":        {func(c *directory.Customer) { c.Cards[0].ExpirationMonth = 13 }, "cards"},
		"year of card":         {func(c *directory.Customer) { c.Cards[0].ExpirationYear = 29 }, "cards"},
		"digits not digits":    {func(c *directory.Customer) { c.Cards[0].LastDigits = "1x11" }, "cards"},
		"too many cards":       {func(c *directory.Customer) { c.Cards = make([]directory.Card, 101) }, "cards"},
		"credit currency":      {func(c *directory.Customer) { c.Credit.Currency = "EURO" }, "credit"},
		"no credit currency":   {func(c *directory.Customer) { c.Credit.Currency = "" }, "credit"},
		"credit below zero":    {func(c *directory.Customer) { c.Credit.Limit = -1 }, "credit"},
	} {
		t.Run(name, func(t *testing.T) {
			c := john()
			tc.change(c)
			_, err := s.CreateCustomer(t.Context(), c, directory.Act{})
			wantRefused(t, err, signon.CodeInvalid, tc.field)
			if err != nil && strings.Contains(err.Error(), "1111") {
				t.Errorf("the error repeats the number: %v", err)
			}
		})
	}
}

func TestCustomerIsStoredInOneForm(t *testing.T) {
	s, _, c := newService(t)
	in := john()
	in.Billing.FirstName, in.Billing.CountryCode, in.Language, in.Credit.Currency = " John ", "US", "EN", "eur"
	in.Cards[0].Type = "VISA"
	in.Delivery = &directory.Contact{FirstName: " "}
	id := create(t, s, in)

	want := john()
	want.ID, want.Version, want.Delivery = id, 1, nil
	want.CreatedAt, want.ChangedAt = c.Now(), c.Now()
	got, err := s.CustomerByID(t.Context(), shop, id)
	if err != nil {
		t.Fatal(err)
	}
	if got.PrivacyKey == (signon.PrivacyKey{}) {
		t.Error("the customer has no privacy key")
	}
	want.PrivacyKey = got.PrivacyKey
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored customer (-want +got):\n%s", diff)
	}
}

func TestSubscriptionFieldsThatAreRefused(t *testing.T) {
	s, _, _ := newService(t)
	id := create(t, s, john())
	for name, tc := range map[string]struct {
		change func(*directory.Subscription)
		field  string
	}{
		"reference":           {func(s *directory.Subscription) { s.Reference = "123d40f123" }, "reference"},
		"no customer":         {func(s *directory.Subscription) { s.CustomerID = 0 }, "customer"},
		"no product":          {func(s *directory.Subscription) { s.Product.ID = "" }, "product_id"},
		"product name":        {func(s *directory.Subscription) { s.Product.Name = visa }, "product_name"},
		"product code":        {func(s *directory.Subscription) { s.Product.Code = visa }, "product_code"},
		"product version":     {func(s *directory.Subscription) { s.Product.Version = visa }, "product_version"},
		"quantity":            {func(s *directory.Subscription) { s.Product.Quantity = -1 }, "quantity"},
		"too many":            {func(s *directory.Subscription) { s.Product.Quantity = 100_001 }, "quantity"},
		"price option":        {func(s *directory.Subscription) { s.Product.PriceOptionCodes[1] = "" }, "price_option_codes"},
		"price option card":   {func(s *directory.Subscription) { s.Product.PriceOptionCodes[1] = visa }, "price_option_codes"},
		"no start":            {func(s *directory.Subscription) { s.StartsOn = directory.Date{} }, "start_date"},
		"end before start":    {func(s *directory.Subscription) { s.ExpiresOn = directory.Date{Year: 2025, Month: 1, Day: 1} }, "expiration_date"},
		"end user email":      {func(s *directory.Subscription) { s.EndUser.Email = "x" }, "end_user_email"},
		"end user language":   {func(s *directory.Subscription) { s.EndUserLanguage = "xx" }, "end_user_language"},
		"external reference":  {func(s *directory.Subscription) { s.ExternalRef = visa }, "external_reference"},
		"sku":                 {func(s *directory.Subscription) { s.SKU = visa }, "sku"},
		"partner":             {func(s *directory.Subscription) { s.PartnerCode = visa }, "partner_code"},
		"description":         {func(s *directory.Subscription) { s.DeliveryDescription = visa }, "delivery_description"},
		"description control": {func(s *directory.Subscription) { s.DeliveryDescription = "\x00" }, "delivery_description"},
		"delivery code":       {func(s *directory.Subscription) { s.DeliveryCodes[0].ExtraInfo = visa }, "delivery_codes"},
		"empty delivery code": {func(s *directory.Subscription) { s.DeliveryCodes[0] = directory.DeliveryCode{Description: "x"} }, "delivery_codes"},
		"renewal price":       {func(s *directory.Subscription) { s.NextRenewalPrice.Currency = "" }, "next_renewal_price"},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subscription(id)
			tc.change(sub)
			_, err := s.CreateSubscription(t.Context(), sub, directory.Act{})
			wantRefused(t, err, signon.CodeInvalid, tc.field)
		})
	}
}

func TestProductFieldsThatAreRefused(t *testing.T) {
	s, _, _ := newService(t)
	for name, tc := range map[string]struct {
		change func(*directory.Product)
		field  string
	}{
		"no id":          {func(p *directory.Product) { p.ID = "" }, "id"},
		"comma":          {func(p *directory.Product) { p.ID = "1,2" }, "id"},
		"no name":        {func(p *directory.Product) { p.Name = "" }, "name"},
		"code":           {func(p *directory.Product) { p.Code = visa }, "code"},
		"version":        {func(p *directory.Product) { p.Version = visa }, "version"},
		"negative price": {func(p *directory.Product) { p.Prices[0].Hundredths = -1 }, "prices"},
		"huge price":     {func(p *directory.Product) { p.Prices[0].Hundredths = 1_000_000_000_001 }, "prices"},
		"no currency":    {func(p *directory.Product) { p.Prices[1].Currency = "" }, "prices"},
		"two in EUR":     {func(p *directory.Product) { p.Prices[1].Currency = "eur" }, "prices"},
	} {
		t.Run(name, func(t *testing.T) {
			p := product()
			tc.change(p)
			_, err := s.Import(t.Context(), shop, &directory.Batch{Products: []*directory.Product{p}}, directory.Act{})
			wantRefused(t, err, signon.CodeInvalid, tc.field)
		})
	}
}

func TestOrderFieldsThatAreRefused(t *testing.T) {
	s, _, _ := newService(t)
	for name, tc := range map[string]struct {
		change func(*directory.Order)
		field  string
	}{
		"no items":       {func(o *directory.Order) { o.Items = nil }, "items"},
		"quantity":       {func(o *directory.Order) { o.Items[0].Quantity = 0 }, "quantity"},
		"two currencies": {func(o *directory.Order) { o.Items[1].UnitPrice.Currency = "USD" }, "items"},
		"no currency":    {func(o *directory.Order) { o.Items[0].UnitPrice.Currency = "" }, "items"},
		"options":        {func(o *directory.Order) { o.Items[0].Options = visa }, "items"},
		"billing":        {func(o *directory.Order) { o.Billing.City = "" }, "city"},
		"delivery":       {func(o *directory.Order) { o.Delivery.Zip = visa }, "delivery_zip"},
		"coupon":         {func(o *directory.Order) { o.Coupon = visa }, "coupon"},
		"language":       {func(o *directory.Order) { o.Language = "xx" }, "language"},
		"no card":        {func(o *directory.Order) { o.Card = directory.Card{} }, "card"},
		"card":           {func(o *directory.Order) { o.Card.LastDigits = "4111111111111111" }, "card"},
		"status":         {func(o *directory.Order) { o.Status = "PAID" }, "status"},
		"total": {func(o *directory.Order) {
			line := directory.OrderItem{ProductID: "1", Name: "x", Quantity: 100_000, UnitPrice: directory.Money{Hundredths: 1_000_000_000_000, Currency: "EUR"}}
			o.Items = nil
			for range 93 {
				o.Items = append(o.Items, line)
			}
		}, "items"},
	} {
		t.Run(name, func(t *testing.T) {
			o := order("cart", directory.OrderPending)
			tc.change(o)
			_, err := s.PlaceOrder(t.Context(), o, directory.Act{})
			wantRefused(t, err, signon.CodeInvalid, tc.field)
		})
	}
}

// Callers get customers that others read at the same time, change a shallow
// copy, and hand it back.
func TestNothingThatIsPointedToIsChanged(t *testing.T) {
	s, _, _ := newService(t)
	in := john()
	in.Cards[0].Type, in.Delivery.CountryCode = "VISA", "US"
	cards, delivery := in.Cards, in.Delivery
	create(t, s, in)
	if cards[0].Type != "VISA" || delivery.CountryCode != "US" {
		t.Error("the given cards or delivery details were changed in place")
	}
	sub := subscription(in.ID)
	sub.EndUser.CountryCode, sub.DeliveryCodes[0].Code, sub.Product.PriceOptionCodes[0] = "US", " x ", " y "
	user, codes, options := sub.EndUser, sub.DeliveryCodes, sub.Product.PriceOptionCodes
	if _, err := s.CreateSubscription(t.Context(), sub, directory.Act{}); err != nil {
		t.Fatal(err)
	}
	if user.CountryCode != "US" || codes[0].Code != " x " || options[0] != " y " {
		t.Error("what the given subscription points to was changed in place")
	}
}
