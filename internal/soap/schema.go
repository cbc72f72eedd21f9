package soap

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// A kind says how values of a type are written.
type kind uint8

const (
	text kind = iota
	boolean
	integer
	decimal
	structure
	list
	optional // a pointer: the value or nothing
	dynamic  // an interface: what is in it
)

// A shape is what a Go type is in XML Schema.
// The encoder and the description are both made of it, so that they agree.
type shape struct {
	of     reflect.Type
	kind   kind
	name   string  // of the type in the description: xsd:string, tns:Card, tns:ArrayOfCard
	sent   string  // the same as a sent value names it: xsd:string, ns1:Card, SOAP-ENC:Array
	items  string  // of a list: what it is an array of, xsd:string or for lists of lists xsd:string[]
	fields []field // of a structure
	elem   *shape  // of a list or an optional value
}

// A field is a member of a structure.
type field struct {
	name      string
	index     []int
	omitEmpty bool
	shape     *shape
}

var (
	stringer = reflect.TypeFor[fmt.Stringer]()
	shapes   sync.Map // reflect.Type to *shape
)

// shapeOf returns the shape of a type, which is worked out once.
//
// It panics on a type that has none (maps, functions, floats, unsigned
// integers, structures without a name), which is a fault in the program.
func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape) //nolint:errcheck // nothing else is stored
	}
	made := map[reflect.Type]*shape{}
	s := makeShape(t, made)
	for t, s := range made {
		shapes.Store(t, s)
	}
	return s
}

// makeShape makes the shapes of a type and all that it is made of.
// Those in made are finished or, where a type contains itself, under way.
func makeShape(t reflect.Type, made map[reflect.Type]*shape) *shape {
	if s := made[t]; s != nil {
		return s
	}
	s := &shape{of: t}
	made[t] = s
	switch t.Kind() {
	case reflect.String:
		s.kind, s.name = text, "xsd:string"
	case reflect.Bool:
		s.kind, s.name = boolean, "xsd:boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.kind, s.name = integer, "xsd:int"
		if t.Implements(stringer) {
			s.kind, s.name = decimal, "xsd:decimal"
		}
	case reflect.Interface:
		s.kind, s.name = dynamic, "xsd:anyType"
	case reflect.Pointer:
		s.kind, s.elem = optional, makeShape(t.Elem(), made)
		s.name, s.sent, s.items = s.elem.name, s.elem.sent, s.elem.items
	case reflect.Slice:
		s.kind, s.sent, s.elem = list, "SOAP-ENC:Array", makeShape(t.Elem(), made)
		s.name = "tns:ArrayOf" + upperFirst(localName(s.elem.name))
		s.items = s.elem.sent
		if s.elem.items != "" {
			s.items = s.elem.items + "[]"
		}
	case reflect.Struct:
		s.kind, s.name, s.sent = structure, "tns:"+structName(t), "ns1:"+t.Name()
		s.fields = fieldsOf(t, made)
	default:
		panic("soap: a " + t.String() + " has no type in XML Schema")
	}
	if s.sent == "" {
		s.sent = s.name
	}
	return s
}

// structName returns the name of a structure's type, which has to be a name in XML too.
func structName(t reflect.Type) string {
	if t.Name() == "" || strings.ContainsAny(t.Name(), "[]") {
		panic("soap: the structure " + t.String() + " has no name of its own")
	}
	return t.Name()
}

// fieldsOf returns the members of a structure as encoding/json would find them:
// exported ones, those of embedded structures among them, in the order of
// declaration, with the tag's name if it has one.
func fieldsOf(t reflect.Type, made map[reflect.Type]*shape) []field {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "-" || f.Anonymous && embedsMembers(f.Type) {
			continue
		}
		name := f.Name
		if tag != "" {
			name = tag
		}
		fields = append(fields, field{
			name: name, index: f.Index, omitEmpty: strings.Contains(options, "omitempty"), shape: makeShape(f.Type, made),
		})
	}
	return fields
}

// embedsMembers says whether an embedded type gives its members instead of itself.
func embedsMembers(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

// localName returns a qualified name without its prefix.
func localName(name string) string { return name[strings.IndexByte(name, ':')+1:] }

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
