package directory

// The names of fields in CodeInvalid errors, which are also the names of the
// columns of import files. A dialect has its own word for each.
const (
	FieldID             = "id"
	FieldExternalRef    = "external_reference"
	FieldFirstName      = "first_name"
	FieldLastName       = "last_name"
	FieldCompany        = "company"
	FieldFiscalCode     = "fiscal_code"
	FieldAddress1       = "address1"
	FieldAddress2       = "address2"
	FieldCity           = "city"
	FieldState          = "state"
	FieldZip            = "zip"
	FieldCountryCode    = "country_code"
	FieldPhone          = "phone"
	FieldFax            = "fax"
	FieldEmail          = "email"
	FieldLanguage       = "language"
	FieldCards          = "cards"
	FieldCredit         = "credit"
	FieldReference      = "reference"
	FieldCustomer       = "customer"
	FieldCustomerRef    = "customer_external_reference"
	FieldProductID      = "product_id"
	FieldProductCode    = "product_code"
	FieldProductName    = "product_name"
	FieldProductVersion = "product_version"
	FieldQuantity       = "quantity"
	FieldPriceOptions   = "price_option_codes"
	FieldStartsOn       = "start_date"
	FieldExpiresOn      = "expiration_date"
	FieldSKU            = "sku"
	FieldPartnerCode    = "partner_code"
	FieldDelivery       = "delivery_description"
	FieldDeliveryCodes  = "delivery_codes"
	FieldRenewalPrice   = "next_renewal_price"
	FieldCardToken      = "card_token"
	FieldCode           = "code"
	FieldName           = "name"
	FieldVersion        = "version"
	FieldPrices         = "prices"
	FieldItems          = "items"
	FieldCard           = "card"
	FieldCoupon         = "coupon"
	FieldNumber         = "number"
	FieldMobile         = "mobile"
	FieldApps           = "apps"
	FieldShopperID      = "shopper_id"
	FieldUser           = "user"
	FieldUsername       = "username"
	FieldPassword       = "password"
	FieldPermissions    = "permissions"
)

// DeliveryField returns the name of a contact's field within delivery details.
func DeliveryField(field string) string { return deliveryPrefix + field }

// EndUserField returns the name of a contact's field within the details of a
// subscription's end user.
func EndUserField(field string) string { return endUserPrefix + field }

const (
	deliveryPrefix = "delivery_"
	endUserPrefix  = "end_user_"
)
