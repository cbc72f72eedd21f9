package page

// Field is one input of a form, as the template "field" shows it: label, input,
// hint, and what is wrong with the value.
type Field struct {
	// ID is unique on the page; Name is the name in the form.
	ID, Name string
	// Label is the key of a text.
	Label string
	Value string
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
}

// Option is one value of a choice.
type Option struct {
	Value, Label string
	Selected     bool
}
