package soap

import (
	"reflect"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/xmltoken"
)

// Value returns what the node says, as encoding/json would decode it into an
// empty interface: nil, a string, []any or map[string]any. Booleans and numbers
// stay text.
//
// It is guided by the type that is wanted: a type that AppendResult can write,
// or nil to judge by the node alone. A node that says something else comes as
// what it is, and the caller refuses it.
//
//   - An object is an element with members, or an Apache Map. A member that
//     differs from one of the wanted structure only by the case of its letters
//     comes under the structure's name; others keep their own. A member given
//     several times is a list of all that was said, whether a list is wanted
//     there or not.
//   - A list is a SOAP-ENC:Array, an element with items of any name, a Map with
//     whole numbers as keys, or, as a member, the element repeated. Where a list
//     of objects is wanted, one object is a list of one.
//   - Text in base64 is what it stands for, if that is text.
//   - An empty element without a type is an empty list where a list is wanted,
//     and otherwise empty text, whatever is wanted.
func (n *Node) Value(want reflect.Type) any {
	if want == nil {
		return n.value(nil)
	}
	return n.value(shapeOf(want))
}

func (n *Node) value(want *shape) any {
	want = want.concrete()
	entries, isMap := n.entries()
	switch {
	case n.Nil:
		return nil
	case n.Array:
		return items(n.Nodes, want.item())
	case want.is(list):
		return n.list(want.elem, entries)
	case isMap:
		return object(entries, want)
	case len(n.Nodes) > 0:
		return object(n.members(), want)
	case n.Type == "Struct":
		return map[string]any{}
	case want.is(structure) && xmltoken.IsBlank(n.Text):
		return ""
	}
	return n.said()
}

// list returns the node as a list, whose items are the elements inside unless
// they are the members of a single object.
func (n *Node) list(want *shape, entries []entry) any {
	switch {
	case numbered(entries):
		values := make([]any, len(entries))
		for i, e := range entries {
			values[i] = e.value.value(want)
		}
		return values
	case len(entries) > 0, n.Type == "Struct", n.isObject(want.concrete()):
		return []any{n.value(want)}
	case len(n.Nodes) > 0:
		return items(n.Nodes, want)
	case xmltoken.IsBlank(n.Text):
		return []any{}
	}
	return []any{n.value(want)} // a list of one, as the element repeated once
}

// isObject says whether some of the elements inside are members of the wanted
// structure.
func (n *Node) isObject(want *shape) bool {
	if !want.is(structure) {
		return false
	}
	for i := range n.Nodes {
		if f := want.field(n.Nodes[i].Name); f != nil && (len(n.Nodes[i].Nodes) == 0 || f.shape.concrete().nested()) {
			return true
		}
	}
	return false
}

func items(nodes []Node, want *shape) []any {
	values := make([]any, len(nodes))
	for i := range nodes {
		values[i] = nodes[i].value(want)
	}
	return values
}

// An entry is a member of an object, or an item of a Map.
type entry struct {
	name  string
	value *Node
}

func (n *Node) members() []entry {
	members := make([]entry, len(n.Nodes))
	for i := range n.Nodes {
		members[i] = entry{n.Nodes[i].Name, &n.Nodes[i]}
	}
	return members
}

// entries returns the items of an Apache Map; false when it is none.
func (n *Node) entries() ([]entry, bool) {
	if n.Type != "Map" {
		return nil, false
	}
	entries := make([]entry, len(n.Nodes))
	for i := range n.Nodes {
		pair := n.Nodes[i].Nodes
		if len(pair) != 2 || pair[0].Name != "key" || pair[1].Name != "value" || len(pair[0].Nodes) > 0 {
			return nil, false
		}
		entries[i] = entry{pair[0].said(), &pair[1]}
	}
	return entries, true
}

// numbered says whether these are the items of a list that PHP sends as a Map.
func numbered(entries []entry) bool {
	for _, e := range entries {
		if e.name == "" || strings.Trim(e.name, "0123456789") != "" {
			return false
		}
	}
	return len(entries) > 0
}

// object returns the members as an object.
func object(members []entry, want *shape) map[string]any {
	given := make(map[string][]*Node, len(members))
	for _, m := range members {
		name := m.name
		if f := want.field(name); f != nil {
			name = f.name
		}
		given[name] = append(given[name], m.value)
	}
	values := make(map[string]any, len(given))
	for name, nodes := range given {
		var inner *shape
		if f := want.field(name); f != nil {
			inner = f.shape
		}
		values[name] = oneOrAll(nodes, inner)
	}
	return values
}

// oneOrAll returns the value of a member that is given once or several times.
// Several are never fewer: the last one must not win silently.
func oneOrAll(nodes []*Node, want *shape) any {
	if len(nodes) == 1 {
		return nodes[0].value(want)
	}
	if want = want.concrete(); want.is(list) {
		want = want.elem
	}
	values := make([]any, len(nodes))
	for i, n := range nodes {
		values[i] = n.value(want)
	}
	return values
}

// concrete returns the shape of the value itself; nil when it can be anything.
func (s *shape) concrete() *shape {
	for s.is(optional) {
		s = s.elem
	}
	if s.is(dynamic) {
		return nil
	}
	return s
}

func (s *shape) is(k kind) bool { return s != nil && s.kind == k }

// nested says whether there are elements inside those of this shape.
func (s *shape) nested() bool { return s == nil || s.kind == structure || s.kind == list }

// item returns the shape of a list's items; nil when they can be anything.
func (s *shape) item() *shape {
	if s.is(list) {
		return s.elem
	}
	return nil
}

// field returns the member of a structure that a name means, or nil.
func (s *shape) field(name string) *field {
	if !s.is(structure) {
		return nil
	}
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	for i := range s.fields {
		if strings.EqualFold(s.fields[i].name, name) {
			return &s.fields[i]
		}
	}
	return nil
}
