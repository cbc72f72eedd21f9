package lob

import (
	"net/http"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/jwt"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// answer is what a call is answered with.
type answer struct {
	status int
	kind   string // of an error
	body   []byte
	// secret: the body holds a token.
	secret bool
	// kept: others may keep it for a while.
	kept bool
}

// says returns the answer with a document as its body.
func says(document any) (*answer, error) {
	body, err := jwt.Encode(document)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, body: body}, nil
}

// done says that the call went well.
func (c *call) done(sentence string) result {
	return result{c.code(1), sentence}
}

// code returns a return code, as the tenant wants it.
func (c *call) code(number int) returnCode {
	return returnCode{number: number, asString: codesAreStrings(c.tenant)}
}

func codesAreStrings(t *signon.Tenant) bool {
	for i := range t.Destinations {
		if d := &t.Destinations[i]; d.Kind == signon.KindApp && d.Settings[SettingCodeAsString] == "true" {
			return true
		}
	}
	return false
}

var (
	asJSON    = []string{"application/json"}
	fewMinute = []string{"public, max-age=300"}
)

// write sends the answer.
func (c *call) write(a *answer) {
	h := c.writer.Header()
	h["Content-Type"] = asJSON
	h[hRequestID] = []string{c.info.SupportCode}
	if a.kind != "" {
		h[hErrorType] = []string{a.kind}
	}
	if id := correlation(c.request.Header); id != "" {
		h[hCorrelation] = []string{id}
	}
	inbound.SetNoStore(h)
	switch {
	case a.kept:
		h["Cache-Control"] = fewMinute
	case a.secret:
		inbound.SetSecret(h)
	}
	inbound.Send(c.writer, c.request, a.status, a.body)
}

// maxCorrelation is how long what is repeated may be.
const maxCorrelation = 128

// correlation returns what the client wants to find its request by, if it is one
// word or line that may be repeated.
func correlation(h http.Header) string {
	values := h[hCorrelation]
	if len(values) != 1 || len(values[0]) > maxCorrelation || strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return values[0]
}
