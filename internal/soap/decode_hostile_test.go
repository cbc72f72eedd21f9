package soap_test

import (
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

const canary = "s3cr3t"

// around returns an envelope with that in its Body.
func around(inside string) string {
	return `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><e:Body>` + inside + `</e:Body></e:Envelope>`
}

// calling returns an envelope with a call that has that argument.
func calling(arg string) string { return around("<login><a>" + arg + "</a></login>") }

func TestDecodeTakesWhatIsUnusualAndRight(t *testing.T) {
	header := func(block string) string { return strings.Replace(calling("x"), "<e:Body>", block+"<e:Body>", 1) }
	for name, body := range map[string]string{
		"blanks around":             " \r\n\t" + calling("x") + "\n\n",
		"comments around":           "<!---->" + calling("x") + "<!-- <!DOCTYPE a> <?b?> - -->",
		"32 levels":                 around(strings.Repeat("<a>", 30) + strings.Repeat("</a>", 30)),
		"512 elements":              around("<login>" + strings.Repeat("<a/>", 509) + "</login>"),
		"64 attributes":             calling("<b" + attributes(64) + "/>"),
		"64 namespaces":             calling("<x xmlns:c='1' xmlns:d='1'>" + nested(20, " xmlns:a='1' xmlns:b='1' xmlns='1'") + "</x>"),
		"1 MB of spaces":            strings.Replace(calling("x"), "<login>", "<login>"+strings.Repeat(" ", 1<<20), 1),
		"a header":                  header(`<e:Header><b>c</b></e:Header>`),
		"a header of no duty":       header(`<e:Header><b e:mustUnderstand="0" e:actor="x"/><c mustUnderstand="1"/></e:Header>`),
		"a full header":             header(`<e:Header><b href="#x">mixed <c/> text</b></e:Header>`),
		"an empty header":           header(`<e:Header/>`),
		"encodingStyle anywhere":    calling(`<b e:encodingStyle="x"/>`),
		"id without href":           calling(`<b id="x"/>`),
		"an href in a namespace":    calling(`<b xmlns:c="urn:c" c:href="#x"/>`),
		"unknown attributes":        calling(`<b c="d" xml:lang="en" e='"' />`),
		"a greater-than sign":       calling(`a > b`),
		"one in a value":            calling(`<b c=">"/>`),
		"brackets":                  calling(`]] > ]>`),
		"a CDATA section of markup": calling(`<![CDATA[<!DOCTYPE a><?b?>&amp;]]]]><![CDATA[>]]>`),
		"nil that is false":         calling(`<b i:nil="false">x</b>`),
		"nil that is blank":         calling("<b i:nil='1'>\n</b>"),
		"a declared namespace xml":  calling(`<b xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`),
		"a namespace taken off":     calling(`<b xmlns="urn:x"><c xmlns=""/></b>`),
		"the highest character":     calling("&#x10FFFF;\U0010FFFF\uFFFD&#xFFFD;"),
		"a type of no namespace":    calling(`<b i:type="gone:string"/>`),
		"no arguments":              around("<login/>"),
		"no arguments but blanks":   around("<login>\n<!-- --></login>"),
		"names beyond ASCII":        calling("<Ärger·1 ñ='1'/><_/><名前/>"),
		"an end tag with blanks":    calling("<b></b \n>"),
	} {
		if call, err := soap.Decode([]byte(body), ""); err != nil || call.Method != "login" && name != "32 levels" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// attributes returns that many attributes.
func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("b", i) + "=''")
	}
	return b.String()
}

