package dev

import (
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func customers() map[signon.TenantID][]*directory.Customer {
	return map[signon.TenantID][]*directory.Customer{
		tenant: {
			{
				ID: CustomerID, ShopperID: ShopperID, ExternalRef: "HotTalks1Customer123", Language: "en",
				Billing: directory.Contact{
					FirstName: "John", LastName: "Newman", Address1: "12 Orchard Street", City: "Springfield", State: "Illinois", Zip: "62704",
					CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com",
				},
				Delivery: &directory.Contact{
					FirstName: "John", LastName: "Newman", Address1: "Unit 5, 400 Market Road", City: "Peoria", State: "Illinois", Zip: "61602",
					CountryCode: "us", Phone: "2175550100", Email: "john.newman@example.com",
				},
				Cards: []directory.Card{
					{Type: "visa", LastDigits: "1111", ExpirationMonth: 12, ExpirationYear: 2029, Cardholder: "John Newman", Token: "demo-visa-1111"},
					{Type: "mastercard", LastDigits: "4444", ExpirationMonth: 3, ExpirationYear: 2028, Cardholder: "John Newman", Token: "demo-mastercard-4444"},
				},
				Credit: directory.Credit{Limit: 51_00, Remaining: 21_50, Currency: "EUR"},
			},
			{
				ID: noCardsID, ExternalRef: "NoCards1", Language: "de",
				Billing: directory.Contact{
					FirstName: "Maria", LastName: "Keller", Address1: "Lindenweg 8", City: "Berlin", Zip: "10115", CountryCode: "de",
					Phone: "03055501234", Email: "maria.keller@example.com",
				},
			},
		},
		otherTenant: {
			{
				ID: 100000001, Language: "en",
				Billing: directory.Contact{
					FirstName: "Ada", LastName: "Other", Address1: "1 Side Street", City: "Springfield", State: "Illinois", Zip: "62701",
					CountryCode: "us", Phone: "2175550199", Email: "ada.other@example.com",
				},
			},
		},
	}
}

// users are those who work for the merchants. One number is in use at two of them.
func users() map[signon.TenantID][]*directory.User {
	user := func(id int64, first, last string, permissions ...directory.Permission) *directory.User {
		name := strings.ToLower(first + "." + last)
		return &directory.User{ID: id, Username: name, FirstName: first, LastName: last, Email: name + "@example.com", Permissions: permissions}
	}
	return map[signon.TenantID][]*directory.User{
		tenant: {
			user(UserID, "Olivia", "Bennett", directory.PermissionAccountMaintenance, directory.PermissionViewFinancialInfo,
				directory.PermissionUserMaintenance, directory.PermissionReports, directory.PermissionProductMaintenance, directory.PermissionAPICredentials),
			user(1111002, "Samuel", "Okafor", directory.PermissionRefunds, directory.PermissionLocator, directory.PermissionModifySubscriptions),
			user(1111003, "Hanna", "Virtanen", directory.PermissionViewFinancialInfo, directory.PermissionReports),
			user(1111004, "Carlos", "Mendes", directory.PermissionProductMaintenance, directory.PermissionLicenceManagement),
			user(1111005, "Grace", "Whitfield", directory.PermissionAdmin),
			user(1111006, "Yuki", "Tanaka"),
		},
		linkedTenant: {
			user(UserID, "Peter", "Lindqvist", directory.PermissionReports),
			user(1222001, "Mary", "Hargreaves", directory.PermissionAdmin),
			user(1222002, "Tom", "Fielding", directory.PermissionManualOrderApproval, directory.PermissionVirtualTerminal),
		},
		unlinkedTenant: {
			user(1333001, "Nora", "Castell", directory.PermissionUserMaintenance, directory.PermissionReports),
		},
	}
}

func products() map[signon.TenantID][]*directory.Product {
	prices := func(eur, usd int64) []directory.Money {
		return []directory.Money{{Hundredths: eur, Currency: "EUR"}, {Hundredths: usd, Currency: "USD"}}
	}
	return map[signon.TenantID][]*directory.Product{
		tenant: {
			{ID: ProductID, Code: "HOT-TALKS", Name: "Hot Talks Messenger", Version: "4.2", Prices: prices(29_90, 34_90)},
			{ID: "1112233", Code: "PHOTO-DESK", Name: "Photo Desk Studio", Version: "12", Prices: prices(79_00, 89_00)},
			{ID: "4586004", Code: "SAFE-BACKUP", Name: "Safe Backup Home", Version: "7.0", Prices: prices(19_95, 22_95)},
		},
		otherTenant: {
			{ID: otherProductID, Code: "OTHER-1", Name: "Other Shop Starter", Version: "1.0", Prices: prices(10_00, 12_00)},
		},
	}
}

func subscriptions() map[signon.TenantID][]*directory.Subscription {
	day := func(year int, month time.Month, d int) directory.Date {
		return directory.Date{Year: year, Month: month, Day: d}
	}
	one := func(id, code, name, version string) directory.SubscribedProduct {
		return directory.SubscribedProduct{ID: id, Code: code, Name: name, Version: version, Quantity: 1}
	}
	return map[signon.TenantID][]*directory.Subscription{tenant: {
		{
			Reference: "123D40F123", CustomerID: CustomerID, Product: one(ProductID, "HOT-TALKS", "Hot Talks Messenger", "4.2"), SKU: "HT-4",
			StartsOn: day(2025, time.January, 15), ExpiresOn: day(2035, time.January, 15), Recurring: true, ReceiveNotifications: true,
			DeliveryDescription: "Your activation code", DeliveryCodes: []directory.DeliveryCode{{Code: "HT4-DEMO-ACTIVATION", Description: "Activation code"}},
			NextRenewalPrice: directory.Money{Hundredths: 29_90, Currency: "EUR"},
		},
		{
			Reference: "115D3F5ED1", CustomerID: CustomerID, Product: one("1112233", "PHOTO-DESK", "Photo Desk Studio", "12"), SKU: "PD-12",
			StartsOn: day(2025, time.March, 1), ExpiresOn: day(2035, time.March, 1), Recurring: true, ReceiveNotifications: true,
			DeliveryDescription: "Your licence", DeliveryCodes: []directory.DeliveryCode{
				{Code: "PD12-DEMO-SERIAL", Description: "Serial number"}, {Code: "PD12-DEMO-UNLOCK", Description: "Unlock code", ExtraInfo: "Needed once, when you install it."},
			},
			NextRenewalPrice: directory.Money{Hundredths: 79_00, Currency: "EUR"},
		},
		{
			Reference: "DC47E143FA", CustomerID: noCardsID, Product: one("4586004", "SAFE-BACKUP", "Safe Backup Home", "7.0"), SKU: "SB-7",
			StartsOn: day(2023, time.June, 1), ExpiresOn: day(2024, time.June, 1), ReceiveNotifications: true,
		},
	}}
}
