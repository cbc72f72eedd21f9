package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
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

// Values of headers, shared by all answers.
var (
	contentJSON = []string{"application/json"}
	noStore     = []string{"no-store"}
	noReferrer  = []string{"no-referrer"}
	noIndex     = []string{"noindex"}
)

// write sends the answer.
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	body := encode(a.body)
	h := w.Header()
	h["Content-Type"] = contentJSON
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if a.secret {
		h["Referrer-Policy"] = noReferrer
		h["X-Robots-Tag"] = noIndex
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone misses it
	}
}

// encode returns the JSON of a body, without HTML escaping.
func encode(body any) []byte {
	if text, ok := body.(string); ok && plain(text) {
		return append(append(append(make([]byte, 0, len(text)+2), '"'), text...), '"')
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic(err) // only for types that can't be encoded, and there are none
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// plain reports whether the text stands for itself in JSON, as links do.
func plain(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0
}
