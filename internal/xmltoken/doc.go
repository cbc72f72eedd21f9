// Package xmltoken reads XML 1.0 with namespaces, token by token, as strangers
// send it. It refuses document types, processing instructions, doubled
// attributes, names and references that are none, anything beside the outermost
// element, and whatever else encoding/xml is more lenient about than XML is. Time
// and memory are linear in the size of the text.
package xmltoken

// Reset makes r read the document, from its beginning. The charset is the one of
// the Content-Type header, or empty; one in the XML declaration goes before it.
// Errors, here and later, repeat nothing of the document.
//
// How large a document may be is the caller's business.
func (r *Reader) Reset(document []byte, charset string) error {
	text, err := toUTF8(document, charset)
	*r = Reader{text: text, before: len(document) - len(text)}
	return err
}

// Depth is how many elements are open.
func (r *Reader) Depth() int { return len(r.open) }

// At is near which byte of the document the next token begins.
func (r *Reader) At() int { return max(r.before+r.at, 0) }
