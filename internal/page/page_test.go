package page

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func testTexts(t *testing.T, files map[string]string) (Texts, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, body := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return ReadTexts(fsys)
}

func TestEveryLanguageHasTheSameTexts(t *testing.T) {
	if _, err := testTexts(t, map[string]string{"en.json": `{"a":"A","b":"B"}`, "de.json": `{"a":"A","b":"B"}`}); err != nil {
		t.Errorf("got %v", err)
	}
	_, err := testTexts(t, map[string]string{"en.json": `{"a":"A","b":"B"}`, "de.json": `{"a":"A","c":"C"}`})
	if err == nil || !strings.Contains(err.Error(), `"b"`) || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("got %v, want both faults named", err)
	}
	if _, err := testTexts(t, map[string]string{"en.json": `{"a":1}`}); err == nil {
		t.Errorf("a text that is none was read")
	}
}

func TestTranslationsTakeTheSameArguments(t *testing.T) {
	const en = `{"a":"%s of %d","n.one":"one","n.other":"%d things"}`
	for name, c := range map[string]struct{ code, texts, fault string }{
		"another order":      {"de", `{"a":"%[2]d von %[1]s","n.one":"eins","n.other":"%d Dinge"}`, ""},
		"one missing":        {"de", `{"a":"von %s","n.one":"eins","n.other":"%d Dinge"}`, "mentions 1 of 2"},
		"another verb":       {"de", `{"a":"%d von %s","n.one":"eins","n.other":"%d Dinge"}`, "has %d for argument 1"},
		"one more":           {"de", `{"a":"%s von %d, %s","n.one":"eins","n.other":"%d Dinge"}`, "argument 3"},
		"empty":              {"de", `{"a":"","n.one":"eins","n.other":"%d Dinge"}`, "is empty"},
		"forms of its own":   {"ro", `{"a":"%s %d","n.one":"unul","n.few":"%d lucruri","n.other":"%d de lucruri"}`, ""},
		"a form missing":     {"ro", `{"a":"%s %d","n.one":"unul","n.other":"%d de lucruri"}`, `lacks the text "n.few"`},
		"no form for one":    {"ja", `{"a":"%s %d","n.other":"%d"}`, ""},
		"a form too much":    {"ja", `{"a":"%s %d","n.one":"1","n.other":"%d"}`, `has the text "n.one"`},
		"a form with a verb": {"ja", `{"a":"%s %d","n.other":"%s"}`, "has %s for argument 1"},
	} {
		_, err := testTexts(t, map[string]string{"en.json": en, c.code + ".json": c.texts})
		switch {
		case c.fault == "" && err != nil:
			t.Errorf("%s: got %v", name, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%s: got %v, want %q", name, err, c.fault)
		}
	}
}

func TestCountsFollowTheLanguage(t *testing.T) {
	texts, err := testTexts(t, map[string]string{
		"en.json": `{"x.one":"%d","x.other":"%d s"}`,
		"fr.json": `{"x.one":"%d","x.other":"%d s"}`,
		"ro.json": `{"x.one":"%d","x.few":"%d e","x.other":"%d de e"}`,
		"ja.json": `{"x.other":"%d"}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code string
		n    int
		want string
	}{{"en", 0, "0 s"}, {"fr", 0, "0"}, {"fr", 2, "2 s"}, {"ro", 1, "1"}, {"ro", 19, "19 e"}, {"ro", 20, "20 de e"}, {"ja", 1, "1"}} {
		if got, err := texts.Count(c.code, "x", c.n); err != nil || got != c.want {
			t.Errorf("%s, %d: got %q, %v, want %q", c.code, c.n, got, err, c.want)
		}
	}
}

func TestBrowsersLanguagesByQuality(t *testing.T) {
	for header, want := range map[string][]string{
		"":                                nil,
		"de":                              {"de"},
		"en;q=0.5, ja-JP, fr-CH;q=0.9":    {"ja", "fr", "en"},
		"de;q=0, ro":                      {"ro"},
		"*":                               nil,
		"\x00;;":                          nil,
		strings.Repeat("xx,", 200) + "de": nil,
	} {
		got := Accepted(header)
		got = slices.DeleteFunc(got, func(code string) bool { return code == "xx" || code == "und" || code == "mul" })
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

func TestTextsTakeArgumentsAndNumbers(t *testing.T) {
	texts, err := testTexts(t, map[string]string{"en.json": `{"a":"%[2]s, %[1]s","plain":"100 of it","x.one":"%d thing","x.other":"%d things %s"}`})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		got  func() (string, error)
	}{
		{"b, a", func() (string, error) { return texts.Text("en", "a", "a", "b") }},
		{"100 of it", func() (string, error) { return texts.Text("en", "plain", "unused") }},
		{"1 thing", func() (string, error) { return texts.Count("en", "x", 1) }},
		{"0 things y", func() (string, error) { return texts.Count("en", "x", 0, "y") }},
	} {
		if got, err := c.got(); err != nil || got != c.want {
			t.Errorf("got %q, %v; want %q", got, err, c.want)
		}
	}
	if _, err := texts.Text("en", "missing"); err == nil {
		t.Errorf("a missing text is no error")
	}
	if got := texts.Language("xx", "", "en"); got != "en" {
		t.Errorf("got language %q", got)
	}
}

func testSet(t *testing.T, pages map[string]string) *Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, body := range pages {
		fsys[name] = &fstest.MapFile{Data: []byte(body)}
	}
	set, err := NewSet(fsys, Texts{"en": {"hello": "Hello, %s & co"}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestPagesEscapeWhatTheyShow(t *testing.T) {
	set := testSet(t, map[string]string{"a.html": `{{define "main"}}{{t "hello" .}}{{template "shared"}}{{end}}`, "_b.html": `{{define "shared"}}<i>shared</i>{{end}}`})
	body, err := set.Render("a", &View{Language: "en", Title: "<T>", Brand: "B&B", Person: "P<", SignOut: "/out", Support: "javascript:alert(1)", Content: "<script>"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<html lang="en">`, "<title>&lt;T&gt; · B&amp;B</title>", "Hello, &lt;script&gt; &amp; co", "<i>shared</i>", "P&lt;", `action="/out"`, "#ZgotmplZ"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("lacks %q", want)
		}
	}
}

func TestAFaultyPageIsNotHalfSent(t *testing.T) {
	set := testSet(t, map[string]string{"a.html": `{{define "main"}}before{{t "missing"}}{{end}}`})
	w := httptest.NewRecorder()
	if err := set.Write(w, http.StatusOK, "a", &View{Language: "en"}); err == nil {
		t.Errorf("no error")
	}
	if w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("something was sent")
	}
	if err := set.Write(w, http.StatusOK, "unknown", &View{Language: "en"}); err == nil {
		t.Errorf("no error for an unknown page")
	}
}

