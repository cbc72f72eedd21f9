package signon

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Origin is a registered scheme, host and port. The port is always set. A host
// that starts with "*." stands for exactly one label in that place.
type Origin struct {
	Scheme string // "https", or "http" for hosts registered so
	Host   string // lower-case name, IPv4 address, or IPv6 address in brackets
	Port   uint16
}

// ParseOrigin reads "scheme://host" or "scheme://host:port" as an operator
// writes it. The error says what is wrong.
func ParseOrigin(text string) (Origin, error) {
	scheme, rest, ok := strings.Cut(strings.ToLower(text), "://")
	if !ok || (scheme != "https" && scheme != "http") {
		return Origin{}, fmt.Errorf("%q must start with https:// or http://", text)
	}
	host, port, rule := splitAuthority(rest, defaultPort(scheme))
	if rule != "" {
		return Origin{}, fmt.Errorf("%q: the host %s", text, rule)
	}
	name := strings.TrimPrefix(host, "*.")
	if name != host && !strings.Contains(name, ".") {
		return Origin{}, fmt.Errorf("%q: a wildcard needs a domain of two labels or more behind it", text)
	}
	if !validHost(name) {
		return Origin{}, fmt.Errorf("%q: %q is not a host name or address", text, host)
	}
	return Origin{Scheme: scheme, Host: host, Port: port}, nil
}

// String returns the origin in its usual notation, without a default port.
func (o Origin) String() string { return o.Scheme + "://" + o.HostPort() }

// HostPort returns host and port as a browser sends them: without the port
// when it is the scheme's own.
func (o Origin) HostPort() string {
	if o.Port == defaultPort(o.Scheme) {
		return o.Host
	}
	return o.Host + ":" + strconv.Itoa(int(o.Port))
}

// Covers reports whether a concrete origin is the registered one, or one that
// its wildcard stands for.
func (o Origin) Covers(c Origin) bool {
	if o.Scheme != c.Scheme || o.Port != c.Port {
		return false
	}
	if domain, wildcard := strings.CutPrefix(o.Host, "*"); wildcard {
		label, ok := strings.CutSuffix(c.Host, domain)
		return ok && validLabel(label)
	}
	return o.Host == c.Host
}

func defaultPort(scheme string) uint16 {
	if scheme == "http" {
		return 80
	}
	return 443
}

// splitAuthority splits "host[:port]"; rule is what it breaks, or "".
func splitAuthority(authority string, standard uint16) (host string, port uint16, rule string) {
	if strings.ContainsAny(authority, "@%/?#") {
		return "", 0, "must be plain: no user, no escapes, no path"
	}
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.HasSuffix(authority, "]") {
		return authority, standard, emptyHost(authority)
	}
	host, digits := authority[:colon], authority[colon+1:]
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != digits {
		return "", 0, "must have a port between 1 and 65535 in plain digits, or none"
	}
	return host, uint16(n), emptyHost(host)
}

func emptyHost(host string) string {
	if host == "" {
		return "must not be empty"
	}
	return ""
}

// validHost reports whether a browser would keep the lower-case host as it is.
func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && addr.Is6() && !addr.Is4In6() && "["+addr.String()+"]" == host // browsers spell mapped addresses otherwise
	}
	if len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if !validLabel(label) {
			return false
		}
		last = label
	}
	if last[0] >= '0' && last[0] <= '9' { // browsers read a name that ends in a number as an IPv4 address
		addr, err := netip.ParseAddr(host)
		return err == nil && addr.Is4()
	}
	return true
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
