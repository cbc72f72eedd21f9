package sandbox

import (
	"encoding/json"
	"html"
	"strings"
)

// fields hides the values of fields in JSON, in attributes, and in whatever else
// is written with colons or equals signs. It goes through the text once, and looks
// at what stands before and after each of them: the text may be cut off, or no
// JSON at all.
func (h *hiding) fields(text string) string {
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
	name := nameBefore(text[floor:], at-floor)
	if h.namesSecret(name) {
		return valueAfter(text, at)
	}
	if name == "name" && text[at] == '=' {
		if start, end, ok = valueAfter(text, at); ok && h.namesSecret(text[start:end]) {
			return namedValue(text, end)
		}
	}
	return 0, 0, false
}

// namedValue finds what belongs to a name in an attribute that ends there: the value
// of an HTML input, or the part of a multipart form.
func namedValue(text string, from int) (start, end int, ok bool) {
	tag := text[from:endOf(text, from, ">\r\n")]
	for _, quote := range []string{`"`, `'`} {
		if n := strings.Index(tag, " value="+quote); n >= 0 {
			start = from + n + len(" value=") + 1
			return start, endOf(text, start, quote), true
		}
	}
	head := text[from:min(len(text), from+2*maxNameLen)]
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		if n := strings.Index(head, blank); n >= 0 {
			start = from + n + len(blank)
			if end = strings.Index(text[start:], blank[:len(blank)/2]+"--"); end < 0 {
				return start, len(text), true
			}
			return start, start + end, true
		}
	}
	return 0, 0, false
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

// nameBefore returns the name that stands before a colon or an equals sign, quoted
// or not.
func nameBefore(text string, at int) string {
	floor := max(0, at-maxNameLen)
	end := at
	for end > floor && isBlank(text[end-1]) {
		end--
	}
	if end > floor && (text[end-1] == '"' || text[end-1] == '\'') {
		quote := text[end-1]
		start := strings.LastIndexByte(text[floor:end-1], quote)
		return text[floor+start+1 : end-1]
	}
	start := end
	for start > floor && isNamePart(text[start-1]) {
		start--
	}
	return text[start:end]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isNamePart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.%[]$+\\", c) >= 0 || c >= 0x80
}

// valueAfter finds the value that stands after a colon or an equals sign: between
// quotes, in brackets, or up to what ends it.
func valueAfter(text string, at int) (start, end int, ok bool) {
	start = at + 1
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

// elements hides the contents of XML elements that are named like secrets, and of
// the values of SOAP maps whose keys are. It goes through the text once.
func (h *hiding) elements(text string) string {
	var b strings.Builder
	done := 0
	secret := false // the next element's content is one
	for i := strings.IndexByte(text, '<'); i >= 0; {
		name, content, ok := startTag(text, i)
		if !ok {
			i = next(text, i+1)
			continue
		}
		local := name[strings.LastIndexByte(name, ':')+1:]
		if !secret && !h.namesSecret(local) {
			if local == "key" || local == "name" {
				secret = h.namesSecret(strings.TrimSpace(text[content:endOf(text, content, "<")]))
			}
			i = next(text, content)
			continue
		}
		secret = false
		end := len(text)
		if n := strings.Index(text[content:], "</"+name); n >= 0 {
			end = content + n
		}
		if raw := text[content:end]; h.take(raw, plainContent(raw)) != raw {
			b.WriteString(text[done:content])
			b.WriteString(hidden)
			done = end
		}
		i = next(text, end)
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// next finds the next tag.
func next(text string, from int) int {
	if n := strings.IndexByte(text[min(from, len(text)):], '<'); n >= 0 {
		return from + n
	}
	return -1
}

// startTag reads a start tag, and finds where its content begins.
func startTag(text string, at int) (name string, content int, ok bool) {
	end := endOf(text, at+1, " \t\r\n/>")
	name = text[at+1 : end]
	if name == "" || name[0] == '!' || name[0] == '?' || end-at > maxNameLen {
		return "", 0, false
	}
	for i := end; i < len(text); i++ {
		switch text[i] {
		case '"', '\'':
			n := strings.IndexByte(text[i+1:], text[i])
			if n < 0 {
				return "", 0, false
			}
			i += n + 1
		case '<':
			return "", 0, false
		case '>':
			return name, i + 1, text[i-1] != '/'
		}
	}
	return "", 0, false
}

// plainContent returns an element's text without escapes.
func plainContent(raw string) string {
	raw = strings.TrimSpace(raw)
	if inner, ok := strings.CutPrefix(raw, "<![CDATA["); ok {
		return strings.TrimSuffix(inner, "]]>")
	}
	return html.UnescapeString(raw)
}
