package page

import (
	"slices"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// The forms of texts that count, by the name that their keys end in.
var formNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// form returns which form the language uses with a number.
func form(code string, n int) string {
	return formNames[plural.Cardinal.MatchPlural(language.Make(code), n, 0, 0, 0, 0)]
}

// forms returns the forms that the language has for numbers of things.
func forms(code string) []string {
	var all []string
	for n := range 1001 {
		if f := form(code, n); !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}
