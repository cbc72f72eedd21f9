package page

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// check compares every language with FirstLanguage.
func (t Texts) check() error {
	var errs []error
	for _, code := range t.languages() {
		want := t.wanted(code)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			text, ok := t[code][key]
			if !ok {
				errs = append(errs, fmt.Errorf("language %s lacks the text %q", code, key))
				continue
			}
			if fault := want[key].fault(text); fault != "" {
				errs = append(errs, fmt.Errorf("language %s, text %q: %s", code, key, fault))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(t[code])) {
			if _, ok := want[key]; !ok {
				errs = append(errs, fmt.Errorf("language %s has the text %q, which nothing else has", code, key))
			}
		}
	}
	return errors.Join(errs...)
}

// wantedText is what a text must be like.
type wantedText struct {
	model   string // the text in FirstLanguage
	counted bool   // it is a form for some numbers, and need not mention the number
}

// wanted returns the keys that the language must have.
func (t Texts) wanted(code string) map[string]wantedText {
	first, want := t[FirstLanguage], map[string]wantedText{}
	for key, text := range first {
		base, form, _ := cutForm(key)
		_, one := first[base+".one"]
		other, many := first[base+".other"]
		switch counted := one && many; {
		case !counted:
			want[key] = wantedText{model: text}
		case form == "other":
			for _, form := range forms(code) {
				want[base+"."+form] = wantedText{model: other, counted: true}
			}
		}
	}
	return want
}

// cutForm cuts the last part of a key off.
func cutForm(key string) (base, form string, found bool) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return key, "", false
	}
	return key[:i], key[i+1:], true
}

// fault returns what is wrong with a translation, or "".
func (w wantedText) fault(text string) string {
	got, want := verbs(text), verbs(w.model)
	if text == "" && w.model != "" {
		return "is empty"
	}
	for _, index := range slices.Sorted(maps.Keys(got)) {
		if verb := got[index]; want[index] != verb {
			return fmt.Sprintf("has %%%c for argument %d, where %s does not", verb, index, FirstLanguage)
		}
	}
	if len(got) < len(want) && !w.counted {
		return fmt.Sprintf("mentions %d of %d arguments", len(got), len(want))
	}
	return ""
}

// verbs returns the verbs of a text by the number of their argument, from 1.
func verbs(text string) map[int]byte {
	found, next := map[int]byte{}, 1
	for {
		_, rest, ok := strings.Cut(text, "%")
		if !ok || rest == "" {
			return found
		}
		if n := 0; rest[0] == '[' {
			if _, err := fmt.Sscanf(rest, "[%d]", &n); err == nil {
				next, rest = n, rest[strings.IndexByte(rest, ']')+1:]
			}
		}
		if rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
			found[next] = rest[0]
			next++
		}
		text = rest[min(1, len(rest)):]
	}
}
