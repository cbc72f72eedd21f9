package page

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// svg returns an SVG with that inside.
func svg(inside string) []byte {
	return []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 32 32">` + inside + `</svg>`)
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// harmlessSVGs are all accepted.
var harmlessSVGs = map[string]string{
	"shapes":            string(svg(`<title>A &amp; B</title><g id="a" class="x" fill="#fff" style="stroke:red"><path d="M0 0h1"/></g><use href="#a"/><use xlink:href="#a"/>`)),
	"gradient":          string(svg(`<defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/></linearGradient></defs><rect fill="url(#g)" mask="url( '#m' )" width="9" height="9"/>`)),
	"style":             string(svg(`<style>@media (prefers-color-scheme: dark) { path { fill: url(#g) } }</style><path d=""/>`)),
	"CDATA":             string(svg(`<style><![CDATA[a>b{fill:red}]]></style>`)),
	"prolog":            "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- drawn -->\n" + string(svg("")) + "\n",
	"prefix":            `<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0,0,64,32"><s:path d=""/></s:svg>`,
	"a drawing program": string(svg(`<sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:export-filename="C:\a.png"/><metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""/></metadata>`)),
}

// harmfulSVGs are all refused, with this in the error.
var harmfulSVGs = map[string]struct{ svg, fault string }{
	"script":               {string(svg(`<script>alert(1)</script>`)), "no <script>"},
	"script with a prefix": {string(svg(`<x:script xmlns:x="http://www.w3.org/2000/svg"/>`)), "no <script>"},
	"script of XHTML":      {string(svg(`<metadata><script xmlns="http://www.w3.org/1999/xhtml"/></metadata>`)), "no <script>"},
	"shape of XHTML":       {string(svg(`<title xmlns="http://www.w3.org/1999/xhtml"/>`)), "no <title>"},
	"foreignObject":        {string(svg(`<foreignObject/>`)), "no <foreignObject>"},
	"image":                {string(svg(`<image href="data:image/png;base64,"/>`)), "no <image>"},
	"link":                 {string(svg(`<a href="#x"/>`)), "no <a>"},
	"animation":            {string(svg(`<set attributeName="href" to="javascript:alert(1)"/>`)), "no <set>"},
	"another case":         {string(svg(`<SCRIPT/>`)), "no <SCRIPT>"},
	"undeclared prefix":    {string(svg(`<svg:path/>`)), "no <path>"},
	"event handler":        {string(svg(`<path onload="alert(1)"/>`)), "no event handlers: onload"},
	"handler of the root":  {`<svg xmlns="http://www.w3.org/2000/svg" OnLoad="x" viewBox="0 0 1 1"/>`, "no event handlers: OnLoad"},
	"href":                 {string(svg(`<use href="https://evil.example/x.svg#a"/>`)), "href must begin with"},
	"xlink:href":           {string(svg(`<use xlink:href="//evil.example/x.svg#a"/>`)), "href must begin with"},
	"href of data":         {string(svg(`<use href=" data:image/svg+xml,"/>`)), "href must begin with"},
	"xml:base":             {string(svg(`<g xml:base="https://evil.example/"/>`)), "outside itself: base"},
	"src":                  {string(svg(`<text src="x"/>`)), "outside itself: src"},
	"fill from elsewhere":  {string(svg(`<path fill="url(https://evil.example/#a)"/>`)), "url() of anything but #id in the attribute fill"},
	"quoted":               {string(svg(`<path mask='URL( "//evil.example/#a")'/>`)), "URL() of anything but #id in the attribute mask"},
	"style attribute":      {string(svg(`<path style="cursor:image-set('https://evil.example/a' 1x)"/>`)), "image-set() of anything"},
	"src()":                {string(svg(`<path style="fill:src('#a')"/>`)), "src() of anything"},
	"escape":               {string(svg(`<path style="fill:u\72l(https://evil.example/)"/>`)), "an escape"},
	"import":               {string(svg(`<style>@import "https://evil.example/a.css";</style>`)), "the rule @import in <style>"},
	"font":                 {string(svg(`<style>@FONT-face { font-family: x }</style>`)), "the rule @FONT-face"},
	"import in pieces":     {string(svg(`<style>@im<!-- -->port "//evil.example/a.css";</style>`)), "the rule @import"},
	"import in CDATA":      {string(svg(`<style>@im<![CDATA[port "x"]]></style>`)), "the rule @import"},
	"url in entities":      {string(svg(`<path fill="&#x75;rl(&#104;ttps://evil.example/)"/>`)), "url() of anything"},
	"element in style":     {string(svg(`<style><g/></style>`)), "nothing but text in <style>"},
	"DOCTYPE":              {`<!DOCTYPE svg [<!ENTITY a "b">]>` + string(svg("")), "no DOCTYPE"},
	"entity":               {string(svg(`<text>&a;</text>`)), "is no SVG that can be read"},
	"style sheet":          {`<?xml-stylesheet href="https://evil.example/a.css"?>` + string(svg("")), "no processing instruction: <?xml-stylesheet?>"},
	"two roots":            {string(svg("")) + string(svg("")), "one outermost element"},
	"HTML":                 {`<!doctype html><svg viewBox="0 0 1 1">`, "no DOCTYPE"},
	"no namespace":         {`<svg viewBox="0 0 1 1"/>`, "as its outermost element"},
	"another root":         {`<g xmlns="http://www.w3.org/2000/svg"/>`, "as its outermost element"},
	"no viewBox":           {`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`, "must have a viewBox"},
	"flat viewBox":         {`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 0"/>`, "four numbers"},
	"infinite viewBox":     {`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 Inf"/>`, "four numbers"},
	"unfinished":           {`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g>`, "is no SVG that can be read"},
	"nothing but comments": {`<!-- x -->`, "there is no element"},
	"UTF-16":               {"<\x00s\x00v\x00g\x00\xff", "in UTF-8"},
	"another encoding":     {`<?xml version="1.0" encoding="UTF-7"?>` + string(svg("")), "is no SVG that can be read"},
	"too deep":             {string(svg(strings.Repeat("<g>", 64) + strings.Repeat("</g>", 64))), "64 elements deep"},
}

func TestALogoOfShapesIsAccepted(t *testing.T) {
	for name, text := range harmlessSVGs {
		if err := CheckLogo([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALogoThatRunsOrFetchesIsRefused(t *testing.T) {
	for name, c := range harmfulSVGs {
		if err := CheckLogo([]byte(c.svg)); err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: got %v, want %q", name, err, c.fault)
		}
	}
}

func TestTheLineOfAFaultIsNamed(t *testing.T) {
	err := CheckLogo(svg("\n\n<g/>\n<script/>\n"))
	if err == nil || !strings.HasSuffix(err.Error(), "(line 4)") {
		t.Errorf("got %v", err)
	}
}

func TestALogoIsKnownByItsContent(t *testing.T) {
	small := pngOf(t, 9, 9)
	for name, c := range map[string]struct {
		body  []byte
		fault string
	}{
		"PNG":                 {small, ""},
		"empty":               {nil, "is empty"},
		"GIF":                 {[]byte("GIF89a\x01\x00\x01\x00"), "must be an SVG or a PNG"},
		"JPEG":                {[]byte("\xff\xd8\xff\xe0"), "must be an SVG or a PNG"},
		"text":                {[]byte("logo"), "must be an SVG or a PNG"},
		"cut off":             {small[:len(small)-20], "is no PNG that can be read"},
		"damaged":             {append(bytes.Clone(small[:45]), append([]byte{'x'}, small[46:]...)...), "is no PNG that can be read"},
		"something behind it": {append(bytes.Clone(small), "<script>"...), "something after the end"},
		"wide":                {pngOf(t, 2049, 1), "at most 2048 pixels wide and high, it is 2049 × 1"},
		"large":               {svg(strings.Repeat(" ", MaxLogo)), "at most 64 KiB"},
	} {
		err := CheckLogo(c.body)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: got %v, want %q", name, err, c.fault)
		}
	}
}

func TestALogoIsFittedIntoTheHeadOfThePage(t *testing.T) {
	box := func(viewBox string) []byte {
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="` + viewBox + `"/>`)
	}
	for name, c := range map[string]struct {
		body          []byte
		width, height int
	}{
		"square":      {box("0 0 16 16"), 36, 36},
		"wordmark":    {box("-5 -5 400.0 100"), 144, 36},
		"very wide":   {box("0 0 2000 100"), 208, 10},
		"very high":   {box("0 0 1 1000"), 1, 36},
		"PNG":         {pngOf(t, 144, 72), 72, 36},
		"a small PNG": {pngOf(t, 20, 10), 20, 10},
	} {
		l, err := readLogo(c.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l.width != c.width || l.height != c.height {
			t.Errorf("%s: got %d × %d, want %d × %d", name, l.width, l.height, c.width, c.height)
		}
	}
}

func mustBrand(t *testing.T, s BrandSource) *Brand {
	t.Helper()
	b, err := NewBrand(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestABrandsAssetsAreNamedByTheirContent(t *testing.T) {
	one := mustBrand(t, BrandSource{Logo: svg("<g/>"), LogoDark: svg("<path/>"), Accent: "#0a7d4f"})
	same := mustBrand(t, BrandSource{Logo: svg("<g/>"), LogoDark: svg("<path/>"), Accent: "#0A7D4F"})
	other := mustBrand(t, BrandSource{Logo: svg("<g id=''/>"), LogoDark: pngOf(t, 9, 9), Accent: "#0a7d50"})
	if one.Look() != same.Look() {
		t.Errorf("the same brand twice: got %+v and %+v", one.Look(), same.Look())
	}
	for _, paths := range [][2]string{
		{one.Look().Logo.Path, other.Look().Logo.Path}, {one.Look().LogoDark.Path, other.Look().LogoDark.Path}, {one.Look().Sheet, other.Look().Sheet},
	} {
		if paths[0] == paths[1] || !strings.HasPrefix(paths[0], AssetPath) {
			t.Errorf("got %q for two contents", paths)
		}
	}
	if n := len(one.assets); n != 3 {
		t.Errorf("got %d assets, want 3", n)
	}
}

func TestABrandsAssetsAreServedAsWhatTheyAre(t *testing.T) {
	b := mustBrand(t, BrandSource{Logo: svg("<g/>"), LogoDark: pngOf(t, 9, 9), Accent: "#0a7d4f"})
	for path, want := range map[string]string{
		b.Look().Logo.Path: "image/svg+xml", b.Look().LogoDark.Path: "image/png", b.Look().Sheet: "text/css; charset=utf-8",
	} {
		w := httptest.NewRecorder()
		if !b.Serve(w, httptest.NewRequest("GET", path, nil)) || w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: got %d", path, w.Code)
		}
		for name, want := range map[string]string{
			"Content-Type": want, "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable",
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: header %s is %q, want %q", path, name, got, want)
			}
		}
	}
	w := httptest.NewRecorder()
	for _, b := range []*Brand{b, nil, mustBrand(t, BrandSource{})} {
		if b.Serve(w, httptest.NewRequest("GET", AssetPath+"logo.svg", nil)) || len(w.Header()) > 0 || w.Body.Len() > 0 {
			t.Error("what is no asset was answered")
		}
	}
	w = httptest.NewRecorder()
	if !b.Serve(w, httptest.NewRequest("POST", b.Look().Sheet, nil)) || w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", w.Code)
	}
}

func TestABrandThatIsNotRightIsNotMade(t *testing.T) {
	for name, c := range map[string]struct {
		source BrandSource
		fault  string
	}{
		"logo":      {BrandSource{Logo: svg("<script/>")}, "the logo must hold shapes only"},
		"dark logo": {BrandSource{Logo: svg(""), LogoDark: []byte("x")}, "the logo for dark pages must be an SVG or a PNG"},
		"accent":    {BrandSource{Accent: "#ffcc00"}, "accent #ffcc00 has a contrast"},
	} {
		if b, err := NewBrand(c.source); b != nil || err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: got %v, %v", name, b, err)
		}
	}
}

// head returns the head of a page, up to its main part.
func head(t *testing.T, look Look) string {
	t.Helper()
	set := testSet(t, map[string]string{"a.html": `{{define "main"}}{{end}}`})
	body, err := set.Render("a", &View{Language: "en", Brand: `A "Shop"`, Look: look, SupportEmail: "help+1@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestThePageWearsItsBrand(t *testing.T) {
	wide := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50"/>`)
	for name, c := range map[string]struct {
		source BrandSource
		want   []string
		lacks  []string
	}{
		"none": {
			BrandSource{},
			[]string{`<span class="brand-name">A &#34;Shop&#34;</span>`, `href="/assets/icon.`, `<a href="mailto:help&#43;1@example.com">help&#43;1@example.com</a>`},
			[]string{"<img", "<picture", "/assets/colors"},
		},
		"a mark": {
			BrandSource{Logo: svg("")},
			[]string{`<picture class="plate">`, `alt=""`, `<span class="brand-name">A &#34;Shop&#34;</span>`, `<link rel="icon" href="/assets/logo.`},
			[]string{"<source"},
		},
		"a wordmark": {
			BrandSource{Logo: wide}, []string{`alt="A &#34;Shop&#34;"`, `width="144" height="36"`, `href="/assets/icon.`}, []string{"brand-name"},
		},
		"one logo for both": {
			BrandSource{Logo: wide, LogoDark: wide}, []string{`<picture><img`}, []string{"<source", "plate"},
		},
		"two logos": {
			BrandSource{Logo: wide, LogoDark: svg("")}, []string{`<picture><source srcset="/assets/logo-dark.`, `media="(prefers-color-scheme: dark)" width="36" height="36">`}, []string{"plate"},
		},
		"an accent": {BrandSource{AccentDark: "#4cc38a"}, []string{`<link rel="stylesheet" href="/assets/colors.`}, []string{"<img"}},
	} {
		got := head(t, mustBrand(t, c.source).Look())
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: lacks %q in\n%s", name, want, got)
			}
		}
		for _, lacks := range c.lacks {
			if strings.Contains(got, lacks) {
				t.Errorf("%s: holds %q", name, lacks)
			}
		}
	}
}

// FuzzLogo: no input makes the check panic or hang, and what it accepts holds
// none of what a browser would run.
func FuzzLogo(f *testing.F) {
	for _, text := range harmlessSVGs {
		f.Add([]byte(text))
	}
	for _, c := range harmfulSVGs {
		f.Add([]byte(c.svg))
	}
	f.Add(pngOf(f, 3, 3))
	damaged, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(damaged)
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := readLogo(body)
		if err != nil {
			return
		}
		if l.width < 1 || l.height < 1 || l.width > logoWidth || l.height > logoHeight {
			t.Errorf("%d × %d does not fit", l.width, l.height)
		}
		if l.ext == ".png" {
			return
		}
		for _, found := range runnable(body) {
			t.Errorf("accepted with %s", found)
		}
	})
}
