package tables

import (
	"bytes"
	"sync"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Swept remembers how far a process has looked through the rows of grants. A
// bounded number of rows is looked at per step, so that a step costs the same
// beside a thousand rows and beside millions.
//
// Grants lie in the order in which they expire, so the sweep of grants only
// moves on. Behind it are rows whose grants are gone, and of which only sessions
// are left; after a restart it finds its place again. Sessions lie there in no
// order of their own: one of a day may precede one of a minute. So the sweep of
// sessions goes in a circle.
type Swept struct {
	mu       sync.RWMutex
	grants   signon.GrantKey // grants up to this key are gone
	sessions signon.GrantKey // sessions up to this key have been looked at
}

// Progress returns the key up to which grants are gone, and the one up to which
// sessions have been looked at.
func (s *Swept) Progress() (grants, sessions signon.GrantKey) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.grants, s.sessions
}

// Gone reports whether the grant with that key is gone, if there ever was one.
func (s *Swept) Gone(key signon.GrantKey) bool {
	grants, _ := s.Progress()
	return bytes.Compare(key[:], grants[:]) <= 0
}

// After returns the key after which a list of grants begins that is to begin after
// the given one.
func (s *Swept) After(key signon.GrantKey) signon.GrantKey {
	if grants, _ := s.Progress(); bytes.Compare(key[:], grants[:]) < 0 {
		return grants
	}
	return key
}

// GrantsTo notes that grants up to the key are gone. No grant is stored there any
// more: it would have expired before.
func (s *Swept) GrantsTo(last signon.GrantKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Compare(last[:], s.grants[:]) > 0 {
		s.grants = last
	}
}

// SessionsTo notes where the sweep of sessions goes on.
func (s *Swept) SessionsTo(last signon.GrantKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = last
}
