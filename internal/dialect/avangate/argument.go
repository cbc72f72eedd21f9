package avangate

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// LinkOptions are the arguments that every sign-on call has.
type LinkOptions struct {
	TTL      time.Duration // 0: the destination's default
	Bind     netip.Addr    // the zero Addr: no binding
	Language string        // ISO 639-1 in lower case, or empty
}

// ParseLinkOptions reads the arguments as they came; empty texts are absent
// arguments. Errors: signon.CodeInvalid with signon.ArgTTL, ArgAddr or
// ArgLanguage.
func ParseLinkOptions(validityTime, validationIP, language string) (o LinkOptions, err error) {
	if o.TTL, err = parseValidityTime(validityTime); err != nil {
		return o, err
	}
	if o.Bind, err = parseValidationIP(validationIP); err != nil {
		return o, err
	}
	o.Language, err = signon.ParseLanguage(language)
	return o, err
}

// What the arguments must be.
const (
	validityRule = "must be a whole number of seconds, at least 1"
	addressRule  = "must be one IPv4 or IPv6 address, or empty"
)

var languageRule = func() string {
	_, err := signon.ParseLanguage("?")
	return signon.AsError(err).Rule
}()

// endlessSeconds is longer than any validity that a tenant can allow.
const endlessSeconds = 1 << 32

// parseValidityTime reads whole seconds in plain digits. How many are too many
// is the core's to say.
func parseValidityTime(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if text[0] == '0' || strings.Trim(text, "0123456789") != "" {
		return 0, signon.Invalid(signon.ArgTTL, validityRule)
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds > endlessSeconds {
		seconds = endlessSeconds
	}
	return time.Duration(seconds) * time.Second, nil
}

// parseValidationIP reads one address. Whatever is not empty and no address is
// an error, never "no binding".
func parseValidationIP(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, signon.Invalid(signon.ArgAddr, addressRule)
	}
	return addr.Unmap(), nil
}
