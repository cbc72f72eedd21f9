package rest

import (
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// AuthHeader is the name of the header that carries a vendor's credentials.
const AuthHeader = "X-Avangate-Authentication"

// Sign returns the value of AuthHeader that proves the merchant code at that
// time with the secret key. An empty algorithm is sha256.
func Sign(code string, at time.Time, key signon.Secret, algorithm string) (string, error) {
	c, err := avangate.Sign(code, at, key, algorithm)
	if err != nil {
		return "", err
	}
	return `code="` + c.Code + `" date="` + c.Date + `" hash="` + c.Hash + `" algo="` + c.Algorithm + `"`, nil
}

// readCredentials returns the credentials of a request; unreadable ones, which
// prove nobody, when there are none, several, or none that can be read.
func readCredentials(h http.Header) avangate.Credentials {
	values := h[AuthHeader]
	switch len(values) {
	case 0:
		return avangate.Credentials{Unreadable: "no header " + AuthHeader}
	case 1:
		if c, ok := parseCredentials(values[0]); ok {
			return c
		}
		return avangate.Credentials{Unreadable: "a header " + AuthHeader + ` that is not code="…" date="…" hash="…" algo="…", each once`}
	}
	return avangate.Credentials{Unreadable: "several headers " + AuthHeader}
}

// maxHeaderLen is far longer than any credentials.
const maxHeaderLen = 1024

// parseCredentials reads name="value" pairs in any order, with either kind of
// quotes, and with or without blanks between them: one official client sends
// hash='…'algo='…'. Other names are ignored; one of ours given twice is refused.
func parseCredentials(text string) (c avangate.Credentials, ok bool) {
	if len(text) > maxHeaderLen {
		return c, false
	}
	fields := map[string]*string{"code": &c.Code, "date": &c.Date, "hash": &c.Hash, "algo": &c.Algorithm}
	for text = trimBlanks(text); text != ""; text = trimBlanks(text) {
		var name, value string
		if name, value, text, ok = cutPair(text); !ok {
			return c, false
		}
		field, known := fields[name]
		if !known {
			continue
		}
		if field == nil {
			return c, false
		}
		*field, fields[name] = value, nil
	}
	return c, true
}

// cutPair reads one name="value" at the start of the text.
func cutPair(text string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(text, "=")
	name, rest = trimBlanks(name), trimBlanks(rest)
	if !ok || !isWord(name) || rest == "" || (rest[0] != '"' && rest[0] != '\'') {
		return "", "", "", false
	}
	value, rest, ok = strings.Cut(rest[1:], rest[:1])
	return name, value, rest, ok
}

func trimBlanks(text string) string { return strings.Trim(text, " \t") }

func isWord(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == ""
}
