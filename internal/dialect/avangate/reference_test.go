package avangate_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
)

var update = flag.Bool("update", false, "write the reference instead of comparing it")

const referenceFile = "../../../docs/2checkout-methods.md"

// The reference is made from the table that the dialects are made from.
func TestReferenceIsTheMethodTable(t *testing.T) {
	got := reference()
	if *update {
		if err := os.WriteFile(referenceFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/2checkout-methods.md (-there +declared); go test ./internal/dialect/avangate -update writes it:\n%s", diff)
	}
}

const referenceHead = `# Methods of 2Checkout SOAP and JSON-RPC

SOAP (` + "`/soap/6.0/`, described at `/soap/6.0/?wsdl`) and JSON-RPC (`/rpc/6.0/`" + `) offer these methods under the same names with
the same arguments in the same order. Arguments are matched by name, or else by position. Optional ones may be left out at
the end, or be null or empty. Every method but login begins with the id of a session, which lives 10 minutes from login;
after that, and with any other id, the answer is FORBIDDEN: log in again.

This page is made from the table that the server is made from. [compatibility.md](compatibility.md) lists what is the same as
at the vendor, the error codes, and each choice of ours.
`

func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	r := &referenceWriter{Builder: &b}
	for _, m := range avangate.Methods() {
		r.method(&m)
	}
	b.WriteString("\n## Types\n")
	for i := 0; i < len(r.types); i++ {
		r.describe(r.types[i])
	}
	return b.String()
}

type referenceWriter struct {
	*strings.Builder
	types []reflect.Type // in the order in which they are mentioned
}

func (r *referenceWriter) method(m *avangate.Method) {
	fmt.Fprintf(r, "\n## %s\n\n%s\n\n| argument | type | |\n|---|---|---|\n", m.Name, m.About)
	for _, p := range m.Params {
		about := p.About
		if p.Optional {
			about = "optional: " + about
		}
		fmt.Fprintf(r, "| %s | %s | %s |\n", p.Name, r.word(p.Type), about)
	}
	fmt.Fprintf(r, "\nReturns: %s.\n", r.word(m.Result))
}

// word returns the name of a type, and notes it to be described.
func (r *referenceWriter) word(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[avangate.Decimal]():
		return "decimal"
	case t.Kind() == reflect.Pointer:
		return r.word(t.Elem())
	case t.Kind() == reflect.Slice:
		return "list of " + r.word(t.Elem())
	case t.Kind() == reflect.Struct:
		known := false
		for _, seen := range r.types {
			known = known || seen == t
		}
		if !known {
			r.types = append(r.types, t)
		}
		return fmt.Sprintf("[%s](#%s)", t.Name(), strings.ToLower(t.Name()))
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Interface:
		return map[string]string{
			"wholeNumber": "int or string", "yesOrNo": "boolean, or `YES` or `NO`", "pageRequest": "string, or a list or an object in its place",
		}[t.Name()]
	}
	return "int"
}

func (r *referenceWriter) describe(t reflect.Type) {
	fmt.Fprintf(r, "\n### %s\n\n| field | type |\n|---|---|\n", t.Name())
	for _, f := range reflect.VisibleFields(t) {
		if !f.Anonymous {
			fmt.Fprintf(r, "| %s | %s |\n", f.Name, r.word(f.Type))
		}
	}
}
