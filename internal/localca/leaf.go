package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"
)

// Leaf returns a certificate for the hosts, names and addresses, kept under that
// name. It is another one than at the last start when that is near its end, or for
// other hosts.
func (a *Authority) Leaf(name string, hosts ...string) (*tls.Certificate, error) {
	if !filepath.IsLocal(name) || filepath.Base(name) != name {
		return nil, fmt.Errorf("make a certificate: %q is no name for a file", name)
	}
	if len(hosts) == 0 {
		return nil, errors.New("make a certificate: it must be for some hosts")
	}
	path := filepath.Join(a.Dir, name+".pem")
	if kept, err := readPair(path); err == nil && private(path) == nil && a.good(kept.Leaf, hosts) {
		return kept, nil
	}
	made, err := a.issue(hosts)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	if err := replace(path, made, 0o600); err != nil {
		return nil, fmt.Errorf("keep a certificate: %w", err)
	}
	pair, err := readPair(path)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	if err := a.verify(pair.Leaf, hosts); err != nil {
		return nil, fmt.Errorf("the certificate authority in %s is not for all of these hosts: remove that directory, start again, and trust the new one: %w", a.Dir, err)
	}
	return pair, nil
}

// good reports whether the certificate can be used until the next start.
func (a *Authority) good(leaf *x509.Certificate, hosts []string) bool {
	return a.Now().Before(leaf.NotAfter.Add(-nearEnd)) && slices.Equal(namesOf(leaf), sorted(hosts)) && a.verify(leaf, hosts) == nil
}

// verify judges the certificate as a client does.
func (a *Authority) verify(leaf *x509.Certificate, hosts []string) error {
	for _, host := range hosts {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: a.Pool(), DNSName: host, CurrentTime: a.Now()}); err != nil {
			return err
		}
	}
	return nil
}

// namesOf returns the hosts that the certificate is for.
func namesOf(leaf *x509.Certificate) []string {
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return sorted(names)
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

// issue makes a certificate and returns it with its key.
func (a *Authority) issue(hosts []string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := drawSerial()
	if err != nil {
		return nil, err
	}
	now := a.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: hosts[0], Organization: []string{"Latchkey"}},
		NotBefore: now.Add(-early), NotAfter: earlier(now.AddDate(0, 0, leafDays), a.cert.NotAfter),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return encode(der, key)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Chooser returns what chooses among certificates by the host that a client asks
// for: the first that is for it, and the first one for clients that name none.
func Chooser(certificates ...*tls.Certificate) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		for _, c := range certificates {
			if c.Leaf.VerifyHostname(hello.ServerName) == nil {
				return c, nil
			}
		}
		return certificates[0], nil
	}
}
