package sandbox

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxViews is how often a text is unescaped to see what is in it.
const maxViews = 5

// holdsMore reports whether secrets are in what a text is without its escapes, one
// layer after the other. What has too many layers may hold anything.
func (h *hiding) holdsMore(text string) bool {
	for range maxViews {
		view := decoded(text)
		if view == text {
			return false
		}
		if shown, sure := h.scan(view); !sure || shown != view {
			return true
		}
		text = view
	}
	return true
}

// decoded returns the text with one layer of escapes less: those of JSON, of queries
// and of XML, wherever they are. Digits of all scripts become plain ones, and what
// has no width goes.
func decoded(text string) string {
	plain := true
	for i := range len(text) {
		if c := text[i]; c == '\\' || c == '%' || c == '&' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		piece, size := unescapeAt(text[i:])
		b.WriteString(piece)
		i += size
	}
	return strings.Map(foldRune, html.UnescapeString(b.String()))
}

// unescapeAt returns what a text begins with, and how long that is as it is written.
func unescapeAt(text string) (piece string, size int) {
	switch {
	case text[0] == '%' && len(text) > 2:
		if n, err := strconv.ParseUint(text[1:3], 16, 8); err == nil {
			return string([]byte{byte(n)}), 3
		}
	case text[0] == '\\' && len(text) > 5 && text[1] == 'u':
		if n, err := strconv.ParseUint(text[2:6], 16, 16); err == nil {
			return string(rune(n)), 6
		}
	case text[0] == '\\' && len(text) > 1:
		if i := strings.IndexByte("nrtbf", text[1]); i >= 0 {
			return "\n\r\t  "[i : i+1], 2
		}
		return text[1:2], 2
	}
	return text[:1], 1
}

// foldRune returns the ASCII character that r means, if any, and drops what is not
// seen.
func foldRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return r
	case r >= '\uff01' && r <= '\uff5e':
		return r - '\uff01' + '!'
	case unicode.Is(unicode.Cf, r):
		return -1
	case unicode.Is(unicode.Nd, r):
		zero := r
		for unicode.Is(unicode.Nd, zero-1) {
			zero--
		}
		return '0' + (r-zero)%10
	}
	return r
}
