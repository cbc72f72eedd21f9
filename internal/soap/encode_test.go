package soap

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const testNS = "urn:example:shop"

type cents int64

func (c cents) String() string { return fmt.Sprintf("%d.%02d", int64(c)/100, int64(c)%100) }

type person struct {
	Reference int64
	Name      string
}

type standing struct {
	Enabled bool
	trial   bool //nolint:unused // there to be skipped
}

type Token struct{ Token string }

type Card struct {
	CardType       string
	TransientToken *Token `json:",omitempty"`
}

type Credit struct {
	Limit    cents
	Currency string
}

type Customer struct {
	person
	Cards []Card
	*standing
	Nickname *string
	Internal string `json:"-"`
	Group    string `json:"GroupCode"`
	Credit   Credit
	Codes    []string
	Groups   [][]int
	Any      any
}

// element is what a generic parser makes of an element.
type element struct {
	Name     string // with the prefix as written
	Attr     []string
	Text     string
	Children []element
}

// parse returns what is in the Body of an answer.
func parse(t testing.TB, document []byte) element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(document)))
	root := element{}
	open := []*element{&root}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := element{Name: prefixed(token.Name)}
			for _, a := range token.Attr {
				e.Attr = append(e.Attr, prefixed(a.Name)+"="+a.Value)
			}
			top.Children = append(top.Children, e)
			open = append(open, &top.Children[len(top.Children)-1])
		case xml.EndElement:
			if prefixed(token.Name) != top.Name {
				t.Fatalf("%s ends %s in %s", prefixed(token.Name), top.Name, document)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			top.Text += string(token)
		}
	}
	if len(open) != 1 {
		t.Fatalf("%d elements not ended in %s", len(open)-1, document)
	}
	body := root.Children[0].Children[0]
	if body.Name != "SOAP-ENV:Body" || len(body.Children) != 1 {
		t.Fatalf("got %s with %d elements, want a Body with one", body.Name, len(body.Children))
	}
	return body.Children[0]
}

