package avangate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

func TestEveryCodeOfTheCoreHasOne(t *testing.T) {
	known := Codes()
	for _, code := range signon.Codes() {
		got, ok := codes[meaning{code, ""}]
		if !ok || !slices.Contains(known, got) {
			t.Errorf("%s: got %q, which is no code", code, got)
		}
		if f := FaultOf(fmt.Errorf("wrapped: %w", &signon.Error{Code: code, Argument: "something", Rule: "is odd"})); f.Code != got {
			t.Errorf("%s about something: got %s, want %s", code, f.Code, got)
		}
	}
}

func TestFaultOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Code
	}{
		{signon.Invalid(signon.ArgTarget, "x"), URLInvalid},
		{signon.Invalid(signon.ArgTTL, "x"), ValidityTimeInvalid},
		{signon.Invalid(signon.ArgAddr, "x"), ValidationIPInvalid},
		{signon.Invalid(signon.ArgLanguage, "x"), LanguageInvalid},
		{signon.Invalid(ArgPage, "x"), PageInvalid},
		{signon.Invalid(ArgEmail, "x"), EmailInvalid},
		{signon.Invalid(ArgCustomerType, "x"), CustomerTypeInvalid},
		{signon.Invalid("whatever", "x"), RequestInvalid},
		{&signon.Error{Code: signon.CodeTargetUnsupported, Argument: signon.ArgTarget}, URLNotSupported},
		{signon.Refused(signon.ReasonExpired), SSOTokenInvalid},
		{&signon.Error{Code: signon.CodeSubjectUnknown}, CustomerNotFound},
		{notFound(signon.ErrNotFound, argSubscription), SubscriptionNotFound},
		{notFound(signon.ErrNotFound, argOrder), OrderNotFound},
		{signon.ErrNotFound, NotFound},
		{signon.ErrConflict, Conflict},
		{errors.New("disk on fire"), InternalError},
		{fieldFault(CustomerInvalid, signon.Invalid(directory.FieldEmail, "x"), customerWords), CustomerInvalid},
	} {
		if got := FaultOf(c.err); got.Code != c.want {
			t.Errorf("FaultOf(%v): got %s, want %s", c.err, got.Code, c.want)
		}
	}
	if FaultOf(nil) != nil {
		t.Error("no error became a fault")
	}
}

func TestFaultKeepsTheWait(t *testing.T) {
	if got := FaultOf(&signon.Error{Code: signon.CodeLimit, RetryAfter: 7 * time.Second}); got.RetryAfter != 7*time.Second {
		t.Errorf("got %v, want 7s", got.RetryAfter)
	}
}

func TestMessageNamesArgumentAndRuleAndNothingElse(t *testing.T) {
	word := func(string) string { return "ValidityTime" }
	f := FaultOf(&signon.Error{Code: signon.CodeInvalid, Argument: signon.ArgTTL, Rule: "must be short", Err: errors.New("secret cause"), Reason: "secret reason"})
	if got := f.Message(word); got != "ValidityTime must be short" {
		t.Errorf("got %q", got)
	}
	for _, code := range Codes() {
		f := &Fault{Code: code, Err: errors.New("secret cause")}
		if got := f.Message(word); got == "" || strings.Contains(got, "secret") {
			t.Errorf("%s: got message %q", code, got)
		}
	}
}

// TestEveryFieldHasAWord keeps the directory's names of fields off the wire.
func TestEveryFieldHasAWord(t *testing.T) {
	customer := []string{
		directory.FieldExternalRef, directory.FieldFirstName, directory.FieldLastName, directory.FieldCompany, directory.FieldFiscalCode,
		directory.FieldAddress1, directory.FieldAddress2, directory.FieldCity, directory.FieldState, directory.FieldZip,
		directory.FieldCountryCode, directory.FieldPhone, directory.FieldFax, directory.FieldEmail, directory.FieldLanguage,
	}
	for _, field := range customer {
		if customerWords[field] == "" {
			t.Errorf("a customer's %s has no name on the wire", field)
		}
	}
	for _, field := range []string{
		directory.FieldExternalRef, directory.FieldStartsOn, directory.FieldExpiresOn, directory.FieldProductID, directory.FieldProductCode,
		directory.FieldProductName, directory.FieldProductVersion, directory.FieldQuantity, directory.FieldPriceOptions, directory.FieldSKU,
		directory.FieldPartnerCode, directory.FieldDelivery, directory.FieldDeliveryCodes, directory.FieldRenewalPrice,
		directory.EndUserField(directory.FieldEmail), directory.EndUserField(directory.FieldLanguage),
	} {
		if subscriptionWords[field] == "" {
			t.Errorf("a subscription's %s has no name on the wire", field)
		}
	}
}
