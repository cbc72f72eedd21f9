package soap_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

// FuzzDecode holds Decode against what it promises, and what it accepts against
// the standard library's decoder, which is more lenient.
func FuzzDecode(f *testing.F) {
	for _, body := range envelopes(f) {
		f.Add(body, "")
		f.Add(body, "iso-8859-1")
	}
	for _, body := range malformed {
		if len(body) < 2_000 {
			f.Add([]byte(body), "utf-8")
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, charset string) {
		call, err := soap.Decode(body, charset)
		if err != nil {
			var fault *soap.Fault
			if call != nil || !errors.As(err, &fault) || fault.Code == "" || fault.Message == "" {
				t.Fatalf("got %+v with %v", call, err)
			}
			return
		}
		wantNoMarkup(t, body)
		elements, depth := size(call.Args)
		if elements > 509 || depth > 29 {
			t.Errorf("accepted %d elements in %d levels", elements, depth)
		}
		again, err := soap.Decode(canonical(call), "")
		if err != nil || !reflect.DeepEqual(call, again) { // cmp.Diff takes minutes for nodes inside nodes
			t.Errorf("read again: %v\nfirst:  %+v\nsecond: %+v", err, call, again)
		}
		if utf8 := strings.EqualFold(charset, "utf-8"); utf8 && !bytes.Contains(body, []byte("encoding")) {
			wantSameAsStandardLibrary(t, body, call)
		}
		for _, n := range call.Args {
			n.Value(nil)
			n.Value(reflect.TypeFor[order]())
			n.Value(reflect.TypeFor[[]line]())
			n.Value(reflect.TypeFor[[]string]())
		}
	})
}

var unparsed = regexp.MustCompile(`(?s)<!--.*?-->|<!\[CDATA\[.*?\]\]>`)

// wantNoMarkup fails the test for markup that must never be accepted.
func wantNoMarkup(t *testing.T, body []byte) {
	if rest, found := bytes.CutPrefix(bytes.TrimPrefix(body, []byte(mark)), []byte("<?xml")); found {
		_, body, _ = bytes.Cut(rest, []byte("?>"))
	}
	body = unparsed.ReplaceAll(body, nil)
	if bytes.Contains(body, []byte("<!")) || bytes.Contains(body, []byte("<?")) {
		t.Errorf("accepted a declaration or an instruction")
	}
}

// size returns how many elements these are with all inside, and in how many
// levels.
func size(nodes []soap.Node) (elements, depth int) {
	for _, n := range nodes {
		inside, levels := size(n.Nodes)
		elements += 1 + inside
		depth = max(depth, 1+levels)
	}
	return elements, depth
}

// canonical writes a call in the plainest way that says the same.
func canonical(call *soap.Call) []byte {
	var b strings.Builder
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;", "\r", "&#13;", "\n", "&#10;", "\t", "&#9;").Replace
	var write func(nodes []soap.Node)
	write = func(nodes []soap.Node) {
		for _, n := range nodes {
			b.WriteString("<" + n.Name)
			if n.Type != "" {
				b.WriteString(` i:type="t:` + escape(n.Type) + `"`)
			}
			if n.Array && n.Type != "Array" {
				b.WriteString(` c:arrayType=""`)
			}
			if n.Nil {
				b.WriteString(` i:nil="1"`)
			}
			b.WriteString(">" + escape(n.Text))
			write(n.Nodes)
			b.WriteString("</" + n.Name + ">")
		}
	}
	b.WriteString("<" + call.Method + ` xmlns:c="http://schemas.xmlsoap.org/soap/encoding/">`)
	write(call.Args)
	b.WriteString("</" + call.Method + ">")
	return []byte(around(b.String()))
}

// wantSameAsStandardLibrary fails the test unless encoding/xml finds the same
// names and texts.
func wantSameAsStandardLibrary(t *testing.T, body []byte, call *soap.Call) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte(mark))))
	var inside func() []soap.Node
	inside = func() []soap.Node {
		var nodes []soap.Node
		var text strings.Builder
		for {
			token, err := d.Token()
			switch token := token.(type) {
			case nil:
				if errors.Is(err, io.EOF) {
					return nodes
				}
				if strings.Contains(err.Error(), "XML name") { // it knows those of Unicode 2.0 only
					t.Skip()
				}
				t.Fatalf("accepted what encoding/xml does not: %v", err)
			case xml.StartElement:
				nodes = append(nodes, soap.Node{Name: token.Name.Local, Nodes: inside()})
			case xml.CharData:
				text.Write(token)
			case xml.EndElement:
				if len(nodes) == 0 && text.Len() > 0 {
					return []soap.Node{{Text: text.String()}}
				}
				return nodes
			}
		}
	}
	envelope := inside()
	parts := envelope[len(envelope)-1].Nodes
	got := parts[len(parts)-1].Nodes[0]
	if want := plain(soap.Node{Name: call.Method, Nodes: call.Args}); !reflect.DeepEqual(want, got) {
		if blankOnly := len(call.Args) == 0; blankOnly && got.Name == call.Method {
			return
		}
		t.Errorf("encoding/xml reads it otherwise\nours: %+v\nits:  %+v", want, got)
	}
}

// plain returns a node with its names and texts only, and each text as a node of
// its own.
func plain(n soap.Node) soap.Node {
	p := soap.Node{Name: n.Name}
	if n.Text != "" {
		p.Nodes = []soap.Node{{Text: n.Text}}
	}
	for _, inner := range n.Nodes {
		p.Nodes = append(p.Nodes, plain(inner))
	}
	return p
}
