package lobpage

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/page"
)

// view is what the page shows: that it is sending a token on, who came in, that it
// can't know now, or else the refusal.
type view struct {
	LOB                 LOB
	TokenNo, TokenRefNo string // to be sent on
	Entered, Failed     bool
	Code                string // of the API's answer
	Token               struct {
		IsValidToken         bool
		CIINo, Functionality string
		LOBID                string `json:"LOBId"`
		Source               string `json:"TokenSource"`
	}
	Member struct {
		Name string `json:"CustomerName"`
	}
}

//go:embed template
var templates embed.FS

// pages parses the embedded page.
func pages() *page.Set {
	files, err := fs.Sub(templates, "template")
	if err != nil {
		panic(err) // embedded
	}
	set, err := page.NewSet(files, nil)
	if err != nil {
		panic(err) // embedded
	}
	return set
}

// allowed refuses what a browser does not do on a page.
func allowed(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return true
	}
	w.Header().Set("Allow", "GET, HEAD, POST")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}

// show answers with a page that is stored nowhere, runs our own script alone, sends
// forms nowhere else, and whose address goes to nobody.
func (h *handler) show(w http.ResponseWriter, v *view) {
	page.SetHeaders(w.Header(), page.Policy{SecretURL: true, Scripts: v.TokenNo != ""})
	err := h.pages.Write(w, v.status(), "lob", &page.View{Language: page.FirstLanguage, Title: "Sign-on", Brand: v.LOB.Name, Narrow: true, Content: v})
	if err != nil {
		h.Log.Error("the page of a line of business can't be shown", "lob", v.LOB.ID, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

func (v *view) status() int {
	switch {
	case v.Entered || v.TokenNo != "":
		return http.StatusOK
	case v.Failed:
		return http.StatusBadGateway
	}
	return http.StatusForbidden
}
