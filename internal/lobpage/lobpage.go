// Package lobpage is the page of a line of business to which a member's browser
// comes with a token: an example for whoever builds a real one. It is an outsider,
// and learns what a token means from the API alone, over HTTP like any program of
// an integrator. This file is the page, api.go its calls, view.go its looks.
//
// The browser comes by GET or POST, from wherever the member was. That spends
// nothing, for programs that look at links come the same way: the answer is a page
// that sends the token once more, from here, by itself or by a button. Only that
// POST validates. A real line of business begins a session of its own then.
package lobpage

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// Options are what the page needs. All are required.
type Options struct {
	// Find returns the line of business with that id at a host, as a browser names
	// it; ok is false when there is none.
	Find func(host, id string) (lob LOB, ok bool)
	// NotFound answers where there is no page.
	NotFound http.Handler
	Log      *slog.Logger
}

// New returns the handler of /lob/{LOBId} and /lob/{LOBId}/enter. It expects
// inbound.Info in the request's context.
func New(o Options) http.Handler { return &handler{Options: o, pages: pages()} }

type handler struct {
	Options

	pages *page.Set
	apis  apis
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, entering := strings.CutSuffix(strings.Trim(strings.TrimPrefix(strings.TrimLeft(r.URL.Path, "/"), "lob/"), "/"), "/enter")
	lob, ok := h.Find(r.Host, id)
	if !ok {
		h.NotFound.ServeHTTP(w, r)
		return
	}
	if !allowed(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	v := &view{LOB: lob}
	switch posted := r.Method == http.MethodPost; {
	case entering && posted && fromHere(r):
		h.enter(w, r, v)
	case !entering:
		v.TokenNo, v.TokenRefNo = r.FormValue("TokenNo"), r.FormValue("TokenRefNo")
		h.show(w, v)
	default:
		h.show(w, v) // the refusal
	}
}

// fromHere reports whether a page of this host sent the form. A browser that does
// not say so either says nothing, or keeps its origin to itself.
func fromHere(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin, scheme := r.Header.Get("Origin"), "http://"
	if inbound.From(r.Context()).Secure {
		scheme = "https://"
	}
	return origin == "" || origin == "null" || origin == scheme+r.Host
}

// enter validates the token and shows who came in. Whatever is wrong with it, the
// refusal is the same; and no token is ever logged.
func (h *handler) enter(w http.ResponseWriter, r *http.Request, v *view) {
	number, token := r.PostFormValue("TokenRefNo"), r.PostFormValue("TokenNo")
	if !canBe(number, token) {
		h.show(w, v) // the refusal; strangers make no calls of ours that way
		return
	}
	api := h.apis.of(v.LOB)
	code, err := api.call(r.Context(), "/v2/validate_sso_token", map[string]string{"TokenRefNo": number, "TokenNo": token}, &v.Token)
	if err == nil && v.Token.IsValidToken && v.Token.LOBID == v.LOB.ID {
		v.Entered = true
		code, err = api.call(r.Context(), "/v2/get_member", map[string]string{"CIINo": v.Token.CIINo}, &v.Member)
	}
	if err != nil {
		h.Log.Error("the page of a line of business can't call the API", "lob", v.LOB.ID, "error", err)
		v.Entered, v.Failed = false, true
	}
	v.Code = code
	h.show(w, v)
}
