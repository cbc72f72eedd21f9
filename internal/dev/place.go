package dev

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Place is where a demo is: a port of this machine.
type Place struct {
	Port uint16
	TLS  bool
}

// URL returns the base URL of the demo at a host of this machine.
func (p Place) URL(host string) string {
	if p.TLS {
		return "https://" + p.HostPort(host)
	}
	return "http://" + p.HostPort(host)
}

// HostPort returns host and port as clients send them: without the port when it is
// the scheme's own.
func (p Place) HostPort(host string) string {
	if p.TLS && p.Port == 443 || !p.TLS && p.Port == 80 {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(p.Port)))
}

// TenantURL returns the base URL of a tenant that has a host of its own, which
// browsers and curl take for this machine.
func (p Place) TenantURL(tenant string) string { return p.URL(tenant + ".localhost") }

// at returns the base URL of the API at the first of the hosts, or none.
func (p Place) at(hosts []string) string {
	switch {
	case len(hosts) == 0:
		return ""
	case p.TLS:
		return "https://" + hosts[0]
	}
	return "http://" + hosts[0]
}

// Transport returns how the demo calls itself: names below localhost are this
// machine, whatever the system says, and roots, if there are any, are trusted.
func Transport(roots *x509.CertPool) http.RoundTripper {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(addr); err == nil && strings.HasSuffix(host, ".localhost") {
				addr = net.JoinHostPort("localhost", port)
			}
			return dialer.DialContext(ctx, network, addr)
		},
		DisableKeepAlives: true, // a call that fails must fail, and not be sent again
	}
	if roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return t
}
