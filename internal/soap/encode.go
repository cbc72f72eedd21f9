package soap

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/latchkey-sso/latchkey/internal/xmltoken"
)

const (
	envelopeNS = "http://schemas.xmlsoap.org/soap/envelope/"
	encodingNS = "http://schemas.xmlsoap.org/soap/encoding/"
	schemaNS   = "http://www.w3.org/2001/XMLSchema"
	instanceNS = "http://www.w3.org/2001/XMLSchema-instance"
)

const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// AppendResult appends the answer to a call of the method in the service's
// namespace, a whole document in UTF-8. The method's name is written as it is
// and has to be a name in XML.
//
// The result is a string, boolean, integer, structure, slice of these, or a
// pointer to one; nil is null. An integer type with a String method is a
// decimal, written as String says. Members of structures are named as
// encoding/json names them; those tagged omitempty are left out when nil, and
// never otherwise. A slice is an array whatever its length: a nil one is empty,
// not null. Text keeps everything that XML can hold; U+FFFD stands for the rest.
//
// It panics on a type that XML Schema has no place for (maps, functions,
// floats, unsigned integers, structures without a name).
func AppendResult(b []byte, namespace, method string, result any) []byte {
	b = append(b, xmlDeclaration+`<SOAP-ENV:Envelope xmlns:SOAP-ENV="`+envelopeNS+`" xmlns:ns1="`...)
	b = appendText(b, namespace)
	b = append(b, `" xmlns:xsd="`+schemaNS+`" xmlns:xsi="`+instanceNS+`" xmlns:SOAP-ENC="`+encodingNS+
		`" SOAP-ENV:encodingStyle="`+encodingNS+`"><SOAP-ENV:Body><ns1:`...)
	b = append(b, method...)
	b = append(b, "Response>"...)
	b = appendAny(b, method+"Return", reflect.ValueOf(result))
	b = append(b, "</ns1:"...)
	b = append(b, method...)
	return append(b, "Response></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"...)
}

// AppendFault appends a fault, a whole document in UTF-8.
// The code is written as it is, with no prefix of ours.
func AppendFault(b []byte, f *Fault) []byte {
	b = append(b, xmlDeclaration+`<SOAP-ENV:Envelope xmlns:SOAP-ENV="`+envelopeNS+`"><SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>`...)
	b = appendText(b, f.Code)
	b = append(b, "</faultcode><faultstring>"...)
	b = appendText(b, f.Message)
	return append(b, "</faultstring></SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"...)
}

// appendAny appends an element with whatever the value turns out to be.
func appendAny(b []byte, name string, v reflect.Value) []byte {
	if !v.IsValid() {
		return appendNull(b, name)
	}
	return appendValue(b, name, v, shapeOf(v.Type()))
}

func appendValue(b []byte, name string, v reflect.Value, s *shape) []byte {
	switch s.kind {
	case text:
		// Without xsi:type: the soap package of npm makes an object of a typed string.
		return appendEnd(appendText(appendStart(b, name, ""), v.String()), name)
	case boolean:
		return appendEnd(strconv.AppendBool(appendStart(b, name, s.sent), v.Bool()), name)
	case integer:
		return appendInteger(b, name, v.Int())
	case decimal:
		amount := v.Interface().(fmt.Stringer).String() //nolint:errcheck // the shape says so
		return appendEnd(appendText(appendStart(b, name, s.sent), amount), name)
	case structure:
		return appendStructure(b, name, v, s)
	case list:
		return appendList(b, name, v, s)
	case optional:
		if !v.IsNil() {
			return appendValue(b, name, v.Elem(), s.elem)
		}
	case dynamic:
		return appendAny(b, name, v.Elem())
	}
	return appendNull(b, name)
}

// appendInteger appends an integer by its value, not its Go type: nearly all
// fit the xsd:int of the description, and one that does not has to say so.
func appendInteger(b []byte, name string, n int64) []byte {
	sent := "xsd:int"
	if n < math.MinInt32 || n > math.MaxInt32 {
		sent = "xsd:long"
	}
	return appendEnd(strconv.AppendInt(appendStart(b, name, sent), n, 10), name)
}

func appendStructure(b []byte, name string, v reflect.Value, s *shape) []byte {
	b = appendStart(b, name, s.sent)
	for i := range s.fields {
		f := &s.fields[i]
		member, err := v.FieldByIndexErr(f.index)
		if err != nil || f.omitEmpty && f.shape.nilable() && member.IsNil() {
			continue // one of an embedded nil pointer, or left out
		}
		b = appendValue(b, f.name, member, f.shape)
	}
	return appendEnd(b, name)
}

// appendList appends an array. Its type and length are always told: PHP without
// a description takes an empty element for an empty string.
func appendList(b []byte, name string, v reflect.Value, s *shape) []byte {
	b = append(b, '<')
	b = append(b, name...)
	b = append(b, ` SOAP-ENC:arrayType="`...)
	b = append(b, s.items...)
	b = append(b, '[')
	b = strconv.AppendInt(b, int64(v.Len()), 10)
	b = append(b, `]" xsi:type="SOAP-ENC:Array">`...)
	for i := range v.Len() {
		b = appendValue(b, "item", v.Index(i), s.elem)
	}
	return appendEnd(b, name)
}

func appendNull(b []byte, name string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	return append(b, ` xsi:nil="true"/>`...)
}

func appendStart(b []byte, name, sent string) []byte {
	b = append(b, '<')
	b = append(b, name...)
	if sent != "" {
		b = append(b, ` xsi:type="`...)
		b = append(b, sent...)
		b = append(b, '"')
	}
	return append(b, '>')
}

func appendEnd(b []byte, name string) []byte {
	b = append(b, "</"...)
	b = append(b, name...)
	return append(b, '>')
}

// nilable says whether a member can be left out for being nil.
func (s *shape) nilable() bool { return s.kind == optional || s.kind == dynamic }

// appendText appends text for an element or an attribute in double quotes.
// A carriage return is written as a reference, since a parser makes a line feed of it.
func appendText(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; plain(c) {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if with := replacement(r, size); with != "" {
			b = append(append(b, s[start:i]...), with...)
			start = i + size
		}
		i += size
	}
	return append(b, s[start:]...)
}

// plain says whether a byte is a character that text holds as it is.
func plain(c byte) bool {
	return c >= ' ' && c < utf8.RuneSelf && c != '&' && c != '<' && c != '>' && c != '"'
}

// replacement returns what stands for a character of size bytes in text, or "" for itself.
func replacement(r rune, size int) string {
	switch {
	case r == '&':
		return "&amp;"
	case r == '<':
		return "&lt;"
	case r == '>':
		return "&gt;"
	case r == '"':
		return "&quot;"
	case r == '\r':
		return "&#13;"
	case r == utf8.RuneError && size == 1, !xmltoken.IsCharacter(r):
		return string(utf8.RuneError)
	}
	return ""
}
