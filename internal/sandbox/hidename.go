package sandbox

import (
	"slices"
	"strings"
	"unicode"
)

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

// Parts of what secrets are called, and what they are called in short: those are
// whole words of a name, or its end.
var (
	secretParts = []string{
		"passw", "passphrase", "passcode", "secret", "pwd", "apikey", "accesskey", "privatekey", "securitycode", "signingkey", "rootkey", "cvv", "ccid",
	}
	secretWords = []string{"pass", "pw", "psw", "pin", "cvc", "csc"}
	secretEnds  = []string{"pass", "cvc"}
)

// namesSecret reports whether a field is named like a secret, however it is spelt.
func namesSecret(name string) bool {
	name = unescaped(name)
	plain := strings.TrimRight(plainName(name), "0123456789")
	for _, part := range secretParts {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return slices.Contains(secretWords, plain) ||
		slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(plain, end) }) ||
		slices.ContainsFunc(wordsOf(name), func(word string) bool { return slices.Contains(secretWords, word) })
}

// namesPair reports whether a field of that name names what stands beside it.
func namesPair(name string) bool {
	switch plainName(name) {
	case "name", "key", "field", "param", "parameter", "property", "header", "n", "k", "id":
		return true
	}
	return false
}

// unescaped returns a name without the escapes of queries and JSON.
func unescaped(name string) string {
	if strings.ContainsAny(name, `%\&`) {
		return decoded(name)
	}
	return name
}

// plainName returns the letters and digits of a name, in lower case.
func plainName(name string) string {
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

// wordsOf returns the words of a name in lower case, as it is written with capitals,
// or with what is no letter between them.
func wordsOf(name string) []string {
	var b strings.Builder
	small := false
	for _, r := range name {
		if small && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		if small = unicode.IsLower(r); !unicode.IsLetter(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
