package landing

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

type country struct{ code, name, sortKey string }

var (
	countriesMu sync.Mutex
	countriesIn = map[string][]country{}
)

// countries returns every country with its name in that language, by name.
func countries(code string) []country {
	countriesMu.Lock()
	defer countriesMu.Unlock()
	if known, ok := countriesIn[code]; ok {
		return known
	}
	namer := display.Regions(language.Make(code))
	var all []country
	for _, c := range directory.CountryCodes() {
		name := strings.ToUpper(c)
		if region, err := language.ParseRegion(c); err == nil && namer != nil && namer.Name(region) != "" {
			name = namer.Name(region)
		}
		all = append(all, country{c, name, sortKey(name)})
	}
	slices.SortFunc(all, func(a, b country) int { return strings.Compare(a.sortKey, b.sortKey) })
	countriesIn[code] = all
	return all
}

// sortKey puts letters with and without accents together.
func sortKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(name))
}

// countryOptions are the choices of a country field. none, unless empty, is the
// text of the choice of no country.
func countryOptions(language, selected, none string) []page.Option {
	var options []page.Option
	if none != "" {
		options = append(options, page.Option{Label: none, Selected: selected == ""})
	}
	for _, c := range countries(language) {
		options = append(options, page.Option{Value: c.code, Label: c.name, Selected: c.code == selected})
	}
	return options
}

// countryName returns the country's name, or the code in capitals.
func countryName(language, code string) string {
	for _, c := range countries(language) {
		if c.code == code {
			return c.name
		}
	}
	return strings.ToUpper(code)
}
