package page

import (
	"regexp"
	"strings"
)

// What a browser might run or fetch, looked for in the text itself: a second,
// cruder judge beside the check.
var runnablePatterns = map[string]*regexp.Regexp{
	"a script":         regexp.MustCompile(`(?i)<([^\s<>/"'=]*:)?(script|foreignobject|iframe|object|embed|animate|set|handler|image|feimage)[\s/>]`),
	"a document type":  regexp.MustCompile(`(?i)<!(doctype|entity)`),
	"an instruction":   regexp.MustCompile(`<\?[^x]|<\?x[^m]|<\?xm[^l]|<\?xml[^\s?]`),
	"an event handler": regexp.MustCompile(`(?i)<[^<>"']*\son[a-z]+\s*=`),
}

var notMarkup = regexp.MustCompile(`(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>`)

// runnable names what is in an SVG that a browser might run.
func runnable(body []byte) (found []string) {
	text := notMarkup.ReplaceAllString(strings.ToValidUTF8(string(body), ""), "")
	for name, pattern := range runnablePatterns {
		if pattern.MatchString(text) {
			found = append(found, name)
		}
	}
	return found
}
