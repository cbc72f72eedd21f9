package landing

import (
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// pageLanguage returns the language of the page to show: the first that the
// pages exist in of what the address asks for, what known says, the person's
// own, what the browser asks for, and the tenant's.
//
// On a refusal nobody is known, so its language tells nothing of the link.
func (v *visit) pageLanguage(known ...string) string {
	codes := slices.Concat([]string{v.addressLanguage()}, known, v.speaks, page.Accepted(v.r.Header.Get("Accept-Language")))
	if v.tenant != nil {
		codes = append(codes, v.tenant.Language)
	}
	return v.pages.Language(codes...)
}

// addressLanguage returns the language that the address asks for by "lang", in
// any case, or "". It reads the query as it came, so that addresses which can't
// be read otherwise are answered in the same language.
func (v *visit) addressLanguage() string {
	for part := range strings.SplitSeq(v.r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if !strings.EqualFold(name, paramLanguage) {
			continue
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		if code, err := signon.ParseLanguage(value); err == nil && code != "" {
			return code
		}
	}
	return ""
}
