package page

import "strings"

// Field is one input of a form, as the template "field" shows it: label, input,
// a note, and what is wrong with the value.
type Field struct {
	// ID is unique on the page; Name is the name in the form.
	ID, Name string
	// Label is the key of a text.
	Label string
	Value string
	// Note is a text beneath the input that is read with it, or empty.
	Note string
	// Hint is the rule for the value, read with the input, or empty.
	Hint string
	// Error is the text of what is wrong, or empty.
	Error string
	// Type is the input's type; empty means text.
	Type string
	// Autocomplete is what browsers know the value by, as in "billing given-name".
	Autocomplete string
	InputMode    string
	Optional     bool
	MaxLength    int
	// Width is "full", "half" or "third" of a row; empty means full.
	Width string
	// Options make it a choice.
	Options []Option
	// ReadOnly: the value can be read and copied, and is sent as it is.
	ReadOnly bool
}

// Option is one value of a choice.
type Option struct {
	Value, Label string
	Selected     bool
}

// Describer returns the ids of what is read with the input, or "".
func (f Field) Describer() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Note != "" {
		ids = append(ids, f.ID+"-note")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Shown returns the value as people read it: a choice by its label.
func (f Field) Shown() string {
	for _, o := range f.Options {
		if o.Selected {
			return o.Label
		}
	}
	return f.Value
}