// malformed are bodies that are no call, by what is wrong with them. Where one
// holds the canary, nobody may see it.
var malformed = map[string]string{
	"nothing":                        "",
	"a blank":                        " ",
	"text":                           canary,
	"a form":                         "a=" + canary,
	"JSON":                           `{"method":"` + canary + `"}`,
	"another document":               "<" + canary + "/>",
	"a document type":                `<!DOCTYPE ` + canary + `>` + calling("x"),
	"a document type of HTML":        `<!doctype html>` + calling("x"),
	"an external entity":             `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>` + calling("&b;"),
	"a billion laughs":               `<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + calling("&b;"),
	"a document type inside":         calling(`<!DOCTYPE a>`),
	"an entity without a type":       calling("&" + canary + ";"),
	"an entity of HTML":              calling("&nbsp;"),
	"an instruction before":          `<?` + canary + ` a?>` + calling("x"),
	"an instruction inside":          calling(`<?php echo 1 ?>`),
	"an instruction behind":          calling("x") + `<?a?>`,
	"a declaration behind a blank":   ` <?xml version="1.0"?>` + calling("x"),
	"a declaration behind a comment": `<!-- --><?xml version="1.0"?>` + calling("x"),
	"a declaration inside":           calling(`<?xml version="1.0"?>`),
	"two declarations":               `<?xml version="1.0"?><?xml version="1.0"?>` + calling("x"),
	"33 levels":                      around(strings.Repeat("<a>", 31) + strings.Repeat("</a>", 31)),
	"10,000 levels":                  around(strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000)),
	"513 elements":                   around("<login>" + strings.Repeat("<a/>", 510) + "</login>"),
	"513 elements in the header":     strings.Replace(calling("x"), "<e:Body>", "<e:Header>"+strings.Repeat("<a/>", 510)+"</e:Header><e:Body>", 1),
	"65 attributes":                  calling("<b" + attributes(65) + "/>"),
	"65 namespaces":                  calling(nested(21, " xmlns:a='1' xmlns:b='1' xmlns='1'")),
	"two Bodies":                     strings.Replace(calling("x"), "<e:Body>", "<e:Body/><e:Body>", 1),
	"two Bodies with calls":          strings.Replace(calling("x"), "</e:Envelope>", "<e:Body><login/></e:Body></e:Envelope>", 1),
	"two Headers":                    strings.Replace(calling("x"), "<e:Body>", "<e:Header/><e:Header/><e:Body>", 1),
	"a Header behind the Body":       strings.Replace(calling("x"), "</e:Body>", "</e:Body><e:Header/>", 1),
	"an element before the Body":     strings.Replace(calling("x"), "<e:Body>", "<e:Other/><e:Body>", 1),
	"an element behind the Body":     strings.Replace(calling("x"), "</e:Body>", "</e:Body><other/>", 1),
	"a Body of no namespace":         strings.ReplaceAll(calling("x"), "e:Body", "Body"),
	"a Body of SOAP 1.2":             strings.ReplaceAll(calling("x"), "<e:Body>", "<e:Body xmlns:e='http://www.w3.org/2003/05/soap-envelope'>"),
	"a Body in other letters":        strings.ReplaceAll(calling("x"), "e:Body", "e:body"),
	"no Body":                        `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>`,
	"no call":                        around(" "),
	"two calls":                      around("<login/><login/>"),
	"text in the Body":               around(canary + "<login/>"),
	"text behind the call":           around("<login/>" + canary),
	"text in the call":               around("<login>" + canary + "</login>"),
	"text beside arguments":          around("<login><a/>" + canary + "</login>"),
	"text beside members":            calling("<b/>" + canary),
	"text in pieces beside members":  calling(" <b/> <!-- --> <![CDATA[" + canary + "]]>"),
	"text in the Envelope":           strings.Replace(calling("x"), "<e:Body>", canary+"<e:Body>", 1),
	"text in the Header":             strings.Replace(calling("x"), "<e:Body>", "<e:Header>"+canary+"</e:Header><e:Body>", 1),
	"a trailing element":             calling("x") + "<a/>",
	"a trailing envelope":            calling("x") + calling("x"),
	"trailing text":                  calling("x") + canary,
	"a trailing end tag":             calling("x") + "</a>",
	"a trailing NUL":                 calling("x") + "\x00",
	"a trailing reference":           calling("x") + "&#32;",
	"a trailing CDATA section":       calling("x") + "<![CDATA[]]>",
	"a leading reference":            "&#32;" + calling("x"),
	"a leading CDATA section":        "<![CDATA[ ]]>" + calling("x"),
	"a second byte order mark":       "\ufeff\ufeff" + calling("x"),
	"a byte order mark behind":       calling("x") + "\ufeff",
	"an attribute twice":             calling(`<b c="1" c="2"/>`),
	"an attribute by two prefixes":   calling(`<b xmlns:c="urn:x" xmlns:d="urn:x" c:f="1" d:f="2"/>`),
	"a namespace twice":              calling(`<b xmlns:c="urn:x" xmlns:c="urn:x"/>`),
	"the namespace twice":            calling(`<b xmlns="urn:x" xmlns="urn:y"/>`),
	"nil that is not empty":          calling(`<b i:nil="true">` + canary + `</b>`),
	"nil with members":               calling(`<b i:nil="true"><c/></b>`),
	"crossed tags":                   calling("<b><c></b></c>"),
	"an end tag of other letters":    calling("<b></B>"),
	"an end tag by another prefix":   calling(`<c:b xmlns:c="urn:x" xmlns:d="urn:x"></d:b>`),
	"an end tag with an attribute":   calling("<b></b c='1'>"),
	"an end tag of nothing":          calling("</>"),
	"an unclosed tag":                calling("<b"),
	"a tag of nothing":               calling("<>"),
	"a blank before a name":          calling("< b/>"),
	"a blank in an end":              calling("<b/ >"),
	"a blank in an end tag":          calling("<b></ b>"),
	"a slash before an attribute":    calling("<b/c='1'>"),
	"no quotes":                      calling("<b c=1/>"),
	"no value":                       calling("<b c/>"),
	"an equals sign alone":           calling("<b ='1'/>"),
	"mixed quotes":                   calling(`<b c='1"/>`),
	"no blank between attributes":    calling(`<b c="1"d="2"/>`),
	"no blank behind the name":       calling(`<b"c"/>`),
	"a less-than sign in a value":    calling(`<b c="<"/>`),
	"a bare ampersand":               calling("a & b"),
	"a bare ampersand in a value":    calling(`<b c="d&e"/>`),
	"an ampersand at the end":        calling("a&"),
	"a reference without its end":    calling("&amp &#60"),
	"a reference with a blank":       calling("& amp;"),
	"a reference of other letters":   calling("&AMP;"),
	"a reference to nothing":         calling("&;"),
	"a number of nothing":            calling("&#;"),
	"a hexadecimal of nothing":       calling("&#x;"),
	"a hexadecimal in capitals":      calling("&#X41;"),
	"letters in a number":            calling("&#4a;"),
	"a sign in a number":             calling("&#+65;"),
	"an underscore in a number":      calling("&#6_5;"),
	"a reference to NUL":             calling("&#0;"),
	"a reference to a control":       calling("&#x1F;"),
	"a reference to half a pair":     calling("&#xD800;"),
	"a reference to both halves":     calling("&#xD83D;&#xDE00;"),
	"half a pair in a value":         calling("<b c='&#xDFFF;'/>"),
	"a reference to U+FFFE":          calling("&#xFFFE;"),
	"a reference beyond Unicode":     calling("&#x110000;"),
	"a reference beyond everything":  calling("&#99999999999999999999999;"),
	"a reference that wraps around":  calling("&#4294967361;"),
	"a control character":            calling("\x01"),
	"a control in a comment":         calling("<!--\x01-->"),
	"a control in a CDATA section":   calling("<![CDATA[\x0b]]>"),
	"a control in a value":           calling("<b c='\x0c'/>"),
	"U+FFFE":                         calling("\uFFFE"),
	"U+FFFF in a comment":            calling("<!--\uFFFF-->"),
	"a next-line in a tag":           calling("<b\u0085c='1'/>"),
	"a no-break space in a tag":      calling("<b\u00A0c='1'/>"),
	"half a pair in UTF-8":           calling("\xed\xa0\x80"),
	"broken UTF-8":                   calling("\xff"),
	"broken UTF-8 in a comment":      calling("<!--\xc3-->"),
	"an overlong slash":              calling("\xc0\xaf"),
	"Latin-1 undeclared":             calling("K\xf6ln"),
	"the end of a section in text":   calling("]]>"),
	"a section without its end":      calling("<![CDATA[x"),
	"a section without a bracket":    calling("<![CDATA x]]>"),
	"a section in small letters":     calling("<![cdata[x]]>"),
	"an IGNORE section":              calling("<![IGNORE[x]]>"),
	"two dashes in a comment":        calling("<!-- -- -->"),
	"three dashes behind a comment":  calling("<!-- --->"),
	"a comment of two dashes":        calling("<!-->"),
	"a comment of three dashes":      calling("<!--->"),
	"a comment without its end":      calling("<!-- "),
	"a comment half begun":           calling("<!- -->"),
	"a comment in a tag":             calling("<b <!-- --> />"),
	"a name that begins with digits": calling("<1/>"),
	"a name that begins with a dash": calling("<-a/>"),
	"a name that begins with a dot":  calling("<b .c='1'/>"),
	"a name with a plus":             calling("<a+b/>"),
	"a name with an ampersand":       calling("<a&amp;b/>"),
	"a name with a multiplication":   calling("<a×/>"),
	"a name that begins with a mark": calling("<\u0301/>"),
	"a name with an emoji":           calling("<a😀/>"),
	"a name with three parts":        calling("<e:b:c/>"),
	"a name without a first part":    calling("<:b/>"),
	"a name without a last part":     calling("<e:/>"),
	"a colon alone":                  calling("<:/>"),
	"a local name of digits":         calling("<e:1/>"),
	"an attribute of three parts":    calling("<b i:c:d='1'/>"),
	"an attribute without a part":    calling("<b :c='1'/>"),
	"a prefix of digits":             calling("<b xmlns:1='urn:x'/>"),
	"a prefix of nothing":            calling("<b xmlns:='urn:x'/>"),
	"an undeclared prefix":           calling("<gone:b/>"),
	"an undeclared prefix of a name": calling("<b gone:c='1'/>"),
	"a prefix out of scope":          calling("<b xmlns:c='urn:x'/><c:d/>"),
	"a prefix declared empty":        calling("<b xmlns:c=''/>"),
	"the prefix xmlns":               calling("<xmlns:b/>"),
	"xmlns declared as another":      calling("<b xmlns:xmlns='urn:x'/>"),
	"no first part of a default":     calling("<:b xmlns='urn:x'/>"),
	"no first part of an attribute":  calling("<b xmlns='urn:x' :c='1'/>"),
	"a name with an ordinal":         calling("<aª/>"),
	"xmlns declared":                 calling("<b xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>"),
	"xml declared as another":        calling("<b xmlns:xml='urn:x'/>"),
	"another declared as xml":        calling("<b xmlns:c='http://www.w3.org/XML/1998/namespace'/>"),
	"another declared as xmlns":      calling("<b xmlns:c='http://www.w3.org/2000/xmlns/'/>"),
	"none declared as xml":           calling("<b xmlns='http://www.w3.org/XML/1998/namespace'/>"),
}