func prefixed(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// result returns the element of a result.
func result(t testing.TB, value any) element {
	t.Helper()
	response := parse(t, AppendResult(nil, testNS, "get", value))
	if response.Name != "ns1:getResponse" || len(response.Children) != 1 || response.Children[0].Name != "getReturn" {
		t.Fatalf("got %+v, want one getReturn in a getResponse", response)
	}
	return response.Children[0]
}

func TestResultIsWholeDocument(t *testing.T) {
	got := string(AppendResult([]byte("before "), `urn:"x"&y`, "login", "s & t"))
	want := `before <?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="urn:&quot;x&quot;&amp;y"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">` +
		`<SOAP-ENV:Body><ns1:loginResponse><loginReturn>s &amp; t</loginReturn></ns1:loginResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScalarsCarryTheirTypesButStrings(t *testing.T) {
	type colour string
	text := "red"
	for _, c := range []struct {
		value any
		want  element
	}{
		{"red", element{Text: "red"}},
		{colour("red"), element{Text: "red"}},
		{"", element{}},
		{&text, element{Text: "red"}},
		{true, element{Attr: []string{"xsi:type=xsd:boolean"}, Text: "true"}},
		{false, element{Attr: []string{"xsi:type=xsd:boolean"}, Text: "false"}},
		{7, element{Attr: []string{"xsi:type=xsd:int"}, Text: "7"}},
		{int8(-7), element{Attr: []string{"xsi:type=xsd:int"}, Text: "-7"}},
		{int64(2147483647), element{Attr: []string{"xsi:type=xsd:int"}, Text: "2147483647"}},
		{int64(2147483648), element{Attr: []string{"xsi:type=xsd:long"}, Text: "2147483648"}},
		{int64(-2147483648), element{Attr: []string{"xsi:type=xsd:int"}, Text: "-2147483648"}},
		{int64(-2147483649), element{Attr: []string{"xsi:type=xsd:long"}, Text: "-2147483649"}},
		{cents(2150), element{Attr: []string{"xsi:type=xsd:decimal"}, Text: "21.50"}},
		{nil, element{Attr: []string{"xsi:nil=true"}}},
		{(*string)(nil), element{Attr: []string{"xsi:nil=true"}}},
		{(*Customer)(nil), element{Attr: []string{"xsi:nil=true"}}},
	} {
		c.want.Name = "getReturn"
		if diff := cmp.Diff(c.want, result(t, c.value)); diff != "" {
			t.Errorf("%T %v: %s", c.value, c.value, diff)
		}
	}
}

func TestStructureHasItsMembersInOrder(t *testing.T) {
	c := Customer{
		person: person{Reference: 352365983, Name: "Žofia"}, Cards: []Card{{"visa", &Token{"abc"}}, {CardType: "mc"}},
		standing: &standing{Enabled: true}, Internal: "never", Group: "G", Credit: Credit{5, "EUR"},
		Codes: []string{"a", ""}, Groups: [][]int{{1}, nil}, Any: Token{"any"},
	}
	array := func(name, arrayType string, items ...element) element {
		return element{Name: name, Attr: []string{"SOAP-ENC:arrayType=" + arrayType, "xsi:type=SOAP-ENC:Array"}, Children: items}
	}
	typed := func(name, of, text string, members ...element) element {
		return element{Name: name, Attr: []string{"xsi:type=" + of}, Text: text, Children: members}
	}
	text := func(name, text string) element { return element{Name: name, Text: text} }
	want := typed("getReturn", "ns1:Customer", "",
		typed("Reference", "xsd:int", "352365983"), text("Name", "Žofia"),
		array("Cards", "ns1:Card[2]",
			typed("item", "ns1:Card", "", text("CardType", "visa"), typed("TransientToken", "ns1:Token", "", text("Token", "abc"))),
			typed("item", "ns1:Card", "", text("CardType", "mc"))),
		typed("Enabled", "xsd:boolean", "true"),
		element{Name: "Nickname", Attr: []string{"xsi:nil=true"}},
		text("GroupCode", "G"),
		typed("Credit", "ns1:Credit", "", typed("Limit", "xsd:decimal", "0.05"), text("Currency", "EUR")),
		array("Codes", "xsd:string[2]", text("item", "a"), text("item", "")),
		array("Groups", "xsd:int[][2]", array("item", "xsd:int[1]", typed("item", "xsd:int", "1")), array("item", "xsd:int[0]")),
		typed("Any", "ns1:Token", "", text("Token", "any")),
	)
	for _, value := range []any{c, &c} {
		if diff := cmp.Diff(want, result(t, value)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEmptyArrayIsStillAnArray(t *testing.T) {
	for arrayType, value := range map[string]any{
		"xsd:string[0]": []string(nil), "ns1:Card[0]": []Card{}, "xsd:anyType[0]": []any{}, "xsd:decimal[0]": []cents{},
		"ns1:Token[0]": []*Token{}, "xsd:string[][][0]": []*[][]string{},
	} {
		want := element{Name: "getReturn", Attr: []string{"SOAP-ENC:arrayType=" + arrayType, "xsi:type=SOAP-ENC:Array"}}
		if diff := cmp.Diff(want, result(t, value)); diff != "" {
			t.Errorf("%#v: %s", value, diff)
		}
	}
}

func TestNullItemOfArrayIsNull(t *testing.T) {
	want := []element{{Name: "item", Attr: []string{"xsi:nil=true"}}, {Name: "item", Attr: []string{"xsi:type=ns1:Token"}, Children: []element{{Name: "Token"}}}}
	if diff := cmp.Diff(want, result(t, []*Token{nil, {}}).Children); diff != "" {
		t.Error(diff)
	}
}

func TestMembersOfAbsentEmbeddedStructureAreLeftOut(t *testing.T) {
	for _, e := range result(t, Customer{}).Children {
		if e.Name == "Enabled" {
			t.Error("got a member of a nil pointer")
		}
	}
}

func TestStructureMayContainItself(t *testing.T) {
	type Node struct {
		Name string
		Kids []Node
	}
	e := result(t, Node{"root", []Node{{"leaf", nil}}})
	if got := e.Children[1].Children[0].Children[0].Text; got != "leaf" {
		t.Errorf("got %q, want leaf", got)
	}
}

func TestTypesWithoutPlaceInSchemaPanic(t *testing.T) {
	for name, value := range map[string]any{
		"map": map[string]string{}, "float": 1.5, "unsigned": uint(1), "bytes": []byte("x"), "unnamed": struct{ A int }{}, "func": func() {},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time, nothing half-made may be left of the first
				if !panics(func() { AppendResult(nil, testNS, "get", value) }) {
					t.Errorf("%T: got a result, want a panic", value)
				}
			}
		})
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestTextSurvives(t *testing.T) {
	for _, s := range []string{
		"", " ", "  leading and trailing  ", "a&b", "<b>", "]]>", `"quoted" 'single'`, "&amp;", "line\nline", "\r\n", "\r", "tab\tbed", "Žofia 日本 🙂", "\u0085\u2028", "a=1&b=2",
	} {
		if got := result(t, s).Text; got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
}

func TestWhatXMLCannotHoldIsReplaced(t *testing.T) {
	for s, want := range map[string]string{
		"a\x00b": "a\uFFFDb", "\x1b[0m": "\uFFFD[0m", "\xff\xfe": "\uFFFD\uFFFD", "\uFFFE\uFFFF": "\uFFFD\uFFFD", "cut \xf0\x9f": "cut \uFFFD\uFFFD",
		"\uFFFD": "\uFFFD", "\xed\xa0\x80": "\uFFFD\uFFFD\uFFFD", "\x7f": "\x7f",
	} {
		if got := result(t, s).Text; got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestAnyTextSurvives(t *testing.T) {
	held := func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return 0xFFFD
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("&<>\"'\r\n\t ]\x00\x1f\uFFFE]a")), 0, 20, -1)).Draw(rt, "text")
		e := result(t, []string{s, "end"})
		if want := strings.Map(held, s); e.Children[0].Text != want || e.Children[1].Text != "end" {
			rt.Fatalf("got %q, want %q", e.Children[0].Text, want)
		}
	})
}

func TestFaultIsWrittenAsItIs(t *testing.T) {
	got := parse(t, AppendFault(nil, &Fault{Code: "FORBIDDEN", Message: "session <expired> & gone", Err: io.ErrUnexpectedEOF}))
	want := element{Name: "SOAP-ENV:Fault", Children: []element{{Name: "faultcode", Text: "FORBIDDEN"}, {Name: "faultstring", Text: "session <expired> & gone"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkAppendResult(b *testing.B) {
	buf := make([]byte, 0, 4096)
	for name, value := range map[string]any{
		"link": "https://store.example/order/checkout.php?PRODS=4639321&QTY=1&CART=1&CARD=2&logintoken=0123456789abcdef0123456789abcdef01234567",
		"customer": &Customer{
			person: person{352365983, "Žofia"}, Cards: []Card{{"visa", &Token{"abc"}}, {CardType: "mc"}}, standing: &standing{},
			Credit: Credit{2150, "EUR"}, Codes: []string{"a", "b"},
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendResult(buf[:0], testNS, "getSingleSignOnInCart", value)
			}
		})
	}
}
