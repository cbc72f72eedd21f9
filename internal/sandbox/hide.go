package sandbox

import (
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// hidden stands for what is not kept.
const hidden = "(hidden)"

// Bounds of what is looked at.
const (
	maxNameLen   = 200 // bytes before a colon or an equals sign
	maxNesting   = 3   // of what is escaped within what is escaped
	leastRepeat  = 8   // bytes of a secret that is looked for wherever it comes again
	leastSession = 20  // bytes of a cookie's value that is, too: shorter ones are words
)

// hiding takes the secrets out of one call's texts: by where they are (passwords of
// Basic authentication, values of cookies and of fields that are named like
// secrets), and card numbers wherever they are. What is open stays.
type hiding struct {
	open map[string]bool
	// from and until bound the times of which a number of a token may tell, which is
	// no card's.
	from, until time.Time
	// taken are the secrets that were found.
	taken []string
	// names are those that were judged already: most come often.
	names map[string]bool
}

// maxNames is how many names are remembered.
const maxNames = 500

// namesSecret is the function of that name with a memory.
func (h *hiding) namesSecret(name string) bool {
	is, ok := h.names[name]
	if !ok {
		is = namesSecret(name)
		if h.names == nil {
			h.names = map[string]bool{}
		}
		if len(h.names) < maxNames {
			h.names[name] = is
		}
	}
	return is
}

// take returns what stands for a field's value in the text, given the value itself.
func (h *hiding) take(raw, value string) string {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "true", "false", "null", "yes", "no", hidden:
		return raw
	}
	if h.open[value] || h.open[strings.TrimSpace(value)] {
		return raw
	}
	if len(value) >= leastRepeat && !slices.Contains(h.taken, value) {
		h.taken = append(h.taken, value)
	}
	return hidden
}

// again hides in the text the secrets that were found elsewhere.
func (h *hiding) again(text string) string {
	for _, secret := range h.taken {
		text = strings.ReplaceAll(text, secret, hidden)
		if escaped := url.QueryEscape(secret); escaped != secret {
			text = strings.ReplaceAll(text, escaped, hidden)
		}
		if escaped := html.EscapeString(secret); escaped != secret {
			text = strings.ReplaceAll(text, escaped, hidden)
		}
	}
	return text
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
		out[name] = kept
	}
	return out
}

func (h *hiding) headerValue(name, value string) string {
	switch name {
	case "Cookie", "Cookie2":
		return h.cookies(value)
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
	if namesSecret(name) {
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
			pairs[i] = name + "=" + hidden
			if len(value) >= leastSession && !slices.Contains(h.taken, value) {
				h.taken = append(h.taken, value)
			}
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
		return value
	case !ok:
		return h.take(value, value)
	case strings.EqualFold(scheme, "Bearer"):
		return h.cards(value, 1)
	case !strings.EqualFold(scheme, "Basic"):
		return scheme + " " + h.take(rest, rest)
	}
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(rest, "="))
	user, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return scheme + " " + h.take(rest, rest)
	}
	if h.take(password, password) == password {
		return value
	}
	h.taken = append(h.taken, rest)
	return scheme + " " + h.text(user) + ":" + hidden
}

// url hides what a URL, or its path and query, has of secrets.
func (h *hiding) url(text string) string {
	before, query, ok := strings.Cut(text, "?")
	before = h.deep(before, maxNesting)
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

// form hides in what is written as a query is: by the names, and in the values what
// is written in them.
func (h *hiding) form(text string) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		switch {
		case !ok:
			pairs[i] = h.deep(pair, maxNesting)
		case namesSecret(name) && err == nil:
			pairs[i] = name + "=" + h.take(value, plain)
		case namesSecret(name):
			pairs[i] = name + "=" + h.take(value, value)
		default:
			pairs[i] = h.deep(name, 1) + "=" + h.deep(value, maxNesting)
		}
	}
	return strings.Join(pairs, "&")
}

// deep hides in a text that may be escaped as queries are, several times over. It
// stays as it is written unless there was something to hide.
func (h *hiding) deep(text string, depth int) string {
	text = h.text(text)
	if depth == 0 || !strings.ContainsAny(text, "%+") {
		return text
	}
	plain, err := url.QueryUnescape(text)
	if err != nil || plain == text {
		return text
	}
	if shown := h.deep(plain, depth-1); shown != plain {
		return strings.ReplaceAll(url.QueryEscape(shown), url.QueryEscape(hidden), hidden)
	}
	return text
}

// body hides in a body of that type.
func (h *hiding) body(text, contentType string) string {
	least := 1
	switch {
	case strings.HasPrefix(contentType, "text/html"), strings.HasPrefix(contentType, "image/svg"):
		least = 3 // drawings are full of numbers of one and two digits
	case isForm(text, contentType):
		return h.form(text)
	}
	return h.cards(h.fields(h.elements(text)), least)
}

// isForm reports whether the text is a form, or looks like one whatever it says.
func isForm(text, contentType string) bool {
	return strings.HasPrefix(contentType, "application/x-www-form-urlencoded") && !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "<") ||
		!strings.ContainsAny(text, " \n<>{}\"") && strings.Contains(text, "=")
}

// text hides in any other text.
func (h *hiding) text(text string) string {
	return h.cards(h.fields(h.elements(text)), 1)
}

// namesSecret reports whether a field is named like a secret, however it is spelt.
func namesSecret(name string) bool {
	name = plainName(name)
	for _, word := range []string{"passw", "passphrase", "passcode", "secret", "pwd", "apikey", "privatekey", "securitycode", "signingkey", "rootkey"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	switch name {
	case "pass", "pw", "pin", "cvv", "cvc", "cvv2", "cvc2", "csc":
		return true
	}
	return false
}

// plainName returns the letters and digits of a name, in lower case, without
// escapes.
func plainName(name string) string {
	plain := true
	for i := range len(name) {
		if c := name[i]; c < 'a' || c > 'z' {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	if strings.Contains(name, "%") {
		if unescaped, err := url.QueryUnescape(name); err == nil {
			name = unescaped
		}
	}
	if strings.Contains(name, `\u`) {
		name = unescapeJSON(name)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}
