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
	Tenant signon.TenantID // whom it concerns, or by whom it was decided
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
		(f.Tenant == "" || c.isOf(f.Tenant)) &&
		(f.Person == nil || slices.Contains(c.People, *f.Person))
}

func (c *Call) isOf(tenant signon.TenantID) bool {
	return slices.ContainsFunc(c.People, func(p Person) bool { return p.Tenant == tenant }) ||
		slices.ContainsFunc(c.Decisions, func(t signon.Trace) bool { return t.Tenant == tenant })
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
	if slices.ContainsFunc(c.contacts, visit) {
		return true
	}
	for _, ref := range c.Grants {
		if visit(string(ref)) {
			return true
		}
	}
	for i := range c.Decisions {
		d := &c.Decisions[i]
		for _, text := range []string{string(d.Operation), string(d.Outcome), d.Client, d.Destination, string(d.Failed), string(d.Reason), d.Expected, d.Received, d.Note} {
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

// byFrequency are letters, the most frequent ones first.
const byFrequency = "etaoinsrhldcumfpgwybvkxjqz"

// containsFold reports whether the text contains the word, which is in lower case,
// in whatever case. It looks for the word's rarest letter: there are 64 MiB to
// search.
func containsFold(text, word string) bool {
	if len(word) == 0 || len(word) > len(text) {
		return len(word) == 0
	}
	at, rank := 0, -2
	for i := range len(word) {
		if r := strings.IndexByte(byFrequency, word[i]); r > rank {
			at, rank = i, r
		}
	}
	lower, upper := word[at], word[at]
	if rank >= 0 {
		upper -= 'a' - 'A'
	}
	from, until := at, len(text)-len(word)+at+1
	nextLower, nextUpper := indexFrom(text, lower, from, until), indexFrom(text, upper, from, until)
	for {
		i := min(nextLower, nextUpper)
		if i >= until {
			return false
		}
		if strings.EqualFold(text[i-at:i-at+len(word)], word) {
			return true
		}
		if nextLower == i {
			nextLower = indexFrom(text, lower, i+1, until)
		}
		if nextUpper == i {
			nextUpper = indexFrom(text, upper, i+1, until)
		}
	}
}

// indexFrom returns where the byte is at or after from, or until.
func indexFrom(text string, c byte, from, until int) int {
	if n := strings.IndexByte(text[from:until], c); n >= 0 {
		return from + n
	}
	return until
}
