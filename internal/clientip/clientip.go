// Package clientip finds out where a request comes from: the peer's address, or
// what a trusted proxy says about it. Nobody else's word counts.
package clientip

import (
	"net/http"
	"net/netip"
	"strings"
)

// DefaultHeader is the header that proxies commonly append addresses to.
const DefaultHeader = "X-Forwarded-For"

// Policy says which peers are trusted proxies, and which of their headers tells
// the client's address. It is immutable and safe for concurrent use.
type Policy struct {
	trusted []netip.Prefix
	header  string
}

// New returns a policy. The header is one that every trusted proxy sets or
// appends to, with one address or a comma-separated list of them; empty means
// DefaultHeader.
func New(trusted []netip.Prefix, header string) *Policy {
	if header == "" {
		header = DefaultHeader
	}
	p := &Policy{header: http.CanonicalHeaderKey(header)}
	for _, t := range trusted {
		p.trusted = append(p.trusted, unmap(t))
	}
	return p
}

// unmap turns a network of IPv4-mapped addresses into the IPv4 network.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// Trusts reports whether the address is a trusted proxy's.
func (p *Policy) Trusts(addr netip.Addr) bool {
	for _, t := range p.trusted {
		if t.Contains(addr) {
			return true
		}
	}
	return false
}

// Client returns the client's address and whether the client came over TLS, to
// this server or to a trusted proxy. The address is invalid when the peer has
// none, as on a unix socket.
//
// The header is read from the right: every proxy appends whom it heard from, so
// what stands left of the first untrusted address was written by strangers. An
// entry that is no address ends the walk, too.
func (p *Policy) Client(r *http.Request) (addr netip.Addr, secure bool) {
	addr, secure = Peer(r.RemoteAddr), r.TLS != nil
	if !addr.IsValid() || !p.Trusts(addr) {
		return addr, secure
	}
	return p.walk(addr, r.Header[p.header]), secure || saysHTTPS(r.Header["X-Forwarded-Proto"])
}

// walk follows the header's lines from right to left, beginning at the peer.
func (p *Policy) walk(addr netip.Addr, lines []string) netip.Addr {
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var entry string
			rest, entry, more = cutLast(rest)
			next, ok := parse(entry)
			if !ok {
				return addr
			}
			if addr = next; !p.Trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

// cutLast splits off what stands behind the last comma.
func cutLast(list string) (rest, last string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", list, false
	}
	return list[:i], list[i+1:], true
}

// saysHTTPS reads what the nearest proxy wrote: the last entry.
func saysHTTPS(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	_, last, _ := cutLast(lines[len(lines)-1])
	return strings.EqualFold(strings.TrimSpace(last), "https")
}

// Peer returns the address in a "host:port", as in http.Request.RemoteAddr, or
// an invalid one.
func Peer(hostPort string) netip.Addr {
	addrPort, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return netip.Addr{}
	}
	return addrPort.Addr().Unmap().WithZone("")
}

// parse reads one address strictly: no port, no zone, no brackets.
func parse(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(text, " \t"))
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}
