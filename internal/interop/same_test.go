package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// decimal is an amount. Clients have it as a text or a number.
type decimal string

// fields are an object's.
type fields map[string]any

// anyText is a text that the test can't know.
type anyText struct{}

// same reports where what a client got differs from what it should have got: of
// fields, []any, string, decimal, int, bool, nil and anyText.
func (c *client) same(t *testing.T, what string, got, want any) {
	t.Helper()
	for _, difference := range c.differences(what, got, want) {
		t.Error(difference)
	}
}

func (c *client) differences(at string, got, want any) []string {
	switch want := want.(type) {
	case fields:
		return c.objectDifferences(at, got, want)
	case []any:
		return c.listDifferences(at, got, want)
	case anyText:
		if text, ok := got.(string); ok && text != "" {
			return nil
		}
	case string:
		if got == want || want == "" && got == nil && c.blankIsNull {
			return nil
		}
	case decimal:
		if number(got) == string(want) {
			return nil
		}
	case int:
		if c.has(got, fmt.Sprint(want), json.Number(fmt.Sprint(want))) {
			return nil
		}
	case bool:
		texts := map[bool][]string{true: {"1", "true"}, false: {"", "0", "false"}}[want]
		if got == want || c.untyped && slices.Contains(texts, fmt.Sprint(got)) {
			return nil
		}
	case nil:
		if got == nil {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: got %T %v, want %T %v", at, got, got, want, want)}
}

// has tells whether the client got the number, or its text where it has texts
// for numbers.
func (c *client) has(got any, text string, n json.Number) bool {
	return got == n || c.untyped && got == text
}

// number returns an amount with two places.
func number(v any) string {
	var n json.Number
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		n = v
	}
	f, err := n.Float64()
	if err != nil {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%.2f", f)
}

func (c *client) objectDifferences(at string, got any, want fields) (all []string) {
	object, ok := got.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: got %T %v, want an object", at, got, got)}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, ok := object[name]
		if !ok && want[name] != nil {
			all = append(all, fmt.Sprintf("%s.%s: is missing", at, name))
			continue
		}
		all = append(all, c.differences(at+"."+name, value, want[name])...)
	}
	for name := range object {
		if _, ok := want[name]; !ok {
			all = append(all, fmt.Sprintf("%s.%s: is there, and should not be", at, name))
		}
	}
	return all
}

func (c *client) listDifferences(at string, got any, want []any) (all []string) {
	list, ok := got.([]any)
	if !ok {
		return []string{fmt.Sprintf("%s: got %T %v, want a list", at, got, got)}
	}
	if len(list) != len(want) {
		return []string{fmt.Sprintf("%s: got %d items, want %d: %v", at, len(list), len(want), list)}
	}
	for i := range want {
		all = append(all, c.differences(fmt.Sprintf("%s[%d]", at, i), list[i], want[i])...)
	}
	return all
}
