package bluesnap

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// longest is how long a call is worked on where the server sets no bound.
const longest = 10 * time.Second

// once makes the call, unless a call with the same key was made before: then it is
// answered as that one was. Calls that a key can be given for are those with POST.
func (c *call) once(do endpoint) (*answer, error) {
	c.keep = func(*answer) *signon.Reply { return nil }
	keys := c.request.Header[wOnce]
	switch {
	case c.request.Method != http.MethodPost || len(keys) == 0:
		return do(c)
	case len(keys) > 1:
		return nil, signon.Invalid(signon.ArgOnce, "must be given once")
	}
	if signon.IsOnceKey(keys[0]) {
		c.writer.Header().Set(wOnce, keys[0])
	}
	var fresh *answer
	kept, repeated, err := c.SignOn.Once(c.context(), &signon.OnceRequest{Client: c.client, Key: keys[0], Call: c.asked(), Until: c.givenUpAt()},
		func(reply func([]byte) *signon.Reply) (_ []byte, err error) {
			c.keep = func(a *answer) *signon.Reply { return reply(a.kept()) }
			fresh, err = do(c)
			return nil, err
		})
	if err != nil || !repeated {
		return fresh, err
	}
	c.traceRepeated()
	return answerOf(kept)
}

// asked is all that the call asks for.
func (c *call) asked() []string {
	parts := []string{string(c.merchant.ID), c.request.Method, c.route.path, c.userID, string(c.said.format), string(c.body)}
	for _, p := range c.query.Params() {
		parts = append(parts, p.Name, p.Value)
	}
	return parts
}

// givenUpAt is when the call will surely have been given up.
func (c *call) givenUpAt() time.Time {
	left := longest
	if at, bounded := c.context().Deadline(); bounded {
		left = time.Until(at) //nolint:forbidigo // deadlines are of the machine's clock
	}
	return c.SignOn.Now().Add(left)
}

// kept returns the answer as it is kept.
func (a *answer) kept() []byte {
	body, err := json.Marshal(keptAnswer{Status: a.status, Type: a.format, Location: a.location, Secret: a.secret, Body: a.body})
	if err != nil {
		panic(err) // texts and numbers can be encoded
	}
	return body
}

// answerOf returns the answer that was kept.
func answerOf(kept []byte) (*answer, error) {
	var k keptAnswer
	if err := json.Unmarshal(kept, &k); err != nil {
		return nil, fmt.Errorf("read answer: %w", errors.Join(errors.New("it was kept in another form"), err))
	}
	return &answer{status: k.Status, format: k.Type, location: k.Location, secret: k.Secret, body: k.Body}, nil
}
