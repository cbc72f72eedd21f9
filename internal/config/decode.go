package config

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decoder fills a struct from YAML and collects every mistake on the way. Only
// keys that the struct has are accepted, each once.
type decoder struct {
	origin   *origin
	anchors  map[string]ast.Node
	problems Problems
	// What seeds may have beyond configurations: keys, and secrets themselves.
	extra   map[reflect.Type]extras
	literal bool
}

// extras are keys that a struct does not have, and who reads their values.
type extras map[string]func(node ast.Node, v reflect.Value, path string)

func parse(text []byte) (*ast.File, error) { return parser.ParseBytes(text, 0) }

// decode fills c from a YAML file.
func decode(c *Config, file *ast.File) Problems {
	d := &decoder{origin: &c.origin}
	d.file(file, reflect.ValueOf(c).Elem())
	return d.problems
}

// file fills v from a file.
func (d *decoder) file(file *ast.File, v reflect.Value) {
	d.anchors, d.origin.places = map[string]ast.Node{}, map[string]place{}
	for i, doc := range file.Docs {
		if i > 0 && doc.Body != nil {
			d.fail(doc.Body, "", "must be one YAML document")
			break
		}
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			d.value(doc.Body, v, "")
		}
	}
}

// syntax turns the parser's error into a problem.
func (o *origin) syntax(err error) Problem {
	p := Problem{Source: o.file, Text: err.Error()}
	if e := yaml.Error(nil); errors.As(err, &e) {
		p.Text = e.GetMessage()
		if t := e.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
	}
	return p
}

// position returns where the node begins; a mapping begins with its first key.
func position(node ast.Node) place {
	if entries, ok := mappingEntries(node); ok && len(entries) > 0 {
		node = entries[0].Key
	}
	if t := node.GetToken(); t != nil && t.Position != nil {
		return place{t.Position.Line, t.Position.Column}
	}
	return place{}
}

// fail notes a mistake at the node.
func (d *decoder) fail(node ast.Node, path, format string, args ...any) {
	at := position(node)
	d.problems = append(d.problems, Problem{
		Source: d.origin.file, Line: at.line, Column: at.column, Path: path, Text: fmt.Sprintf(format, args...),
	})
}

// defaulter is a type whose values start with settings of their own.
type defaulter interface{ setDefaults() }

// value fills v from the node. A null leaves v as it is.
func (d *decoder) value(node ast.Node, v reflect.Value, path string) {
	node = d.resolve(node, path)
	if node == nil || node.Type() == ast.NullType {
		return
	}
	switch target := v.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		d.scalar(node, v, path)
		return
	case *SecretRef:
		if text, ok := textOf(node); ok && d.literal {
			*target = Literal(text)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(fresh(v.Type().Elem()))
		d.value(node, v.Elem(), path)
	case reflect.Struct:
		d.mapping(node, v, path)
	case reflect.Slice:
		d.sequence(node, v, path)
	case reflect.Map:
		d.table(node, v, path)
	default:
		d.scalar(node, v, path)
	}
}

// resolve follows anchors and aliases; nil when it can't.
func (d *decoder) resolve(node ast.Node, path string) ast.Node {
	switch n := node.(type) {
	case *ast.AnchorNode:
		d.anchors[n.Name.GetToken().Value] = n.Value
		return d.resolve(n.Value, path)
	case *ast.AliasNode:
		target, ok := d.anchors[n.Value.GetToken().Value]
		if !ok {
			d.fail(node, path, "refers to an anchor that is not defined before it")
		}
		return target
	case *ast.TagNode:
		d.fail(node, path, "must not have a tag")
		return nil
	}
	return node
}

// fresh returns a pointer to a new value with its defaults.
func fresh(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if withDefaults, ok := p.Interface().(defaulter); ok {
		withDefaults.setDefaults()
	}
	return p
}

func (d *decoder) mapping(node ast.Node, v reflect.Value, path string) {
	entries, ok := mappingEntries(node)
	if !ok {
		text := "must be a mapping of keys to values"
		if s, special := v.Interface().(interface{ scalarText() string }); special {
			text = s.scalarText()
		}
		d.fail(node, path, "%s", text)
		return
	}
	fields := fieldsByKey(v.Type())
	for _, e := range entries {
		key := e.Key.GetToken().Value
		at := join(path, key)
		if index, known := fields[key]; known {
			d.origin.places[at] = position(e.Key)
			d.value(e.Value, v.Field(index), at)
			continue
		}
		if read, known := d.extra[v.Type()][key]; known {
			d.origin.places[at] = position(e.Key)
			read(e.Value, v, at)
			continue
		}
		known := slices.Concat(keys(v.Type()), slices.Sorted(maps.Keys(d.extra[v.Type()])))
		d.fail(e.Key, path, "%q is not a key here; those are %s", key, strings.Join(known, ", "))
	}
}

// table fills a map of texts by texts.
func (d *decoder) table(node ast.Node, v reflect.Value, path string) {
	entries, ok := mappingEntries(node)
	if !ok {
		d.fail(node, path, "must be a mapping of keys to values")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range entries {
		key := e.Key.GetToken().Value
		at := entry(path, key)
		d.origin.places[at] = position(e.Key)
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(e.Value, value, at)
		v.SetMapIndex(reflect.ValueOf(key), value)
	}
}

// entry returns the path of a map's entry.
func entry(path, key string) string { return path + "[" + key + "]" }

// mappingEntries returns the entries of a mapping, of which one alone is a node
// of its own kind.
func mappingEntries(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (d *decoder) sequence(node ast.Node, v reflect.Value, path string) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		d.fail(node, path, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values)))
	for i, item := range list.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.origin.places[at] = position(item)
		v.Index(i).Set(fresh(v.Type().Elem()).Elem())
		d.value(item, v.Index(i), at)
	}
}

func (d *decoder) scalar(node ast.Node, v reflect.Value, path string) {
	scalar, ok := node.(ast.ScalarNode)
	if !ok {
		d.fail(node, path, "must be a single value")
		return
	}
	if target, isText := v.Addr().Interface().(encoding.TextUnmarshaler); isText {
		if err := target.UnmarshalText(fmt.Append(nil, scalar.GetValue())); err != nil {
			d.fail(node, path, "%s", err)
		}
		return
	}
	if v.Kind() == reflect.String && node.Type() != ast.StringType && node.Type() != ast.LiteralType {
		v.SetString(node.GetToken().Value) // 10 or true where a text is wanted
		return
	}
	if err := yaml.NodeToValue(node, v.Addr().Interface()); err != nil {
		d.fail(node, path, "must be %s", kindName(v.Type()))
	}
}

// textOf returns what a single value is as text: 007 and yes as they stand there.
func textOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case ast.ScalarNode:
		return node.GetToken().Value, node.Type() != ast.NullType
	}
	return "", false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// kindName names a type to people.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Pointer:
		return kindName(t.Elem())
	case reflect.Slice:
		return "a list"
	}
	return "a text"
}

// keys returns the keys that a struct accepts, in its order.
func keys(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if key, ok := t.Field(i).Tag.Lookup("yaml"); ok {
			names = append(names, key)
		}
	}
	return names
}

func fieldsByKey(t reflect.Type) map[string]int {
	index := map[string]int{}
	for i := range t.NumField() {
		if key, ok := t.Field(i).Tag.Lookup("yaml"); ok {
			index[key] = i
		}
	}
	return index
}
