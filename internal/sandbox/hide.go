package sandbox

import (
	"cmp"
	"encoding/base64"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// hidden stands for what is not kept.
const hidden = "(hidden)"

// Bounds of what is looked at.
const (
	maxNameLen   = 200 // bytes before a colon or an equals sign
	maxTaken     = 256 // secrets of a call
	leastRepeat  = 8   // bytes of a secret that is looked for wherever it comes again
	leastSession = 20  // bytes of a cookie's value that tells whose session it is
)

// hiding takes the secrets out of one call's texts: by where they are (passwords of
// Basic authentication, values of cookies and of fields that are named like
// secrets), and card numbers wherever they are. What is open stays.
type hiding struct {
	open map[string]bool
	// from and until bound the times of which a number of a token may tell, which is
	// no card's.
	from, until time.Time
	// taken are the secrets that were found; crowded: there are too many to look for.
	taken   map[string]bool
	crowded bool
	// doubt: the text that is looked at holds what can't be told apart. loose: what it
	// begins with is no JSON and no XML.
	doubt, loose bool
	// names are those that were judged already: most come often.
	names map[string]bool
}

// take returns what stands for a field's value in the text, given the value itself.
func (h *hiding) take(raw, value string) string {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "=", "true", "false", "null", "yes", "no", hidden:
		return raw
	}
	if h.open[value] || h.open[strings.TrimSpace(value)] {
		return raw
	}
	h.remember(value)
	return hidden
}

// remember has a secret looked for wherever it comes again.
func (h *hiding) remember(value string) {
	switch {
	case len(value) < leastRepeat || h.open[value]:
	case len(h.taken) >= maxTaken:
		h.crowded = h.crowded || !h.taken[value]
	default:
		if h.taken == nil {
			h.taken = map[string]bool{}
		}
		h.taken[value] = true
	}
}

// again returns what hides in a text the secrets that were found elsewhere, the
// longest first, and the whole text when it has them in other writing.
func (h *hiding) again() func(text string) string {
	var pairs []string
	for _, secret := range slices.SortedFunc(maps.Keys(h.taken), func(a, b string) int { return cmp.Compare(len(b), len(a)) }) {
		for _, written := range []string{secret, url.QueryEscape(secret), html.EscapeString(secret)} {
			pairs = append(pairs, written, hidden)
		}
	}
	all := strings.NewReplacer(pairs...)
	return func(text string) string {
		text = all.Replace(text)
		for view, n := decoded(text), 0; view != text && n < maxViews; view, n = decoded(view), n+1 {
			if all.Replace(view) != view {
				return hidden
			}
		}
		return text
	}
}

// header returns a copy of the header without secrets. Names stay, those of cookies
// too.
func (h *hiding) header(header http.Header) http.Header {
	out := make(http.Header, len(header))
	for name, values := range header {
		kept := make([]string, len(values))
		for i, value := range values {
			kept[i] = h.headerValue(name, value)
		}
		name = h.text(name)
		out[name] = append(out[name], kept...)
	}
	return out
}

func (h *hiding) headerValue(name, value string) string {
	switch name {
	case "Set-Cookie":
		first, rest, more := strings.Cut(value, ";")
		if first = h.cookies(first); more {
			first += ";" + h.text(rest)
		}
		return first
	case "Authorization", "Proxy-Authorization":
		return h.credentials(value)
	case "Location", "Content-Location", "Referer":
		return h.url(value)
	}
	switch {
	case strings.Contains(strings.ToLower(name), "cookie"):
		return h.cookies(value)
	case namesSecret(name):
		return h.take(value, value)
	}
	return h.text(value)
}

// cookies hides the values of cookies.
func (h *hiding) cookies(line string) string {
	pairs := strings.Split(line, ";")
	for i, pair := range pairs {
		name, value, named := strings.Cut(pair, "=")
		switch {
		case named && strings.TrimSpace(value) != "":
			pairs[i] = h.text(name) + "=" + hidden
			value = strings.Trim(value, ` "`)
			h.remember(value)
			h.remember(formValue(value))
		case !named && strings.TrimSpace(pair) != "":
			pairs[i] = pair[:len(pair)-len(strings.TrimLeft(pair, " "))] + hidden
		}
	}
	return strings.Join(pairs, ";")
}

