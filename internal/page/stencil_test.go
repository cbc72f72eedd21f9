package page

import (
	"net/http/httptest"
	"strconv"
	"testing"
)

// coded is the content of a page that shows a code.
type coded struct{ Code string }

func codedView(code string) *View {
	return &View{Language: "en", Title: "Title", Brand: "Brand", Content: coded{code}}
}

func TestFilledPageIsThePageWithTheText(t *testing.T) {
	set := testSet(t, map[string]string{"code.html": `{{define "main"}}<b>{{.Code}}</b> and <i>{{.Code}}</i>{{end}}`})
	for _, text := range []string{"K7QX2M9P0A", "0000000000", `<script>"&`, ""} {
		want, got := httptest.NewRecorder(), httptest.NewRecorder()
		if err := set.Write(want, 403, "code", codedView(text)); err != nil {
			t.Fatal(err)
		}
		if err := set.WriteFilled(got, 403, "code", codedView(Blank), text); err != nil {
			t.Fatal(err)
		}
		if got.Body.String() != want.Body.String() || got.Code != want.Code {
			t.Errorf("%q: got %d %s, want %d %s", text, got.Code, got.Body, want.Code, want.Body)
		}
		for name := range want.Header() {
			if got.Header().Get(name) != want.Header().Get(name) {
				t.Errorf("%q: header %s is %q, want %q", text, name, got.Header().Get(name), want.Header().Get(name))
			}
		}
	}
	if n := len(set.stencils.parts); n != 1 {
		t.Errorf("the page was rendered %d times, want once", n)
	}
}

func TestFilledPagesOfDifferentViewsDiffer(t *testing.T) {
	set := testSet(t, map[string]string{"code.html": `{{define "main"}}{{.Code}}{{end}}`})
	for _, brand := range []string{"One", "Two", "One"} {
		view, w := codedView(Blank), httptest.NewRecorder()
		view.Brand = brand
		want := httptest.NewRecorder()
		if err := set.Write(want, 200, "code", view); err != nil {
			t.Fatal(err)
		}
		if err := set.WriteFilled(w, 200, "code", view, Blank); err != nil || w.Body.String() != want.Body.String() {
			t.Errorf("%s: got %s, %v, want %s", brand, w.Body, err, want.Body)
		}
	}
}

func TestOnlySoManyPagesAreKeptRendered(t *testing.T) {
	set := testSet(t, map[string]string{"code.html": `{{define "main"}}{{.Code}}{{end}}`})
	for i := range maxStencils + 2 {
		view := codedView(Blank)
		view.Brand = strconv.Itoa(i)
		if err := set.WriteFilled(httptest.NewRecorder(), 200, "code", view, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(set.stencils.parts); n != 2 {
		t.Errorf("got %d pages, want the 2 since all were dropped", n)
	}
}

func TestAPageThatIsNotThereIsAnError(t *testing.T) {
	set := testSet(t, map[string]string{})
	if err := set.WriteFilled(httptest.NewRecorder(), 200, "missing", codedView(Blank), "x"); err == nil {
		t.Error("got no error")
	}
}
