package page

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxAccept is how much of a browser's wishes is read, in bytes.
const maxAccept = 256

// Accepted returns the languages that a browser asks for by the header
// Accept-Language, as ISO 639-1 codes, the most wanted first. What can't be read
// is no wish.
func Accepted(header string) []string {
	if len(header) > maxAccept {
		header = header[:max(0, strings.LastIndexByte(header[:maxAccept], ','))]
	}
	type wish struct {
		code    string
		quality float32
	}
	var wishes []wish
	for one := range strings.SplitSeq(header, ",") {
		tags, qualities, err := language.ParseAcceptLanguage(one)
		if err != nil || len(tags) != 1 || qualities[0] <= 0 {
			continue
		}
		if base, confidence := tags[0].Base(); confidence != language.No {
			wishes = append(wishes, wish{base.String(), qualities[0]})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.quality, a.quality) })
	var codes []string
	for _, w := range wishes {
		codes = append(codes, w.code)
	}
	return codes
}
