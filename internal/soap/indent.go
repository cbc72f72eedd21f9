package soap

// An indented is a document under way, an element to a line.
type indented struct {
	b    []byte
	path []string // of elements that are open
}

// open starts an element with attributes, given as names and values in turn.
func (w *indented) open(name string, attributes ...string) {
	w.tag(name, attributes)
	w.b = append(w.b, ">\n"...)
	w.path = append(w.path, name)
}

// empty writes an element without content.
func (w *indented) empty(name string, attributes ...string) {
	w.tag(name, attributes)
	w.b = append(w.b, "/>\n"...)
}

// end ends the element opened last.
func (w *indented) end() {
	last := len(w.path) - 1
	name := w.path[last]
	w.path = w.path[:last]
	w.indent()
	w.b = append(appendEnd(w.b, name), '\n')
}

// documentation says what the element around it is for, if there is something to say.
func (w *indented) documentation(about string) {
	if about == "" {
		return
	}
	w.tag("documentation", nil)
	w.b = appendText(append(w.b, '>'), about)
	w.b = append(appendEnd(w.b, "documentation"), '\n')
}

func (w *indented) tag(name string, attributes []string) {
	w.indent()
	w.b = append(append(w.b, '<'), name...)
	for i := 0; i+1 < len(attributes); i += 2 {
		w.b = append(append(w.b, ' '), attributes[i]...)
		w.b = append(appendText(append(w.b, `="`...), attributes[i+1]), '"')
	}
}

func (w *indented) indent() {
	for range w.path {
		w.b = append(w.b, "  "...)
	}
}
