package xmltoken

import (
	"errors"
	"io"
	"strings"
)

// What a document may be made of, at most.
const (
	maxDepth      = 32  // elements inside each other, the Envelope being the first
	maxElements   = 512 // in all
	maxAttributes = 64  // of one element
	maxNamespaces = 64  // declared around one element
)

var (
	errDeclaration = errors.New("document types and other declarations are refused")
	errInstruction = errors.New("processing instructions are refused")
	errOutside     = errors.New("there is something beside the outermost element")
	errEnd         = errors.New("the text ends too early")
	errTag         = errors.New("a tag is not well-formed")
	errAttribute   = errors.New("an attribute is not well-formed")
	errComment     = errors.New("a comment is not well-formed")
	errSection     = errors.New("a CDATA section has no end, or no beginning")
	errUnmatched   = errors.New("an end tag does not fit its start tag")
	errDepth       = errors.New("elements are nested too deeply")
	errElements    = errors.New("there are too many elements")
	errAttributes  = errors.New("an element has too many attributes")
)

// Kind says what a token is.
type Kind uint8

// The kinds.
const (
	Start Kind = iota
	End
	Text
)

// Token is a start tag, an end tag, or text between them. A tag of an empty
// element counts as two.
type Token struct {
	Kind       Kind
	Name       Name        // of a start tag
	Attributes []Attribute // of a start tag, until the next one
	Text       string      // with references resolved; all that stands together may come in pieces
}

// Attribute is an attribute of a start tag. Declarations of namespaces are among
// them.
type Attribute struct {
	Name  Name
	Value string
}

// Reader reads a document of XML 1.0 with namespaces, without declarations and
// processing instructions. The standard library's decoder is no base for this:
// it takes much that is not XML, and needs several times as long. The zero Reader
// reads nothing until it is Reset.
type Reader struct {
	text     string // behind the XML declaration, of characters that XML allows
	at       int    // where the next token begins
	before   int    // how many bytes of the document the text leaves out
	open     []openElement
	scope    scope
	elements int // so far
	found    []Attribute
	empty    bool // the end of an empty element comes next
}

type openElement struct {
	written string // the name with its prefix
	outer   int    // how many namespaces are bound around it
}

// Next returns the next token. Comments are left out, and so are blanks outside
// the outermost element, behind which comes io.EOF.
func (r *Reader) Next() (Token, error) {
	for {
		rest := r.text[r.at:]
		switch {
		case r.empty:
			r.empty = false
			return r.leave(), nil
		case rest == "":
			return Token{}, r.end()
		case rest[0] != '<':
			if found, err := r.characters(rest); err != nil || len(r.open) > 0 {
				return found, err
			}
		case strings.HasPrefix(rest, "</"):
			return r.endTag()
		case strings.HasPrefix(rest, "<!--"):
			if err := r.comment(rest); err != nil {
				return Token{}, err
			}
		case strings.HasPrefix(rest, "<![CDATA["):
			return r.section(rest)
		case strings.HasPrefix(rest, "<!"):
			return Token{}, errDeclaration
		case strings.HasPrefix(rest, "<?"):
			return Token{}, errInstruction
		default:
			return r.startTag()
		}
	}
}

// end says whether the text may end here.
func (r *Reader) end() error {
	if len(r.open) > 0 || r.elements == 0 {
		return errEnd
	}
	return io.EOF
}

// characters reads text up to the next tag.
func (r *Reader) characters(rest string) (Token, error) {
	if i := strings.IndexByte(rest, '<'); i >= 0 {
		rest = rest[:i]
	}
	r.at += len(rest)
	switch {
	case len(r.open) == 0 && !IsBlank(rest): // a reference to a blank is too much, too
		return Token{}, errOutside
	case strings.Contains(rest, "]]>"):
		return Token{}, errSection
	}
	text, err := resolveReferences(newlines(rest))
	return Token{Kind: Text, Text: text}, err
}

