package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// rowView is a call in a list.
type rowView struct {
	ID       int64
	Path     string // of its own page
	Datetime string // for programs
	Time     string
	Date     string // with the day
	Status   statusView
	KindName string
	Dialect  string
	Method   string
	What     string // operation, or the path
	Rest     string // the path, where What is the operation
	People   []personView
	Grants   []grantView
	Decided  decidedView
	Took     string
	Fault    string
}

type statusView struct{ Text, Class string }

type personView struct{ Name, Path string }

type grantView struct{ Reference, Short, Path string }

// decidedView is how a call was decided, in short.
type decidedView struct{ Class, Text string }

// rows returns the calls as lists show them.
func (p *pages) rows(ctx context.Context, calls []*Call) (rows []rowView, err error) {
	rows = make([]rowView, 0, len(calls))
	err = p.with(func(core *Core) error {
		n := newNamer(ctx, core)
		for _, c := range calls {
			rows = append(rows, n.row(c))
		}
		return nil
	})
	return rows, err
}

func (n *namer) row(c *Call) rowView {
	path, _, _ := strings.Cut(c.Request.URL, "?")
	row := rowView{
		ID: c.ID, Path: callPath(c.ID), Datetime: c.Clock.Format(time.RFC3339Nano), Time: c.Clock.Format("15:04:05.000"), Date: date(c.Clock),
		Status: statusOf(c.Response.Status), KindName: "Dialect", Dialect: n.dialect(c), Method: c.Request.Method, What: path, Took: took(c.Took), Fault: c.Fault, Decided: decided(c.Decisions),
	}
	if c.Kind != KindCall {
		row.KindName = "Kind"
	}
	if c.Operation != "" {
		row.What, row.Rest = c.Operation, path
	}
	for _, who := range c.People {
		row.People = append(row.People, n.person(who))
	}
	for _, ref := range c.Grants {
		row.Grants = append(row.Grants, grantOf(ref))
	}
	return row
}

func callPath(id int64) string { return "/dev/calls/" + strconv.FormatInt(id, 10) }

// shortLen is how many digits stand for a reference: the last ones, because the
// first are alike for links that expire together.
const shortLen = 8

func grantOf(ref signon.Reference) grantView {
	short := string(ref)
	if len(short) > shortLen {
		short = "…" + short[len(short)-shortLen:]
	}
	return grantView{string(ref), short, "/dev/story?link=" + url.QueryEscape(string(ref))}
}

// statusOf returns a status as a word and a colour.
func statusOf(status int) statusView {
	class := [...]string{2: "good", 3: "info", 4: "warn", 5: "bad"}
	switch {
	case status == 0:
		return statusView{"no answer", "none"}
	case status >= 200 && status < 600:
		return statusView{strconv.Itoa(status), class[status/100]}
	}
	return statusView{strconv.Itoa(status), "info"}
}

// decided says how a call was decided: by the check that failed, or else by the last
// decision.
func decided(traces []signon.Trace) decidedView {
	for i := range traces {
		if t := &traces[i]; t.Failed != "" {
			return decidedView{"failed", "failed: " + string(t.Failed)}
		}
	}
	if len(traces) == 0 {
		return decidedView{}
	}
	outcome, last := traces[len(traces)-1].Outcome, traces[len(traces)-1].Operation
	switch outcome {
	case signon.OutcomeAsked:
		return decidedView{"asked", string(outcome)}
	case signon.OutcomeRepeated:
		return decidedView{"passed", string(outcome)}
	}
	if text, ok := passed[last]; ok {
		return decidedView{"passed", text}
	}
	return decidedView{"passed", string(last) + " passed"}
}

// passed says what was done when nothing failed.
var passed = map[signon.Operation]string{
	signon.OpAuthenticate: "authenticated", signon.OpPassword: "authenticated", signon.OpIssue: "issued", signon.OpRedeem: "redeemed",
	signon.OpResolve: "read", signon.OpCall: "done",
}

// statusLine returns a status with its words.
func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// took returns how long something took, in three digits or so.
func took(d time.Duration) string {
	switch ms := float64(d.Microseconds()) / 1000; {
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 1000:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	default:
		return strconv.FormatFloat(ms/1000, 'f', 2, 64) + " s"
	}
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// size returns a number of bytes as people say it.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	if n < 1000_000 {
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1000_000, 'f', 1, 64) + " MB"
}

// spell returns a duration in its largest units, as in "2 h 30 min".
func spell(d time.Duration) string {
	if d < time.Second {
		return d.String()
	}
	var parts []string
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.size; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+"\u00a0"+unit.name)
		}
		d %= unit.size
	}
	return strings.Join(parts, " ")
}

func hasPrefix(text, prefix string) bool { return strings.HasPrefix(text, prefix) }
