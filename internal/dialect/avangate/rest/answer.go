package rest

import (
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// answer is what a call is answered with.
type answer struct {
	status int
	body   any
	// secret: the body holds a token.
	secret bool
	// location is where a new thing is, or empty.
	location string
}

func ok(body any) *answer { return &answer{status: http.StatusOK, body: body} }

// contentJSON is shared by all answers.
var contentJSON = []string{"application/json"}

// write sends the answer.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Content-Type"] = contentJSON
	inbound.SetNoStore(h)
	if a.secret {
		inbound.SetSecret(h)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	inbound.Send(w, r, a.status, encode(a.body))
}

// encode returns the JSON of a body, of a link without further ado.
func encode(body any) []byte {
	if text, ok := body.(string); ok && plain(text) {
		return append(append(append(make([]byte, 0, len(text)+2), '"'), text...), '"')
	}
	return avangate.EncodeJSON(body)
}

// plain reports whether the text stands for itself in JSON, as links do.
func plain(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0
}