// credentials hides what an Authorization header has, but for a bearer's token.
func (h *hiding) credentials(value string) string {
	scheme, rest, ok := strings.Cut(strings.TrimLeft(value, " "), " ")
	rest = strings.TrimSpace(rest)
	switch {
	case !ok && isToken(value):
		return h.text(value)
	case !ok:
		return h.take(value, value)
	case strings.EqualFold(scheme, "Bearer"):
		return h.text(value)
	case !strings.EqualFold(scheme, "Basic"):
		return scheme + " " + h.take(rest, rest)
	}
	if shown, ok := h.basic(rest); ok {
		return scheme + " " + shown
	}
	return scheme + " " + h.take(rest, rest)
}

// basic hides the password of Basic credentials; and the name without one, which is
// often a key.
func (h *hiding) basic(encoded string) (shown string, ok bool) {
	plain, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(encoded, "=")))
	user, password, ok := strings.Cut(string(plain), ":")
	switch {
	case err != nil || !ok || !utf8.Valid(plain):
		return "", false
	case password == "":
		if h.take(user, user) == user {
			return encoded, true
		}
		h.remember(encoded)
		return hidden, true
	case h.take(password, password) == password:
		return encoded, true
	}
	h.remember(encoded)
	return h.text(user) + ":" + hidden, true
}

// basicScheme is what stands before Basic credentials, and those.
var basicScheme = regexp.MustCompile(`(?i)\bbasic(?:\s|%20|\+)+([a-z0-9+/_-]{3,}={0,2})`)

// basics hides Basic credentials wherever they are. Words that follow are none.
func (h *hiding) basics(text string) string {
	var b strings.Builder
	done := 0
	for _, m := range basicScheme.FindAllStringSubmatchIndex(text, -1) {
		encoded := text[m[2]:m[3]]
		if strings.HasPrefix(text[m[3]:], ":"+hidden) {
			continue
		}
		shown, ok := h.basic(encoded)
		if !ok {
			if isPlainWord(strings.TrimRight(encoded, "=")) {
				continue
			}
			shown = h.take(encoded, encoded)
		}
		b.WriteString(text[done:m[2]])
		b.WriteString(shown)
		done = m[3]
	}
	b.WriteString(text[done:])
	return b.String()
}

// isPlainWord reports whether the text is a word, in small letters but for the first.
func isPlainWord(text string) bool {
	return strings.Trim(text[1:], "abcdefghijklmnopqrstuvwxyz-") == ""
}

// body hides in a body of that type.
func (h *hiding) body(text, contentType string) string {
	contentType = strings.ToLower(contentType)
	switch {
	case text == "":
		return ""
	case strings.HasPrefix(contentType, "multipart/"):
		return h.multipart(text, contentType)
	case isForm(text, contentType):
		return h.form(text)
	}
	return h.text(text)
}

// text hides in any other text. What has secrets that are only seen without its
// escapes is hidden by itself, and all of the text where it can't be told apart.
func (h *hiding) text(text string) string {
	shown, sure := h.scan(text)
	if sure && !h.holdsMore(shown) {
		return shown
	}
	if sure {
		if shown, sure = h.scan(h.leaves(shown)); sure && !h.holdsMore(shown) {
			return shown
		}
	}
	return hidden
}

// scan hides what is seen in the text as it is written. It is not sure when the text
// holds secrets that it can't tell apart.
func (h *hiding) scan(text string) (shown string, sure bool) {
	doubt := h.doubt
	h.doubt = false
	shown = h.cards(h.basics(h.fields(h.pairs(h.elements(text)))))
	sure = !h.doubt && !formData.MatchString(text)
	h.doubt = doubt
	return shown, sure
}

// formData is what a part of a form begins with: its names are in no place that
// others are.
var formData = regexp.MustCompile(`(?i)content-disposition\s*:\s*form-data\s*;`)

// leaves hides each of the values in a text, as quotes and tags bound them, that holds
// secrets once it is unescaped.
func (h *hiding) leaves(text string) string {
	var b strings.Builder
	for text != "" {
		end := endOf(text, 0, `"<>`)
		leaf := text[:end]
		if h.holdsMore(leaf) {
			leaf = hidden
		}
		b.WriteString(leaf)
		if end < len(text) {
			b.WriteByte(text[end])
			end++
		}
		text = text[end:]
	}
	return b.String()
}
