package xmltoken

import (
	"errors"
	"io"
)

var (
	errForeign = errors.New("an element is in another namespace")
	errNested  = errors.New("an element holds others where it should hold text")
	errBeside  = errors.New("there is text beside elements")
	errTwice   = errors.New("an element is there twice")
)

// Flat reads a document that is a list: one outermost element, of whatever name,
// with elements inside that hold text alone. It returns their texts by local name,
// with the blanks around them. All elements must be in the namespace or in none,
// and none may be there twice. Attributes are ignored.
func Flat(document []byte, charset, namespace string) (map[string]string, error) {
	var r Reader
	if err := r.Reset(document, charset); err != nil {
		return nil, err
	}
	root, err := r.Next() // no text can come before the outermost element
	if err == nil {
		err = root.Name.within(namespace)
	}
	texts := map[string]string{}
	for err == nil {
		if err = r.member(namespace, texts); errors.Is(err, io.EOF) {
			return texts, nil
		}
	}
	return nil, err
}

// member reads what comes next inside the outermost element, or to the end of the
// document when that is over: then the error is io.EOF.
func (r *Reader) member(namespace string, texts map[string]string) error {
	found, err := r.Next()
	switch {
	case err != nil:
		return err
	case found.Kind == Text && !IsBlank(found.Text):
		return errBeside
	case found.Kind == Start:
		return r.textOf(found.Name, namespace, texts)
	}
	return nil
}

// textOf reads the element that was just opened to its end.
func (r *Reader) textOf(of Name, namespace string, texts map[string]string) error {
	if err := of.within(namespace); err != nil {
		return err
	}
	if _, again := texts[of.Local]; again {
		return errTwice
	}
	var text []byte
	for {
		found, err := r.Next()
		switch {
		case err != nil:
			return err
		case found.Kind == Start:
			return errNested
		case found.Kind == End:
			texts[of.Local] = string(text)
			return nil
		}
		text = append(text, found.Text...)
	}
}

// within returns nil for a name in the namespace or in none.
func (n Name) within(namespace string) error {
	if n.Space != "" && n.Space != namespace {
		return errForeign
	}
	return nil
}
