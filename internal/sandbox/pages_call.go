package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// callView is the page of one call.
type callView struct {
	Row          rowView
	Clock        string // when the sandbox's clock was another one
	Caller       string
	SupportCode  string
	Failures     []decisionView
	Decisions    []decisionView
	Request      messageView
	Response     messageView
	Answered     bool
	Curl         []piece
	CurlNotes    []string
	Newer, Older string // paths
	Script       string
}

// messageView is a request or a response.
type messageView struct {
	Line    []piece
	Headers []headerView
	Body    bodyView
	Size    string
}

// decisionView is a trace.
type decisionView struct {
	Operation, About   string
	Failed             bool
	Check, Reason      string
	Expected, Received []piece
	Note               string
	Steps              []stepView
}

type stepView struct{ Check, Result, Class string }

func (p *pages) showCall(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return signon.ErrNotFound
	}
	c, ok := p.Call(id)
	if !ok {
		return signon.ErrNotFound
	}
	rows, err := p.rows(r.Context(), []*Call{c})
	if err != nil {
		return err
	}
	v := p.callView(c, &rows[0])
	title := v.Row.Method + " " + v.Row.What
	return p.write(w, r, http.StatusOK, "call", title, v)
}

func (p *pages) callView(c *Call, row *rowView) *callView {
	v := &callView{
		Row: *row, Caller: c.Caller, SupportCode: c.SupportCode, Script: p.script,
		Request:  request(c),
		Response: response(c),
		Answered: c.Response.Status != 0,
	}
	if ahead := c.Clock.Sub(c.At); ahead > time.Second {
		v.Clock = "real time: " + c.At.UTC().Format("15:04:05")
	}
	for i := range c.Decisions {
		d := shownDecision(&c.Decisions[i])
		v.Decisions = append(v.Decisions, d)
		if d.Failed {
			v.Failures = append(v.Failures, d)
		}
	}
	curl := c.Curl(p.BaseURL, p.CAFile)
	v.Curl = pieces(curl, nil)
	if strings.Contains(curl, hidden) {
		v.CurlNotes = append(v.CurlNotes, "What was hidden is not in the command: put it in where it says "+hidden+".")
	}
	if unread := c.Request.Header.Get("Content-Length"); c.Request.Body.Size == 0 && unread != "" && unread != "0" {
		v.Request.Body.Note = "The body was not read: what decided stood before it."
		v.CurlNotes = append(v.CurlNotes, "The body of the request is not in the command, for it was not read: add it with --data-raw.")
	}
	v.Newer, v.Older = p.beside(c)
	return v
}

func request(c *Call) messageView {
	m := &c.Request
	return messageView{
		Line: pieces(m.Method+" "+m.URL, nil), Headers: headersOf(withHost(m)),
		Body: bodyOf("Request body", &m.Body, m.Header.Get("Content-Type")), Size: sizeOf(&m.Body),
	}
}

// withHost returns the request's headers as they were sent.
func withHost(m *Request) http.Header {
	h := m.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Host", m.Host)
	return h
}

func response(c *Call) messageView {
	m := &c.Response
	return messageView{
		Line: pieces(statusLine(m.Status), nil), Headers: headersOf(m.Header),
		Body: bodyOf("Response body", &m.Body, m.Header.Get("Content-Type")), Size: sizeOf(&m.Body),
	}
}

func sizeOf(b *Body) string {
	if b.Size == 0 {
		return ""
	}
	return size(b.Size)
}

func shownDecision(t *signon.Trace) decisionView {
	d := decisionView{
		Operation: operationName(t.Operation), Failed: t.Failed != "", Check: string(t.Failed), Reason: strings.ReplaceAll(string(t.Reason), "_", " "),
		Expected: pieces(t.Expected, nil), Received: pieces(t.Received, nil), Note: t.Note,
	}
	var about []string
	for _, one := range [][2]string{{"tenant", string(t.Tenant)}, {"client", t.Client}, {"destination", t.Destination}} {
		if one[1] != "" {
			about = append(about, one[0]+" "+one[1])
		}
	}
	d.About = strings.Join(about, " · ")
	for _, s := range t.Steps() {
		d.Steps = append(d.Steps, stepView{string(s.Check), string(s.Result), strings.ReplaceAll(string(s.Result), " ", "-")})
	}
	return d
}

func operationName(o signon.Operation) string {
	if o == signon.OpAPISession {
		return "API session"
	}
	return capital(string(o))
}

// capital returns a text that begins a line.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// beside returns the paths of the calls before and after this one, pages left out
// unless it is one.
func (p *pages) beside(c *Call) (newer, older string) {
	q := query{kind: kindUsual}
	if c.Kind == KindPage {
		q.kind = kindAll
	}
	calls, _ := p.Calls(Filter{})
	for _, other := range calls {
		switch {
		case !q.selects(other):
		case other.ID > c.ID:
			newer = callPath(other.ID)
		case other.ID < c.ID:
			return newer, callPath(other.ID)
		}
	}
	return newer, ""
}
