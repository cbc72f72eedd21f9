// Package localca keeps a certificate authority of one person's own machine, which
// test servers get their certificates from: clients that insist on TLS, and on the
// hosts of somebody else's API, can be pointed at this machine once they trust it.
//
// Whoever has its key can pretend to be any host that it is for, to whoever trusts
// it. So it is for a few hosts alone, which stand in its certificate (name
// constraints), and its key is readable by its owner only.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// How long certificates are valid, and how long before their end they are replaced.
// Browsers take no leaf that is valid for longer than 398 days.
const (
	caYears  = 10
	leafDays = 397
	nearEnd  = 30 * 24 * time.Hour
	early    = time.Hour // clocks differ
)

// The files: the certificate, for whoever is to trust it, and the key with the
// certificate once more, so that both are made in one step.
const (
	certFile = "ca.pem"
	keyFile  = "ca-key.pem"
)

// Options are what an authority is made of. Dir is required.
type Options struct {
	// Dir is where it is kept.
	Dir string
	// Hosts are those that a new authority is for, each with the names below it;
	// addresses of this machine are added. One without any would be for all there are.
	Hosts []string
	// Now tells the time; nil is the machine's clock.
	Now func() time.Time
}

// Authority is a certificate authority.
type Authority struct {
	Options

	// New reports that it was made just now, so that nobody trusts it yet.
	New bool

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// DefaultDir returns where a user's authority is kept.
func DefaultDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the certificate authority: %w", err)
	}
	return filepath.Join(dir, "latchkey", "localca"), nil
}

// Open returns the authority in the directory, which is made when there is none. One
// that is at its end, whose key others can read, or whose directory others can write
// to, is an error that says what to do.
func Open(o Options) (*Authority, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Authority{Options: o}
	err := a.guarded()
	if err == nil {
		err = a.read()
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err = a.create(); err == nil {
			err = a.read() // what is kept: another process may have been first
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open certificate authority: %w", err)
	}
	if err := a.publish(); err != nil {
		return nil, fmt.Errorf("open certificate authority: %w", err)
	}
	return a, nil
}

// File returns the path of the certificate in PEM, for those who are to trust it.
func (a *Authority) File() string { return filepath.Join(a.Dir, certFile) }

// Name returns what the authority is called where certificates are listed.
func (a *Authority) Name() string { return a.cert.Subject.CommonName }

// Pool returns the authority alone, as what a client trusts.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// read reads the authority. The error is fs.ErrNotExist when there is none.
func (a *Authority) read() error {
	path := filepath.Join(a.Dir, keyFile)
	if err := private(path); err != nil {
		return err
	}
	pair, err := readPair(path)
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return fmt.Errorf("%s holds no certificate authority of Latchkey's", path)
	}
	if a.Now().After(pair.Leaf.NotAfter.Add(-nearEnd)) {
		return fmt.Errorf("the one in %s ends on %s: remove that directory, start again, and trust the new one",
			a.Dir, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	a.cert, a.key = pair.Leaf, key
	return nil
}

// guarded refuses a directory in which others can put another authority. The error is
// fs.ErrNotExist when there is none.
func (a *Authority) guarded() error {
	info, err := os.Stat(a.Dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", a.Dir)
	case !isOwn(info):
		return fmt.Errorf("%s belongs to another user: name a directory of your own", a.Dir)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s must be writable by its owner only: chmod go-w %s", a.Dir, a.Dir)
	}
	return nil
}

// private refuses a key that others than its owner can read.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s must be readable by its owner only: chmod 600 %s", path, path)
	}
	return nil
}

// create makes an authority and keeps it, unless there is one by now.
func (a *Authority) create() error {
	if len(a.Hosts) == 0 || slices.Contains(a.Hosts, "") {
		return errors.New("it must be for some hosts, or else it would be for all")
	}
	if err := os.MkdirAll(a.Dir, 0o755); err != nil { //nolint:gosec // others may read the certificate, as servers that run as somebody else have to
		return err
	}
	if err := a.guarded(); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := a.template()
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	text, err := encode(der, key)
	if err != nil {
		return err
	}
	err = add(filepath.Join(a.Dir, keyFile), text)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	a.New = err == nil
	return err
}

// template returns the certificate of a new authority.
func (a *Authority) template() (*x509.Certificate, error) {
	serial, err := drawSerial()
	if err != nil {
		return nil, err
	}
	now := a.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: caName(), Organization: []string{"Latchkey"}},
		NotBefore:    now.Add(-early), NotAfter: now.AddDate(caYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: a.Hosts, PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}, nil
}

// caName says whose authority it is, in as many characters as a name can have.
func caName() string {
	who, host := "somebody", "localhost"
	if u, err := user.Current(); err == nil && u.Username != "" {
		who = u.Username
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		host = name
	}
	const most = 64
	name := "Latchkey local CA (" + who + "@" + host
	return strings.ToValidUTF8(name[:min(len(name), most-1)], "") + ")"
}

func drawSerial() (*big.Int, error) {
	const bits = 127 // positive in 16 bytes
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), bits))
}

// publish writes the certificate for those who are to trust it.
func (a *Authority) publish() error {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	if old, err := os.ReadFile(a.File()); err == nil && string(old) == string(text) {
		return nil
	}
	return replace(a.File(), text, 0o644)
}