func TestFieldShowsItsErrorAccessibly(t *testing.T) {
	set := testSet(t, map[string]string{"a.html": `{{define "main"}}{{range .}}{{template "field" .}}{{end}}{{end}}`})
	body, err := set.Render("a", &View{Language: "en", Content: []Field{
		{ID: "x", Name: "x", Label: "hello", Value: `"><b>`, Error: "Wrong & bad", Type: "email", Autocomplete: "email", MaxLength: 9},
		{ID: "y", Name: "y", Label: "hello", Options: []Option{{Value: "1", Label: "One"}, {Value: "2", Label: "Two", Selected: true}}, Optional: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<label for="x">`, `value="&#34;&gt;&lt;b&gt;"`, `aria-invalid="true" aria-describedby="x-error"`, `id="x-error"`, "Wrong &amp; bad", `maxlength="9"`,
		`<option value="2" selected>Two</option>`, "(optional)",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("lacks %q in\n%s", want, body)
		}
	}
}

func TestAssetsMayBeKeptForGood(t *testing.T) {
	url, err := AssetURL("page.css")
	if err != nil {
		t.Fatal(err)
	}
	get := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		Assets().ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	w := get("GET", url)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() < 1000 {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	if w := get("HEAD", url); w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("HEAD: got %d with %d bytes", w.Code, w.Body.Len())
	}
	if w := get("POST", url); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", w.Code)
	}
	for _, path := range []string{"/assets/page.css", "/assets/", "/assets/../doc.go", "/assets/page.000000000000.css"} {
		if w := get("GET", path); w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: got %d", path, w.Code)
		}
	}
	if _, err := AssetURL("nothing.css"); err == nil {
		t.Errorf("an asset that does not exist has an address")
	}
}

func TestStyleSheetFetchesNothing(t *testing.T) {
	for name := range assets().paths {
		body := string(assets().byPath[assets().paths[name]].body)
		for _, forbidden := range []string{"@import", "url(", "http:", "https:"} {
			if strings.Contains(strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""), forbidden) {
				t.Errorf("%s holds %q", name, forbidden)
			}
		}
	}
}

func TestHeadersOfSecretAddresses(t *testing.T) {
	h := http.Header{}
	SetHeaders(h, Policy{SecretURL: true, FormTargets: []string{"https://pay.test"}})
	if got := h.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("got %q", got)
	}
	if got := h.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https://pay.test;") {
		t.Errorf("got %q", got)
	}
	if got := h.Get("Content-Security-Policy"); strings.Contains(got, "script-src") {
		t.Errorf("got %q: a page runs scripts without need", got)
	}
	SetHeaders(h, Policy{Scripts: true})
	if got := h.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'; script-src 'self'; ") {
		t.Errorf("got %q", got)
	}
	SetHeaders(h, Policy{})
	if got := h.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("got %q", got)
	}
}

func TestAnAnswerCanAddToItsHeadersAlone(t *testing.T) {
	one, other := http.Header{}, http.Header{}
	SetHeaders(one, Policy{})
	one.Add("Cache-Control", "private")
	SetHeaders(other, Policy{})
	if got := other.Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
		t.Errorf("got %q, want no-store alone", got)
	}
}

func TestPagesAreParsedWhenTheyAreAskedFor(t *testing.T) {
	page := &fstest.MapFile{Data: []byte(`{{define "main"}}{{language}}{{end}}`)}
	files := fstest.MapFS{"a.html": page, "b.html": page}
	set, err := NewSet(files, Texts{"en": {}, "de": {}, "fr": {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"de", "en", "de"} {
		body, err := set.Render("a", &View{Language: language})
		if err != nil || !strings.Contains(string(body), `<html lang="`+language+`">`) {
			t.Errorf("%s: got %s, %v", language, body, err)
		}
	}
	if de, en := set.editions["de"], set.editions["en"]; len(set.editions) != 2 || len(de.pages) != 1 || len(en.pages) != 1 {
		t.Errorf("got %v, want one page in two languages", set.editions)
	}
	if _, err := set.Render("a", &View{Language: "xx"}); err == nil {
		t.Error("a language that is not there: got no error")
	}
}
