package soap

import (
	_ "embed"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// EncodingSchema is the schema of the SOAP encoding's namespace that a
// description imports, to be served as text/xml at EncodingSchemaName beside
// the service. It is smaller than the original: it defines what a description
// refers to and never refers to its own namespace, which clients would look
// for on the internet.
//
//go:embed soapenc.xsd
var EncodingSchema []byte

// EncodingSchemaName is the last part of the encoding schema's address.
const EncodingSchemaName = "soapenc.xsd"

const (
	wsdlNS     = "http://schemas.xmlsoap.org/wsdl/"
	wsdlSoapNS = "http://schemas.xmlsoap.org/wsdl/soap/"
	overHTTP   = "http://schemas.xmlsoap.org/soap/http"
)

// A Description is a service as its clients see it.
type Description struct {
	Name          string // a name in XML
	Namespace     string
	Documentation string // optional
	Operations    []Operation
}

// An Operation is a method of a service.
type Operation struct {
	Name          string // a name in XML
	Documentation string // optional
	Params        []Param
	Result        reflect.Type // as for AppendResult
}

// A Param is an argument of an operation. Its type is one that a result may have.
// An interface type declares xsd:anyType: then clients send a value as they hold
// it. To a declared xsd:int or xsd:boolean PHP converts whatever it has, so that
// "" and "abc" become 0, "10.5" becomes 10, and "NO" becomes true.
type Param struct {
	Name string
	Type reflect.Type
}

// WSDL returns the description as WSDL 1.1 in the style rpc/encoded.
//
// The location is the service's address, the base of the encoding schema's too:
// that is the location, a slash unless it ends with one, and EncodingSchemaName.
//
// Every structure and array that arguments and results are made of is declared
// once, by the name of its Go type. WSDL panics on types that AppendResult
// panics on, and on two structures of the same name.
func (d *Description) WSDL(location string) []byte {
	w := &indented{b: []byte(xmlDeclaration)}
	w.open("definitions", "name", d.Name, "targetNamespace", d.Namespace, "xmlns", wsdlNS, "xmlns:tns", d.Namespace,
		"xmlns:soap", wsdlSoapNS, "xmlns:wsdl", wsdlNS, "xmlns:xsd", schemaNS, "xmlns:SOAP-ENC", encodingNS)
	w.documentation(d.Documentation)
	d.writeTypes(w, strings.TrimSuffix(location, "/")+"/"+EncodingSchemaName)
	d.writeMessages(w)
	d.writePortType(w)
	d.writeBinding(w)
	w.open("service", "name", d.Name+"Service")
	w.open("port", "name", d.Name+"Port", "binding", "tns:"+d.Name+"Binding")
	w.empty("soap:address", "location", location)
	w.end()
	w.end()
	w.end()
	return w.b
}

func (d *Description) writeTypes(w *indented, encodingSchema string) {
	w.open("types")
	w.open("xsd:schema", "targetNamespace", d.Namespace)
	w.empty("xsd:import", "namespace", encodingNS, "schemaLocation", encodingSchema)
	types := d.types()
	for _, name := range slices.Sorted(maps.Keys(types)) {
		w.open("xsd:complexType", "name", localName(name))
		if s := types[name]; s.kind == list {
			writeArray(w, s)
		} else {
			writeStructure(w, s)
		}
		w.end()
	}
	w.end()
	w.end()
}

func writeArray(w *indented, s *shape) {
	w.open("xsd:complexContent")
	w.open("xsd:restriction", "base", "SOAP-ENC:Array")
	w.open("xsd:sequence")
	w.empty("xsd:element", "name", "item", "type", s.elem.name, "nillable", "true", "minOccurs", "0", "maxOccurs", "unbounded")
	w.end()
	w.empty("xsd:attribute", "ref", "SOAP-ENC:arrayType", "wsdl:arrayType", s.elem.name+"[]")
	w.end()
	w.end()
}

// writeStructure declares every member as optional and nillable: PHP stops at
// an object that lacks a member of any other kind.
func writeStructure(w *indented, s *shape) {
	w.open("xsd:all")
	for _, f := range s.fields {
		w.empty("xsd:element", "name", f.name, "type", f.shape.name, "nillable", "true", "minOccurs", "0")
	}
	w.end()
}

// types returns the structures and arrays that the operations use, by name.
func (d *Description) types() map[string]*shape {
	types := map[string]*shape{}
	for _, op := range d.Operations {
		for _, p := range op.Params {
			collect(types, shapeOf(p.Type))
		}
		collect(types, shapeOf(op.Result))
	}
	return types
}

func collect(types map[string]*shape, s *shape) {
	if s.kind == optional {
		s = s.elem
	}
	if s.kind != structure && s.kind != list {
		return
	}
	if known := types[s.name]; known != nil {
		if known.kind != s.kind || s.kind == structure && known.of != s.of {
			panic("soap: " + known.of.String() + " and " + s.of.String() + " have the same name")
		}
		return
	}
	types[s.name] = s
	if s.kind == list {
		collect(types, s.elem)
	}
	for _, f := range s.fields {
		collect(types, f.shape)
	}
}

func (d *Description) writeMessages(w *indented) {
	for _, op := range d.Operations {
		w.open("message", "name", op.Name+"Request")
		for _, p := range op.Params {
			w.empty("part", "name", p.Name, "type", shapeOf(p.Type).name)
		}
		w.end()
		w.open("message", "name", op.Name+"Response")
		w.empty("part", "name", op.Name+"Return", "type", shapeOf(op.Result).name)
		w.end()
	}
}

func (d *Description) writePortType(w *indented) {
	w.open("portType", "name", d.Name+"PortType")
	for _, op := range d.Operations {
		w.open("operation", "name", op.Name)
		w.documentation(op.Documentation)
		w.empty("input", "message", "tns:"+op.Name+"Request")
		w.empty("output", "message", "tns:"+op.Name+"Response")
		w.end()
	}
	w.end()
}

func (d *Description) writeBinding(w *indented) {
	w.open("binding", "name", d.Name+"Binding", "type", "tns:"+d.Name+"PortType")
	w.empty("soap:binding", "style", "rpc", "transport", overHTTP)
	for _, op := range d.Operations {
		w.open("operation", "name", op.Name)
		w.empty("soap:operation", "soapAction", d.Namespace+"#"+op.Name)
		for _, message := range []string{"input", "output"} {
			w.open(message)
			w.empty("soap:body", "use", "encoded", "namespace", d.Namespace, "encodingStyle", encodingNS)
			w.end()
		}
		w.end()
	}
	w.end()
}
