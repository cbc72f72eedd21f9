package landing

import (
	"net"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// originAt returns the registered origin that a browser stands at when it names
// that host. The scheme comes from the registration, not from the request; when
// both are registered, secure decides.
func originAt(d *signon.Destination, host string, secure bool) signon.Origin {
	host = strings.ToLower(host)
	var found signon.Origin
	for _, o := range d.Origins {
		here, ok := concrete(o, host)
		if ok && (found.Scheme == "" || (here.Scheme == "https") == secure) {
			found = here
		}
	}
	return found
}

// concrete returns the origin with the host that the browser names, if the
// registered origin covers it. signon has matched the host before.
func concrete(o signon.Origin, hostPort string) (signon.Origin, bool) {
	domain, wild := strings.CutPrefix(o.Host, "*")
	if !wild {
		return o, o.HostPort() == hostPort
	}
	name := hostPort
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		name = host
	}
	label, ok := strings.CutSuffix(name, domain)
	o.Host = name
	return o, ok && label != "" && !strings.ContainsAny(label, "./\\@:") && o.HostPort() == hostPort
}

// loopback reports whether browsers treat the host as secure over plain http.
func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" }
