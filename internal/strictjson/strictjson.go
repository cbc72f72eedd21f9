// Package strictjson refuses JSON texts that different readers understand
// differently, before encoding/json reads them. encoding/json keeps the last of
// two members with one name and replaces broken text silently; another reader
// in front of it may have judged the first one.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSyntax is the error for texts that are not JSON (RFC 8259) at all.
var ErrSyntax = errors.New("is not valid JSON")

// ErrText is the error for text that is not UTF-8, or that escapes half of a
// surrogate pair.
var ErrText = errors.New("holds text that is not Unicode")

// ErrDuplicate is the error for an object with two members of one name.
var ErrDuplicate = errors.New("names a member twice")

// ErrDepth is the error for values nested too deeply.
var ErrDepth = errors.New("is nested too deeply")

// Check returns nil when data is exactly one JSON value, in UTF-8, whose
// objects name no member twice (compared after unescaping) and in which arrays
// and objects are nested at most depth levels. Otherwise it returns ErrText,
// ErrSyntax, ErrDuplicate or ErrDepth: what is wrong, and nothing of data.
func Check(data []byte, depth int) error {
	if !utf8.Valid(data) {
		return ErrText
	}
	if !json.Valid(data) {
		return ErrSyntax
	}
	w := walker{data: data, depth: depth}
	w.skipSpace()
	return w.value()
}

// Decode checks data like Check and unmarshals it into v. Numbers that go into
// an interface stay text (json.Number). Beware that encoding/json matches the
// names of struct fields in any case of letters; maps keep them apart.
func Decode(data []byte, depth int, v any) error {
	if err := Check(data, depth); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	return nil
}

// walker goes through a text that is known to be valid.
type walker struct {
	data  []byte
	at    int
	depth int // levels left
}

func (w *walker) skipSpace() {
	for w.at < len(w.data) {
		switch w.data[w.at] {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return
		}
	}
}

// value goes over one value and the blanks behind it.
func (w *walker) value() error {
	var err error
	switch w.data[w.at] {
	case '{':
		err = w.nested('}', w.members)
	case '[':
		err = w.nested(']', w.elements)
	case '"':
		_, err = w.text()
	default:
		w.scalar()
	}
	w.skipSpace()
	return err
}

// nested goes over an array or object, whose inside is walked by contents.
func (w *walker) nested(end byte, contents func() error) error {
	if w.depth == 0 {
		return ErrDepth
	}
	w.depth--
	w.at++
	w.skipSpace()
	if w.data[w.at] != end {
		if err := contents(); err != nil {
			return err
		}
	}
	w.at++
	w.depth++
	return nil
}

func (w *walker) elements() error {
	for {
		if err := w.value(); err != nil {
			return err
		}
		if !w.comma() {
			return nil
		}
	}
}

func (w *walker) members() error {
	seen := map[string]struct{}{}
	for {
		name, err := w.text()
		if err != nil {
			return err
		}
		if _, again := seen[name]; again {
			return ErrDuplicate
		}
		seen[name] = struct{}{}
		w.skipSpace()
		w.at++ // the colon
		w.skipSpace()
		if err := w.value(); err != nil {
			return err
		}
		if !w.comma() {
			return nil
		}
	}
}

// comma goes over a comma and the blanks behind it, if there is one.
func (w *walker) comma() bool {
	if w.data[w.at] != ',' {
		return false
	}
	w.at++
	w.skipSpace()
	return true
}

// scalar goes over a number, true, false or null.
func (w *walker) scalar() {
	for w.at < len(w.data) {
		switch w.data[w.at] {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return
		}
		w.at++
	}
}

// text goes over a string and returns what it stands for.
func (w *walker) text() (string, error) {
	start := w.at
	escaped := false
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] != '\\' {
			continue
		}
		escaped = true
		if w.at++; w.data[w.at] == 'u' {
			if err := w.escape(); err != nil {
				return "", err
			}
		}
	}
	w.at++
	raw := w.data[start:w.at]
	if !escaped {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", ErrSyntax
	}
	return s, nil
}

// escape goes over the digits of \uXXXX, up to the last one, and over the
// second half of a surrogate pair.
func (w *walker) escape() error {
	first := w.hex4(w.at + 1)
	w.at += 4
	if !utf16.IsSurrogate(first) {
		return nil
	}
	if w.data[w.at+1] != '\\' || w.data[w.at+2] != 'u' || utf16.DecodeRune(first, w.hex4(w.at+3)) == utf8.RuneError {
		return ErrText
	}
	w.at += 6
	return nil
}

func (w *walker) hex4(at int) rune {
	n, _ := strconv.ParseUint(string(w.data[at:at+4]), 16, 16)
	return rune(n)
}