func nested(levels int, attributes string) string {
	return strings.Repeat("<b"+attributes+">", levels) + strings.Repeat("</b>", levels)
}

func TestDecodeRefusesWhatIsNoCall(t *testing.T) {
	for name, body := range malformed {
		fault := wantFault(t, name, []byte(body), "", soap.CodeClient)
		if fault == nil {
			continue
		}
		if fault.Message != "Bad Request" || fault.Err == nil {
			t.Errorf("%s: got %q with cause %v, want Bad Request and a cause", name, fault.Message, fault.Err)
		}
		if strings.Contains(fault.Error(), canary) || strings.Contains(fault.Error(), "passwd") {
			t.Errorf("%s: the fault repeats the body: %v", name, fault)
		}
	}
}

func TestDecodeTellsWhyWhatIsNotSupported(t *testing.T) {
	for _, arg := range []string{`<b href="#ref1"/>`, `<b><c href='x'/></b>`} {
		if f := wantFault(t, arg, []byte(calling(arg)), "", soap.CodeClient); f != nil && !strings.Contains(f.Message, "href") {
			t.Errorf("got %q", f.Message)
		}
	}
	axis := around(`<login><a href="#id0"/></login><multiRef id="id0">x</multiRef>`)
	if f := wantFault(t, "multiRef", []byte(axis), "", soap.CodeClient); f != nil && !strings.Contains(f.Message, "href") {
		t.Errorf("multiRef: got %q", f.Message)
	}
	for _, namespace := range []string{"http://www.w3.org/2003/05/soap-envelope", "http://www.w3.org/2001/12/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope", "urn:x"} {
		body := strings.ReplaceAll(calling("x"), "http://schemas.xmlsoap.org/soap/envelope/", namespace)
		wantFault(t, namespace, []byte(body), "", soap.CodeVersionMismatch)
	}
	wantFault(t, "no namespace", []byte("<Envelope><Body><login/></Body></Envelope>"), "", soap.CodeVersionMismatch)
	for _, block := range []string{
		`<b e:mustUnderstand="1"/>`, `<a/><b e:mustUnderstand="true" e:actor="urn:other"/>`, `<b xmlns:f="http://schemas.xmlsoap.org/soap/envelope/" f:mustUnderstand=" 1 "/>`,
	} {
		body := strings.Replace(calling("x"), "<e:Body>", "<e:Header>"+block+"</e:Header><e:Body>", 1)
		wantFault(t, block, []byte(body), "", soap.CodeMustUnderstand)
	}
}

func TestDecodeRefusesACallCutAnywhere(t *testing.T) {
	for name, body := range envelopes(t) {
		body = []byte(strings.TrimRight(string(body), "\n"))
		end := len(body)
		if name == "by-hand" {
			end = strings.LastIndex(string(body), "<!--") - 1 // the end of the Envelope
		}
		for i := range end {
			if call, err := soap.Decode(body[:i], ""); err == nil {
				t.Fatalf("%s cut at byte %d of %d: accepted as %+v", name, i, len(body), call)
			}
		}
	}
}
