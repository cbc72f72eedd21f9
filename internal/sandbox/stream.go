package sandbox

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
)

// maxStreams is how many lists may be open at a time, live pages and streams of the
// API together. Each has every call to look at.
const maxStreams = 100

var tooManyStreams = fmt.Sprintf("%d streams are open already, more than anybody watches: close some, or pages that are live", maxStreams)

// streams counts the lists that are open.
type streams struct{ n atomic.Int64 }

// open reports whether there is room for one more, which takes it.
func (s *streams) open() bool {
	if s.n.Add(1) > maxStreams {
		s.close()
		return false
	}
	return true
}

func (s *streams) close() { s.n.Add(-1) }

// maxEncoded is how many calls are kept as streams send them: streams are hardly
// behind each other.
const maxEncoded = 32

// encodings are the latest calls as streams send them, so that each is encoded once
// for all.
type encodings struct {
	mu     sync.Mutex
	latest [maxEncoded]encoding
	next   int
}

type encoding struct {
	call *Call
	text func() ([]byte, error)
}

// of returns the call as JSON.
func (e *encodings) of(c *Call) ([]byte, error) { return e.find(c)() }

func (e *encodings) find(c *Call) func() ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.latest {
		if e.latest[i].call == c {
			return e.latest[i].text
		}
	}
	made := encoding{c, sync.OnceValues(func() ([]byte, error) { return json.Marshal(callOf(c)) })}
	e.latest[e.next] = made
	e.next = (e.next + 1) % maxEncoded
	return made.text
}

// clear forgets them.
func (e *encodings) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latest = [maxEncoded]encoding{}
}
