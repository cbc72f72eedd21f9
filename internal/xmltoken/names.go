package xmltoken

import (
	"errors"
	"strings"
	"unicode"
)

var (
	errName       = errors.New("a name is not valid")
	errDuplicate  = errors.New("an element has an attribute twice")
	errPrefix     = errors.New("a namespace prefix is not declared")
	errBinding    = errors.New("a namespace can't be declared so")
	errNamespaces = errors.New("there are too many namespaces")
)

const (
	xmlNS   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNS = "http://www.w3.org/2000/xmlns/"
)

// Name is the name of an element or attribute, in a namespace or in none.
type Name struct{ Space, Local string }

// A scope holds the namespaces that are bound to prefixes, the innermost last.
// The empty prefix is that of elements without one.
type scope []struct{ prefix, namespace string }

// enter binds what the attributes of an element declare, puts the attributes'
// names into their namespaces, and returns the element's name.
func (s *scope) enter(written string, attributes []Attribute) (Name, error) {
	for _, a := range attributes {
		if err := s.declare(a); err != nil {
			return Name{}, err
		}
	}
	for i := range attributes {
		resolved, err := s.attribute(attributes[i].Name.Local)
		if err != nil {
			return Name{}, err
		}
		attributes[i].Name = resolved
		for _, earlier := range attributes[:i] {
			if earlier.Name == resolved {
				return Name{}, errDuplicate
			}
		}
	}
	return s.resolve(written)
}

// declare binds a prefix if that is what the attribute does.
func (s *scope) declare(a Attribute) error {
	prefix, found := strings.CutPrefix(a.Name.Local, "xmlns:")
	switch {
	case !found && a.Name.Local != "xmlns":
		return nil
	case !found:
		prefix = ""
	case a.Value == "", prefix == "xmlns":
		return errBinding
	}
	if a.Value == xmlnsNS || (prefix == "xml") != (a.Value == xmlNS) {
		return errBinding
	}
	if len(*s) == maxNamespaces {
		return errNamespaces
	}
	*s = append(*s, struct{ prefix, namespace string }{prefix, a.Value})
	return nil
}

// attribute returns the name of an attribute. One without a prefix is in no
// namespace, whatever its element is in.
func (s *scope) attribute(written string) (Name, error) {
	prefix, local, found := strings.Cut(written, ":")
	switch {
	case found && prefix == "xmlns" && isName(local):
		return Name{xmlnsNS, local}, nil
	case found:
		return s.resolve(written)
	case !isName(written):
		return Name{}, errName
	case written == "xmlns":
		return Name{xmlnsNS, ""}, nil
	}
	return Name{"", written}, nil
}

// resolve returns the name of an element, or of an attribute with a prefix.
func (s *scope) resolve(written string) (Name, error) {
	prefix, local, found := strings.Cut(written, ":")
	if !found {
		prefix, local = "", written
	}
	if !isName(local) || found && !isName(prefix) {
		return Name{}, errName
	}
	if prefix == "xml" {
		return Name{xmlNS, local}, nil
	}
	for i := len(*s) - 1; i >= 0; i-- {
		if b := (*s)[i]; b.prefix == prefix {
			return Name{b.namespace, local}, nil
		}
	}
	if found {
		return Name{}, errPrefix
	}
	return Name{"", local}, nil
}

// isName says whether this is a name without a colon. Beyond ASCII these are
// fewer than the newest edition of XML 1.0 allows: letters, and what belongs to
// letters.
func isName(s string) bool {
	for i, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', r == '_':
		case '0' <= r && r <= '9', r == '-', r == '.', r == '·':
			if i == 0 {
				return false
			}
		case r < 'À':
			return false
		case unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Lo, unicode.Nl):
		case i == 0 || !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Lm, unicode.Nd):
			return false
		}
	}
	return s != ""
}
