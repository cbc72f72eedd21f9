package dev

import "github.com/latchkey-sso/latchkey/internal/sandbox/shop"

// Credentials returns what the programs of the demo's tenants call the APIs with.
// All of it is public.
func Credentials() []shop.Credentials {
	return []shop.Credentials{
		{
			Tenant: tenant, MerchantCode: MerchantCode, SecretKey: SecretKey,
			User: APIUser, Password: APIPassword, Product: ProductID, Contract: ContractID,
		},
		{Tenant: otherTenant, MerchantCode: OtherMerchantCode, SecretKey: OtherSecretKey, Product: otherProductID},
		{Tenant: linkedTenant, User: APIUser, Password: APIPassword, OnBehalfOf: LinkedNumber},
		{Tenant: groupTenant, LOBClient: LOBClient, Bearer: LOBBearer, BearerSecret: LOBSecret},
	}
}
