package lob

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// maxBodyLen is how long a body may be, in bytes.
const maxBodyLen = 16 << 10

// fields are what the body of a call says, by name. Those that are not given, and
// null, are not in it.
type fields map[string]string

// readBody reads the body.
func (c *call) readBody() ([]byte, error) {
	var body []byte
	limited, err := inbound.LimitBody(c.writer, c.request, maxBodyLen)
	if err == nil {
		body, err = io.ReadAll(limited)
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, tooLarge()
	case err != nil:
		return nil, unreadable("The body must arrive whole").because(&signon.Error{Code: signon.CodeInvalid, Err: err})
	}
	return body, nil
}

// readFields reads the body of a call.
func (c *call) readFields() error {
	body, err := c.readBody()
	if err != nil {
		return err
	}
	c.fields, err = decode(body, c.route.wrapper)
	return err
}

// decode reads a body, flat or wrapped. It has to be a JSON object; what is in it
// besides the known fields is ignored.
func decode(body []byte, wrapper string) (fields, error) {
	var members map[string]any
	switch err := strictjson.Decode(body, maxJSONDepth, &members); {
	case errors.As(err, new(*json.UnmarshalTypeError)), err == nil && members == nil:
		return nil, unreadable("The body must be a JSON object")
	case err != nil:
		return nil, unreadable("The body " + err.Error())
	}
	if inside, wrapped := members[wrapper]; wrapped && wrapper != "" {
		object, ok := inside.(map[string]any)
		switch {
		case !ok:
			return nil, unreadable(wrapper + " must be a JSON object")
		case len(members) > 1:
			return nil, unreadable("The body must have nothing beside " + wrapper)
		}
		members = object
	}
	return known(members)
}

// known returns the fields that there are names for.
func known(members map[string]any) (fields, error) {
	f := fields{}
	for name, numbers := range map[string]bool{wMember: true, wLOB: true, wNumber: true, wTarget: false, wToken: false} {
		switch value := members[name].(type) {
		case nil:
		case string:
			f[name] = value
		case json.Number:
			if !numbers || !plainNumber(value.String()) {
				return nil, unreadable(name + " must not be such a number")
			}
			f[name] = value.String()
		default:
			return nil, unreadable(name + " must be a text")
		}
	}
	return f, nil
}

// plainNumber reports whether a number is written in digits alone: anybody would
// write it so in a text.
func plainNumber(text string) bool { return strings.Trim(text, "0123456789") == "" }

// given returns the field, or "" when there is nothing in it.
func (f fields) given(name string) string {
	if strings.TrimSpace(f[name]) == "" {
		return ""
	}
	return f[name]
}
