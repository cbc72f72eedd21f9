package inbound

import (
	"net/http"
	"strings"
)

// Words are the parts of paths that logs and traces may show. Anything else may be
// a person's reference, or what a stranger made up, and is shown as "*".
type Words map[string]bool

// WordsOf returns the words of a list that is separated by blanks or slashes.
func WordsOf(list string) Words {
	set := Words{}
	for _, w := range strings.FieldsFunc(list, func(r rune) bool { return r == '/' || r <= ' ' }) {
		set[w] = true
	}
	return set
}

// maxShownParts bounds what is shown of a long path.
const maxShownParts = 8

// Path returns the path with everything that is none of the words replaced by "*".
func (words Words) Path(path string) string {
	var b strings.Builder
	b.Grow(len(path))
	parts := 0
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if parts++; parts > maxShownParts {
			b.WriteString("/…")
			break
		}
		b.WriteByte('/')
		if part == "" || words[part] {
			b.WriteString(part)
		} else {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// ShownMethod returns the method if it is a usual one, else "*".
func ShownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
		return method
	}
	return "*"
}
