package bluesnap

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
	"github.com/latchkey-sso/latchkey/internal/xmltoken"
)

// Bounds of a body: its bytes, and the levels of arrays and objects in JSON.
const (
	maxBodyLen   = 16 << 10
	maxJSONDepth = 16
)

var version = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4}){0,2}$`)

// checkVersion refuses a version that is none. Which one it is makes no
// difference.
func (c *call) checkVersion() error {
	for i, value := range c.request.Header[http.CanonicalHeaderKey(wVersion)] {
		if i > 0 || !version.MatchString(value) {
			return signon.Invalid(wVersion, "must be one version, as in 2.0")
		}
	}
	return nil
}

// readBody reads the body of a request that has one. An empty one counts as one
// that says nothing.
func (c *call) readBody() error {
	if !carriesBody(c.request.Method) {
		return nil
	}
	limited, err := inbound.LimitBody(c.writer, c.request, maxBodyLen)
	if err == nil {
		c.body, err = io.ReadAll(limited)
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return tooLarge()
	case err != nil:
		return &signon.Error{Code: signon.CodeInvalid, Rule: "The body must arrive whole", Err: err}
	case len(c.body) == 0:
		return nil
	}
	c.fields, err = decode(c.body, c.said)
	return err
}

// fields are the members of a body, by names without capitals and hyphens: so the
// names of JSON and those of XML are the same, and a name may have several values.
// Each is a string, a bool, or something that is neither.
type fields map[string][]any

// decode reads a body.
func decode(body []byte, m media) (fields, error) {
	members, err := members(body, m)
	if err != nil {
		return nil, err
	}
	f := make(fields, len(members))
	for name, value := range members {
		if number, ok := value.(json.Number); ok {
			value = number.String()
		}
		f[fold(name)] = append(f[fold(name)], value)
	}
	return f, nil
}

// members returns what a body holds, by name.
func members(body []byte, m media) (map[string]any, error) {
	if m.format == inXML {
		texts, err := xmltoken.Flat(body, m.charset, namespace)
		if err != nil {
			return nil, unreadable("The body can't be read: " + err.Error())
		}
		all := make(map[string]any, len(texts))
		for name, text := range texts {
			all[name] = text
		}
		return all, nil
	}
	var value any
	if err := strictjson.Decode(body, maxJSONDepth, &value); err != nil {
		return nil, unreadable("The body " + err.Error())
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, unreadable("The body must be a JSON object")
	}
	return object, nil
}

// fold returns a member's name without capitals and hyphens.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "-", "")) }

// text returns the text of a member that may have several names, without the blanks
// around it; given is false when it is not there. stored is what it is now: where
// several texts are given, that one does not count, so that an answer that has one
// thing under two names can be changed at one of them and sent back.
func (f fields) text(stored string, names ...string) (text string, given bool, err error) {
	texts, err := read(f, names, asText, "must be a text")
	if len(texts) > 1 {
		texts = slices.DeleteFunc(texts, func(t string) bool { return t == stored })
	}
	return only(texts, names, err)
}

// flag returns whether a member is true; given is false when it is not there.
func (f fields) flag(names ...string) (is, given bool, err error) {
	flags, err := read(f, names, asFlag, "must be true or false")
	return only(flags, names, err)
}

// read returns the values of a member that may have several names, each once.
func read[T comparable](f fields, names []string, as func(any) (T, bool), rule string) (all []T, err error) {
	for _, name := range names {
		for _, raw := range f[fold(name)] {
			if raw == nil {
				continue
			}
			value, ok := as(raw)
			if !ok {
				return nil, signon.Invalid(names[0], rule)
			}
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
		}
	}
	return all, nil
}

// only returns the one value that a member has. Two are refused: which of them
// counts would be chance.
func only[T any](all []T, names []string, err error) (value T, given bool, _ error) {
	switch {
	case err != nil || len(all) == 0:
		return value, false, err
	case len(all) > 1:
		return value, false, signon.Invalid(names[0], "must not be given twice, with different values")
	}
	return all[0], true, nil
}

func asText(raw any) (string, bool) {
	text, ok := raw.(string)
	return strings.TrimSpace(text), ok
}

// asSecret is asText for what blanks are a part of.
func asSecret(raw any) (string, bool) {
	text, ok := raw.(string)
	return text, ok
}

func asFlag(raw any) (is, ok bool) {
	if text, isText := raw.(string); isText {
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	is, ok = raw.(bool)
	return is, ok
}

// unreadable is the error of a body that is none.
func unreadable(sentence string) error {
	return &signon.Error{Code: signon.CodeInvalid, Rule: sentence}
}

func queryFault(err error) error {
	var wrong *inbound.QueryError
	if errors.As(err, &wrong) {
		return &signon.Error{Code: signon.CodeInvalid, Argument: wrong.Param, Rule: wrong.Rule}
	}
	return err
}
