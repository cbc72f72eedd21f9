package soap

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

type tokenKind uint8

const (
	startTag tokenKind = iota
	endTag
	characters
)

// A token is a start tag, an end tag, or text between them. A tag of an empty
// element counts as two.
type token struct {
	kind       tokenKind
	name       name        // of a start tag
	attributes []attribute // of a start tag, until the next one
	text       string      // with references resolved; all that stands together may come in pieces
}

type attribute struct {
	name  name
	value string
}

// tokens reads a document of XML 1.0 with namespaces, without declarations and
// processing instructions. The standard library's decoder is no base for this:
// it takes much that is not XML, and needs several times as long.
type tokens struct {
	text     string // behind the XML declaration, of characters that XML allows
	at       int    // where the next token begins
	open     []openElement
	scope    scope
	elements int // so far
	found    []attribute
	empty    bool // the end of an empty element comes next
}

type openElement struct {
	written string // the name with its prefix
	outer   int    // how many namespaces are bound around it
}

// next returns the next token. Comments are left out, and so are blanks outside
// the outermost element, behind which comes io.EOF.
func (t *tokens) next() (token, error) {
	for {
		rest := t.text[t.at:]
		switch {
		case t.empty:
			t.empty = false
			return t.leave(), nil
		case rest == "":
			return token{}, t.end()
		case rest[0] != '<':
			if found, err := t.characters(rest); err != nil || len(t.open) > 0 {
				return found, err
			}
		case strings.HasPrefix(rest, "</"):
			return t.endTag()
		case strings.HasPrefix(rest, "<!--"):
			if err := t.comment(rest); err != nil {
				return token{}, err
			}
		case strings.HasPrefix(rest, "<![CDATA["):
			return t.section(rest)
		case strings.HasPrefix(rest, "<!"):
			return token{}, errDeclaration
		case strings.HasPrefix(rest, "<?"):
			return token{}, errInstruction
		default:
			return t.startTag()
		}
	}
}

// end says whether the text may end here.
func (t *tokens) end() error {
	if len(t.open) > 0 || t.elements == 0 {
		return errEnd
	}
	return io.EOF
}

// characters reads text up to the next tag.
func (t *tokens) characters(rest string) (token, error) {
	if i := strings.IndexByte(rest, '<'); i >= 0 {
		rest = rest[:i]
	}
	t.at += len(rest)
	switch {
	case len(t.open) == 0 && !isBlank(rest): // a reference to a blank is too much, too
		return token{}, errOutside
	case strings.Contains(rest, "]]>"):
		return token{}, errSection
	}
	text, err := resolveReferences(newlines(rest))
	return token{kind: characters, text: text}, err
}

// comment reads over a comment.
func (t *tokens) comment(rest string) error {
	const opening = len("<!--")
	dashes := strings.Index(rest[opening:], "--")
	if dashes < 0 || !strings.HasPrefix(rest[opening+dashes:], "-->") {
		return errComment
	}
	t.at += opening + dashes + len("-->")
	return nil
}

// section reads a CDATA section.
func (t *tokens) section(rest string) (token, error) {
	const opening = len("<![CDATA[")
	length := strings.Index(rest, "]]>")
	switch {
	case len(t.open) == 0:
		return token{}, errOutside
	case length < 0:
		return token{}, errSection
	}
	t.at += length + len("]]>")
	return token{kind: characters, text: newlines(rest[opening:length])}, nil
}

// startTag reads a start tag, or the tag of an empty element, and enters it.
func (t *tokens) startTag() (token, error) {
	t.at++
	written := t.word()
	t.found = t.found[:0]
	for {
		blank := t.blanks()
		switch c := t.peek(); {
		case c == '>':
			t.at++
			return t.enter(written)
		case c == '/':
			t.at++
			t.empty = true
			if t.peek() != '>' {
				return token{}, errTag
			}
		case !blank:
			return token{}, errTag
		case len(t.found) == maxAttributes:
			return token{}, errAttributes
		default:
			if err := t.attribute(); err != nil {
				return token{}, err
			}
		}
	}
}

// attribute reads an attribute. Its name stays as it is written for now.
func (t *tokens) attribute() error {
	written := t.word()
	t.blanks()
	if t.peek() != '=' {
		return errAttribute
	}
	t.at++
	t.blanks()
	quote := t.peek()
	if quote != '"' && quote != '\'' {
		return errAttribute
	}
	t.at++
	length := strings.IndexByte(t.text[t.at:], quote)
	if length < 0 {
		return errEnd
	}
	value := t.text[t.at : t.at+length]
	t.at += length + 1
	if strings.Contains(value, "<") {
		return errAttribute
	}
	value, err := resolveReferences(blanksToSpaces(value))
	t.found = append(t.found, attribute{name{local: written}, value})
	return err
}

// enter opens the element with the attributes found.
func (t *tokens) enter(written string) (token, error) {
	if len(t.open) == 0 && t.elements > 0 {
		return token{}, errOutside
	}
	if t.elements++; t.elements > maxElements {
		return token{}, errElements
	}
	if len(t.open) == maxDepth {
		return token{}, errDepth
	}
	t.open = append(t.open, openElement{written: written, outer: len(t.scope)})
	resolved, err := t.scope.enter(written, t.found)
	return token{kind: startTag, name: resolved, attributes: t.found}, err
}

// endTag reads an end tag.
func (t *tokens) endTag() (token, error) {
	t.at += len("</")
	written := t.word()
	t.blanks()
	if t.peek() != '>' {
		return token{}, errTag
	}
	t.at++
	if len(t.open) == 0 || t.open[len(t.open)-1].written != written {
		return token{}, errUnmatched
	}
	return t.leave(), nil
}

// leave closes the innermost element.
func (t *tokens) leave() token {
	last := len(t.open) - 1
	t.scope = t.scope[:t.open[last].outer]
	t.open = t.open[:last]
	return token{kind: endTag}
}

// peek returns the next byte, or 0 at the end of the text.
func (t *tokens) peek() byte {
	if t.at == len(t.text) {
		return 0
	}
	return t.text[t.at]
}

// blanks reads over white space, and says whether there is any.
func (t *tokens) blanks() bool {
	start := t.at
	for ; t.at < len(t.text); t.at++ {
		if c := t.text[t.at]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
	}
	return t.at > start
}

// word reads what can stand in a name. Whether it is one is judged later.
func (t *tokens) word() string {
	start := t.at
	for ; t.at < len(t.text); t.at++ {
		if c := t.text[t.at]; c <= ' ' || c == '=' || c == '>' || c == '/' || c == '<' || c == '"' || c == '\'' {
			break
		}
	}
	return t.text[start:t.at]
}
