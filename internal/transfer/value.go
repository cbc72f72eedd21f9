package transfer

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// form says how a value looks in JSON. In CSV everything is text.
type form int

const (
	aText    form = iota // "Springfield"; "" when there is none
	aNumber              // 12; null when there is none
	aDecimal             // "19.99", read from 19.99, too; null when there is none
	aBoolean             // true
	aList                // an array; see shape
)

// value is what a file has in one place: text from CSV, raw JSON, or both nil
// for nothing.
type value struct {
	text string
	json json.RawMessage // nil: text counts
}

// errForm are the rules for values of another form than the right one.
var errForm = map[form]string{
	aText:    "must be a string",
	aNumber:  "must be a whole number",
	aDecimal: "must be an amount such as 19.99",
	aBoolean: "must be true or false",
	aList:    "must be an array",
}

// scalar returns the value as text; a null is no text. The error is a rule.
func (v value) scalar(as form) (string, error) {
	if v.json == nil {
		return v.text, nil
	}
	switch first := v.json[0]; {
	case first == '"':
		var s string
		if err := json.Unmarshal(v.json, &s); err != nil {
			return "", errors.New(errForm[as])
		}
		return s, nil
	case first == 'n':
		return "", nil
	case as == aBoolean && (first == 't' || first == 'f'),
		(as == aNumber || as == aDecimal) && (first == '-' || first >= '0' && first <= '9'):
		return string(v.json), nil
	}
	return "", errors.New(errForm[as])
}

// list returns the elements of a list column. The error is a rule.
func (v value) list(s *shape) ([]item, error) {
	if v.json == nil {
		return s.parseList(v.text)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(v.json, &raw); err != nil {
		return nil, errors.New(errForm[aList])
	}
	var items []item
	for _, element := range raw {
		parts, err := s.parseJSON(element)
		if err != nil {
			return nil, err
		}
		items = append(items, parts)
	}
	return items, nil
}

// appendJSON appends a scalar as it looks in JSON.
func appendJSON(b []byte, text string, as form) []byte {
	switch {
	case as == aBoolean, as == aNumber && text != "":
		return append(b, text...)
	case text == "" && as != aText:
		return append(b, "null"...)
	}
	return appendString(b, text)
}

// appendString appends a JSON string. Unlike json.Marshal it leaves <, > and &
// as they are.
func appendString(b []byte, s string) []byte {
	var buf strings.Builder
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can be encoded
	return append(b, strings.TrimSuffix(buf.String(), "\n")...)
}

// maxDepth is how deeply JSON is nested: a row, its list, an element.
const maxDepth = 3

// parseObject reads a JSON object. The error is a rule.
func parseObject(raw []byte) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := strictjson.Decode(raw, maxDepth, &members)
	for _, known := range []error{strictjson.ErrText, strictjson.ErrDuplicate, strictjson.ErrDepth, strictjson.ErrSyntax} {
		if errors.Is(err, known) {
			return nil, known
		}
	}
	if err != nil || members == nil {
		return nil, errors.New("is not a JSON object")
	}
	return members, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "false", "no", "0":
		return false, nil
	case "true", "yes", "1":
		return true, nil
	}
	return false, errors.New("must be true or false")
}

func parseInt(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, errors.New(errForm[aNumber])
	}
	return int(n), nil
}

func parseDate(text string) (directory.Date, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return directory.Date{}, nil
	}
	d, err := directory.ParseDate(text)
	if err != nil {
		return d, errors.New("must be a date such as 2026-12-31")
	}
	return d, nil
}

func parseDecimal(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	n, ok := directory.ParseDecimal(text)
	if !ok {
		return 0, errors.New(errForm[aDecimal])
	}
	return n, nil
}
