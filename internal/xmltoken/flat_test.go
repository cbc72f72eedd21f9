package xmltoken_test

import (
	"bytes"
	"encoding/xml"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-sso/latchkey/internal/xmltoken"
)

const space = "urn:ours"

func TestFlatReadsTextsByName(t *testing.T) {
	for document, want := range map[string]map[string]string{
		`<a/>`:                  {},
		`<a xmlns="urn:ours"/>`: {},
		`<?xml version="1.0"?><!-- x --><a> <b>1</b><!-- x --><c> 2 </c></a><!-- x -->`:           {"b": "1", "c": " 2 "},
		`<o:a xmlns:o="urn:ours"><o:b>1</o:b><c xmlns="">2</c></o:a>`:                             {"b": "1", "c": "2"},
		`<a x="1" xmlns:i="urn:other" i:y="2"><b z="3">1<!-- x -->2<![CDATA[<3>]]>&amp;4</b></a>`: {"b": "12<3>&4"},
		`<a><b/><c></c></a>`: {"b": "", "c": ""},
	} {
		got, err := xmltoken.Flat([]byte(document), "", space)
		if err != nil {
			t.Errorf("%s: %v", document, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", document, diff)
		}
	}
}

func TestFlatRefusesWhatIsNoList(t *testing.T) {
	for _, document := range []string{
		"", "  ", "a", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<a>x</a>", "<a>x<b/></a>", "<a><b/>x</a>", "<a><b/><b/></a>", "<a><b/><o:b xmlns:o='urn:ours'/></a>",
		"<a><b><c/></b></a>", "<a><b>x<c/></b></a>", "<a xmlns='urn:other'/>", "<a><b xmlns='urn:other'/></a>", "<a xmlns='urn:OURS'/>", "<!DOCTYPE a><a/>",
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b></a>", "<?x?><a/>", "<a><?x?></a>", "<a><b>&x;</b></a>", "<a><b x='1' x='2'/></a>", "<a><b", "\xff",
		"<a>" + strings.Repeat("<b>", 40), "<a>" + strings.Repeat("<b/>", 600) + "</a>",
	} {
		if got, err := xmltoken.Flat([]byte(document), "", space); err == nil || got != nil {
			t.Errorf("%.60q: got %v, %v", document, got, err)
		}
	}
}

func TestFlatReadsOtherCharacterSets(t *testing.T) {
	for charset, b := range map[string]string{"iso-8859-1": "K\xf6ln", "windows-1252": "K\xf6ln", "utf-8": "K\xc3\xb6ln", "": "K\xc3\xb6ln"} {
		got, err := xmltoken.Flat([]byte("<a><b>"+b+"</b></a>"), charset, space)
		if err != nil || got["b"] != "Köln" {
			t.Errorf("%s: got %q, %v", charset, got, err)
		}
	}
	if _, err := xmltoken.Flat([]byte("<a/>"), "utf-16", space); err == nil {
		t.Error("took UTF-16")
	}
}

// FuzzFlat holds what is accepted against the standard library's decoder, which
// is more lenient.
func FuzzFlat(f *testing.F) {
	for _, document := range []string{
		`<a xmlns="urn:ours"><b>1</b><c>&#x41;</c></a>`, `<?xml version="1.0" encoding="utf-8"?><a><b><![CDATA[x]]></b></a>`, `<a><b/><b/></a>`, `<a><b><c/></b></a>`, `<!DOCTYPE a><a/>`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := xmltoken.Flat(document, "utf-8", space)
		if err != nil || bytes.Contains(document, []byte("encoding")) {
			return
		}
		var theirs struct {
			Members []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		}
		if err := xml.Unmarshal(bytes.TrimPrefix(document, []byte("\ufeff")), &theirs); err != nil {
			if strings.Contains(err.Error(), "XML name") { // it knows those of Unicode 2.0 only
				t.Skip()
			}
			t.Fatalf("accepted what encoding/xml does not: %v", err)
		}
		want := map[string]string{}
		for _, m := range theirs.Members {
			want[m.XMLName.Local] = m.Text
		}
		if !maps.Equal(want, got) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
