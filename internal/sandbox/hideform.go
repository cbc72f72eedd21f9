package sandbox

import (
	"mime"
	"net/url"
	"regexp"
	"strings"
)

// url hides what a URL, or its path and query, has of secrets.
func (h *hiding) url(text string) string {
	before, query, ok := strings.Cut(text, "?")
	before = h.deep(before)
	if !ok {
		return before
	}
	query, fragment, fragments := strings.Cut(query, "#")
	query = h.form(query)
	if fragments {
		query += "#" + h.form(fragment)
	}
	return before + "?" + query
}

// isForm reports whether the text is a form, or looks like one whatever it says.
func isForm(text, contentType string) bool {
	return strings.HasPrefix(contentType, "application/x-www-form-urlencoded") && !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "<") ||
		!strings.ContainsAny(text, " \n<>{}\"") && strings.Contains(text, "=")
}

// form hides in what is written as a query is: by the names, and in the values what
// is written in them.
func (h *hiding) form(text string) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			pairs[i] = h.deep(pair)
		case len(name) > maxNameLen || h.namesSecret(name):
			pairs[i] = name + "=" + h.take(value, formValue(value))
		default:
			pairs[i] = h.deep(name) + "=" + h.deep(value)
		}
	}
	return strings.Join(pairs, "&")
}

// deep hides in a text that may be escaped as queries are. It stays as it is written
// unless there was something to hide.
func (h *hiding) deep(text string) string {
	plain := formValue(text)
	if plain == text {
		return h.text(text)
	}
	if shown := h.text(plain); shown != plain {
		return strings.ReplaceAll(url.QueryEscape(shown), url.QueryEscape(hidden), hidden)
	}
	return text
}

// badPercent is a percent sign that escapes nothing.
var badPercent = regexp.MustCompile(`%(?:[^0-9a-fA-F]|.?$|.[^0-9a-fA-F])`)

// formValue returns a value without the escapes of queries, however many of them are
// bad.
func formValue(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		text = badPercent.ReplaceAllStringFunc(text, func(bad string) string { return "%25" + bad[1:] })
		if plain, err = url.QueryUnescape(text); err != nil {
			return decoded(strings.ReplaceAll(text, "+", " "))
		}
	}
	return plain
}

// partName are the names of a part of a multipart form.
var partName = regexp.MustCompile(`(?i)name\*?\d*\*?\s*=\s*("(?:[^"\\]|\\.)*"?|[^;\s]+)`)

// partType is what a part says that it is.
var partType = regexp.MustCompile(`(?i)(?:^|\n)content-type:\s*([^\r\n]+)`)

// multipart hides the parts of a multipart body that are named like secrets, and
// what others have of them.
func (h *hiding) multipart(text, contentType string) string {
	_, params, _ := mime.ParseMediaType(contentType)
	boundary := "--" + params["boundary"]
	if params["boundary"] == "" || !strings.HasPrefix(text, boundary) {
		return hidden
	}
	parts := strings.Split(text, "\n"+boundary)
	parts[0] = strings.TrimPrefix(parts[0], boundary)
	for i, part := range parts {
		if part = h.part(part); i == 0 {
			part = boundary + part
		}
		parts[i] = part
	}
	return strings.Join(parts, "\n"+boundary)
}

// part hides in one part.
func (h *hiding) part(text string) string {
	blank := "\r\n\r\n"
	head, body, ok := strings.Cut(text, blank)
	if !ok {
		blank = "\n\n"
		head, body, ok = strings.Cut(text, blank)
	}
	if !ok {
		return h.text(text)
	}
	end := ""
	if strings.HasSuffix(body, "\r") {
		body, end = body[:len(body)-1], "\r"
	}
	for _, name := range partName.FindAllStringSubmatch(head, -1) {
		if h.namesSecret(name[1]) {
			return h.cards(head) + blank + h.take(body, body) + end
		}
	}
	kind := ""
	if m := partType.FindStringSubmatch(head); m != nil && !strings.HasPrefix(strings.ToLower(m[1]), "multipart/") {
		kind = m[1]
	} else if m != nil {
		return h.cards(head) + blank + hidden + end
	}
	return h.cards(head) + blank + h.body(body, kind) + end
}
