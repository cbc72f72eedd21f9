package sandbox

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/clientip"
)

// Why requests to the sandbox's own paths are not answered.
var (
	errForeignPeer   = errors.New("the sandbox answers this machine only")
	errForeignHost   = errors.New("the sandbox answers at localhost only")
	errForeignOrigin = errors.New("that came from another site")
)

// admits returns why a request to a path of the sandbox's own is not answered, or
// nil. Whatever runs in a browser here could reach it under a name of its own that
// leads to this machine, send it a form, or measure how soon it answers: none may
// learn of calls or change anything.
func (s *Sandbox) admits(r *http.Request) error {
	if !clientip.Peer(r.RemoteAddr).IsLoopback() { // whatever host it names
		return errForeignPeer
	}
	if !s.isHere(r.Host) {
		return errForeignHost
	}
	if err := s.origins.Check(r); err != nil || asksFromElsewhere(r) {
		return errForeignOrigin
	}
	return nil
}

// asksFromElsewhere reports whether a page of another site sent the request, if only
// to look. It can't read the answer, but how long that takes tells what was recorded.
// A link to a page may be followed from anywhere.
func asksFromElsewhere(r *http.Request) bool {
	h := r.Header
	switch h.Get("Sec-Fetch-Site") {
	case "same-origin": // whatever host something in between made of it
		return false
	case "cross-site", "same-site":
		toPage := h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Dest") == "document"
		return !toPage || strings.HasPrefix(r.URL.Path, apiPath) || r.URL.Path == livePath
	}
	origin := h.Get("Origin")
	if origin == "" {
		return false
	}
	from, err := url.Parse(origin)
	return err != nil || from.Host != r.Host
}

// isHere reports whether the host, with or without a port, is this machine or the
// base URL's.
func (s *Sandbox) isHere(host string) bool {
	name := hostname(host)
	if name == "localhost" {
		return true
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr.Unmap().IsLoopback()
	}
	base, err := url.Parse(s.BaseURL)
	return err == nil && base.Host != "" && name == strings.ToLower(base.Hostname())
}

// hostname returns a host in lower case, without its port and the brackets of an
// IPv6 address.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}
