package soap_test

import (
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

// cities are "Köln €" in several encodings; Latin-1 has no euro sign.
const (
	inUTF8   = "K\xc3\xb6ln \xe2\x82\xac"
	inLatin1 = "K\xf6ln \x80"
	mark     = "\xef\xbb\xbf"
)

func declared(charset, arg string) string {
	return `<?xml version="1.0" encoding="` + charset + `"?>` + calling(arg)
}

func TestDecodeReadsEachEncoding(t *testing.T) {
	for _, c := range []struct{ name, body, header, want string }{
		{"nothing said", calling(inUTF8), "", "Köln €"},
		{"the header", calling(inLatin1), "windows-1252", "Köln €"},
		{"the header's case", calling(inLatin1), "Windows-1252", "Köln €"},
		{"the declaration", declared("cp1252", inLatin1), "", "Köln €"},
		{"the declaration before the header", declared("windows-1252", inLatin1), "utf-8", "Köln €"},
		{"the declaration before an unknown header", declared("UTF-8", inUTF8), "utf-16", "Köln €"},
		{"a mark", mark + calling(inUTF8), "", "Köln €"},
		{"a mark before the header", mark + calling(inUTF8), "iso-8859-1", "Köln €"},
		{"a mark and the declaration", mark + declared("utf-8", inUTF8), "", "Köln €"},
		{"Latin-1", declared("ISO-8859-1", inLatin1), "", "Köln \u0080"},
		{"Latin-1 by another name", calling(inLatin1), "latin1", "Köln \u0080"},
		{"ASCII", declared("US-ASCII", "K&#246;ln"), "", "Köln"},
	} {
		call, err := soap.Decode([]byte(c.body), c.header)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := call.Args[0].Text; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDecodeRefusesOtherEncodings(t *testing.T) {
	utf16 := func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") + "\x00" }
	for _, c := range []struct{ name, body, header string }{
		{"UTF-16 declared", declared("UTF-16", "x"), ""},
		{"UTF-16 in the header", calling("x"), "utf-16"},
		{"UTF-16 with a mark", "\xff\xfe" + utf16(calling("x")), ""},
		{"UTF-16 without a mark", utf16(calling("x")), ""},
		{"UTF-16 that is declared", utf16(declared("UTF-16", "x")), "utf-16"},
		{"UTF-32", declared("UTF-32", "x"), ""},
		{"UTF-7", declared("UTF-7", "+ADw-b/+AD4-"), ""},
		{"UTF-7 in the header", calling("x"), "utf-7"},
		{"EBCDIC", declared("IBM037", "x"), ""},
		{"EBCDIC as such", "\x4c\x6f\xa7\x94\x93", ""},
		{"Shift JIS", declared("Shift_JIS", "x"), ""},
		{"nonsense", declared("x-user-defined", "x"), ""},
		{"an empty name", declared("", "x"), ""},
		{"a mark and Latin-1", mark + declared("ISO-8859-1", "x"), ""},
		{"a mark and ASCII", mark + declared("US-ASCII", "x"), ""},
		{"Latin-1 said to be UTF-8", declared("UTF-8", inLatin1), "iso-8859-1"},
		{"a byte that is none in windows-1252", declared("windows-1252", "\x81"), ""},
		{"UTF-8 said to be ASCII", declared("US-ASCII", inUTF8), ""},
		{"Latin-1 said to be ASCII", calling(inLatin1), "us-ascii"},
	} {
		if f := wantFault(t, c.name, []byte(c.body), c.header, soap.CodeClient); f != nil && f.Message != "Bad Request" {
			t.Errorf("%s: got %q", c.name, f.Message)
		}
	}
}

func TestDecodeReadsTheXMLDeclaration(t *testing.T) {
	for _, declaration := range []string{
		`<?xml version="1.0"?>`, `<?xml version='1.0'?>`, "<?xml\tversion = \"1.0\"\r\nencoding='utf8'\n?>",
		`<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>`, `<?xml version="1.0" standalone='no'?>`,
	} {
		if _, err := soap.Decode([]byte(declaration+calling("x")), ""); err != nil {
			t.Errorf("%s: %v", declaration, err)
		}
	}
	for _, declaration := range []string{
		`<?xml?>`, `<?xml ?>`, `<?xml encoding="utf-8"?>`, `<?xml version="1.1"?>`, `<?xml version="1.00"?>`, `<?xml version=1.0?>`, `<?xml version="1.0'?>`,
		`<?xml version="1.0"encoding="utf-8"?>`, `<?xml encoding="utf-8" version="1.0"?>`, `<?xml version="1.0" standalone="yes" encoding="utf-8"?>`,
		`<?xml version="1.0" standalone="YES"?>`, `<?xml version="1.0" standalone=""?>`, `<?xml version="1.0" version="1.0"?>`, `<?xml version="1.0" encoding="utf-8" encoding="utf-8"?>`,
		`<?xml version="1.0" other="x"?>`, `<?xml version="1.0" x?>`, `<?XML version="1.0"?>`, `<?Xml version="1.0"?>`, `<?xml version="1.0">`, `<?xml version="1.0"? >`, `<? xml version="1.0"?>`,
		`<?xml version="1.0" encoding=" utf-8"?>`, `<?xml version="1.0" encoding="utf-8 "?>`, `<?xml version="&#49;.0"?>`, `<?xml version="1.0" encoding="&#117;tf-8"?>`,
		`<?xml version=" 1.0"?>`, `<?xmlversion="1.0"?>`, `<?xml-stylesheet version="1.0"?>`, `<?xml version="1.0" xmlns="x"?>`, `<?xml version="1.0"??>`, `<?xml version="1.0" encoding="utf-8`,
		"<?xml version=\"1.0\u0085\"?>", "<?xml\u00a0version=\"1.0\"?>", "<?xml\x0bversion=\"1.0\"?>",
	} {
		wantFault(t, declaration, []byte(declaration+calling("x")), "", soap.CodeClient)
	}
}
