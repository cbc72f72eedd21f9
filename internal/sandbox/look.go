package sandbox

import (
	"context"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// lookTimeout bounds how long is looked for the people of one call.
const lookTimeout = 250 * time.Millisecond

// look makes of what passed what is kept: texts without secrets, what was decided,
// whom it concerns. In a hurry people are not looked for. Until then nobody else
// knows the call.
func (x *exchange) look(hurry bool) {
	c := x.call
	defer func() {
		if fault := recover(); fault != nil { // nothing of it is shown, for it may hold secrets
			x.sandbox.Log.Error("sandbox: a call could not be looked at", "support_code", c.SupportCode, "panic", fault)
			c.Request, c.Response = Request{Method: c.Request.Method}, Response{Status: c.Response.Status}
			c.Operation = ""
		}
		x.ResponseWriter, x.header, x.core = nil, nil, nil
	}()
	x.decide()
	raw, size := x.sent.take()
	c.Request.Body = decodeBody(raw, size, c.Request.Header)
	raw, size = x.answered.take()
	c.Response.Body = decodeBody(raw, size, c.Response.Header)
	if !hurry {
		x.concern()
	}
	x.hide()
	c.Request.Body.cut()
	c.Response.Body.cut()
}

// decide notes what was decided.
func (x *exchange) decide() {
	c := x.call
	if x.core == nil || x.core.SignOn == nil || c.SupportCode == "" {
		return
	}
	c.Decisions = x.core.SignOn.Traces(c.SupportCode)
	for i := range c.Decisions {
		c.concerns(c.Decisions[i].Grant, nil)
	}
}

// concerns adds a grant and a person, unless they are there.
func (c *Call) concerns(ref signon.Reference, p *Person) {
	if ref != "" && !slices.Contains(c.Grants, ref) {
		c.Grants = append(c.Grants, ref)
	}
	if p != nil && !slices.Contains(c.People, *p) {
		c.People = append(c.People, *p)
	}
}

// concern finds out whom the call concerns: by the grants of its decisions, by whom
// its path names, by the link that it follows although nothing was decided yet, and
// by the session that its browser has.
func (x *exchange) concern() {
	c := x.call
	if x.core != nil && x.core.SignOn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
		defer cancel()
		x.grants(ctx)
	}
	request := http.Request{Header: c.Request.Header}
	for _, cookie := range request.Cookies() {
		if o, ok := x.sandbox.sessions.owner(cookie.Value); ok {
			c.concerns(o.grant, o.person)
		}
	}
	x.contacts()
	if len(c.Grants) != 1 {
		return
	}
	o := owner{grant: c.Grants[0]}
	if len(c.People) == 1 {
		o.person = &c.People[0]
	}
	answer := http.Response{Header: c.Response.Header}
	for _, cookie := range answer.Cookies() {
		x.sandbox.sessions.begin(cookie.Value, o)
	}
}

// contacts notes what the people are called and their e-mail addresses.
func (x *exchange) contacts() {
	if x.core == nil || x.core.Directory == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	for _, p := range x.call.People {
		name, email := x.core.contact(ctx, p)
		for _, text := range []string{name, email} {
			if text != "" {
				x.call.contacts = append(x.call.contacts, text)
			}
		}
	}
}

func (x *exchange) grants(ctx context.Context) {
	c := x.call
	for i := range c.Decisions {
		d := &c.Decisions[i]
		if d.Grant == "" {
			continue
		}
		if kind, ref, err := x.core.SignOn.SubjectOf(ctx, d.Grant); err == nil {
			c.concerns("", &Person{d.Tenant, kind, ref})
		}
	}
	if len(c.People) == 0 && c.Kind == KindCall {
		c.concerns("", x.named(ctx))
	}
	if len(c.Grants) > 0 || c.Kind != KindLink {
		return
	}
	token := x.token
	if token == "" {
		form, _ := url.ParseQuery(c.Request.Body.Text)
		token = form.Get("TokenRefNo")
	}
	if token == "" {
		return
	}
	if g, err := x.core.SignOn.GrantOf(ctx, token); err == nil {
		c.concerns(g.Key.Reference(), &Person{g.Tenant, g.SubjectKind, g.Subject})
	}
}

// hide takes the secrets out of all texts.
func (x *exchange) hide() {
	c := x.call
	h := &hiding{open: x.sandbox.open, from: c.At.Add(-48 * time.Hour), until: c.Clock.Add(48 * time.Hour)}
	c.Operation = operation(c, &x.url, c.Request.Body.Text)
	c.Request.Body.Text = h.body(c.Request.Body.Text, c.Request.Header.Get("Content-Type"))
	c.Response.Body.Text = h.body(c.Response.Body.Text, c.Response.Header.Get("Content-Type"))
	c.Request.Header, c.Response.Header = h.header(c.Request.Header), h.header(c.Response.Header)
	c.Request.URL = h.url(c.Request.URL)
	c.rewrite(h.text)
	if len(h.taken) == 0 {
		return
	}
	again := h.again()
	if h.crowded {
		again = func(string) string { return hidden }
	}
	c.Request.URL = again(c.Request.URL)
	c.Request.Body.Text, c.Response.Body.Text = again(c.Request.Body.Text), again(c.Response.Body.Text)
	for _, header := range []http.Header{c.Request.Header, c.Response.Header} {
		for _, values := range header {
			for i := range values {
				values[i] = again(values[i])
			}
		}
	}
	c.rewrite(again)
}

// rewrite changes the short texts that a client has a say in.
func (c *Call) rewrite(do func(string) string) {
	c.Request.Host, c.Request.Method, c.Operation = do(c.Request.Host), do(c.Request.Method), do(c.Operation)
	for i := range c.Decisions {
		d := &c.Decisions[i]
		d.Client, d.Expected, d.Received, d.Note = do(d.Client), do(d.Expected), do(d.Received), do(d.Note)
	}
}

// owner is whose a browser's session is.
type owner struct {
	grant  signon.Reference
	person *Person
}

// maxSessions is how many sessions are remembered.
const maxSessions = 10_000

// sessions remembers which cookies came of which grant, so that what a person does
// after a link is told with it. It keeps digests of this process alone.
type sessions struct {
	mu     sync.Mutex
	seed   maphash.Seed
	owners map[uint64]owner
}

func newSessions() *sessions {
	return &sessions{seed: maphash.MakeSeed(), owners: map[uint64]owner{}}
}

func (s *sessions) begin(cookie string, o owner) {
	if len(cookie) < leastSession {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.owners) >= maxSessions {
		clear(s.owners)
	}
	s.owners[maphash.String(s.seed, cookie)] = o
}

func (s *sessions) owner(cookie string) (owner, bool) {
	if len(cookie) < leastSession {
		return owner{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.owners[maphash.String(s.seed, cookie)]
	return o, ok
}

func (s *sessions) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.owners)
}
