package torture

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate/rest"
	"github.com/latchkey-sso/latchkey/internal/operator"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// client is a back end and the browsers of its people, who reach whatever node they
// like.
type client struct {
	world    *world
	number   int
	random   *random
	customer string // for whom it asks for links
	member   string // and for applications' tokens
}

// answerWithin is how long an answer is waited for: longer than the server takes to
// say that it does not know.
const answerWithin = 20 * time.Second

func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       answerWithin,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask is one request to a node.
type ask struct {
	node         *node
	method, path string
	header       map[string]string
	body         string
}

// reply is an answer that came in whole.
type reply struct {
	status  int
	cookies []*http.Cookie
	body    []byte
}

// errUncertain: no answer came, or one that says that the outcome is not known.
var errUncertain = errors.New("the outcome is not known")

// send sends a request. The error is errUncertain unless an answer came that says
// what was done.
func (c *client) send(a *ask) (*reply, error) {
	r, err := http.NewRequestWithContext(context.Background(), a.method, "http://"+a.node.addr+a.path, strings.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	r.Host = c.world.publicHost
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	answer, err := c.world.http.Do(r)
	if err != nil {
		return nil, errUncertain
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, errUncertain
	}
	switch answer.StatusCode {
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusBadGateway:
		return nil, errUncertain
	}
	return &reply{answer.StatusCode, answer.Cookies(), body}, nil
}

// perform does what a client does with a token and records it. An answer that no
// server should give is noted, and counts as uncertain.
func (c *client) perform(t *token, o operation, at *node, do func(o *operation) error) outcome {
	o.client, o.node, o.call = c.number, at.number, c.world.now()
	err := do(&o)
	o.ret = c.world.now()
	if err != nil {
		o.outcome = uncertain
		if !errors.Is(err, errUncertain) {
			c.world.odd(fmt.Errorf("%s of a %s: %w", o.action, t.kind, err))
		}
	}
	c.world.tally[o.outcome].Add(1)
	t.add(&o)
	return o.outcome
}

func unexpected(r *reply) error { return fmt.Errorf("got the unexpected answer %d", r.status) }

// issueLink asks for a link to the account area. It returns nil when no link came.
func (c *client) issueLink(ttl time.Duration, at *node) *token {
	t := &token{kind: link, ttl: ttl}
	return c.issued(t, at, func() error {
		proof, err := rest.Sign(clientCode, c.world.clientTime(), c.world.secret, "")
		if err != nil {
			return err
		}
		path := fmt.Sprintf("/rest/6.0/customers/%s/account/index/?ValidityTime=%d", c.customer, int(ttl.Seconds()))
		answer, err := c.send(&ask{node: at, method: http.MethodGet, path: path, header: map[string]string{rest.AuthHeader: proof}})
		if err != nil {
			return err
		}
		if answer.status != http.StatusOK {
			return unexpected(answer)
		}
		return t.takeLink(answer.body, c.world.keys)
	})
}

// takeLink takes the link from an answer.
func (t *token) takeLink(body []byte, keys *signon.Keyring) error {
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		return errors.New("the answer is no link")
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("the answer is no link")
	}
	t.secret = u.RequestURI()
	for _, values := range u.Query() {
		if parsed, err := signon.ParseToken(values[0]); err == nil {
			t.name = string(keys.Reference(tenantID, accountID, parsed))
			return nil
		}
	}
	return errors.New("the link has no token")
}

// issued has a token issued and returns it with its history begun.
func (c *client) issued(t *token, at *node, do func() error) *token {
	got := c.perform(t, operation{action: issue}, at, func(o *operation) error {
		o.outcome = done
		return do()
	})
	if got != done {
		return nil
	}
	c.world.add(t)
	return t
}

func (c *client) anyNode() *node { return c.world.nodes[c.random.upTo(len(c.world.nodes))] }

// The cookies of browsers.
const (
	bindingCookie = "__Host-lk_browser"
	sessionCookie = "__Host-lk_account"
)

// follow has the browser follow the link.
func (c *client) follow(t *token, b *browser, at *node) outcome {
	return c.perform(t, operation{action: redeem, browser: b.number}, at, func(o *operation) error {
		answer, err := c.send(&ask{node: at, method: http.MethodGet, path: t.secret, header: map[string]string{"Cookie": bindingCookie + "=" + b.binding}})
		if err != nil {
			return err
		}
		if answer.status == http.StatusForbidden {
			o.outcome = refused
			return nil
		}
		for _, cookie := range answer.cookies {
			if answer.status == http.StatusSeeOther && cookie.Name == sessionCookie && cookie.Value != "" {
				b.session = cookie.Value
				o.outcome, o.session = done, t.sessionNumber(cookie.Value)
				return nil
			}
		}
		return unexpected(answer)
	})
}

// look has the browser open a page that is for who is signed in.
func (c *client) look(t *token, b *browser, at *node) outcome {
	return c.perform(t, operation{action: visit, browser: b.number, session: t.sessionNumber(b.session)}, at, func(o *operation) error {
		answer, err := c.send(&ask{node: at, method: http.MethodGet, path: "/myaccount/", header: map[string]string{"Cookie": sessionCookie + "=" + b.session}})
		if err != nil {
			return err
		}
		switch {
		case answer.status == http.StatusOK && bytes.Contains(answer.body, []byte(customerName)):
			o.outcome = done
		case answer.status == http.StatusForbidden:
			o.outcome = refused
		default:
			return unexpected(answer)
		}
		return nil
	})
}

// leave has the browser sign out.
func (c *client) leave(t *token, b *browser, at *node) outcome {
	return c.perform(t, operation{action: signOut, browser: b.number, session: t.sessionNumber(b.session)}, at, func(o *operation) error {
		answer, err := c.send(&ask{node: at, method: http.MethodPost, path: "/myaccount/sign-out", header: map[string]string{
			"Cookie": sessionCookie + "=" + b.session, "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin",
		}})
		if err != nil {
			return err
		}
		if answer.status != http.StatusSeeOther {
			return unexpected(answer)
		}
		o.outcome = done
		return nil
	})
}

// revokeLink ends a link as an operator does, by its reference.
func (c *client) revokeLink(t *token, at *node) {
	c.perform(t, operation{action: revoke}, at, func(o *operation) error {
		ended, err := c.world.operate(at, operator.RevokeRequest{Tenant: tenantID, Reference: t.name})
		switch {
		case err != nil:
			return errUncertain
		case ended.Ended == 0:
			o.outcome = refused
		default:
			o.outcome = done
		}
		return nil
	})
}

// newBinding returns a binding value, as browsers keep it.
func newBinding() string {
	var b signon.Binding
	_, _ = rand.Read(b[:]) // never fails: the process ends instead
	return b.Text()
}
