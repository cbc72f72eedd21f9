package config

import (
	"embed"
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"reflect"
	"strings"
)

// source holds the comments of the settings, for the reference.
//
//go:embed config.go secret.go branding.go portal.go app.go
var source embed.FS

// Field is one setting, for the reference.
type Field struct {
	// Path is its place, as in "tenants[].clients[].id".
	Path string
	// Env is the environment variable that sets it, or empty.
	Env string
	// Kind names what it holds; empty for a group of settings.
	Kind string
	// Default is its value when it is not set, or empty.
	Default string

	owner, name string // the struct's type and the field, in Go
}

// fieldsOf lists the settings of a struct, in order, groups before their parts.
func fieldsOf(v reflect.Value, path, envPrefix string) []Field {
	var all []Field
	for i := range v.NumField() {
		def, value := v.Type().Field(i), v.Field(i)
		key, ok := def.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		f := Field{Path: join(path, key), owner: v.Type().Name(), name: def.Name}
		if name, ok := def.Tag.Lookup("env"); ok && envPrefix != "" {
			f.Env = envPrefix + name
		}
		innerEnv := ""
		if prefix, ok := def.Tag.Lookup("envPrefix"); ok && envPrefix != "" {
			innerEnv = envPrefix + prefix
		}
		if parts, inner := group(value, f.Path); inner != "" {
			all = append(append(all, f), fieldsOf(parts, inner, innerEnv)...)
			continue
		}
		f.Kind, f.Default = describe(value)
		all = append(all, f)
	}
	return all
}

// group returns the struct that a setting is made of, and the path of its
// parts; the path is empty when the setting is a plain value.
func group(v reflect.Value, path string) (reflect.Value, string) {
	t := v.Type()
	switch {
	case t.Kind() == reflect.Struct && !isText(t):
		return v, path
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		return fresh(t.Elem()).Elem(), path
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && !isText(t.Elem()):
		return fresh(t.Elem()).Elem(), path + "[]"
	}
	return v, ""
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// describe names what a plain setting holds, and its default.
func describe(v reflect.Value) (kind, standard string) {
	switch v.Interface().(type) {
	case LogoFile:
		return "path of a file", ""
	case Duration:
		return "time", fmt.Sprint(v.Interface())
	case []Network:
		return "list of addresses and networks", ""
	case []string:
		list, _ := v.Interface().([]string)
		return "list", strings.Join(list, ", ")
	case Contracts:
		return "mapping of contracts to products", ""
	case map[string]string:
		return "mapping of hosts to addresses", ""
	case *int:
		return "whole number", ""
	case int:
		return "whole number", fmt.Sprint(v.Int())
	case bool:
		return "true or false", fmt.Sprint(v.Bool())
	}
	return "text", v.String()
}

// comments returns the comment of every field, by "Type.Field".
func comments() (map[string]string, error) {
	found := map[string]string{}
	entries, err := source.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("read own source: %w", err)
	}
	for _, e := range entries {
		text, err := source.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("read own source: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), text, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read own source: %w", err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if ok {
				collect(spec, found)
			}
			return !ok
		})
	}
	return found, nil
}

func collect(spec *ast.TypeSpec, found map[string]string) {
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			found[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
}

// WriteReference writes the reference of all settings, in Markdown.
func WriteReference(w io.Writer) error {
	text, err := comments()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(referenceIntro)
	for _, f := range fieldsOf(reflect.ValueOf(*Default()), "", EnvPrefix) {
		key := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
		doc := strings.TrimPrefix(text[f.owner+"."+f.name], f.name)
		fmt.Fprintf(&b, "\n### `%s`\n\n`%s`%s\n", f.Path, key, doc)
		if facts := f.facts(); facts != "" {
			fmt.Fprintf(&b, "\n%s\n", facts)
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// facts returns one line of kind, default and variable.
func (f *Field) facts() string {
	if f.Kind == "" {
		return ""
	}
	facts := []string{"Value: " + f.Kind}
	if f.Default != "" {
		facts = append(facts, "default: `"+f.Default+"`")
	}
	if f.Env != "" {
		facts = append(facts, "variable: `"+f.Env+"`")
	}
	return strings.Join(facts, " · ")
}

const referenceIntro = `# Configuration

What ` + "`latchkey serve`" + ` can be told. Settings come from the built-in defaults, then from the YAML file given with
` + "`--config`" + `, then from environment variables, then from flags; what comes later wins. Unknown keys are mistakes.
` + "`latchkey config check FILE`" + ` names every mistake with its place, and docs/latchkey.example.yaml is a file to start from.

On SIGHUP the file is read again: tenants, clients, destinations and the certificate change at once, without losing a
request. Other settings need a restart. A file with a mistake in it changes nothing.

A time is written as in ` + "`1m30s`" + `, or as a number of seconds. Relative paths start at the directory that the server was
started in, those of logos at the directory of the configuration file.

This page is printed by ` + "`latchkey config docs`" + `.

## Settings
`
