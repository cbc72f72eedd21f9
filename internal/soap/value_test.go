package soap_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

type order struct {
	Reference string
	Quantity  *int
	Paid      bool
	Any       any
	Codes     []string
	Lines     []line
	Buyer     *person
	person
}

type person struct{ Name, Email string }

type line struct {
	Code  string
	Notes []string
}

const typed = `xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" xmlns:m="http://xml.apache.org/xml-soap"`

// value decodes an argument and returns what it says when that is wanted.
func value(t *testing.T, arg string, want reflect.Type) any {
	t.Helper()
	call, err := soap.Decode([]byte(around("<login "+typed+">"+arg+"</login>")), "")
	if err != nil || len(call.Args) != 1 {
		t.Fatalf("%s: %v", arg, err)
	}
	return call.Args[0].Value(want)
}

type (
	object = map[string]any
	array  = []any
)

func TestValueReadsObjects(t *testing.T) {
	for _, c := range []struct {
		name, arg string
		want      any
	}{
		{"a named type", `<a i:type="t:Order"><Reference i:type="x:string">r</Reference></a>`, object{"Reference": "r"}},
		{"a Struct", `<a i:type="c:Struct"><Paid i:type="x:boolean">true</Paid></a>`, object{"Paid": "true"}},
		{"no types", `<a><Quantity>2</Quantity></a>`, object{"Quantity": "2"}},
		{"a Map", `<a i:type="m:Map"><item><key>Reference</key><value>r</value></item></a>`, object{"Reference": "r"}},
		{"a Map of Perl's", `<a i:type="m:Map"><item><key i:type="x:base64Binary">TmFtZQ==</key><value>n</value></item></a>`, object{"Name": "n"}},
		{"names in other letters", `<a><reference>r</reference><QUANTITY>1</QUANTITY></a>`, object{"Reference": "r", "Quantity": "1"}},
		{"names of a Map in other letters", `<a i:type="m:Map"><item><key>email</key><value>e</value></item></a>`, object{"Email": "e"}},
		{"members of an embedded structure", `<a><name>n</name><Email>e</Email></a>`, object{"Name": "n", "Email": "e"}},
		{"unknown members", `<a><other>o</other><more><x>1</x></more></a>`, object{"other": "o", "more": object{"x": "1"}}},
		{"nil", `<a i:nil="true"/>`, nil},
		{"nil and empty members", `<a><Email i:nil="true"/><Name/><Buyer i:nil="1"/></a>`, object{"Email": nil, "Name": "", "Buyer": nil}},
		{"objects in objects", `<a><Buyer><email>e</email></Buyer></a>`, object{"Buyer": object{"Email": "e"}}},
		{"anything", `<a><Any><Email>e</Email><x>1</x><x>2</x></Any></a>`, object{"Any": object{"Email": "e", "x": array{"1", "2"}}}},
		{"a member twice", `<a><Email>e</Email><Email>f</Email></a>`, object{"Email": array{"e", "f"}}},
		{"a member twice in other letters", `<a><Email>e</Email><email/></a>`, object{"Email": array{"e", ""}}},
		{"an object twice", `<a><Buyer><Name>n</Name></Buyer><Buyer i:nil="1"/></a>`, object{"Buyer": array{object{"Name": "n"}, nil}}},
		{"a key twice", `<a i:type="m:Map"><item><key>Name</key><value>n</value></item><item><key>name</key><value>o</value></item></a>`, object{"Name": array{"n", "o"}}},
		{"members of text", `<a><Email><x>1</x></Email></a>`, object{"Email": object{"x": "1"}}},
		{"a list for text", `<a><Email i:type="c:Array"/></a>`, object{"Email": array{}}},
		{"nothing", `<a/>`, ""},
		{"blanks", "<a>\n</a>", ""},
		{"text", `<a>t</a>`, "t"},
		{"an empty Struct", `<a i:type="c:Struct"/>`, object{}},
		{"an empty Map", `<a i:type="m:Map"/>`, object{}},
		{"an empty Array", `<a i:type="c:Array"/>`, array{}},
		{"an Array", `<a c:arrayType="x"><item>1</item></a>`, array{"1"}},
		{"a Map that is none", `<a i:type="m:Map"><item><key>Name</key></item></a>`, object{"item": object{"key": "Name"}}},
	} {
		for _, want := range []reflect.Type{reflect.TypeFor[order](), reflect.TypeFor[*order]()} {
			if diff := cmp.Diff(c.want, value(t, c.arg, want)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
	}
}

func TestValueReadsLists(t *testing.T) {
	texts, lines := reflect.TypeFor[[]string](), reflect.TypeFor[[]line]()
	for _, c := range []struct {
		name, arg string
		wanted    reflect.Type
		want      any
	}{
		{"an Array", `<a i:type="c:Array" c:arrayType="x:string[2]"><any>1</any><thing>2</thing></a>`, texts, array{"1", "2"}},
		{"an Array by its arrayType", `<a c:arrayType="x:string[1]"><item>1</item></a>`, texts, array{"1"}},
		{"an empty Array", `<a i:type="c:Array" c:arrayType="x:ur-type[0]"/>`, lines, array{}},
		{"nil in an Array", `<a i:type="c:Array"><item i:nil="1"/></a>`, lines, array{nil}},
		{"no types", `<a><item>1</item><item>2</item></a>`, texts, array{"1", "2"}},
		{"a Map by number", `<a i:type="m:Map"><item><key>3</key><value>x</value></item><item><key>1</key><value>y</value></item></a>`, texts, array{"x", "y"}},
		{"a Map by name", `<a i:type="m:Map"><item><key>code</key><value>x</value></item></a>`, lines, array{object{"Code": "x"}}},
		{"an empty Map", `<a i:type="m:Map"/>`, lines, array{}},
		{"nothing", `<a/>`, texts, array{}},
		{"blanks", `<a> </a>`, lines, array{}},
		{"nil", `<a i:nil="true"/>`, texts, nil},
		{"text", `<a>1</a>`, texts, array{"1"}},
		{"objects", `<a><item><code>x</code></item><item><Code>y</Code></item></a>`, lines, array{object{"Code": "x"}, object{"Code": "y"}}},
		{"one object", `<a><code>x</code><More>y</More></a>`, lines, array{object{"Code": "x", "More": "y"}}},
		{"one object that is a Struct", `<a i:type="c:Struct"><More>y</More></a>`, lines, array{object{"More": "y"}}},
		{"objects named as a member", `<a><Code><Code>x</Code></Code></a>`, lines, array{object{"Code": "x"}}},
		{"one object with a list", `<a><Notes><item>n</item></Notes></a>`, lines, array{object{"Notes": array{"n"}}}},
		{"text for objects", `<a>1</a>`, lines, array{"1"}},
		{"no wish", `<a i:type="c:Array"><item>1</item></a>`, nil, array{"1"}},
		{"no wish and no types", `<a><item>1</item><item>2</item></a>`, nil, object{"item": array{"1", "2"}}},
		{"a Map by number without a wish", `<a i:type="m:Map"><item><key>0</key><value>x</value></item></a>`, nil, object{"0": "x"}},
	} {
		if diff := cmp.Diff(c.want, value(t, c.arg, c.wanted)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestValueReadsListsAsMembers(t *testing.T) {
	for _, c := range []struct {
		name, arg string
		want      any
	}{
		{"repeated text", `<a><Codes>x</Codes><Codes>y</Codes></a>`, object{"Codes": array{"x", "y"}}},
		{"repeated in other letters", `<a><Codes>x</Codes><codes>y</codes></a>`, object{"Codes": array{"x", "y"}}},
		{"repeated once", `<a><Codes>x</Codes></a>`, object{"Codes": array{"x"}}},
		{"repeated objects", `<a><Lines><code>x</code></Lines><Lines><Code>y</Code><Notes>n</Notes></Lines></a>`, object{"Lines": array{object{"Code": "x"}, object{"Code": "y", "Notes": array{"n"}}}}},
		{"an object once", `<a><Lines><code>x</code></Lines></a>`, object{"Lines": array{object{"Code": "x"}}}},
		{"a list twice", `<a><Codes i:type="c:Array"><i>x</i></Codes><Codes i:type="c:Array"/></a>`, object{"Codes": array{array{"x"}, array{}}}},
		{"empty", `<a><Codes/><Lines i:type="c:Array"/></a>`, object{"Codes": array{}, "Lines": array{}}},
	} {
		if diff := cmp.Diff(c.want, value(t, c.arg, reflect.TypeFor[order]())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestValueLeavesTextAsItIs(t *testing.T) {
	for _, wanted := range []reflect.Type{nil, reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[int64](), reflect.TypeFor[*string]()} {
		for arg, want := range map[string]any{
			`<a> 1 </a>`: " 1 ", `<a/>`: "", `<a i:type="x:boolean">true</a>`: "true", `<a i:type="x:int">007</a>`: "007", `<a i:nil="true"/>`: nil,
			`<a><b>1</b></a>`: object{"b": "1"}, `<a i:type="c:Array"><b>1</b></a>`: array{"1"},
		} {
			if diff := cmp.Diff(want, value(t, arg, wanted)); diff != "" {
				t.Errorf("%s for %v (-want +got):\n%s", arg, wanted, diff)
			}
		}
	}
}
