package landing

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// zipLast are the countries where the postal code stands at the end of the line.
var zipLast = map[string]bool{"au": true, "ca": true, "gb": true, "ie": true, "in": true, "nz": true, "sg": true, "us": true, "za": true}

// placeLine returns postal code, city and region in the order of the country
// that a letter goes to.
func placeLine(c *directory.Contact) string {
	before, after := c.Zip+" ", ""
	if zipLast[c.CountryCode] {
		before, after = "", " "+c.Zip
	}
	place := before + c.City
	if c.State != "" {
		place += ", " + c.State
	}
	return strings.Trim(place+after, ", ")
}

// addressLines returns a contact as it is written on a letter.
func addressLines(c *directory.Contact, language string) []string {
	place := placeLine(c)
	var lines []string
	for _, l := range []string{
		strings.TrimSpace(c.FirstName + " " + c.LastName), c.Company, c.Address1, c.Address2, place, countryName(language, c.CountryCode),
	} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}
