package soap_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

// costly are bodies of a megabyte that cost readers most.
func costly() map[string]string {
	const size = 1 << 20
	fill := func(piece string) string { return strings.Repeat(piece, size/len(piece)) }
	return map[string]string{
		"one text":               calling(fill("x")),
		"references":             calling(fill("&amp;")),
		"references in a value":  calling("<b c='" + fill("&#10;") + "'/>"),
		"line ends":              calling(fill("\r")),
		"text in pieces":         calling(fill("x<!---->")),
		"sections":               calling(fill("<![CDATA[]]>")),
		"comments":               fill("<!---->") + calling("x"),
		"blanks in a tag":        calling("<b" + fill(" ") + "/>"),
		"a long name":            calling("<b" + fill("b") + "/>"),
		"ampersands":             calling(fill("&")),
		"an unclosed comment":    calling(fill("<!--") + "--"),
		"brackets":               calling(fill("]")),
		"attributes":             calling("<b" + fill(" c=''") + "/>"),
		"elements":               calling(fill("<b/>")),
		"full elements":          calling(strings.Repeat("<b>"+strings.Repeat("x", 2_000)+"</b>", 500)),
		"levels":                 calling(fill("<b>")),
		"namespaces":             calling(fill("<b xmlns='1'>")),
		"a document type":        "<!DOCTYPE a [" + fill("<!ENTITY b 'c'>"),
		"a declaration":          "<?xml version='1.0' " + fill("x='y' ") + "?>" + calling("x"),
		"a declaration open":     "<?xml " + fill(" "),
		"windows-1252":           declared("windows-1252", fill("\x80")),
		"a Map":                  calling("<b i:type='t:Map'>" + fill("<c/>") + "</b>"),
		"blanks before the end":  calling("x") + fill(" "),
		"blanks before anything": fill(" "),
	}
}

func TestDecodeNeedsLittleMemory(t *testing.T) {
	for name, body := range costly() {
		before := allocated()
		_, _ = soap.Decode([]byte(body), "")
		if times := float64(allocated()-before) / float64(len(body)); times > 8 {
			t.Errorf("%s: %.1f times the size of the body", name, times)
		} else {
			t.Logf("%s: %.1f times the size of the body", name, times)
		}
	}
}

// allocated returns how many bytes were asked for so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func BenchmarkDecodeCostly(b *testing.B) {
	for name, body := range costly() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = soap.Decode([]byte(body), "")
			}
		})
	}
}
