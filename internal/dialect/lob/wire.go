package lob

import (
	"encoding/json"
	"strconv"
)

// Names on the wire, all of them.
const (
	hClient      = "X-Lob-Client-Id"
	hVersion     = "X-Api-Version"
	hCorrelation = "X-Correlation-Id"
	hRequestID   = "X-Amzn-Requestid"
	hErrorType   = "X-Amzn-Errortype"

	// The required headers, as messages name them.
	wClient      = "x-lob-client-id"
	wContentType = "Content-Type"
	wVersion     = "x-api-version"
	version      = "1.0.0"

	wGenerateRequest = "GenerateTokenRequest"
	wValidateRequest = "ValidateTokenRequest"
	wMember          = "CIINo"
	wLOB             = "LOBId"
	wTarget          = "Functionality"
	wNumber          = "TokenRefNo"
	wToken           = "TokenNo"

	// Claims.
	wIssuer     = "iss"
	wAudience   = "aud"
	wTokenUse   = "token_use"
	wClientID   = "client_id"
	wParty      = "azp"
	wScope      = "scope"
	wScopes     = "scp"
	wTokenID    = "jti"
	accessToUse = "access"

	// Parameters of the token endpoint.
	wGrantType    = "grant_type"
	wClientSecret = "client_secret"
	ofClient      = "client_credentials"
)

// returnCode is how a call went: a number, or one of the codes that are strings.
type returnCode struct {
	number   int
	text     string
	asString bool
}

// MarshalJSON writes the code.
func (c returnCode) MarshalJSON() ([]byte, error) {
	switch {
	case c.text != "":
		return json.Marshal(c.text)
	case c.asString:
		return json.Marshal(strconv.Itoa(c.number))
	}
	return json.Marshal(c.number)
}

// result is how every call begins its answer.
type result struct {
	ReturnCode    returnCode `json:"ReturnCode"`
	ReturnMessage string     `json:"ReturnMessage"`
}

// message is how every error is answered.
type message struct {
	Message string `json:"message"`
}

// tokenClaims are those of a token for a line of business. Their order counts.
type tokenClaims struct {
	CIINo         string `json:"CIINo"`
	LOBId         string `json:"LOBId"`
	Functionality string `json:"Functionality"`
	Date          string `json:"Date"`
	IssuedAt      int64  `json:"iat"`
	ExpiresAt     int64  `json:"exp"`
	ID            string `json:"jti"`
}

// claimDate is how Date is written, in UTC.
const claimDate = "2006-01-02T15:04:05.000Z"

// generated answers get_sso_token.
type generated struct {
	result
	TokenRefNo string `json:"TokenRefNo"`
	TokenNo    string `json:"TokenNo"`
}

// verified answers validate_sso_token.
type verified struct {
	result
	CIINo         string `json:"CIINo"`
	Functionality string `json:"Functionality"`
	IsValidToken  bool   `json:"IsValidToken"`
	LOBId         string `json:"LOBId"`
	TokenSource   string `json:"TokenSource"`
}

// notVerified answers it for every token that is not valid.
type notVerified struct {
	result
	IsValidToken bool `json:"IsValidToken"`
}

// memberInfo answers get_member.
type memberInfo struct {
	result
	CustomerName string      `json:"CustomerName"`
	EmailID      string      `json:"EmailId"`
	MobileNo     string      `json:"MobileNo"`
	LinkedLOBs   []linkedLOB `json:"linkedLobs"`
}

type linkedLOB struct {
	LOBName        string `json:"LOBName"`
	LOBCode        string `json:"LOBCode"`
	LOBDescription string `json:"LOBDescription"`
}

// accessClaims are those of an access token of ours, which has the shape of
// Cognito's.
type accessClaims struct {
	Subject   string `json:"sub"`
	TokenUse  string `json:"token_use"`
	Scope     string `json:"scope"`
	AuthTime  int64  `json:"auth_time"`
	Issuer    string `json:"iss"`
	ExpiresAt int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	Version   int    `json:"version"`
	ID        string `json:"jti"`
	ClientID  string `json:"client_id"`
}

// granted answers the token endpoint.
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
}

// oauthError is how the token endpoint refuses.
type oauthError struct {
	Error string `json:"error"`
}

// The errors of the token endpoint.
const (
	oInvalidRequest   = "invalid_request"
	oInvalidClient    = "invalid_client"
	oUnsupportedGrant = "unsupported_grant_type"
	oInvalidScope     = "invalid_scope"
)

// issuerInfo is what the issuer's discovery document says.
type issuerInfo struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	KeysURL       string   `json:"jwks_uri"`
	GrantTypes    []string `json:"grant_types_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}
