package sandbox

import (
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// CallHead is a call in few words, as the API answers it. It is exported for the
// sake of huma, which leaves out embedded types that are not.
type CallHead struct {
	ID          int64        `json:"id" doc:"In the order in which calls ended, from 1"`
	At          time.Time    `json:"at" doc:"When it came, by the machine's clock"`
	Clock       time.Time    `json:"clock" doc:"When it came, by the sandbox's clock"`
	TookMS      float64      `json:"took_ms" doc:"How long it took, in milliseconds"`
	Kind        Kind         `json:"kind" enum:"call,link,page" doc:"A call to an API, a link that was followed, or any other page"`
	Dialect     string       `json:"dialect,omitempty" doc:"Whose call it is; links and pages have none"`
	Operation   string       `json:"operation,omitempty" doc:"What was called, in the dialect's words"`
	Caller      string       `json:"caller" doc:"The caller's address"`
	SupportCode string       `json:"support_code,omitempty"`
	Method      string       `json:"method"`
	URL         string       `json:"url" doc:"Path and query"`
	Host        string       `json:"host"`
	Status      int          `json:"status" doc:"0: there was no answer"`
	Grants      []string     `json:"grants" doc:"References of the links and tokens that it is about"`
	People      []personWire `json:"people" doc:"Whom it is about"`
	Fault       string       `json:"fault,omitempty" doc:"What the sandbox did to it, in words"`
}

// callWire is a call, as the API answers it.
type callWire struct {
	CallHead

	Request   messageWire    `json:"request"`
	Response  messageWire    `json:"response" doc:"As it was sent, or would have been"`
	Decisions []decisionWire `json:"decisions" doc:"What was decided, and why"`
}

// messageWire is a request or an answer.
type messageWire struct {
	Headers map[string][]string `json:"headers"`
	Body    bodyWire            `json:"body"`
	Tokens  []string            `json:"tokens" doc:"Whatever in it is a token, a session or a proof: who has it can use it"`
}

type bodyWire struct {
	Text   string `json:"text" doc:"The beginning of it; secrets are hidden"`
	Size   int64  `json:"size" doc:"How many bytes there were in all"`
	Cut    bool   `json:"cut,omitempty" doc:"The text lacks the end"`
	Binary bool   `json:"binary,omitempty" doc:"It is no text, and not shown"`
}

type decisionWire struct {
	At          time.Time  `json:"at"`
	Operation   string     `json:"operation"`
	Tenant      string     `json:"tenant,omitempty"`
	Client      string     `json:"client,omitempty"`
	Destination string     `json:"destination,omitempty"`
	Grant       string     `json:"grant,omitempty"`
	Outcome     string     `json:"outcome,omitempty" enum:"asked first,followed again" doc:"Of a link: nothing was spent yet, or the browser got the session that it had got before"`
	Failed      string     `json:"failed,omitempty" doc:"The check that failed; none when none did"`
	Reason      string     `json:"reason,omitempty"`
	Expected    string     `json:"expected,omitempty"`
	Received    string     `json:"received,omitempty"`
	Note        string     `json:"note,omitempty"`
	Steps       []stepWire `json:"steps"`
}

type stepWire struct {
	Check  string `json:"check"`
	Result string `json:"result" enum:"passed,failed,not reached"`
}

type personWire struct {
	Tenant string `json:"tenant"`
	Kind   string `json:"kind" enum:"customer,user,member"`
	Ref    string `json:"ref"`
}

type personRowWire struct {
	Tenant string `json:"tenant"`
	Kind   string `json:"kind" enum:"customer,user,member"`
	Ref    string `json:"ref"`
	Name   string `json:"name"`
	Email  string `json:"email,omitempty"`

	ExternalReference string `json:"external_reference,omitempty" doc:"Of customers; POST links takes it as ref, too"`
}

type offerWire struct {
	Dialect     string `json:"dialect"`
	Tenant      string `json:"tenant"`
	Destination string `json:"destination"`
	Title       string `json:"title"`
	Kind        string `json:"kind" enum:"customer,user,member" doc:"For which people"`
}

type linkWire struct {
	Reference   string     `json:"reference" doc:"Its public name, which is no secret"`
	Tenant      string     `json:"tenant"`
	Client      string     `json:"client" doc:"Who asked for it"`
	Destination string     `json:"destination"`
	Kind        string     `json:"kind" enum:"customer,user,member"`
	Ref         string     `json:"ref" doc:"Whom it is for"`
	Standing    string     `json:"standing" enum:"live,redeemed,revoked,voided,expired"`
	IssuedAt    time.Time  `json:"issued_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	RedeemedAt  *time.Time `json:"redeemed_at,omitempty"`
	Target      string     `json:"target,omitempty"`
	URL         string     `json:"url,omitempty" doc:"The link itself, with its token: of links that the sandbox asked for"`
}

type clockWire struct {
	Now     time.Time `json:"now" doc:"By the sandbox's clock"`
	Machine time.Time `json:"machine" doc:"By the machine's"`
	Ahead   string    `json:"ahead" example:"25m" doc:"By how much the sandbox's is ahead"`
}

type faultWire struct {
	ID       int64     `json:"id"`
	Dialect  string    `json:"dialect,omitempty"`
	Contains string    `json:"contains,omitempty"`
	Kind     FaultKind `json:"kind" enum:"status,hang,cut,error"`
	Status   int       `json:"status,omitempty"`
	Hang     string    `json:"hang,omitempty" example:"30s"`
	Error    string    `json:"error,omitempty"`
	After    bool      `json:"after"`
	Every    int       `json:"every"`
	Times    int       `json:"times"`
	Seen     int       `json:"seen" doc:"How many calls it was for"`
	Failed   int       `json:"failed" doc:"How many of them failed"`
	Spent    bool      `json:"spent" doc:"As many have failed as shall"`
}

type dialectWire struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Paths  []string `json:"paths"`
	Errors []string `json:"errors" doc:"What a fault of kind error can answer"`
}

func headOf(c *Call) CallHead {
	head := CallHead{
		ID: c.ID, At: c.At, Clock: c.Clock, TookMS: float64(c.Took.Microseconds()) / 1000, Kind: c.Kind, Dialect: c.Dialect, Operation: c.Operation,
		Caller: c.Caller, SupportCode: c.SupportCode, Method: c.Request.Method, URL: c.Request.URL, Host: c.Request.Host, Status: c.Response.Status,
		Grants: []string{}, People: []personWire{}, Fault: c.Fault,
	}
	for _, g := range c.Grants {
		head.Grants = append(head.Grants, string(g))
	}
	for _, p := range c.People {
		head.People = append(head.People, personOf(p))
	}
	return head
}

func callOf(c *Call) *callWire {
	wire := &callWire{
		CallHead:  headOf(c),
		Request:   messageOf(c.Request.URL, c.Request.Header, &c.Request.Body),
		Response:  messageOf("", c.Response.Header, &c.Response.Body),
		Decisions: []decisionWire{},
	}
	for i := range c.Decisions {
		wire.Decisions = append(wire.Decisions, decisionOf(&c.Decisions[i]))
	}
	return wire
}

func messageOf(url string, h http.Header, b *Body) messageWire {
	m := messageWire{Headers: map[string][]string{}, Body: bodyWire{Text: b.Text, Size: b.Size, Cut: b.Cut, Binary: b.Binary}, Tokens: tokensOf(url)}
	for name, values := range h {
		m.Headers[name] = values
		m.Tokens = append(m.Tokens, tokensOf(values...)...)
	}
	m.Tokens = append(m.Tokens, tokensOf(b.Text)...)
	slices.Sort(m.Tokens)
	m.Tokens = slices.Compact(m.Tokens)
	return m
}

// tokensOf returns the tokens in the texts.
func tokensOf(texts ...string) []string {
	tokens := []string{}
	for _, text := range texts {
		for _, part := range Marks(text) {
			if part.Token {
				tokens = append(tokens, part.Text)
			}
		}
	}
	return tokens
}

func decisionOf(t *signon.Trace) decisionWire {
	d := decisionWire{
		At: t.At, Operation: string(t.Operation), Tenant: string(t.Tenant), Client: t.Client, Destination: t.Destination, Grant: string(t.Grant),
		Outcome: string(t.Outcome), Failed: string(t.Failed), Reason: string(t.Reason), Expected: t.Expected, Received: t.Received, Note: t.Note, Steps: []stepWire{},
	}
	for _, step := range t.Steps() {
		d.Steps = append(d.Steps, stepWire{string(step.Check), string(step.Result)})
	}
	return d
}

func personOf(p Person) personWire {
	return personWire{Tenant: string(p.Tenant), Kind: string(p.Kind), Ref: string(p.Ref)}
}

func (p *personWire) person() Person {
	return Person{Tenant: signon.TenantID(p.Tenant), Kind: signon.SubjectKind(p.Kind), Ref: signon.SubjectRef(p.Ref)}
}

func linkOf(l *Link) *linkWire {
	wire := &linkWire{
		Reference: string(l.Reference), Tenant: string(l.Tenant), Client: l.Client, Destination: l.Destination, Kind: string(l.Kind), Ref: string(l.Subject),
		Standing: string(l.Standing), IssuedAt: l.IssuedAt, ExpiresAt: l.ExpiresAt, Target: l.Target, URL: l.URL,
	}
	if !l.RedeemedAt.IsZero() {
		wire.RedeemedAt = &l.RedeemedAt
	}
	return wire
}

func faultOf(f *Fault) *faultWire {
	wire := &faultWire{
		ID: f.ID, Dialect: f.Dialect, Contains: f.Contains, Kind: f.Kind, Status: f.Status, Error: f.Error, After: f.After,
		Every: f.Every, Times: f.Times, Seen: f.Seen, Failed: f.Failed, Spent: f.Spent(),
	}
	if f.Hang > 0 {
		wire.Hang = shortDuration(f.Hang)
	}
	return wire
}

// parseDuration reads a duration, as in "25m" or "7d"; 0 for none.
func parseDuration(argument, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := readDuration(text)
	if err != nil || d <= 0 {
		return 0, signon.Invalid(argument, `must be a time above zero, as in "90s", "2h30m" or "7d"`)
	}
	return d, nil
}
