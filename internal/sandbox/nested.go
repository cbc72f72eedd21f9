package sandbox

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
)

// nestedHeader tells a request that the demo makes itself, for another one that it
// answers. Its value is the sandbox's secret, and nobody behind sees it.
const nestedHeader = "Latchkey-Sandbox-Nested"

func newNestedKey() string { return rand.Text() }

// Nesting returns a transport for the calls that the demo makes to itself: who waits
// for a reset lets them in, for others under way can't end without them.
func (s *Sandbox) Nesting(base http.RoundTripper) http.RoundTripper { return &nesting{s, base} }

type nesting struct {
	sandbox *Sandbox
	base    http.RoundTripper
}

// RoundTrip makes the call.
func (n *nesting) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.sandbox.isSelf(r.URL) {
		r = r.Clone(r.Context())
		r.Header.Set(nestedHeader, n.sandbox.nestedKey)
	}
	return n.base.RoundTrip(r) //nolint:wrapcheck // as if it was not there
}

// isSelf reports whether that address is this machine's: nobody else gets the secret.
func (s *Sandbox) isSelf(u *url.URL) bool {
	return s.isHere(u.Host) || strings.HasSuffix(strings.ToLower(u.Hostname()), ".localhost")
}

// enter goes in, to be served, and returns what goes out again.
func (s *Sandbox) enter(r *http.Request) (leave func()) {
	nested := r.Header.Get(nestedHeader) == s.nestedKey
	r.Header.Del(nestedHeader)
	if nested {
		s.serving.RLockNested()
	} else {
		s.serving.RLock()
	}
	return s.serving.RUnlock
}
