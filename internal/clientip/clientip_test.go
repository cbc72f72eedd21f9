package clientip

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"
)

func policy(header string, trusted ...string) *Policy {
	var nets []netip.Prefix
	for _, t := range trusted {
		nets = append(nets, netip.MustParsePrefix(t))
	}
	return New(nets, header)
}

func TestClientIsThePeerUnlessATrustedProxySaysOtherwise(t *testing.T) {
	proxies := []string{"10.0.0.0/8", "2001:db8:ffff::/48"}
	for name, c := range map[string]struct {
		peer    string
		trusted []string
		lines   []string
		want    string
	}{
		"no header":                           {"10.0.0.1:99", proxies, nil, "10.0.0.1"},
		"nobody is trusted":                   {"10.0.0.1:99", nil, []string{"203.0.113.7"}, "10.0.0.1"},
		"an untrusted peer is not believed":   {"192.0.2.9:99", proxies, []string{"203.0.113.7"}, "192.0.2.9"},
		"a trusted proxy is":                  {"10.0.0.1:99", proxies, []string{"203.0.113.7"}, "203.0.113.7"},
		"over IPv6":                           {"[2001:db8:ffff::1]:99", proxies, []string{"2001:db8:1::7"}, "2001:db8:1::7"},
		"an IPv4-mapped peer is IPv4":         {"[::ffff:10.0.0.1]:99", proxies, []string{"203.0.113.7"}, "203.0.113.7"},
		"an IPv4-mapped entry is IPv4":        {"10.0.0.1:99", proxies, []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"a mapped network is IPv4":            {"10.0.0.1:99", []string{"::ffff:10.0.0.0/104"}, []string{"203.0.113.7"}, "203.0.113.7"},
		"a peer's zone is dropped":            {"[fe80::1%eth0]:99", proxies, nil, "fe80::1"},
		"the leftmost entry is a stranger's":  {"10.0.0.1:99", proxies, []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"trusted hops are walked through":     {"10.0.0.1:99", proxies, []string{"198.51.100.1, 203.0.113.7, 10.1.1.1,10.2.2.2"}, "203.0.113.7"},
		"lines are one list":                  {"10.0.0.1:99", proxies, []string{"198.51.100.1", "203.0.113.7", "10.1.1.1"}, "203.0.113.7"},
		"a client inside the trusted network": {"10.0.0.1:99", proxies, []string{"10.7.7.7, 10.1.1.1"}, "10.7.7.7"},
		"blanks are trimmed":                  {"10.0.0.1:99", proxies, []string{" \t203.0.113.7 "}, "203.0.113.7"},
		"garbage ends the walk":               {"10.0.0.1:99", proxies, []string{"203.0.113.7, garbage, 10.1.1.1"}, "10.1.1.1"},
		"an empty entry ends the walk":        {"10.0.0.1:99", proxies, []string{"203.0.113.7,"}, "10.0.0.1"},
		"an empty header":                     {"10.0.0.1:99", proxies, []string{""}, "10.0.0.1"},
		"a port is no address":                {"10.0.0.1:99", proxies, []string{"203.0.113.7:80"}, "10.0.0.1"},
		"a zone is no address":                {"10.0.0.1:99", proxies, []string{"fe80::1%eth0"}, "10.0.0.1"},
		"brackets are no address":             {"10.0.0.1:99", proxies, []string{"[2001:db8:1::7]"}, "10.0.0.1"},
		"leading zeros are no address":        {"10.0.0.1:99", proxies, []string{"203.0.113.007"}, "10.0.0.1"},
		"a unix socket's peer has none":       {"@", proxies, []string{"203.0.113.7"}, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
			for _, l := range c.lines {
				r.Header.Add("X-Forwarded-For", l)
			}
			got, _ := policy("", c.trusted...).Client(r)
			if got.String() != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestOnlyTheConfiguredHeaderCounts(t *testing.T) {
	r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{}}
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	r.Header.Set("X-Real-IP", "203.0.113.7")
	if got, _ := policy("x-real-ip", "10.0.0.0/8").Client(r); got.String() != "203.0.113.7" {
		t.Errorf("got %v, want 203.0.113.7", got)
	}
}

func TestSecureIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		peer  string
		tls   bool
		proto []string
		want  bool
	}{
		"plain":                         {"10.0.0.1:1", false, nil, false},
		"tls":                           {"192.0.2.1:1", true, nil, true},
		"a trusted proxy says https":    {"10.0.0.1:1", false, []string{"https"}, true},
		"in capitals":                   {"10.0.0.1:1", false, []string{"HTTPS"}, true},
		"a stranger says https":         {"192.0.2.1:1", false, []string{"https"}, false},
		"a trusted proxy says http":     {"10.0.0.1:1", false, []string{"http"}, false},
		"the nearest proxy has the say": {"10.0.0.1:1", false, []string{"https, http"}, false},
		"over two lines":                {"10.0.0.1:1", false, []string{"https", "http"}, false},
		"tls to us is tls":              {"10.0.0.1:1", true, []string{"http"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-Proto": c.proto}}
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if _, got := policy("", "10.0.0.0/8").Client(r); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Whatever strangers write into the header, a proxy that appends the address it
// sees decides.
func FuzzAppendedAddressDecides(f *testing.F) {
	f.Add("198.51.100.1", "203.0.113.7")
	f.Add("10.0.0.1, ::1, garbage,,", "2001:db8::1")
	f.Add("\t10.0.0.1%eth0", "203.0.113.7")
	p := policy("", "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, forged, seen string) {
		want, ok := parse(seen)
		if !ok || p.Trusts(want) {
			t.Skip()
		}
		for _, lines := range [][]string{{forged + "," + seen}, {forged, seen}} {
			r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{DefaultHeader: lines}}
			if got, _ := p.Client(r); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}
