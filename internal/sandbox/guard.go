package sandbox

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Why requests to the sandbox's own paths are not answered.
var (
	errForeignHost   = errors.New("the sandbox answers at localhost only")
	errForeignOrigin = errors.New("that came from another site")
)

// admits returns why a request to a path of the sandbox's own is not answered, or
// nil. Whatever runs in a browser here could reach it under a name of its own that
// leads to this machine, or send it a form: neither may see calls or change anything.
func (s *Sandbox) admits(r *http.Request) error {
	if !s.isHere(r.Host) {
		return errForeignHost
	}
	if err := s.origins.Check(r); err != nil {
		return errForeignOrigin
	}
	return nil
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
