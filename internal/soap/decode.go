package soap

import (
	"errors"
	"fmt"
	"io"
)

var (
	errNotEnvelope = errors.New("the outermost element is not an Envelope")
	errNoBody      = errors.New("the Envelope has something else where its Body should be")
	errBehindBody  = errors.New("the Envelope has something behind its Body")
	errNoCall      = errors.New("the Body holds no call")
	errTwoCalls    = errors.New("the Body holds more than one call")
	errMixed       = errors.New("there is text beside elements")
	errNilFull     = errors.New("an element said to be nil is not empty")
)

// The schemas' older names, which clients of SOAP 1.1 were written with.
const (
	instanceNS2000 = "http://www.w3.org/2000/10/XMLSchema-instance"
	instanceNS1999 = "http://www.w3.org/1999/XMLSchema-instance"
)

var mustUnderstand = name{envelopeNS, "mustUnderstand"}

// Decode reads one call. The charset is the one of the Content-Type header, or
// empty; one in the XML declaration goes before it. Errors are of type *Fault,
// and their causes repeat nothing of the body.
//
// How large a body may be is the caller's business.
func Decode(body []byte, charset string) (*Call, error) {
	text, err := toUTF8(body, charset)
	if err != nil {
		return nil, BadRequest(err)
	}
	d := decoder{&tokens{text: text}}
	call, err := d.envelope()
	if err == nil {
		return call, nil
	}
	var fault *Fault
	if errors.As(err, &fault) {
		return nil, fault
	}
	at := len(body) - len(text) + d.at
	return nil, BadRequest(fmt.Errorf("near byte %d: %w", max(at, 0), err))
}

// decoder walks the grammar of a call: an Envelope with an optional Header and a
// Body, and in the Body one element, which names the method.
type decoder struct{ *tokens }

// envelope reads the whole document.
func (d decoder) envelope() (*Call, error) {
	switch root, err := d.child(); {
	case err != nil:
		return nil, err
	case root.name.local != "Envelope":
		return nil, errNotEnvelope
	case root.name.space != envelopeNS:
		return nil, &Fault{Code: CodeVersionMismatch, Message: "The envelope is not one of SOAP 1.1"}
	}
	part, err := d.child()
	if err == nil && isPart(part, "Header") {
		if err := d.header(); err != nil {
			return nil, err
		}
		part, err = d.child()
	}
	if err != nil {
		return nil, err
	}
	if !isPart(part, "Body") {
		return nil, errNoBody
	}
	call, err := d.body()
	if err != nil {
		return nil, err
	}
	return call, d.rest()
}

// isPart says whether a token starts that part of an Envelope.
func isPart(e token, part string) bool {
	return e.kind == startTag && e.name == name{envelopeNS, part}
}

// rest reads what may stand behind the Body: no more elements.
func (d decoder) rest() error {
	more, err := d.child()
	if err != nil {
		return err
	}
	if more.kind == startTag {
		return errBehindBody
	}
	if _, err := d.next(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// header reads the Header. Nothing in it is understood.
func (d decoder) header() error {
	for {
		block, err := d.child()
		if err != nil || block.kind == endTag {
			return err
		}
		for _, a := range block.attributes {
			if a.name == mustUnderstand && isTrue(a.value) {
				return &Fault{Code: CodeMustUnderstand, Message: "A header must be understood and is not"}
			}
		}
		if err := d.skip(); err != nil {
			return err
		}
	}
}

// body reads the one call in the Body.
func (d decoder) body() (*Call, error) {
	method, err := d.child()
	if err != nil {
		return nil, err
	}
	if method.kind == endTag {
		return nil, errNoCall
	}
	n, err := d.node(method)
	if err != nil {
		return nil, err
	}
	if len(n.Nodes) == 0 && !isBlank(n.Text) {
		return nil, errMixed
	}
	more, err := d.child()
	if err == nil && more.kind == startTag {
		err = errTwoCalls
	}
	return &Call{Method: n.Name, Args: n.Nodes}, err
}

// child returns the next start tag inside the element that is open, or its end
// tag.
func (d decoder) child() (token, error) {
	for {
		found, err := d.next()
		if err != nil || found.kind != characters {
			return found, err
		}
		if !isBlank(found.text) {
			return found, errMixed
		}
	}
}

// skip reads the element that is open to its end.
func (d decoder) skip() error {
	for depth := len(d.open); len(d.open) >= depth; {
		if _, err := d.next(); err != nil {
			return err
		}
	}
	return nil
}

// node reads the element that was just opened, with all that is inside.
func (d decoder) node(e token) (Node, error) {
	n := Node{Name: e.name.local}
	if err := n.describe(e.attributes); err != nil {
		return n, err
	}
	var text pieces
	for {
		found, err := d.next()
		if err != nil {
			return n, err
		}
		switch found.kind {
		case characters:
			text.add(found.text)
		case startTag:
			inner, err := d.node(found)
			if err != nil {
				return n, err
			}
			n.Nodes = append(n.Nodes, inner)
		case endTag:
			return n, n.fill(text.String())
		}
	}
}

// describe reads what attributes say about a node.
func (n *Node) describe(attributes []attribute) error {
	for _, a := range attributes {
		switch a.name.space {
		case "":
			if a.name.local == "href" {
				return &Fault{Code: CodeClient, Message: "Multi-reference values (href) are not supported: pass a copy of a value, not the same one again"}
			}
		case encodingNS:
			n.Array = n.Array || a.name.local == "arrayType"
		case instanceNS, instanceNS2000, instanceNS1999:
			switch a.name.local {
			case "type":
				n.Type = localName(trim(a.value))
				n.Array = n.Array || n.Type == "Array"
			case "nil", "null":
				n.Nil = isTrue(a.value)
			}
		}
	}
	return nil
}

// isTrue reads a boolean of XML Schema.
func isTrue(value string) bool {
	value = trim(value)
	return value == "1" || value == "true"
}

// fill gives a node its text. Only blanks may stand beside other elements.
func (n *Node) fill(text string) error {
	switch {
	case n.Nil && (len(n.Nodes) > 0 || !isBlank(text)):
		return errNilFull
	case len(n.Nodes) == 0:
		n.Text = text
	case !isBlank(text):
		return errMixed
	}
	return nil
}

// pieces is text that comes in pieces, and most often in one.
type pieces struct {
	first string
	more  []byte // with the first one, when there are several
}

func (p *pieces) add(text string) {
	switch {
	case p.more != nil:
		p.more = append(p.more, text...)
	case p.first == "":
		p.first = text
	default:
		p.more = append([]byte(p.first), text...)
	}
}

func (p *pieces) String() string {
	if p.more != nil {
		return string(p.more)
	}
	return p.first
}
