package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBodiesAreMadeReadable(t *testing.T) {
	for name, one := range map[string]struct{ contentType, text, want string }{
		"JSON":              {"application/json", `{"b":[1,{"a":"x"}],"n":12345678901234567890,"u":"<é>"}`, "{\n  \"b\": [\n    1,\n    {\n      \"a\": \"x\"\n    }\n  ],\n  \"n\": 12345678901234567890,\n  \"u\": \"<é>\"\n}"},
		"JSON that is cut":  {"application/json", `{"a": [1, 2`, `{"a": [1, 2`},
		"XML":               {"text/xml", `<?xml version="1.0"?><a x="1"><b>one &amp; two</b><c/><d></d><!-- y --></a>`, "<?xml version=\"1.0\"?>\n<a x=\"1\">\n  <b>one &amp; two</b>\n  <c/>\n  <d></d>\n  <!-- y -->\n</a>"},
		"XML with blanks":   {"text/xml", "<a>\n\n <b> x </b>\n</a>\n", "<a>\n  <b> x </b>\n</a>"},
		"text between tags": {"text/xml", `<a>one <b>two</b> three</a>`, "<a>one <b>two</b> three</a>"},
		"XML that is cut":   {"text/xml", `<a><b>x</b>`, `<a><b>x</b>`},
		"HTML":              {"text/html", `<!doctype html><p>x<br>y`, `<!doctype html><p>x<br>y`},
		"form":              {"application/x-www-form-urlencoded", "a=1%262&b=x+y&c=%zz", "a=1&2\nb=x y\nc=%zz"},
		"plain":             {"text/plain", " as it is ", " as it is "},
		"empty":             {"application/json", "", ""},
	} {
		if got, _ := readable(one.text, one.contentType); got != one.want {
			t.Errorf("%s: %s", name, cmp.Diff(one.want, got))
		}
	}
}

func TestWhatIsVeryDeepStaysAsItIs(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", 9000) + strings.Repeat("]", 9000), strings.Repeat("<a>", 4000) + strings.Repeat("</a>", 4000)} {
		if got, _ := readable(text, ""); got != text {
			t.Errorf("%d bytes became %d", len(text), len(got))
		}
	}
}

func FuzzReadable(f *testing.F) {
	f.Add("text/xml", `<a><b>x</b><c/></a>`)
	f.Add("application/json", `{"a": ["b", 1]}`)
	f.Add("application/x-www-form-urlencoded", `a=b&c=%41`)
	f.Fuzz(func(t *testing.T, contentType, text string) {
		pretty, name := readable(text, contentType)
		var shown strings.Builder
		for _, p := range pieces(pretty, name) {
			shown.WriteString(p.Text)
		}
		if shown.String() != pretty {
			t.Errorf("the pieces are %q, want %q", shown.String(), pretty)
		}
		blanks := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")
		if !strings.HasPrefix(contentType, "application/x-www-form") && blanks.Replace(pretty) != blanks.Replace(text) {
			t.Errorf("%q became %q", text, pretty)
		}
	})
}

func TestTimesAreReadAndSpelled(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "2h30m": 150 * time.Minute, "7d": 7 * 24 * time.Hour, "1d 12h": 36 * time.Hour, " 5M ": 5 * time.Minute} {
		if got, err := readDuration(text); err != nil || got != want {
			t.Errorf("%q: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "5", "d", "999999999d", "1d2"} {
		if got, err := readDuration(text); err == nil {
			t.Errorf("%q: got %s", text, got)
		}
	}
	for d, want := range map[time.Duration]string{90 * time.Second: "1 min 30 s", 25 * time.Hour: "1 d 1 h", time.Second: "1 s"} {
		if got := strings.ReplaceAll(spell(d), "\u00a0", " "); got != want {
			t.Errorf("%s: got %q", d, got)
		}
	}
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 21: "21st", 112: "112th"} {
		if got := ordinal(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
