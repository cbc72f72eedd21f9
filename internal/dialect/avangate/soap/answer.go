package soap

import (
	"github.com/latchkey-sso/latchkey/internal/inbound"
)

// contentXML is shared by all answers.
var contentXML = []string{"text/xml; charset=utf-8"}

// usualAnswerLen is a little more than an answer with a link has, in bytes.
const usualAnswerLen = 1024

// write sends the answer to a call. Most answers hold a session's id, a link or
// personal details, so all are kept secret.
func (c *call) write(status int, body []byte) {
	h := c.writer.Header()
	h["Content-Type"] = contentXML
	inbound.SetSecret(h)
	inbound.Send(c.writer, c.request, status, body)
}
