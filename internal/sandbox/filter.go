package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Filter selects calls. The zero value selects all.
type Filter struct {
	Kind    Kind
	Dialect string // the name of a Dialect
	// Text is words that must all occur somewhere in the call, in whatever case.
	Text string
	// Status is "2xx", "3xx", "4xx" or "5xx", "none" for calls without an answer, or
	// empty.
	Status string
	Grant  signon.Reference
	Person *Person
	Before int64 // a call's ID; 0 means none
	// Limit is how many are returned; 0 means all.
	Limit int
}

// StatusNone is Filter.Status for calls without an answer.
const StatusNone = "none"

// Calls returns the recorded calls that the filter selects, the newest first, and
// whether there are more than its limit. Whatever was answered before is among
// them.
func (s *Sandbox) Calls(f Filter) (calls []*Call, more bool) {
	words := strings.Fields(strings.ToLower(f.Text))
	for _, c := range slices.Backward(s.calls.all()) {
		if !f.selects(c) || !c.holds(words) {
			continue
		}
		if f.Limit > 0 && len(calls) == f.Limit {
			return calls, true
		}
		calls = append(calls, c)
	}
	return calls, false
}

// Selects reports whether the filter selects the call, whatever its limit.
func (f *Filter) Selects(c *Call) bool {
	return f.selects(c) && c.holds(strings.Fields(strings.ToLower(f.Text)))
}

// selects judges by everything but the text.
func (f *Filter) selects(c *Call) bool {
	return (f.Before == 0 || c.ID < f.Before) &&
		(f.Kind == "" || c.Kind == f.Kind) &&
		(f.Dialect == "" || c.Dialect == f.Dialect) &&
		(f.Status == "" || c.Response.class() == f.Status) &&
		(f.Grant == "" || slices.Contains(c.Grants, f.Grant)) &&
		(f.Person == nil || slices.Contains(c.People, *f.Person))
}

func (r *Response) class() string {
	if r.Status == 0 {
		return StatusNone
	}
	return strconv.Itoa(r.Status/100) + "xx"
}

// holds reports whether every word, in lower case, occurs in the call.
func (c *Call) holds(words []string) bool {
	for _, word := range words {
		if !c.texts(func(text string) bool { return containsFold(text, word) }) {
			return false
		}
	}
	return true
}

// texts visits the call's texts until visit returns true, and returns whether it
// did: the short ones first.
func (c *Call) texts(visit func(string) bool) bool {
	for _, text := range []string{
		c.Request.Method, c.Request.URL, c.Operation, string(c.Kind), c.Dialect, c.SupportCode, c.Caller, c.Request.Host, c.Fault,
		strconv.Itoa(c.Response.Status),
	} {
		if visit(text) {
			return true
		}
	}
	for _, p := range c.People {
		if visit(string(p.Ref)) || visit(string(p.Tenant)) {
			return true
		}
	}
	for _, ref := range c.Grants {
		if visit(string(ref)) {
			return true
		}
	}
	for i := range c.Decisions {
		d := &c.Decisions[i]
		for _, text := range []string{string(d.Operation), d.Client, d.Destination, string(d.Failed), string(d.Reason), d.Expected, d.Received, d.Note} {
			if visit(text) {
				return true
			}
		}
	}
	return headerTexts(c.Request.Header, visit) || headerTexts(c.Response.Header, visit) || visit(c.Request.Body.Text) || visit(c.Response.Body.Text)
}

func headerTexts(header http.Header, visit func(string) bool) bool {
	for name, values := range header {
		if visit(name) || slices.ContainsFunc(values, visit) {
			return true
		}
	}
	return false
}

// callSize is about what a call takes beside its texts.
const callSize = 1024

// size returns about how many bytes the call takes.
func (c *Call) size() int64 {
	size := int64(callSize)
	c.texts(func(text string) bool {
		size += int64(len(text)) + 16
		return false
	})
	return size
}

// containsFold reports whether the text contains the word, which is in lower case,
// in whatever case as far as ASCII goes.
func containsFold(text, word string) bool {
	if word == "" {
		return true
	}
	other := word[0]
	if other >= 'a' && other <= 'z' {
		other -= 'a' - 'A'
	}
	for i := 0; i+len(word) <= len(text); i++ {
		if c := text[i]; (c == word[0] || c == other) && strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
