package page

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Texts holds what people read, by language and by key. A text may have verbs
// as in fmt.Sprintf; verbs with an index ("%[2]s") let a language reorder them.
type Texts map[string]map[string]string

// FirstLanguage is the language that every text exists in.
const FirstLanguage = "en"

// ReadTexts reads one file for each language, "<language>.json", an object of
// strings. Every language must have exactly the keys of FirstLanguage, with the
// same verbs for the same arguments. A key that has the forms ".one" and ".other"
// there counts something, and has in each language the forms that it needs.
func ReadTexts(files fs.FS) (Texts, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list texts: %w", err)
	}
	texts := Texts{}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		var byKey map[string]string
		if err := json.Unmarshal(raw, &byKey); err != nil {
			return nil, fmt.Errorf("read texts of %s: %w", name, err)
		}
		texts[strings.TrimSuffix(path.Base(name), ".json")] = byKey
	}
	return texts, texts.check()
}

// Language returns the first of the codes that there are texts in, or
// FirstLanguage.
func (t Texts) Language(codes ...string) string {
	for _, code := range codes {
		if _, ok := t[code]; ok {
			return code
		}
	}
	return FirstLanguage
}

// Text returns the text with that key, with the arguments put in. A text need
// not mention its arguments.
func (t Texts) Text(code, key string, args ...any) (string, error) {
	text, ok := t[code][key]
	if !ok {
		return "", fmt.Errorf("no text %q in language %q", key, code)
	}
	if len(args) > 0 && strings.Contains(text, "%") {
		text = fmt.Sprintf(text, args...)
	}
	return text, nil
}

// Count returns the form of the text that the language uses with that number,
// which is its first argument.
func (t Texts) Count(code, key string, n int, args ...any) (string, error) {
	return t.Text(code, key+"."+form(code, n), append([]any{n}, args...)...)
}

// joined returns the texts of both, for the languages that both have.
func joined(a, b Texts) Texts {
	all := Texts{}
	for code := range a {
		if b[code] == nil && code != FirstLanguage {
			continue
		}
		all[code] = maps.Clone(a[code])
		maps.Copy(all[code], b[code])
	}
	return all
}

// languages returns the languages in order.
func (t Texts) languages() []string { return slices.Sorted(maps.Keys(t)) }
