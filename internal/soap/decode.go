package soap

import (
	"errors"
	"fmt"
	"io"

	"github.com/latchkey-sso/latchkey/internal/xmltoken"
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

var mustUnderstand = xmltoken.Name{Space: envelopeNS, Local: "mustUnderstand"}

// Decode reads one call. The charset is the one of the Content-Type header, or
// empty; one in the XML declaration goes before it. Errors are of type *Fault,
// and their causes repeat nothing of the body.
//
// How large a body may be is the caller's business.
func Decode(body []byte, charset string) (*Call, error) {
	d := decoder{&xmltoken.Reader{}}
	if err := d.Reset(body, charset); err != nil {
		return nil, BadRequest(err)
	}
	call, err := d.envelope()
	if err == nil {
		return call, nil
	}
	var fault *Fault
	if errors.As(err, &fault) {
		return nil, fault
	}
	return nil, BadRequest(fmt.Errorf("near byte %d: %w", d.At(), err))
}

// decoder walks the grammar of a call: an Envelope with an optional Header and a
// Body, and in the Body one element, which names the method.
type decoder struct{ *xmltoken.Reader }

// envelope reads the whole document.
func (d decoder) envelope() (*Call, error) {
	switch root, err := d.child(); {
	case err != nil:
		return nil, err
	case root.Name.Local != "Envelope":
		return nil, errNotEnvelope
	case root.Name.Space != envelopeNS:
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
func isPart(e xmltoken.Token, part string) bool {
	return e.Kind == xmltoken.Start && e.Name == xmltoken.Name{Space: envelopeNS, Local: part}
}

// rest reads what may stand behind the Body: no more elements.
func (d decoder) rest() error {
	more, err := d.child()
	if err != nil {
		return err
	}
	if more.Kind == xmltoken.Start {
		return errBehindBody
	}
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// header reads the Header. Nothing in it is understood.
func (d decoder) header() error {
	for {
		block, err := d.child()
		if err != nil || block.Kind == xmltoken.End {
			return err
		}
		for _, a := range block.Attributes {
			if a.Name == mustUnderstand && isTrue(a.Value) {
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
	if method.Kind == xmltoken.End {
		return nil, errNoCall
	}
	n, err := d.node(method)
	if err != nil {
		return nil, err
	}
	if len(n.Nodes) == 0 && !xmltoken.IsBlank(n.Text) {
		return nil, errMixed
	}
	more, err := d.child()
	if err == nil && more.Kind == xmltoken.Start {
		err = errTwoCalls
	}
	return &Call{Method: n.Name, Args: n.Nodes}, err
}

// child returns the next start tag inside the element that is open, or its end
// tag.
func (d decoder) child() (xmltoken.Token, error) {
	for {
		found, err := d.Next()
		if err != nil || found.Kind != xmltoken.Text {
			return found, err
		}
		if !xmltoken.IsBlank(found.Text) {
			return found, errMixed
		}
	}
}

// skip reads the element that is open to its end.
func (d decoder) skip() error {
	for depth := d.Depth(); d.Depth() >= depth; {
		if _, err := d.Next(); err != nil {
			return err
		}
	}
	return nil
}

// node reads the element that was just opened, with all that is inside.
func (d decoder) node(e xmltoken.Token) (Node, error) {
	n := Node{Name: e.Name.Local}
	if err := n.describe(e.Attributes); err != nil {
		return n, err
	}
	var text pieces
	for {
		found, err := d.Next()
		if err != nil {
			return n, err
		}
		switch found.Kind {
		case xmltoken.Text:
			text.add(found.Text)
		case xmltoken.Start:
			inner, err := d.node(found)
			if err != nil {
				return n, err
			}
			n.Nodes = append(n.Nodes, inner)
		case xmltoken.End:
			return n, n.fill(text.String())
		}
	}
}

// describe reads what attributes say about a node.
func (n *Node) describe(attributes []xmltoken.Attribute) error {
	for _, a := range attributes {
		switch a.Name.Space {
		case "":
			if a.Name.Local == "href" {
				return &Fault{Code: CodeClient, Message: "Multi-reference values (href) are not supported: pass a copy of a value, not the same one again"}
			}
		case encodingNS:
			n.Array = n.Array || a.Name.Local == "arrayType"
		case instanceNS, instanceNS2000, instanceNS1999:
			switch a.Name.Local {
			case "type":
				n.Type = localName(xmltoken.Trim(a.Value))
				n.Array = n.Array || n.Type == "Array"
			case "nil", "null":
				n.Nil = isTrue(a.Value)
			}
		}
	}
	return nil
}

// isTrue reads a boolean of XML Schema.
func isTrue(value string) bool {
	value = xmltoken.Trim(value)
	return value == "1" || value == "true"
}

// fill gives a node its text. Only blanks may stand beside other elements.
func (n *Node) fill(text string) error {
	switch {
	case n.Nil && (len(n.Nodes) > 0 || !xmltoken.IsBlank(text)):
		return errNilFull
	case len(n.Nodes) == 0:
		n.Text = text
	case !xmltoken.IsBlank(text):
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
