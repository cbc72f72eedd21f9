package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/page"
)

// maxRows is how many calls a page lists.
const maxRows = 200

// The kinds that a list can be asked for besides those of a Call.
const (
	kindUsual = ""    // calls and links, without pages
	kindAll   = "all" // pages, too
)

// query is what a list is asked for.
type query struct {
	Filter

	kind string // as asked for
}

func readQuery(v url.Values) query {
	q := query{kind: v.Get("kind")}
	q.Text, q.Dialect, q.Status = strings.TrimSpace(v.Get("q")), v.Get("dialect"), v.Get("status")
	if before, err := strconv.ParseInt(v.Get("before"), 10, 64); err == nil && before > 0 {
		q.Before = before
	}
	switch Kind(q.kind) {
	case KindCall, KindLink, KindPage:
		q.Kind = Kind(q.kind)
	case kindAll:
	default:
		q.kind = kindUsual
	}
	return q
}

// filtered reports whether the list leaves out what it would show by itself.
func (q *query) filtered() bool {
	return q.Text != "" || q.Dialect != "" || q.Status != "" || q.kind != kindUsual
}

// values returns the query as an address has it, without Before.
func (q *query) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.Text, "dialect": q.Dialect, "status": q.Status, "kind": q.kind} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// path returns the address of something that takes the query, with one more value.
func (q *query) path(base, name string, value int64) string {
	v := q.values()
	if value > 0 {
		v.Set(name, strconv.FormatInt(value, 10))
	}
	if len(v) == 0 {
		return base
	}
	return base + "?" + v.Encode()
}

func (q *query) selects(c *Call) bool {
	return (q.kind != kindUsual || c.Kind != KindPage) && q.Selects(c)
}

// listed returns what the query selects, newest first, at most that many.
func (s *Sandbox) listed(q query, most int) (calls []*Call, more bool) {
	if q.kind != kindUsual {
		q.Limit = most
		return s.Calls(q.Filter)
	}
	for q.Limit = 2 * most; ; {
		batch, older := s.Calls(q.Filter)
		for _, c := range batch {
			switch {
			case c.Kind == KindPage:
			case len(calls) == most:
				return calls, true
			default:
				calls = append(calls, c)
			}
		}
		if !older {
			return calls, false
		}
		q.Before = batch[len(batch)-1].ID
	}
}

// newest returns the ID of the latest call that is kept; 0 when there is none.
func (s *Sandbox) newest() int64 {
	if calls, _ := s.Calls(Filter{Limit: 1}); len(calls) > 0 {
		return calls[0].ID
	}
	return 0
}

// callsView is the page of calls.
type callsView struct {
	Query    query
	Choices  []choiceView
	Filtered bool
	Rows     []rowView
	// Live: what comes is added. Stream is where it comes from.
	Live          bool
	Stream        string
	Newest, Older string // paths
	Example       string
	Script        string
}

// choiceView is one choice of the filter.
type choiceView struct {
	Name, Label string
	Options     []page.Option
}

func (p *pages) showCalls(w http.ResponseWriter, r *http.Request) error {
	q := readQuery(r.URL.Query())
	newest := p.newest()
	calls, more := p.listed(q, maxRows)
	rows, err := p.rows(r.Context(), calls)
	if err != nil {
		return err
	}
	view := &callsView{
		Query: q, Choices: p.choices(&q), Filtered: q.filtered(), Rows: rows, Live: q.Before == 0,
		Stream: q.path("/dev/live", "after", newest), Newest: q.path("/dev", "", 0), Example: p.Example, Script: p.script,
	}
	if more {
		view.Older = q.path("/dev", "before", calls[len(calls)-1].ID)
	}
	return p.write(w, r, http.StatusOK, "calls", "Calls", view)
}

// choices returns the filter's choices, as chosen.
func (p *pages) choices(q *query) []choiceView {
	dialects := []page.Option{{Label: "All dialects"}}
	for _, d := range p.core.Load().Dialects {
		dialects = append(dialects, page.Option{Value: d.Name, Label: d.Title})
	}
	kinds := []page.Option{
		{Value: kindUsual, Label: "Calls and links"},
		{Value: string(KindCall), Label: "Calls"},
		{Value: string(KindLink), Label: "Links"},
		{Value: string(KindPage), Label: "Pages"},
		{Value: kindAll, Label: "Everything"},
	}
	statuses := []page.Option{
		{Label: "Any status"},
		{Value: "2xx", Label: "2xx done"},
		{Value: "3xx", Label: "3xx redirected"},
		{Value: "4xx", Label: "4xx refused"},
		{Value: "5xx", Label: "5xx failed"},
		{Value: "none", Label: "No answer"},
	}
	return []choiceView{
		{"dialect", "Dialect", chosen(dialects, q.Dialect)}, {"kind", "Kind", chosen(kinds, q.kind)}, {"status", "Status", chosen(statuses, q.Status)},
	}
}

// chosen marks the option with that value.
func chosen(options []page.Option, value string) []page.Option {
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
	return options
}
