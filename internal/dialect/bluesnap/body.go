package bluesnap

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"regexp"
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
// names of JSON and those of XML are the same. Each is a string, a bool, or
// something that is neither.
type fields map[string]any

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
		folded := fold(name)
		// The two names that a username has differ in a capital alone.
		if first, again := f[folded]; again && !reflect.DeepEqual(first, value) {
			return nil, unreadable("The body names a member twice, with different values")
		}
		f[folded] = value
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

// find returns the member that may have several names; nil when it is not given.
// Two that say different things are refused.
func (f fields) find(names []string) (value any, err error) {
	for _, name := range names {
		found := f[fold(name)]
		switch found.(type) {
		case nil:
			continue
		case string, bool:
		default:
			return nil, signon.Invalid(names[0], "must be a text, or true or false")
		}
		if value != nil && value != found {
			return nil, signon.Invalid(names[0], "must not be given as "+strings.Join(names, " and ")+" with different values")
		}
		value = found
	}
	return value, nil
}

// text returns the text of a member, without the blanks around it; given is false
// when it is not there.
func (f fields) text(names ...string) (text string, given bool, err error) {
	value, err := f.find(names)
	if err != nil || value == nil {
		return "", false, err
	}
	text, ok := value.(string)
	if !ok {
		return "", false, signon.Invalid(names[0], "must be a text")
	}
	return strings.TrimSpace(text), true, nil
}

// flag returns whether a member is true; given is false when it is not there.
func (f fields) flag(names ...string) (is, given bool, err error) {
	value, err := f.find(names)
	if err != nil || value == nil {
		return false, false, err
	}
	if text, ok := value.(string); ok {
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true":
			value = true
		case "false":
			value = false
		}
	}
	is, ok := value.(bool)
	if !ok {
		return false, false, signon.Invalid(names[0], "must be true or false")
	}
	return is, true, nil
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
