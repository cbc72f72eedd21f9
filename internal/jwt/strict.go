package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

var base64url = base64.RawURLEncoding.Strict()

// decode reads base64url in its one spelling: no padding, no unused bits set, and
// no line ends, which encoding/base64 passes over.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	data, err := base64url.DecodeString(text)
	return data, err == nil
}

// object returns the members of a JSON object that all readers understand alike:
// UTF-8, at most maxDepth levels, no name twice in any object. The names keep
// their case; a struct's fields would match any.
func object(data []byte) (map[string]json.RawMessage, bool) {
	if !utf8.Valid(data) || !json.Valid(data) || !unambiguous(json.NewDecoder(bytes.NewReader(data)), maxDepth) {
		return nil, false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil || members == nil {
		return nil, false
	}
	return members, true
}

// unambiguous goes over one value of a text that is known to be valid.
func unambiguous(d *json.Decoder, depth int) bool {
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return false
	}
	start, nested := token.(json.Delim)
	if !nested {
		return true
	}
	if depth == 0 {
		return false
	}
	seen := map[json.Token]bool{}
	for d.More() {
		if start == '{' {
			name, err := d.Token()
			if err != nil || seen[name] {
				return false
			}
			seen[name] = true
		}
		if !unambiguous(d, depth-1) {
			return false
		}
	}
	_, err = d.Token() // the end
	return err == nil
}
