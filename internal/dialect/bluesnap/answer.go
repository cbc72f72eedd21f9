package bluesnap

import (
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// answer is what a call is answered with, ready to be sent.
type answer struct {
	status int
	format format
	body   []byte // empty: there is none
	// secret: the body holds a token.
	secret bool
	// location is where a new thing is, or empty.
	location string
}

// says returns the answer with a document as its body.
func (c *call) says(e element) *answer {
	return &answer{status: http.StatusOK, format: c.out, body: e.encode(c.out)}
}

// write sends the answer.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if len(a.body) > 0 {
		h["Content-Type"] = []string{string(a.format)}
	}
	inbound.SetNoStore(h)
	if a.secret {
		inbound.SetSecret(h)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	inbound.Send(w, r, a.status, a.body)
}
