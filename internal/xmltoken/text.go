package xmltoken

import (
	"errors"
	"strconv"
	"strings"
)

var (
	errReference = errors.New("there is an ampersand that begins no reference to a character")
	errCharacter = errors.New("there is a character that XML does not allow")
)

// newlines returns the text with its line ends as line feeds.
func newlines(text string) string {
	if strings.IndexByte(text, '\r') < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

var blanks = strings.NewReplacer("\n", " ", "\t", " ")

// blanksToSpaces returns the value of an attribute with a space for each blank
// and line end.
func blanksToSpaces(value string) string { return blanks.Replace(newlines(value)) }

// Trim returns the text without the blanks around it.
func Trim(text string) string { return strings.Trim(text, " \t\r\n") }

// IsBlank says whether there are blanks only.
func IsBlank(text string) bool { return Trim(text) == "" }

// resolveReferences returns the text with characters in place of references.
func resolveReferences(text string) (string, error) {
	before, rest, found := strings.Cut(text, "&")
	if !found {
		return text, nil
	}
	var b strings.Builder
	b.Grow(len(text))
	for found {
		b.WriteString(before)
		var reference string
		if reference, rest, found = strings.Cut(rest, ";"); !found {
			return "", errReference
		}
		r, err := referenced(reference)
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
		before, rest, found = strings.Cut(rest, "&")
	}
	b.WriteString(before)
	return b.String(), nil
}

// referenced returns the character that stands between an ampersand and a
// semicolon: one of the five that have a name, or a number.
func referenced(reference string) (rune, error) {
	switch reference {
	case "amp":
		return '&', nil
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	digits, found := strings.CutPrefix(reference, "#")
	if !found {
		return 0, errReference
	}
	digits, hexadecimal := strings.CutPrefix(digits, "x")
	base := 10
	if hexadecimal {
		base = 16
	}
	code, err := strconv.ParseUint(digits, base, 31) // knows no signs, and no underscores in these bases
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, errReference
	case err != nil || !IsCharacter(rune(code)):
		return 0, errCharacter
	}
	return rune(code), nil
}

// CheckCharacters refuses what is no character of XML, wherever it stands. The
// text is in UTF-8.
func CheckCharacters(text string) error {
	for i := range len(text) {
		if c := text[i]; c < ' ' && !IsCharacter(rune(c)) {
			return errCharacter
		}
	}
	if strings.Contains(text, "\uFFFE") || strings.Contains(text, "\uFFFF") {
		return errCharacter
	}
	return nil
}

// IsCharacter says whether XML 1.0 allows a character.
func IsCharacter(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case 0xD800 <= r && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= 0x10FFFF
}