// comment reads over a comment.
func (r *Reader) comment(rest string) error {
	const opening = len("<!--")
	dashes := strings.Index(rest[opening:], "--")
	if dashes < 0 || !strings.HasPrefix(rest[opening+dashes:], "-->") {
		return errComment
	}
	r.at += opening + dashes + len("-->")
	return nil
}

// section reads a CDATA section.
func (r *Reader) section(rest string) (Token, error) {
	const opening = len("<![CDATA[")
	length := strings.Index(rest, "]]>")
	switch {
	case len(r.open) == 0:
		return Token{}, errOutside
	case length < 0:
		return Token{}, errSection
	}
	r.at += length + len("]]>")
	return Token{Kind: Text, Text: newlines(rest[opening:length])}, nil
}

// Start reads a start tag, or the tag of an empty element, and enters it.
func (r *Reader) startTag() (Token, error) {
	r.at++
	written := r.word()
	r.found = r.found[:0]
	for {
		blank := r.blanks()
		switch c := r.peek(); {
		case c == '>':
			r.at++
			return r.enter(written)
		case c == '/':
			r.at++
			r.empty = true
			if r.peek() != '>' {
				return Token{}, errTag
			}
		case !blank:
			return Token{}, errTag
		case len(r.found) == maxAttributes:
			return Token{}, errAttributes
		default:
			if err := r.attribute(); err != nil {
				return Token{}, err
			}
		}
	}
}

// attribute reads an attribute. Its name stays as it is written for now.
func (r *Reader) attribute() error {
	written := r.word()
	r.blanks()
	if r.peek() != '=' {
		return errAttribute
	}
	r.at++
	r.blanks()
	quote := r.peek()
	if quote != '"' && quote != '\'' {
		return errAttribute
	}
	r.at++
	length := strings.IndexByte(r.text[r.at:], quote)
	if length < 0 {
		return errEnd
	}
	value := r.text[r.at : r.at+length]
	r.at += length + 1
	if strings.Contains(value, "<") {
		return errAttribute
	}
	value, err := resolveReferences(blanksToSpaces(value))
	r.found = append(r.found, Attribute{Name{Local: written}, value})
	return err
}

// enter opens the element with the attributes found.
func (r *Reader) enter(written string) (Token, error) {
	if len(r.open) == 0 && r.elements > 0 {
		return Token{}, errOutside
	}
	if r.elements++; r.elements > maxElements {
		return Token{}, errElements
	}
	if len(r.open) == maxDepth {
		return Token{}, errDepth
	}
	r.open = append(r.open, openElement{written: written, outer: len(r.scope)})
	resolved, err := r.scope.enter(written, r.found)
	return Token{Kind: Start, Name: resolved, Attributes: r.found}, err
}

// End reads an end tag.
func (r *Reader) endTag() (Token, error) {
	r.at += len("</")
	written := r.word()
	r.blanks()
	if r.peek() != '>' {
		return Token{}, errTag
	}
	r.at++
	if len(r.open) == 0 || r.open[len(r.open)-1].written != written {
		return Token{}, errUnmatched
	}
	return r.leave(), nil
}

// leave closes the innermost element.
func (r *Reader) leave() Token {
	last := len(r.open) - 1
	r.scope = r.scope[:r.open[last].outer]
	r.open = r.open[:last]
	return Token{Kind: End}
}

// peek returns the next byte, or 0 at the end of the text.
func (r *Reader) peek() byte {
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// blanks reads over white space, and says whether there is any.
func (r *Reader) blanks() bool {
	start := r.at
	for ; r.at < len(r.text); r.at++ {
		if c := r.text[r.at]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
	}
	return r.at > start
}

// word reads what can stand in a name. Whether it is one is judged later.
func (r *Reader) word() string {
	start := r.at
	for ; r.at < len(r.text); r.at++ {
		if c := r.text[r.at]; c <= ' ' || c == '=' || c == '>' || c == '/' || c == '<' || c == '"' || c == '\'' {
			break
		}
	}
	return r.text[start:r.at]
}
