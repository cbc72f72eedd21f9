package avangate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// intake looks at what a client sent, as a whole and before any of it is used.
// Names of members become lower case. A name that is there twice in different
// cases is refused: which of the two counts would be chance. And so is a card
// number, at any depth and also where nothing reads it: to drop it silently
// would let clients think that the card is on file.
type intake struct {
	code Code // of the faults
	// judged has the paths, in lower case, of the texts that the directory judges by
	// itself.
	judged map[string]bool
}

// judged are the paths by the code of the object's faults.
var judged = map[Code]map[string]bool{
	CustomerInvalid:     pathsOf(customerWords),
	SubscriptionInvalid: pathsOf(subscriptionWords, "DeliveryInfo.Codes.Code", "DeliveryInfo.Codes.File", "DeliveryInfo.Codes.Description", "DeliveryInfo.Codes.ExtraInfo"),
}

func pathsOf(words map[string]string, more ...string) map[string]bool {
	paths := map[string]bool{}
	for field, word := range words {
		if field != directory.FieldRenewalPrice { // a number, which may be long
			paths[strings.ToLower(word)] = true
		}
	}
	for _, path := range more {
		paths[strings.ToLower(path)] = true
	}
	return paths
}

// takeIn looks at all arguments, and at those that the method has no place for.
// Texts that are arguments themselves are left alone: sessions, tokens and
// references are long, too.
func (v *invocation) takeIn(surplus []Argument) (err error) {
	in := intake{code: v.method.code()}
	for i := range v.values {
		p := &v.method.Params[i]
		path, within := p.Name, in
		if p.code != "" {
			path, within.judged = "", judged[p.code]
		}
		if v.values[i], err = within.argument(path, v.values[i]); err != nil {
			return err
		}
	}
	for i := range surplus {
		value := surplus[i].Value
		if typed, ok := value.(Typed); ok {
			value = typed.Value(nil)
		}
		name := plainName(surplus[i].Name)
		if isCardNumber(surplus[i].Name) && says(value) {
			return in.refuse(name)
		}
		if _, err = in.argument(name, value); err != nil {
			return err
		}
	}
	return nil
}

// code is the one of faults in the objects of the method.
func (m *Method) code() Code {
	for i := range m.Params {
		if m.Params[i].code != "" {
			return m.Params[i].code
		}
	}
	return RequestInvalid
}

func (in *intake) argument(path string, value any) (any, error) {
	switch value.(type) {
	case map[string]any, []any:
		return in.value(path, "", value)
	}
	return value, nil
}

// value looks at a value at the path, of the member of that name in lower case.
func (in *intake) value(path, name string, value any) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		return in.object(path, value)
	case []any:
		items := make([]any, len(value))
		for i := range value {
			var err error
			if items[i], err = in.value(path, name, value[i]); err != nil {
				return nil, err
			}
		}
		return items, nil
	case string:
		return value, in.text(path, name, value)
	case json.Number:
		return value, in.text(path, name, value.String())
	}
	return value, nil
}

func (in *intake) object(path string, members map[string]any) (map[string]any, error) {
	folded := make(map[string]any, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		at, lower := path+plainName(name), strings.ToLower(name)
		if path != "" {
			at = path + "." + plainName(name)
		}
		if _, twice := folded[lower]; twice {
			return nil, &Fault{Code: in.code, Argument: at, Rule: givenTwice}
		}
		if isCardNumber(name) && says(members[name]) || directory.HoldsCardNumber("", name) {
			return nil, in.refuse(at)
		}
		value, err := in.value(at, lower, members[name])
		if err != nil {
			return nil, err
		}
		folded[lower] = value
	}
	return folded, nil
}

// givenTwice is the rule of whatever may be there once.
const givenTwice = "must not be given twice"

func (in *intake) text(path, name, text string) error {
	switch {
	case name == "lastdigits" && digits(text) > 4:
		return &Fault{Code: in.code, Argument: path, Rule: "must have at most four digits: card numbers are never stored"}
	case in.judged[strings.ToLower(path)] || !directory.HoldsCardNumber(name, text):
		return nil
	}
	return in.refuse(path)
}

func (in *intake) refuse(path string) error {
	if path == "" {
		path = "an argument"
	}
	return &Fault{Code: in.code, Argument: path, Rule: "must not be sent: card numbers are never stored"}
}

func isCardNumber(name string) bool { return strings.EqualFold(name, "CardNumber") }

// says reports whether there is anything in the value.
func says(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case string:
		return strings.TrimSpace(value) != ""
	case []any:
		return slices.ContainsFunc(value, says)
	case map[string]any:
		return len(value) > 0
	}
	return true
}

func digits(text string) (n int) {
	for _, r := range text {
		if unicode.Is(unicode.Nd, r) {
			n++
		}
	}
	return n
}

// plainName returns a member's name if it reads as one: what stands in a wrong
// place may be personal.
func plainName(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-[]"
	if len(name) > 64 || strings.Trim(name, plain) != "" || directory.HoldsCardNumber("", name) {
		return "…"
	}
	return name
}
