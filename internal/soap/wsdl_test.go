package soap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var shop = &Description{
	Name: "Shop", Namespace: testNS, Documentation: "Sells things & more.",
	Operations: []Operation{
		{
			Name: "login", Documentation: "Starts a session.",
			Params: []Param{{"user", reflect.TypeFor[string]()}, {"minutes", reflect.TypeFor[int]()}, {"algo", reflect.TypeFor[*string]()}},
			Result: reflect.TypeFor[string](),
		},
		{
			Name:   "getCustomer",
			Params: []Param{{"reference", reflect.TypeFor[int64]()}, {"cards", reflect.TypeFor[bool]()}},
			Result: reflect.TypeFor[*Customer](),
		},
		{Name: "addCards", Params: []Param{{"Cards", reflect.TypeFor[[]Card]()}}, Result: reflect.TypeFor[int]()},
	},
}

func TestWSDL(t *testing.T) {
	got := shop.WSDL("https://shop.example/a&b/")
	golden := filepath.Join("testdata", "shop.wsdl")
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestWSDLIsTheSameEachTime(t *testing.T) {
	first := shop.WSDL("https://shop.example/")
	for range 20 {
		if !bytes.Equal(first, shop.WSDL("https://shop.example/")) {
			t.Fatal("two descriptions of the same service differ")
		}
	}
}

func TestEncodingSchemaIsBesideTheService(t *testing.T) {
	want := ` schemaLocation="https://shop.example/soap/soapenc.xsd"/>`
	for _, location := range []string{"https://shop.example/soap", "https://shop.example/soap/"} {
		wsdl := string(shop.WSDL(location))
		if !strings.Contains(wsdl, want) || !strings.Contains(wsdl, `<soap:address location="`+location+`"/>`) {
			t.Errorf("%s: the address or the schema's place is another", location)
		}
	}
}

// TestWSDLResolves holds every reference of the description against a declaration.
func TestWSDLResolves(t *testing.T) {
	declared, used := map[string]bool{}, map[string]bool{}
	prefixes := map[string]string{"definitions": "tns:", "complexType": "tns:", "message": "tns:", "portType": "tns:", "binding": "tns:"}
	read(t, shop.WSDL("https://shop.example/"), func(e xml.StartElement) {
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "name":
				declared[prefixes[e.Name.Local]+a.Value] = true
			case "type", "base", "ref", "message", "binding", "arrayType":
				used[strings.TrimSuffix(a.Value, "[]")] = true
			}
		}
	})
	read(t, EncodingSchema, func(e xml.StartElement) {
		for _, a := range e.Attr {
			if a.Name.Local == "name" {
				declared["SOAP-ENC:"+a.Value] = true
			}
		}
	})
	for name := range used {
		if !strings.HasPrefix(name, "xsd:") && !declared[name] {
			t.Errorf("%s is used but not declared", name)
		}
	}
	if !used["tns:Token"] || !used["tns:ArrayOfArrayOfInt"] {
		t.Errorf("got %v, want what is deep inside, too", used)
	}
}

func TestEncodingSchemaNeverRefersToItself(t *testing.T) {
	read(t, EncodingSchema, func(e xml.StartElement) {
		for _, a := range e.Attr {
			isReference := a.Name.Local == "type" || a.Name.Local == "ref" || a.Name.Local == "base"
			if isReference && !strings.HasPrefix(a.Value, "xsd:") {
				t.Errorf("<%s> refers to %s", e.Name.Local, a.Value)
			}
		}
	})
}

// read calls f with each element of a document.
func read(t *testing.T, document []byte, f func(xml.StartElement)) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			f(e)
		}
	}
}

func TestStructuresOfTheSameNamePanic(t *testing.T) {
	type Card struct{ Other string }
	d := &Description{Name: "Shop", Namespace: testNS, Operations: []Operation{
		{Name: "a", Result: reflect.TypeFor[Customer]()}, {Name: "b", Result: reflect.TypeFor[Card]()},
	}}
	if !panics(func() { d.WSDL("https://shop.example/") }) {
		t.Error("got a description with two meanings of Card, want a panic")
	}
}
