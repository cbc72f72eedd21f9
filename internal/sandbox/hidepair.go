package sandbox

import (
	"regexp"
	"strings"
)

// namePairs are the fields of JSON that name what stands in a field beside them.
var namePairs = regexp.MustCompile(`(?i)(\\*)["'](?:name|key|field|param|parameter|property|id|header|label|n|k)\\*["']\s*:\s*\\*["']([^"'\\]{1,200})\\*["']`)

// textValues are values of fields of JSON.
var textValues = regexp.MustCompile(`:\s*"((?:[^"\\]|\\.)*)"`)

// maxPairLen bounds how far the braces are from a name that is between them.
const maxPairLen = 2048

// pairs hides what stands beside a secret's name in an object of JSON. Where it is
// not plain what that is, the text is in doubt.
func (h *hiding) pairs(text string) string {
	var b strings.Builder
	done := 0
	for _, m := range namePairs.FindAllStringSubmatchIndex(text, -1) {
		if m[0] < done || !h.namesSecret(text[m[4]:m[5]]) {
			continue
		}
		start, end, ok := flatObject(text, m)
		if !ok || start < done {
			h.doubt = true
			return text
		}
		b.WriteString(text[done:start])
		b.WriteString(h.beside(text[start:m[0]]))
		b.WriteString(text[m[0]:m[1]])
		b.WriteString(h.beside(text[m[1]:end]))
		done = end
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// flatObject finds what is between the braces around a pair, if no others are.
func flatObject(text string, pair []int) (start, end int, ok bool) {
	floor := max(0, pair[0]-maxPairLen)
	start = floor + strings.LastIndexByte(text[floor:pair[0]], '{') + 1
	size := strings.IndexAny(text[pair[1]:min(len(text), pair[1]+maxPairLen)], "{}")
	if start == floor || size < 0 || text[pair[1]+size] == '{' {
		return 0, 0, false
	}
	before, slashes := text[start:pair[0]], text[pair[2]:pair[3]]
	begins := strings.HasPrefix(strings.TrimLeft(before, " \t\r\n"), slashes+`"`) || strings.TrimSpace(before) == ""
	whole := strings.Count(before, slashes+`"`)%2 == 0 && strings.Count(text[pair[1]:pair[1]+size], slashes+`"`)%2 == 0
	return start, pair[1] + size, begins && whole && !strings.ContainsAny(before, "}")
}

// beside hides the fields beside a secret's name.
func (h *hiding) beside(text string) string {
	trimmed := strings.Trim(text, ", \t\r\n")
	if trimmed == "" || strings.Contains(trimmed, hidden) {
		return text
	}
	values := textValues.FindAllStringSubmatch(text, -1)
	shown := len(values) > 0
	for _, value := range values {
		shown = h.take(value[1], plainValue(value[1])) == value[1] && shown
	}
	if shown {
		return text
	}
	return strings.Replace(text, trimmed, hidden, 1)
}
