package sandbox

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
)

// fields hides the values of fields in JSON, in attributes, and in whatever else
// is written with colons or equals signs. It goes through the text once, and looks
// at what stands before and after each of them: the text may be cut off, or no
// JSON at all.
func (h *hiding) fields(text string) string {
	h.loose = !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "<") && !strings.HasPrefix(text, `"`)
	var b strings.Builder
	done := 0 // what is in b already
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != ':' && c != '=' {
			continue
		}
		start, end, ok := h.secretAt(text, done, i)
		if !ok {
			continue
		}
		raw := text[start:end]
		shown := h.take(raw, plainValue(raw))
		if shown != raw {
			b.WriteString(text[done:start])
			b.WriteString(shown)
			done = end
		}
		i = max(i, end-1)
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// secretAt finds the secret that a colon or an equals sign at that place tells of,
// given where what was not hidden begins.
func (h *hiding) secretAt(text string, floor, at int) (start, end int, ok bool) {
	if strings.HasPrefix(text[at:], "://") {
		return userinfo(text, at+3)
	}
	name, quoted := nameBefore(text[floor:], at-floor)
	if len(name) < maxNameLen && !h.namesSecret(name) { // what is longer may be named so further in front
		return 0, 0, false
	}
	start, end, ok = valueAfter(text, at)
	if ok && !quoted && text[start-1] != '"' && text[start-1] != '\'' && text[start] != '{' && text[start] != '[' {
		end = h.lineEnd(text, at, start)
	}
	return start, end, ok
}

// nextField is where another field of a query begins.
var nextField = regexp.MustCompile(`^&(?:amp;)?[\w.%\[\]-]+=`)

// lineEnd finds the end of a value that stands in no quotes: that of the line, or of
// the quotes or the element that the line is in.
func (h *hiding) lineEnd(text string, at, start int) int {
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '\r', '\n':
			return i
		case '"', '<', '>':
			if !h.loose {
				return i
			}
		case '\\':
			if !h.loose {
				i++
			}
		case '&':
			if text[at] == '=' && nextField.MatchString(text[i:min(len(text), i+maxNameLen)]) {
				return i
			}
		}
	}
	return len(text)
}

// userinfo finds the password of a URL whose authority starts there.
func userinfo(text string, from int) (start, end int, ok bool) {
	size := strings.IndexAny(text[from:], "/?#@ \t\r\n\"'<>")
	if size < 0 || text[from+size] != '@' {
		return 0, 0, false
	}
	colon := strings.IndexByte(text[from:from+size], ':')
	if colon < 0 {
		return 0, 0, false
	}
	return from + colon + 1, from + size, true
}

// nameBefore returns the name that stands before a colon or an equals sign, and
// whether it is quoted. Of a long one it returns the last maxNameLen bytes.
func nameBefore(text string, at int) (name string, quoted bool) {
	end := len(strings.TrimRight(text[:at], " \t\r\n"))
	floor := max(0, end-maxNameLen)
	if end > floor && (text[end-1] == '"' || text[end-1] == '\'') {
		floor = max(0, end-1-maxNameLen)
		start := strings.LastIndexByte(text[floor:end-1], text[end-1])
		return text[floor+start+1 : end-1], true
	}
	start := end
	for start > floor && isNamePart(text[start-1]) {
		start--
	}
	return text[start:end], false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isNamePart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.%[]$+\\", c) >= 0 || c >= 0x80
}

// valueAfter finds the value that stands after a colon or an equals sign: between
// quotes, in brackets, or up to what ends it.
func valueAfter(text string, at int) (start, end int, ok bool) {
	start = at + 1
	if strings.HasPrefix(text[at:], "=>") {
		start++
	}
	for start < len(text) && isBlank(text[start]) && (text[at] == ':' || text[start] == ' ' || text[start] == '\t') {
		start++
	}
	slashes := start
	for slashes < len(text) && text[slashes] == '\\' {
		slashes++
	}
	switch {
	case start == len(text):
		return 0, 0, false
	case slashes < len(text) && (text[slashes] == '"' || text[slashes] == '\''):
		return slashes + 1, quoteEnd(text, slashes+1, slashes-start), true
	case text[at] == ':' && (text[start] == '{' || text[start] == '['):
		return start, bracketEnd(text, start), true
	case text[at] == ':':
		end = endOf(text, start, ",}]<>\"\r\n")
		return start, start + len(strings.TrimRight(text[start:end], " \t")), true
	}
	return start, endOf(text, start, "&\"'<>\\ \t\r\n"), true
}

func endOf(text string, start int, stops string) int {
	if n := strings.IndexAny(text[start:], stops); n >= 0 {
		return start + n
	}
	return len(text)
}

// quoteEnd finds the end of what stands in quotes that have so many backslashes
// before them: none, unless the text is JSON that is written in a string.
func quoteEnd(text string, start, slashes int) int {
	quote := text[start-1]
	run := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '\\':
			run++
			continue
		case quote:
			if slashes == 0 && run%2 == 0 {
				return i
			}
			if slashes > 0 && run <= slashes {
				return i - run
			}
		}
		run = 0
	}
	return len(text)
}

// bracketEnd finds the end of a JSON object or array.
func bracketEnd(text string, start int) int {
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = quoteEnd(text, i+1, 0)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// plainValue returns a value without the escapes of JSON and XML.
func plainValue(raw string) string {
	if strings.Contains(raw, `\`) {
		raw = unescapeJSON(raw)
	}
	if strings.Contains(raw, "&") {
		raw = html.UnescapeString(raw)
	}
	return raw
}

// unescapeJSON returns what stands between the quotes of a JSON string, or the same
// when that is none.
func unescapeJSON(raw string) string {
	var plain string
	if json.Unmarshal([]byte(`"`+raw+`"`), &plain) != nil {
		return raw
	}
	return plain
}
